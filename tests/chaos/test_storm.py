"""The cluster in a storm: every process is killed under load, at named points and at random, the servers too; nothing accepted is lost, nothing is
done twice, and nobody needs to help it up again. ``KILLS=500`` makes it as long as you like.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import uuid
from pathlib import Path

import pytest

from services import demo
from services.cli.connect import OPERATOR
from services.cli.verify import Walk
from services.demo import SUPERVISOR
from services.elsewhere import reached
from services.payments.pending import SETTLE
from shared.clients import call
from shared.engines.embedded.engine import ensure_master_key
from shared.settings import Settings
from tests.chaos.load import load
from tests.chaos.outside import found, order_ids, wrong
from tests.chaos.prey import NOW_AND_THEN, SLOWLY, herd
from tests.house.shop import until

POINTS = {
    "cart-1": [("after append of OrderSubmitted", 5), ("before mark", 4)],
    "cart-2": [("after send", 6), ("before append of OrderSubmitted", 5), ("after mark", 5)],
    "payments-1": [("after append of AttemptClaimed", 4), ("after call of capture", 3), ("before commit of payments.policies", 5)],
    "payments-2": [("after call of authorise", 4), ("within a transaction of views", 6), ("before mark", 8)],
    "qa": [("before commit of qa.policies", 6), ("within a transaction of views", 6), ("after send", 5)],
    "fulfillment": [
        ("after append of DeliveryClaimed", 3),
        ("before append of FulfillmentExported", 4),
        ("before commit of fulfillment.policies", 5),
    ],
    "customers": [("within a transaction of views", 8), ("within a rebuild", 2)],
}
KILLS = int(os.environ.get("KILLS", "36"))
LEASES = 300
"""Seconds: when nobody can hold anything any more."""


@pytest.fixture
def settings(tmp_path, servers):
    made = Settings(
        engine="cluster", data=tmp_path / "data", key_file=tmp_path / "keys" / "master.key", kafka=servers.kafka, mongo=servers.mongo, port=0,
        installation=f"t{uuid.uuid4().hex[:8]}", partitions=3,
    )  # fmt: skip
    ensure_master_key(made)
    return made


@pytest.mark.slow
@pytest.mark.timeout(1500 + 20 * KILLS)
async def test_nothing_accepted_is_lost_and_nothing_is_done_twice(settings, servers, tmp_path):
    seed = random.randrange(10**6)  # noqa: S311 - chance, not a secret
    print("seed", seed)
    async with herd(settings, tmp_path / "logs") as prey, reached(seen_from(prey)) as clients:
        await furnished(clients)
        exports = Exports(settings.data / "exports")
        async with load(prey["gateway"].member, seed) as orders:
            await under_load(orders, storm(prey, servers, random.Random(seed)), exports.watched(), settings_change(clients), rebuilds(clients))  # noqa: S311
        say_what_was(prey, orders)
        await started_anew(prey)
        ids = await order_ids(settings, orders.told)
        before = await found(settings, ledger(settings), settings.data / "exports")
        await quiet(clients, {id for id in ids.values() if before.submitted(id)})

        assert not orders.odd
        assert not list(wrong(await found(settings, ledger(settings), settings.data / "exports"), orders.told, ids))
        exports.look()
        await as_it_should_be(clients)


async def under_load(orders, storm, *beside):
    async with asyncio.TaskGroup() as group:
        group.create_task(orders.until_stopped())
        beside = [group.create_task(work) for work in beside]
        await storm
        orders.stop()
        for task in beside:
            task.cancel()


def say_what_was(prey, orders):
    deaths = [point for each in prey.values() for point in each.deaths]
    print(f"{len(deaths)} kills, {sum(map(bool, deaths))} of them at named points; {len(orders.told)} orders; answers {dict(orders.answers)}")
    assert all(each.deaths for each in prey.values())


def seen_from(prey):
    """Settings that lead to this cluster."""
    names = prey["ops"].member.environment
    return Settings(**{name.removeprefix("RINGUP_").lower(): value for name, value in names.items() if name.startswith("RINGUP_")})


async def asked(clients, service, method, path, json=None, caller=OPERATOR, also=()):
    """The answer's JSON. Again until there is a good one, or one with another status that says that it was done before."""

    async def answered():
        await asyncio.sleep(NOW_AND_THEN)
        with contextlib.suppress(OSError, TimeoutError):
            answer = await call(clients[service], caller, method, path, json)
            return answer.json() if answer.status < 300 or answer.status in also else None

    return await until(answered, SLOWLY)


async def furnished(clients):
    async def all_there():
        rows = (await asked(clients, "customers", "GET", "/orders"))["rows"]
        return len(rows) >= len(demo.SAMPLES) - 1

    await until(all_there, SLOWLY)


# What goes on meanwhile


class Exports:
    """What has gone out lies there as it was written: a second export of the same order would be another file under its name."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def look(self):
        written = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in self.folder.glob("*.csv")}
        assert self.known.items() <= written.items()
        self.known = written

    async def watched(self):
        while True:
            self.look()
            await asyncio.sleep(0.5)


async def settings_change(clients):
    """Now and then external orders skip quality assurance."""
    for n in itertools.count():
        changed = demo.SETTINGS.model_copy(update={"undo_seconds": 0, "prepaid_skip_qa": bool(n % 2)})
        await asked(clients, "catalog", "PUT", "/settings", changed.model_dump(mode="json"), SUPERVISOR)
        await asyncio.sleep(5)


async def rebuilds(clients):
    """Now and then, as operators ask for them."""
    while True:
        await rebuilt(clients, "customers", "orders")
        await asyncio.sleep(5)


async def rebuilt(clients, service, view):
    """Compared, and dropped again. The comparison."""
    job = await begun(clients, service, view)

    async def compared():
        found = await asked(clients, "ops", "GET", f"/jobs/{job['id']}")
        return found if found["state"] != "reading" else None

    done = await until(compared, SLOWLY)
    assert done["state"] == "compared", done
    await asked(clients, "ops", "DELETE", f"/views/{service}/{view}/builds/{job['build']}", also=(404, 409))
    return done


async def begun(clients, service, view):
    """Or already under way: the answer of whoever began it may be lost."""

    async def there():
        with contextlib.suppress(OSError, TimeoutError):
            await call(clients["ops"], OPERATOR, "POST", f"/views/{service}/{view}/replay")
        jobs = (await asked(clients, "ops", "GET", "/jobs"))["rows"]
        return next((job for job in jobs if (job["service"], job["view"]) == (service, view) and job["state"] in ("reading", "compared")), None)

    return await until(there, SLOWLY)


# The storm


async def storm(prey, servers, chance):
    """Everybody is killed at random first, and has points to die at from then on; then Kafka dies, and MongoDB, and whoever is left to die."""
    for name, points in POINTS.items():
        prey[name].points.extend(points)
    for name in chance.sample(sorted(prey), len(prey)):
        await hunted(prey[name], chance)
    await asyncio.to_thread(servers.kill_kafka)
    await asyncio.to_thread(servers.start_kafka)
    await hunted(prey[chance.choice(sorted(prey))], chance)
    await asyncio.to_thread(servers.kill_mongo)
    await asyncio.to_thread(servers.start_mongo)
    while (left := KILLS - sum(len(each.deaths) + len(each.points) for each in prey.values())) > 0:
        name = chance.choice(sorted(prey))
        if not prey[name].points and left > len(POINTS.get(name, ())):
            prey[name].points.extend(POINTS.get(name, ()))
        await hunted(prey[name], chance)

    async def all_hit():
        return not any(each.points for each in prey.values())

    await until(all_hit, SLOWLY)
    await asyncio.gather(*(each.ready() for each in prey.values()))


async def hunted(prey, chance):
    await prey.lives()
    await asyncio.sleep(chance.random())
    prey.kill()


async def started_anew(prey):
    """All of it left politely, and is back at a time when every lease has ended."""
    for each in prey.values():
        each.ahead = LEASES
        each.kill(signal.SIGTERM)
    await asyncio.gather(*(each.ready() for each in prey.values()))


# The quiet


async def quiet(clients, accepted):
    """An order that was cancelled before its gateway had heard of it is asked about until that one can be believed never to hear of it."""
    await until(lambda: all_read(clients), SLOWLY)
    await until(lambda: all_ended(clients, accepted), SLOWLY + SETTLE.total_seconds())
    await until(lambda: all_read(clients), SLOWLY)


async def all_read(clients):
    """Everything appended is on its topic, and every group has read its topics to their ends."""
    ends = (await asked(clients, "ops", "GET", "/ends")).values()
    return not any(each["waiting"] for each in ends) and all(row["offset"] == row["end"] for each in ends for row in each["groups"])


async def all_ended(clients, accepted):
    rows = [await asked(clients, "customers", "GET", f"/orders/{order}") for order in sorted(accepted)]
    waiting = [row for row in rows if not has_ended(row)]
    if len(waiting) < len(accepted):
        print(f"{len(waiting)} orders have not ended" + "".join(f"\n{json.dumps(row)}" for row in waiting[:3]))
    accepted.intersection_update(row["order_id"] for row in waiting)
    return not waiting


def has_ended(row):
    """Or waits for a person."""
    if row["status"] == "Complete" and not row["exported_at"] and "shipment-stopped" not in row["marks"]:
        return False
    return row["status"] in ("Complete", "Declined", "Pending", "Cancelled", "Refunded") and "outcome-unknown" not in row["marks"]


def ledger(settings):
    return [json.loads(line) for line in Path(settings.data, "simulator.jsonl").read_text().splitlines()]


async def as_it_should_be(clients):
    """By the operators' own tools: streams and topics are whole and the same, nothing is parked, all are well, every view is what a replay gives."""
    walk = Walk(clients["ops"], lambda events: None)
    await walk.run()
    assert not walk.wrong
    assert not (await asked(clients, "ops", "GET", "/parked"))["rows"]
    assert (await asked(clients, "ops", "GET", "/health"))["status"] == "ok"
    views = (await asked(clients, "ops", "GET", "/views"))["rows"]
    by_service = [list(rows) for _, rows in itertools.groupby(views, lambda row: row["service"])]
    compared = await asyncio.gather(*(in_turn(clients, rows) for rows in by_service))
    different = [job for jobs in compared for job in jobs if not job["equal"]]
    assert not different
    print(f"{walk.events} events, {sum(map(len, compared))} views the same when rebuilt")


async def in_turn(clients, rows):
    return [await rebuilt(clients, row["service"], row["view"]) for row in rows]
