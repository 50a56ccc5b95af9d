"""After the faults: what is still to be done, until nothing is; and the operator, who discards what nobody can read."""

import asyncio
from collections import defaultdict

from pydantic_core import from_json

from services.fulfillment.views import cancellations, deliveries, erasures
from services.payments.views import work
from services.qa.views import UndoWindows
from shared.clients import Caller, call
from shared.kernel.views import collection

_LONGEST = 3 * 3600
_LOOK_EVERY = 10
_PENDING = (("payments", work), ("fulfillment", deliveries), ("fulfillment", cancellations), ("fulfillment", erasures), ("qa", UndoWindows))
OPERATOR = Caller("agent:operator1", "ops")


async def settled(world, poisoned=frozenset()):
    """Everything comes to rest, apart from the streams that wait behind a poisoned event. What was read but not committed is read again."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _LONGEST
    busy = ["not looked yet"]
    world.cluster.groups.rebalance_all()
    while busy and loop.time() < end:
        await asyncio.sleep(_LOOK_EVERY)
        busy = [*_unrelayed(world), *_unread(world), *_due(world, poisoned)]
    if busy:
        world.trace.find(f"never at rest: {', '.join(busy[:5])}")


def _unrelayed(world):
    for service, commits in world.cluster.commits.items():
        if any(not commit["relayed"] for commit in commits):
            yield f"{service} has commits to relay"


def _unread(world):
    for process in world.processes.values():
        if not process.ready or process.stalled_until > asyncio.get_running_loop().time():
            yield f"{process.name} is not there"
            continue
        shelf = world.cluster.shelves[process.service.name]
        for group, topics in process.running.groups.items():
            name = process.running.standing(group)
            for part in process.running.parts(topics):
                read = max(shelf.offsets.get((name, part), 0), world.cluster.groups.committed(name, part) or 0)
                if read < len(world.cluster.topics[part]):
                    yield f"{group} has {part} to read"


def _due(world, poisoned):
    for service, view in _PENDING:
        rows = world.cluster.shelves[service].collections.get(collection(view), {})
        for id, (_, _, data) in rows.items():
            if data is not None and id.split("-")[0] not in poisoned:
                yield f"{service} has {id} to do in {view.name}"


async def discard(world):
    """The operator leaves out what is parked, event by event."""
    for service in sorted(world.clients):
        answer = await call(world.clients[service], OPERATOR, "GET", "/-/parked")
        for row in answer.json()["rows"]:
            position = row["positions"][0][1]
            await call(world.clients[service], OPERATOR, "POST", f"/-/parked/{row['id']}/discard", {"position": position})


def parked(world):
    """Service -> the streams that wait."""
    waiting = defaultdict(set)
    for service, shelf in world.cluster.shelves.items():
        for _, _, data in shelf.collections.get("parked", {}).values():
            row = data and from_json(data)
            if row and row["positions"]:
                waiting[service].add(row["stream"])
    return waiting
