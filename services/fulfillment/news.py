"""Which shipment a row of a table is about, and what it tells it."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.fulfillment.commands import Arrive, News, Ship, TakeBack
from services.fulfillment.moments import happened
from services.fulfillment.records import Record, Shipment
from services.fulfillment.shipment import shipment
from services.fulfillment.tracking import Problem, Told, Wrong
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.service import Running

SOURCE = "import"
_COMMANDS = uuid.UUID("5e0b8b0a-6a0f-5d0c-9a55-2f1d1c7c9b1e")
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows by their numbers: those that were taken, and those that said what was known already."""

    taken: Sequence[int]
    known: Sequence[int]
    problems: Sequence[Problem]


async def told(service: Running, rows: Sequence[Told], sent: Envelope, *, dry: bool) -> Outcome:
    """Orders side by side, the rows of one in their order. ``dry``: what would become of them. Raises Unavailable, Conflict."""
    by_order: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        by_order[row.order_id].append(row)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(of: Sequence[Told]) -> Outcome:
        async with gate:
            return await _of_order(service, of, sent, dry=dry)

    done = await asyncio.gather(*map(one, by_order.values()))
    return Outcome(
        sorted(row for each in done for row in each.taken),
        sorted(row for each in done for row in each.known),
        sorted((problem for each in done for problem in each.problems), key=lambda problem: problem.row),
    )


async def _of_order(service: Running, rows: Sequence[Told], sent: Envelope, *, dry: bool) -> Outcome:
    state: Shipment = (await service.load(shipment, rows[0].order_id))[0]
    taken: list[int] = []
    known: list[int] = []
    problems = []
    for row in rows:
        try:
            news = False
            for command in commands(row, state, sent.now):
                state, new = _decided(command, state) if dry else await _executed(service, row, command, state, sent)
                news = news or new
        except Wrong as wrong:
            problems.append(Problem(row.row, wrong.field, str(wrong)))
        else:
            (taken if news else known).append(row.row)
    return Outcome(taken, known, problems)


def _decided(command: News, state: Shipment) -> tuple[Shipment, bool]:
    """How it would be, and whether that is anything new. Raises Wrong."""
    decision = shipment.decide(command, state)
    if isinstance(decision, Refused):
        raise Wrong("", decision.detail)
    for event in decision:
        state = shipment.evolve(state, event)
    return state, bool(decision)


async def _executed(service: Running, row: Told, command: News, state: Shipment, sent: Envelope) -> tuple[Shipment, bool]:
    """A file that is sent again under the same key has the same commands. Raises Wrong."""
    id = uuid.uuid5(_COMMANDS, f"{sent.command_id}/{row.row}/{type(command).__name__}")
    try:
        outcome = await service.execute(shipment, row.order_id, command, replace(sent, command_id=str(id), version=None))
    except Refusal as refusal:
        raise Wrong("", refusal.refused.detail) from refusal
    return (state, True) if outcome.repeated else (outcome.state, bool(outcome.events))


def commands(row: Told, state: Shipment, now: datetime) -> Iterator[News]:
    """Raises Wrong. What was delivered was on its way first."""
    record = _record(row, state)
    try:
        at = happened(row.at or now, now, record.created.submitted.submitted_at)
    except ValueError as error:
        raise Wrong("date", str(error)) from error
    if row.became == "shipped" or (row.became == "delivered" and row.parcel.tracking):
        yield Ship(row.order_id, record.plugin, row.parcel, at, SOURCE)
    if row.became == "delivered":
        yield Arrive(row.order_id, record.plugin, at, SOURCE)
    elif row.became == "returned":
        yield TakeBack(row.order_id, record.plugin, at, SOURCE)


def _record(row: Told, state: Shipment) -> Record:
    """Raises Wrong."""
    found = [record for record in state.records.values() if row.plugin in ("", record.plugin)]
    if not state.records:
        raise Wrong("order", f"There is no order {row.order_id} here that is to be shipped.")
    if not found:
        raise Wrong("export_id", f"Nothing of this order is shipped by {row.plugin}. There is {_listed(state)}.")
    if row.rma:
        found = [record for record in found if record.rma == row.rma]
        if not found:
            raise Wrong("rma", f"No return of this order has the number {row.rma}.")
    if len(found) > 1:
        found = [record for record in found if record.maybe_out]
    if len(found) != 1:
        raise Wrong("order", f"This order has {len(state.records)} shipments: {_listed(state)}. Say which in a column export_id.")
    return found[0]


def _listed(state: Shipment) -> str:
    return ", ".join(record.export_id for record in state.records.values())
