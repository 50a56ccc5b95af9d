"""Forgetting a customer, with all their numbers: keys are dropped first. A crash on the way leaves nothing readable, and asking again goes on."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence

from services.customers.customer import Erase, customer, decide
from services.customers.mail import outbox
from services.customers.merged import numbers
from services.customers.status import status, unfinished
from services.customers.views import KINDS, orders
from shared.contracts.registry import view_topics
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.views import Row
from shared.service import Running

_SEALED = ("order", "review", "shipment")
"""Streams that have personal texts of their own. An order may be another customer's by now, the others do not say whose they are. One without a key
gets none afterwards."""
_WAIT = 5.0


async def erase(service: Running, id: str, sent: Envelope) -> tuple[str, Outcome]:
    """All of a person's numbers; answers which one stands for them. Raises Refusal while an order of theirs is unfinished, NotFound, Unavailable."""
    await _caught_up(service)
    ids = await numbers(service, id)
    theirs = {each: await _all_of(service, each) for each in ids}
    rows = list({row["id"]: row for found in theirs.values() for row in found}.values())
    if not rows and not any([(await service.load(customer, each))[1] for each in ids]):
        raise NotFound("There is no such customer.")
    waiting = tuple((row["id"], status(row["parts"])) for row in rows if unfinished(row) or _parked(service, row["id"]))
    command = Erase(ids[0], tuple(sorted(row["id"] for row in rows)), waiting, ids[1:])
    decided = decide(command, (await service.load(customer, ids[0], confirmed=True))[0])
    if isinstance(decided, Refused):
        raise Refusal(decided)
    for each in ids:
        await asyncio.gather(*(service.keyring.ensure(f"{kind}-{row['id']}", each) for row in theirs[each] for kind in _SEALED))
        await service.keyring.erase(each)
    await _erase_mail(service, command.order_ids)
    for alias in ids[1:]:
        await service.send(alias, Erase(alias, tuple(sorted(row["id"] for row in theirs[alias]))), uuid.uuid4().hex, sent.actor)
    await _erase_before(service, ids, rows, sent.actor)
    return ids[0], await service.execute(customer, ids[0], command, sent)


async def _all_of(service: Running, customer_id: str) -> list[Row]:
    """The orders of one number."""
    state, _ = await service.load(customer, customer_id, confirmed=True)
    found = await _orders(service, customer_id)
    return found + await _left(service, state.orders - {row["id"] for row in found})


async def erase_again(service: Running, customer_id: str, streams: Sequence[str], by: str) -> bool:
    """Whom the data of a backup still knows. ``streams``: whose keys were dropped then. Whether anything was left to do."""
    await asyncio.gather(*(service.keyring.ensure(stream, customer_id) for stream in streams))
    await service.keyring.erase(customer_id)
    orders = {id for kind, _, id in (stream.partition("-") for stream in streams) if kind in _SEALED}
    await _erase_mail(service, sorted(orders))
    outcome = await service.send(customer_id, Erase(customer_id, tuple(sorted(orders))), uuid.uuid4().hex, by)
    return bool(outcome.events)


async def _erase_mail(service: Running, order_ids: Sequence[str]) -> None:
    """Raises Unavailable."""
    try:
        await outbox(service.settings.data).erase(order_ids)
    except OSError as error:
        raise Unavailable(f"Mails to them in the outbox folder could not be erased: {error.strerror}.") from error


def _parked(service: Running, order_id: str) -> bool:
    """Then more has happened than its row tells."""
    return any(service.parking.parked(service.service.views_group, f"{kind}-{order_id}") for kind in KINDS)


async def _orders(service: Running, customer_id: str) -> list[Row]:
    found: list[Row] = []
    cursor: str | None = None
    while True:
        rows, cursor = await service.find(orders, {"customer_id": customer_id}, limit=500, cursor=cursor, open_fields=False)
        found += rows
        if cursor is None:
            return found


async def _left(service: Running, order_ids: frozenset[str]) -> list[Row]:
    """Their profile was told by these, and is sealed with them, though they went on as somebody else's."""
    rows = [await service.get(orders, id, opened=False) for id in sorted(order_ids)]
    return [row for row in rows if row]


async def _erase_before(service: Running, erased: Sequence[str], theirs: Sequence[Row], by: str) -> None:
    """Numbers that their orders had before, of which nothing else is known: the same person, whose names would still be found."""
    ids = {row["id"] for row in theirs}
    for other in sorted({id for row in theirs for id in row["parts"].get("order", {}).get("before", ())} - {*erased}):
        state, _ = await service.load(customer, other)
        if state.orders and state.orders <= ids:
            await service.keyring.erase(other)
            await service.send(other, Erase(other, tuple(sorted(state.orders))), uuid.uuid4().hex, by)


async def _caught_up(service: Running) -> None:
    """Until the views have everything that was recorded before this was asked. Raises Unavailable."""
    group = service.service.views_group
    ends = {part: await service.topics.end(part) for part in service.parts(view_topics(service.service.views))}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_WAIT):
            while await _behind(service, ends):
                service.hurry(group)
                await asyncio.sleep(0.01)
            return
    raise Unavailable("The newest orders have not arrived here yet. Try again.")


async def _behind(service: Running, ends: dict[str, int]) -> bool:
    group = service.service.views_group
    return any([await service.offset(group, part) < end for part, end in ends.items()])
