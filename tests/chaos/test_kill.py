"""kill -9 under load, again and again: every order that was accepted ends, is charged at most once and exported at most once."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from services.payments.references import parsed
from services.payments.service import sweep
from shared.service import utc_now
from tests.chaos.processes import Simulator, Victim
from tests.chaos.victim import settings_of
from tests.house.shop import Shop, until

ORDERS = 200
POINTS = [
    ("after append of OrderSubmitted", 9),
    ("after append of AttemptClaimed", 7),
    ("after call of authorise", 8),
    ("after call of capture", 5),
    ("before commit of payments.policies", 6),
    ("before write of payments", 12),
    ("before append of FulfillmentExported", 5),
    ("after append of CaptureClaimed", 6),
    ("before append of OrderApproved", 4),
    ("after write of qa", 8),
    ("before commit of qa.policies", 7),
    ("after append of FulfillmentExported", 6),
]
RANDOM_KILLS = 5


@pytest.fixture
async def simulator(tmp_path):
    simulator = await Simulator(tmp_path / "simulator").start()
    yield simulator
    await simulator.kill()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_nothing_accepted_is_lost_and_nothing_is_done_twice(tmp_path, simulator):
    victim, exported = Victim(tmp_path, simulator), {}
    for point, nth in POINTS:
        await victim.start(point, ORDERS, point, nth)
        await victim.reads()
        assert (victim.died_at, await victim.kill()) == (point, -9)
        exported = unchanged(exported, tmp_path / "data" / "exports")
    seed = random.randrange(10**6)  # noqa: S311 - chance, not a secret
    print("seed", seed)
    chance = random.Random(seed)  # noqa: S311
    for run in range(RANDOM_KILLS):
        await victim.start(run, ORDERS)
        await victim.reads(accepted=chance.randint(1, 40))
        if run % 2:
            await simulator.kill()
            await victim.reads(accepted=chance.randint(1, 10))
            await simulator.start()
        await victim.kill()
        assert not victim.survived, "the load ended before the kill"
        exported = unchanged(exported, tmp_path / "data" / "exports")
    await victim.start("last", max(20, ORDERS - len(victim.accepted)))
    await victim.reads()
    assert victim.survived
    await victim.kill()
    exported = unchanged(exported, tmp_path / "data" / "exports")
    await everything_ended(Shop(settings_of(tmp_path, simulator.url), clock=after_every_lease), victim.accepted, simulator)
    unchanged(exported, tmp_path / "data" / "exports")


def unchanged(before, folder):
    """What has gone out lies there as it was written: a second export of the same order would be another file under its name."""
    written = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("*.csv")}
    assert before.items() <= written.items()
    return written


async def everything_ended(shop, accepted, simulator):
    assert len(accepted) >= ORDERS
    assert set(accepted.values()) == {"charged", "declined", "external"}
    await shop.open()
    for order_id, end in accepted.items():
        await until(lambda order_id=order_id, end=end: has_ended(shop, order_id, end), 60)
    once(simulator.ledger(), accepted)
    exported = {path.name for path in (shop.settings.data / "exports").iterdir()}
    assert {f"{order_id}-csv.csv" for order_id, end in accepted.items() if end == "charged"} <= exported
    assert not exported & {f"{order_id}-csv.csv" for order_id, end in accepted.items() if end != "charged"}
    await events_are_whole(shop.engine.ports("ops").streams)
    await cards_are_forgotten(shop, accepted)
    await shop.close()


async def has_ended(shop, order_id, end):
    if end == "external":
        status, body = await shop.ask("qa", "GET", f"/reviews/{order_id}")
        return status == 200 and body["stage"] == "waiting"
    if end == "charged" and not shop.export(order_id).exists():
        return False
    _, body = await shop.ask("cart", "GET", f"/orders/{order_id}")
    return body["state"]["stage"] == ("closed" if end == "charged" else "open")


def once(ledger, accepted):
    """No order has two captures, or an authorisation that is neither captured, given back, nor still wanted."""
    done = Counter((entry["reference"].split("-")[0], entry["kind"]) for entry in ledger if entry["status"] == "approved")
    assert max(done.values()) == 1
    assert {order_id for order_id, kind in done if kind == "capture"} >= {order_id for order_id, end in accepted.items() if end == "charged"}
    assert not [order_id for order_id, end in accepted.items() if end != "charged" and done[order_id, "authorize"]]
    assert all(parsed(entry["reference"]) for entry in ledger)


async def events_are_whole(streams):
    """Versions without a gap, and one outcome an order."""
    after = ""
    while names := await streams.names(after=after):
        for stream, newest in names:
            found = await streams.load(stream)
            assert [event.version for event in found] == list(range(1, newest + 1))
            types = Counter(dict(event.headers)["ce_type"].rpartition(".")[2] for event in found)
            assert max(types[name] for name in ("FulfillmentExported", "PaymentCaptured", "PaymentAuthorized", "OrderApproved")) <= 1
        after = names[-1][0]


async def cards_are_forgotten(shop, accepted):
    payments = shop.house.running["payments"]
    await sweep(payments)
    kept = await payments.state["vault"].tokens()
    assert not {found.order_id for _, found in kept} & accepted.keys()


def after_every_lease():
    return utc_now() + timedelta(minutes=5)
