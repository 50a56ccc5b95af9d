"""A record that nobody can have meant delays its own stream alone; views skip what they don't know, policies don't."""

import json
from dataclasses import dataclass, field, replace

import pytest

from shared.contracts.customers import CustomerNoted
from shared.contracts.qa import ReviewClosed
from shared.contracts.registry import EVENTS
from shared.engines.embedded.engine import Engine
from shared.kernel.codec import MARK, Codec, sealer
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.kernel.errors import Corrupt, Unreadable
from shared.kernel.events import Fact
from shared.kernel.policies import policy
from shared.kernel.ports import Stored
from shared.kernel.views import view
from shared.service import Running, Service
from tests.house.shop import until
from tests.samples import NOON

codec = Codec(EVENTS)
KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class Look:
    id: str


def _looked(command, state):
    return [ReviewClosed(order_id=command.id, why="cancelled")]


def _evolve(state, event):
    if state == 1 and event.why == "voided":
        raise ZeroDivisionError
    return state + 1


@policy
def look(event: CustomerNoted):
    yield event.customer_id, Look(event.customer_id)


def _key(event: CustomerNoted):
    return event.customer_id


def _texts(row, fact):
    return {"texts": [*(row or {"texts": []})["texts"], fact.event.note]}


review = Aggregate("review", 0, _looked, _evolve, (Look,))
sealed, opened = view("sealed", 1, _key, _texts), view("opened", 1, _key, _texts, opens=True)
watching = Service("qa", aggregates=(review,), views=(sealed,), policies=(look,))
opening = Service("ops", views=(opened,))


def stored(id, version=1, note="fine"):
    stream = f"customer-{id}"
    fact = Fact(CustomerNoted(customer_id=id, note=note), stream, version, NOON, "agent:agent1", id, "c", f"c{version}", "")
    return codec.encode(fact, sealer(stream, KEY))


def with_data(id, data):
    return replace(stored(id), data=data)


def with_headers(id, **changed):
    headers = {name: changed.get(name.replace("-", "_"), value) for name, value in stored(id).headers}
    return replace(stored(id), headers=tuple((name, value) for name, value in headers.items() if value is not None))


def like(id, **more):
    """The data of a sound event, and more."""
    return json.dumps({**json.loads(stored(id).data), **more}).encode()


UNREADABLE = {
    "half a record": with_data("1", b'{"customer_id": "1", '),
    "no text": with_data("1", b"\xff\xfe\x00"),
    "nothing": with_data("1", b""),
    "no object": with_data("1", b"[1]"),
    "a field of another kind": with_data("1", like("1", customer_id={"a": 1})),
    "a field missing": with_data("1", b'{"order_id": "1"}'),
    "a number that no store keeps": with_data("1", like("1", more=2**63)),
    "a number without end": with_data("1", like("1", more=1).replace(b"1}", b"9" * 5000 + b"}")),
    "not a number": with_data("1", like("1", more=float("nan"))),
    "nested without end": with_data("1", b'{"customer_id": "1", "note": "x", "more": ' + b"[" * 100_000 + b"}"),
    "a schema of the future": with_headers("1", schema="2"),
    "a schema that never was": with_headers("1", schema="0"),
    "a schema that is no number": with_headers("1", schema="one"),
    "no version": with_headers("1", streamversion=None),
    "version 0": with_headers("1", streamversion="0"),
    "a version that no store keeps": with_headers("1", streamversion="9" * 30),
    "no time": with_headers("1", ce_time="yesterday"),
}


@dataclass
class Shop:
    engine: Engine
    running: dict = field(default_factory=dict)

    async def start(self, settings, *services):
        for service in services:
            running = self.running[service.name] = Running(service, self.engine.ports(service.name), settings)
            await running.start()
            running.subscribe(self.engine.broker)
        await self.engine.broker.start()

    async def append(self, *records: Stored):
        for record in records:
            await self.engine.ports("customers").streams.append("customers", [record])

    async def seen(self, id, service="qa", view=sealed):
        row = await self.running[service].get(view, id, opened=False)
        return len(row["texts"]) if row else 0

    async def reviewed(self, id):
        return len(await self.engine.ports("qa").streams.load(f"review-{id}"))

    async def read_to_the_end(self, service="qa"):
        async def there():
            topics = self.running[service].topics
            groups = [group for group in ("views", "policies") if getattr(self.running[service].service, group)]
            return not sum([(await topics.behind("customers", await topics.offset(f"{service}.{group}", "customers")))[0] for group in groups])

        await until(there)

    async def parked(self, service="qa"):
        return {(row["group"], row["stream"]): [position for _, position in row["positions"]] for row in await self.running[service].parking.rows()}


@pytest.fixture
async def shop(settings):
    engine = Engine(settings)
    shop = Shop(engine)
    yield shop
    for running in shop.running.values():
        await running.stop()
    await engine.close()


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_unreadable_and_nothing_else(record):
    with pytest.raises(Unreadable):
        codec.decode(dict(record.headers), record.data)


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_parks_its_stream_and_all_others_flow(shop, settings, record):
    await shop.append(stored("0"), record, stored("2"), stored("1", 2), stored("0", 2))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert [await shop.seen(id) for id in "012"] == [2, 0, 1]
    assert [await shop.reviewed(id) for id in "012"] == [2, 0, 1]
    parked = await shop.parked()
    assert parked.keys() == {("qa.views", "customer-1"), ("qa.policies", "customer-1")}
    assert [positions == sorted(positions) and len(positions) == 2 for positions in parked.values()] == [True, True]


async def test_what_came_before_in_the_same_batch_is_worked_first(shop, settings):
    bad = replace(stored("1", 2), data=b"{")
    await shop.append(stored("1"), bad, stored("1", 3))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert (await shop.seen("1"), await shop.reviewed("1")) == (1, 1)
    assert set(map(tuple, (await shop.parked()).values())) == {(2, 3)}


async def test_views_skip_a_type_that_nobody_knows_and_policies_wait(shop, settings):
    await shop.append(stored("1"), replace(with_headers("1", ce_type="ringup.customers.Unheard"), version=2), stored("1", 3), stored("2"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert [await shop.seen(id) for id in "12"] == [2, 1]
    assert [await shop.reviewed(id) for id in "12"] == [1, 1]
    assert await shop.parked() == {("qa.policies", "customer-1"): [2, 3]}


async def test_a_parked_stream_stays_parked_after_a_restart_and_what_follows_queues_behind_it(shop, settings):
    await shop.append(with_data("1", b"{"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    await shop.running["qa"].stop()
    await shop.engine.close()
    shop.engine, shop.running = Engine(settings), {}
    await shop.append(stored("1", 2), stored("2"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert [await shop.seen(id) for id in "12"] == [0, 1]
    assert await shop.parked() == {(group, "customer-1"): [1, 2] for group in ("qa.views", "qa.policies")}


@pytest.mark.parametrize("note", ["a\x00b", "\U0001f4de", f"{MARK}customer-9 ???", "x" * 100_000], ids=["NUL", "emoji", "sealed by nobody", "long"])
async def test_odd_text_flows(shop, settings, note):
    await shop.append(stored("1", note=note), stored("2"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert [await shop.seen(id) for id in "12"] == [1, 1]


async def test_of_a_key_that_is_there_twice_the_last_counts_always(shop, settings):
    twice = with_data("1", b'{"customer_id":"2","customer_id":"1","note":"a","note":"b"}')
    assert [codec.decode(dict(twice.headers), twice.data).event.customer_id for _ in range(3)] == ["1"] * 3
    await shop.append(twice)
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert (await shop.running["qa"].get(sealed, "1"))["texts"] == ["b"]


@pytest.mark.parametrize("forged", ["!!!", "AAAA", "A" * 200], ids=["no base 64", "too short", "another key"])
async def test_a_forged_seal_parks_its_stream_where_it_is_opened(shop, settings, forged):
    await shop.engine.keyring.ensure("customer-1")
    await shop.append(with_data("1", like("1", note=f"{MARK}customer-1 {forged}")), stored("1", 2))
    await shop.engine.keyring.ensure("customer-2")
    await shop.append(with_data("2", like("2", note="in the clear")))
    await shop.start(settings, opening)
    await shop.read_to_the_end("ops")
    assert [await shop.seen(id, "ops", opened) for id in "12"] == [0, 1]
    assert (await shop.parked("ops")).keys() == {("ops.views", "customer-1")}


async def test_a_stream_that_cannot_be_folded_parks_what_acts_on_it_and_says_so(shop, settings):
    first, second = (
        codec.encode(Fact(ReviewClosed(order_id="1", why="voided"), "review-1", n, NOON, "agent:agent1", "1", "c", f"c{n}", ""), sealer("r", KEY))
        for n in (1, 2)
    )
    await shop.engine.ports("qa").streams.append("qa", [first, second])
    await shop.append(stored("1"), stored("2"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    assert [await shop.reviewed(id) for id in "12"] == [2, 1]
    assert (await shop.parked()).keys() == {("qa.policies", "customer-1")}
    with pytest.raises(Corrupt, match="review-1@2"):
        await shop.running["qa"].execute(review, "1", Look("1"), Envelope("c9", "agent:agent1", NOON))


async def test_what_comes_behind_a_parked_record_waits_though_another_bad_one_follows(shop, settings):
    await shop.append(with_data("1", b"{"))
    await shop.start(settings, watching)
    await shop.read_to_the_end()
    sound, bad = stored("1", 2), replace(stored("1", 3), data=b"{")
    await shop.engine.ports("customers").streams.append("customers", [sound, bad])
    await shop.read_to_the_end()
    assert (await shop.seen("1"), await shop.reviewed("1")) == (0, 0)
    assert set(map(tuple, (await shop.parked()).values())) == {(1, 2, 3)}
