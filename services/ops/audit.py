"""The audit: who did what to views, parked streams, keys and events, and to those who may come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.ops import (
    ApiKeyChanged,
    BackupRestored,
    EventsExported,
    EventsImported,
    MasterKeyRotated,
    ParkedDiscarded,
    ParkedRetried,
    RelayKicked,
    UserChanged,
    ViewRebuilt,
    ViewSwitched,
)
from shared.kernel.decider import Aggregate

Done = (
    ViewRebuilt
    | ViewSwitched
    | ParkedRetried
    | ParkedDiscarded
    | RelayKicked
    | MasterKeyRotated
    | EventsExported
    | EventsImported
    | BackupRestored
    | UserChanged
    | ApiKeyChanged
)
Mark = tuple[Any, ...]
"""Of what may be told more than once: its type, and what it is about."""
State = frozenset[Mark]


@dataclass(frozen=True, slots=True)
class Record:
    event: Done


def decide(command: Record, seen: State) -> Sequence[Done]:
    return [] if mark(command.event) in seen else [command.event]


def evolve(seen: State, event: Done) -> State:
    found = mark(event)
    return seen | {found} if found else seen


def mark(event: Done) -> Mark | None:
    """None for what is written down as often as it was done."""
    match event:
        case ViewRebuilt() | ViewSwitched():
            return event.TYPE, event.view, event.build, event.started_at
        case MasterKeyRotated(fingerprint=fingerprint):
            return event.TYPE, fingerprint
    return None


audit = Aggregate("audit", State(), decide, evolve, (Record,), singleton=True)
