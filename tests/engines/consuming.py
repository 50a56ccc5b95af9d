"""What every engine promises to consumers: real FastStream subscribers, as services have them, over its broker and ports."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from shared.contracts.customers import CustomerNoted
from shared.contracts.qa import ReviewClosed
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.kernel.policies import policy
from shared.kernel.views import view
from shared.service import Running, Service
from tests.house.shop import until


@dataclass(frozen=True, slots=True)
class Note:
    id: str


@dataclass(frozen=True, slots=True)
class Look:
    id: str


def _noted(command, state):
    return [CustomerNoted(customer_id=command.id, note="")]


def _looked(command, state):
    return [ReviewClosed(order_id=command.id, why="cancelled")]


def _key(event: CustomerNoted):
    return event.customer_id


def _seen(row, fact):
    return {"seen": [*(row or {"seen": []})["seen"], fact.version]}


def _count(state, event):
    return state + 1


@policy
def look(event: CustomerNoted):
    yield event.customer_id, Look(event.customer_id)


customer = Aggregate("customer", 0, _noted, _count, (Note,))
review = Aggregate("review", 0, _looked, _count, (Look,))
seen = view("seen", 1, _key, _seen)
notes = Service("customers", aggregates=(customer,))
watch = Service("qa", views=(seen,))
other = Service("ops", views=(seen,))
react = Service("qa", aggregates=(review,), policies=(look,))


class Gate:
    """A port at whose writes the process stands still, as one that is about to die, until somebody opens it."""

    def __init__(self, port, method, *, after):
        self._port, self._method, self._after = port, method, after
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self.calls, self.armed, self.died = 0, False, False

    def __getattr__(self, name):
        return self._pass if self.armed and name == self._method else getattr(self._port, name)

    async def die(self):
        """Whoever came as far as here goes no further."""
        await self.reached.wait()
        self.died = True
        self.opened.set()

    async def _pass(self, *args):
        self.calls += 1
        if self._after:
            await getattr(self._port, self._method)(*args)
        self.reached.set()
        await self.opened.wait()
        if self.died:
            raise asyncio.CancelledError
        if not self._after:
            await getattr(self._port, self._method)(*args)


@pytest.fixture
async def start(settings):
    """Services at work on an engine; they are stopped before it is closed."""
    running = []

    async def started(engine, *services, **gates):
        for service in services:
            ports = engine.ports(service.name)
            gated = {name: Gate(getattr(ports, name), method, after=after) for name, (method, after) in gates.items()}
            running.append(Running(service, replace(ports, **gated), settings))
            await running[-1].start()
            running[-1].subscribe(engine.broker)
            for gate in gated.values():
                gate.armed = True
        await engine.broker.start()
        return [*running[-len(services) :], *gated.values()]

    yield started
    for one in running:
        await one.stop()


async def note(engine, settings, id, times=1):
    service = Running(notes, engine.ports("customers"), settings)
    for n in range(times):
        await service.execute(customer, id, Note(id), Envelope(f"{id}/{n}/{service}", "agent:agent1", datetime.now(UTC)))


async def versions(running, id, count, seconds=15):
    async def there():
        row = await running.get(seen, id)
        return row["seen"] if row and len(row["seen"]) >= count else None

    return await until(there, seconds)


async def reviewed(engine, id):
    return [e.version for e in await engine.ports("qa").streams.load(f"review-{id}")]


async def test_a_group_starts_at_the_first_event_and_reads_each_stream_in_order(reopen, start, settings):
    engine = await reopen()
    await asyncio.gather(*(note(engine, settings, id, 20) for id in "abc"))
    running, *_ = await start(engine, watch)
    await note(engine, settings, "a", 5)
    assert await versions(running, "a", 25) == list(range(1, 26))
    assert await versions(running, "b", 20) == list(range(1, 21))


async def test_groups_read_independently(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a", 3)
    first, second, *_ = await start(engine, watch, other)
    assert await versions(first, "a", 3) == await versions(second, "a", 3) == [1, 2, 3]


async def test_events_come_in_batches(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a", 50)
    running, gate = await start(engine, watch, documents=("write", False))
    gate.opened.set()
    assert await versions(running, "a", 50) == list(range(1, 51))
    assert gate.calls < 10


async def test_offsets_are_committed_after_the_work(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a")
    topics = engine.ports("qa").topics
    _, gate = await start(engine, react, streams=("append", True))
    await gate.reached.wait()
    assert not any([await topics.offset("qa.policies", part) for part in topics.parts("customers")])
    gate.opened.set()

    async def committed():
        return all([await topics.offset("qa.policies", part) == await topics.end(part) for part in topics.parts("customers")])

    await until(committed)


async def test_on_the_way_out_the_batch_in_hand_is_finished_and_committed(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a")
    topics = engine.ports("qa").topics
    _, gate = await start(engine, react, streams=("append", False))
    await gate.reached.wait()
    leaving = asyncio.create_task(engine.broker.stop())
    await asyncio.wait([leaving], timeout=0.05)
    assert not leaving.done()
    gate.opened.set()
    await leaving
    assert await reviewed(engine, "a") == [1]

    async def committed():
        return any([await topics.offset("qa.policies", part) == await topics.end(part) != 0 for part in topics.parts("customers")])

    await until(committed)


async def test_what_was_worked_but_not_committed_comes_again_after_a_crash_and_is_done_once(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a")
    running, gate = await start(engine, react, streams=("append", True))
    await gate.die()
    await running.stop()
    await engine.close()

    engine = await reopen()
    assert await reviewed(engine, "a") == [1]
    topics = engine.ports("qa").topics
    await start(engine, react)

    async def committed():
        return any([await topics.offset("qa.policies", part) for part in topics.parts("customers")])

    await until(committed)
    assert await reviewed(engine, "a") == [1]


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
async def test_a_view_is_whole_after_a_crash(reopen, start, settings, after):
    engine = await reopen()
    await note(engine, settings, "a", 3)
    running, gate = await start(engine, watch, documents=("write", after))
    await gate.die()
    await running.stop()
    await engine.close()

    engine = await reopen()
    await note(engine, settings, "a", 2)
    running, *_ = await start(engine, watch)
    assert await versions(running, "a", 5) == [1, 2, 3, 4, 5]


async def test_a_restart_reads_on_where_it_was(reopen, start, settings):
    engine = await reopen()
    await note(engine, settings, "a", 3)
    running, *_ = await start(engine, watch)
    await versions(running, "a", 3)
    await running.stop()
    await engine.close()
    engine = await reopen()
    running, gate = await start(engine, watch, documents=("write", False))
    gate.opened.set()
    await note(engine, settings, "b")
    assert await versions(running, "b", 1) == [1]
    assert await versions(running, "a", 3) == [1, 2, 3]
    assert gate.calls == 1
