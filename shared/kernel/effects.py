"""Effects: work in the outside world that an event asked for; and timers: commands that fall due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.kernel.decider import Aggregate
from shared.kernel.events import Event
from shared.kernel.views import Row, View

Load = Callable[[Aggregate[Any], str], Awaitable[tuple[Any, int]]]


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do: for which aggregate id, under which stable reference."""

    id: str
    reference: str


@dataclass(frozen=True)
class Effect:
    """Wanted work is an event; whoever appends the claim does it; the outcome is appended.

    ``wanted(event)`` lists the work an event asks for. ``pending`` is the service's view of open work: rows
    ``{"id", "reference", "due_at"}`` with ``due_at`` an ISO time, indexed, absent once the work is done.
    ``claim(work, holder, now)`` is the command that takes it; the claim event that it yields has ``takeover`` true when an
    earlier claim ran out. Then ``ask(work, state)`` finds out what became of it, else ``do(work, state)`` does it: both
    return the command that records the outcome (yes, no or unknown) and never raise for an answer.
    """

    name: str
    wanted: Callable[[Event], Iterable[Work]]
    pending: View
    claim: Callable[[Work, str, datetime], Any]
    do: Callable[[Work, Any], Awaitable[Any]]
    ask: Callable[[Work, Any], Awaitable[Any]]
    where: Mapping[str, Any] = field(default_factory=dict)
    """Which rows of ``pending`` are this effect's."""
    recorded: Callable[[Work, Any], Awaitable[None]] | None = None
    """Called with the state once an outcome is on stable storage."""
    lane: Callable[[Work], str] = lambda work: ""
    """Whose work it is, where several have slots of their own: what is slow for one keeps no other waiting."""
    lanes: Callable[[], Awaitable[Iterable[str]]] | None = None
    """The lanes that the watchdog takes up now: rows of ``pending`` say theirs as ``plugin``, indexed. What is of another one waits."""


@dataclass(frozen=True)
class Timer:
    """Rows of ``pending`` whose ``due_at`` has passed become commands: ``command(row, now)`` gives (aggregate id, command).

    ``still(load, row)`` is for a command that its own stream cannot judge: whether the row is true by the streams that it is made of,
    since a view may be behind. ``load(aggregate, id)`` gives a state and its version.
    """

    name: str
    pending: View
    command: Callable[[Row, datetime], tuple[str, Any]]
    still: Callable[[Load, Row], Awaitable[bool]] | None = None
