"""Events of ops: the audit of what operators did."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.kernel.events import Event


class ViewRebuilt(Event, type="ringup.ops.ViewRebuilt"):
    """A build was made beside the live one, which had ``live_documents``; ``equal`` says whether the digests were the same."""

    view: str
    build: str
    started_at: datetime
    documents: int
    live_documents: int
    live_digest: str
    build_digest: str
    equal: bool


class ViewSwitched(Event, type="ringup.ops.ViewSwitched"):
    """A build took the live one's place; the digests are those of that moment."""

    view: str
    build: str
    started_at: datetime
    live_digest: str
    build_digest: str
    forced: bool


class ParkedRetried(Event, type="ringup.ops.ParkedRetried"):
    """Its events were worked again; ``left`` still wait."""

    service: str
    group: str
    stream: str
    left: int


class ParkedDiscarded(Event, type="ringup.ops.ParkedDiscarded"):
    """One event was left out for good, those behind it were worked; ``left`` still wait."""

    service: str
    group: str
    stream: str
    part: str
    position: int
    left: int


class RelayKicked(Event, type="ringup.ops.RelayKicked"):
    """``waiting`` is how many appends were not on their way then."""

    service: str
    waiting: int


class MasterKeyRotated(Event, type="ringup.ops.MasterKeyRotated"):
    """``keys`` are wrapped by the master key with this fingerprint now."""

    fingerprint: str
    keys: int


class EventsExported(Event, type="ringup.ops.EventsExported"):
    """Somebody began to read all topics, up to where they ended then."""

    events: int


class EventsImported(Event, type="ringup.ops.EventsImported"):
    """``keys``: whether the keys of sealed fields came with them; else those fields read as erased."""

    exported_at: datetime
    events: int
    streams: int
    digest: str
    keys: bool


class UserChanged(Event, type="ringup.ops.UserChanged"):
    """Somebody changed who may sign in, or wrong tries locked them. ``what`` is in words; never a password, a code or a person's name."""

    user: str
    did: Literal[
        "added", "changed", "switched-on", "switched-off", "locked", "unlocked", "password-reset", "password-changed", "totp-on", "totp-off",
        "totp-reset", "recovery-codes-made",
    ]  # fmt: skip
    what: tuple[str, ...] = ()


class ApiKeyChanged(Event, type="ringup.ops.ApiKeyChanged"):
    """An API key, known by its name, was made or revoked; ``what`` names its scopes and its last day. Never the key."""

    key: str
    did: Literal["made", "revoked"]
    what: tuple[str, ...] = ()


class BackupRestored(Event, type="ringup.ops.BackupRestored"):
    """``erased``: customers that were erased after it was taken, and now again."""

    taken_at: datetime
    events: int
    erased: int
