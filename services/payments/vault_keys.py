"""Which key the records of the vault are written under, and which older ones some of them may need still. The keys lie in the keyring alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.contracts.cards import VaultKeyDropped, VaultKeyMade, VaultRotated
from shared.kernel.decider import Aggregate, Refused

KEPT_FOR = timedelta(hours=1)
"""An older key stays so long after the last record has left it: a backup copies the vault first and the keyring last."""


@dataclass(frozen=True, slots=True)
class First:
    """``empty``: nothing was kept before there were numbered keys."""

    empty: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Rotate:
    now: datetime


@dataclass(frozen=True, slots=True)
class Rotated:
    """Every record is under ``key``."""

    key: int
    records: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Dropped:
    key: int


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """``older`` are those that still exist. ``rotated_at`` is None while records may need them."""

    current: int = 0
    older: tuple[int, ...] = ()
    rotated_at: datetime | None = None

    def droppable(self, now: datetime) -> tuple[int, ...]:
        return self.older if self.rotated_at and now >= self.rotated_at + KEPT_FOR else ()


def decide(command: First | Rotate | Rotated | Dropped, state: VaultKeys) -> Sequence[VaultKeyMade | VaultRotated | VaultKeyDropped] | Refused:
    match command:
        case First(empty, now):
            if state.current:
                return []
            made = VaultKeyMade(key=1, at=now)
            return [made, VaultRotated(key=1, records=0, at=now)] if empty else [made]
        case Rotate(now):
            return [VaultKeyMade(key=state.current + 1, at=now)] if state.rotated_at else []
        case Rotated(key, records, now):
            return [VaultRotated(key=key, records=records, at=now)] if key == state.current and state.rotated_at is None else []
        case Dropped(key):
            return [VaultKeyDropped(key=key)] if key in state.older else []


def evolve(state: VaultKeys, event: VaultKeyMade | VaultRotated | VaultKeyDropped) -> VaultKeys:
    match event:
        case VaultKeyMade():
            return VaultKeys(event.key, (*state.older, state.current) if state.current else ())
        case VaultRotated():
            return replace(state, rotated_at=event.at)
        case VaultKeyDropped():
            return replace(state, older=tuple(key for key in state.older if key != event.key))


vault_keys = Aggregate("vaultkeys", VaultKeys(), decide, evolve, (First, Rotate, Rotated, Dropped), singleton=True)
