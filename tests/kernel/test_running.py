"""A running service over the embedded engine: what it refuses to record, and what it does with poison."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from shared.contracts.customers import CustomerNoted
from shared.engines.embedded.engine import Engine
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.kernel.errors import Oversize
from shared.kernel.views import view
from shared.service import Running, Service


@dataclass(frozen=True, slots=True)
class Note:
    customer: str
    text: str


def notes_key(event: CustomerNoted) -> str:
    return event.customer_id


def count_notes(row, fact):
    if fact.event.order_id == "poison":
        raise ZeroDivisionError
    return {"notes": (row or {"notes": 0})["notes"] + 1}


def noted(command, state):
    return [CustomerNoted(customer_id=command.customer, order_id="poison" if command.text == "poison" else "", note=command.text)]


customer = Aggregate("customer", 0, noted, lambda state, event: state + 1, (Note,))
notes = view("notes", 1, notes_key, count_notes)


@pytest.fixture
async def service(settings):
    engine = Engine(settings)
    running = Running(Service("customers", aggregates=(customer,), views=(notes,)), engine.ports("customers"), settings)
    await running.start()
    running.subscribe(engine.broker)
    await engine.broker.start()
    yield running
    await running.stop()
    await engine.close()


async def note(service, id, text):
    sent = Envelope(f"{id}/{text[:10]}/{asyncio.get_running_loop().time()}", "agent:agent1", datetime.now(UTC))
    return await service.execute(customer, id, Note(id, text), sent)


async def test_an_oversize_event_is_refused_and_the_stream_goes_on(service):
    with pytest.raises(Oversize):
        await note(service, "1", "x" * 300_000)
    assert (await note(service, "1", "short")).version == 1


async def test_poison_delays_only_its_own_stream(service):
    await note(service, "1", "fine")
    await note(service, "2", "poison")
    await note(service, "2", "behind it")
    await note(service, "3", "fine")
    assert (await service.get(notes, "3", "customer-3@1"))["notes"] == 1
    assert (await service.get(notes, "1"))["notes"] == 1
    assert await service.get(notes, "2") is None
    (parked,) = await service.parking.rows()
    assert (parked["stream"], len(parked["positions"])) == ("customer-2", 2)
    assert "ZeroDivisionError" in parked["error"]


async def test_a_repeated_command_writes_once_and_another_body_is_refused(service):
    from shared.kernel.commands import Refusal

    sent = Envelope("c1", "agent:agent1", datetime.now(UTC), hash="a")
    first = await service.execute(customer, "1", Note("1", "x"), sent)
    again = await service.execute(customer, "1", Note("1", "x"), sent)
    assert (first.version, again.version, again.repeated) == (1, 1, True)
    with pytest.raises(Refusal, match="another request"):
        await service.execute(customer, "1", Note("1", "y"), Envelope("c1", "agent:agent1", datetime.now(UTC), hash="b"))
