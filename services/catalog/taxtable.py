"""A tax table: published in numbered versions of as many pieces as its rows need, each used when all of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.catalog import TaxRow, TaxTablePublished
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

ROWS = 1_000
"""Of a piece, so that it fits into an event."""


@dataclass(frozen=True, slots=True)
class Append:
    """Pieces of a version, from the piece ``first`` on. ``number`` 0: they begin the next version."""

    table: str
    first: int
    parts: int
    pieces: tuple[tuple[TaxRow, ...], ...]
    number: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """``done`` of the pieces of the version ``number`` are there; one that was cut off is never used. ``gone``: it has no rows.

    Who uses a table keeps its versions of odd and of even numbers apart: one is in use while the other arrives.
    """

    number: int = 0
    done: int = 0
    parts: int = 0
    gone: bool = True

    @property
    def following(self) -> int:
        """Never of the sort of the one in use, which two imports that were cut off would else have overwritten."""
        return self.number + (1 if self.done == self.parts else 2)


def decide(command: Append, state: State) -> Sequence[Event] | Refused:
    number = command.number or state.following
    if state.gone and not any(command.pieces):
        return []
    if command.number and (command.number, command.first) != (state.number, state.done + 1):
        return Refused("overtaken", f"Somebody else has begun to import {command.table} meanwhile. Look at their table, and import again.")
    numbered = enumerate(command.pieces, command.first)
    return [TaxTablePublished(table=command.table, number=number, part=part, parts=command.parts, rows=rows) for part, rows in numbered]


def evolve(state: State, event: Event) -> State:
    return State(event.number, event.part, event.parts, gone=not event.rows) if isinstance(event, TaxTablePublished) else state


def pieces(rows: Sequence[TaxRow]) -> tuple[tuple[TaxRow, ...], ...]:
    """At least one: a table without rows is published too, and is gone."""
    return tuple(tuple(rows[start : start + ROWS]) for start in range(0, max(len(rows), 1), ROWS))


taxtable = Aggregate("taxtable", State(), decide, evolve, (Append,))
