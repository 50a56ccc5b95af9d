"""The audit: who rebuilt or switched which view, and whether it was the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.ops import ViewRebuilt, ViewSwitched
from shared.kernel.decider import Aggregate

Mark = tuple[str, str, str, datetime]
"""What is written down once: its type, the view, the build and when that was begun."""
State = frozenset[Mark]


@dataclass(frozen=True, slots=True)
class Record:
    event: ViewRebuilt | ViewSwitched


def decide(command: Record, seen: State) -> Sequence[ViewRebuilt | ViewSwitched]:
    return [] if mark(command.event) in seen else [command.event]


def evolve(seen: State, event: ViewRebuilt | ViewSwitched) -> State:
    return seen | {mark(event)}


def mark(event: ViewRebuilt | ViewSwitched) -> Mark:
    return event.TYPE, event.view, event.build, event.started_at


audit = Aggregate("audit", State(), decide, evolve, (Record,), singleton=True)
