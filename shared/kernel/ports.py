"""What an engine must offer. The contract suite in tests/engines says how each of these behaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.kernel.events import Fact
from shared.kernel.views import Document

LARGEST = 4 * 1024 * 1024
"""Bytes of one event's data. More would be more than a broker takes, and block the stream for ever."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One recorded event as bytes. ``headers`` are CloudEvents attributes and extensions; ``position`` is 0 before the append."""

    stream: str
    version: int
    headers: tuple[tuple[str, str], ...]
    data: bytes
    position: int = 0
    fact: Fact | None = field(default=None, compare=False, repr=False)
    """What was encoded, where decoding gives the same again: an engine may hand it on instead."""


class Streams(Protocol):
    async def load(self, stream: str, after: int = 0, *, confirmed: bool = False) -> Sequence[Stored]:
        """Events with a version above ``after``, in order. Raises Unavailable, Corrupt.

        ``confirmed``: all that were appended before this was asked, whoever took over meanwhile; otherwise the newest may be missing.
        """

    async def append(self, topic: str, events: Sequence[Stored]) -> None:
        """All of them or none, durable on return; their versions follow the stream's newest.

        Raises Conflict (the versions are taken or leave a gap), Oversize, Unavailable.
        """

    async def names(self, prefix: str = "", after: str = "", limit: int = 100) -> Sequence[tuple[str, int]]:
        """Streams and their newest version, by name."""


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` (inclusive) to ``high`` (inclusive); None is open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Prefix:
    text: str


Where = Mapping[str, Any]
"""Declared index -> a value (equality), Range, Prefix, or a tuple of values (any of)."""


@dataclass(frozen=True, slots=True)
class Page:
    documents: Sequence[Document]
    next: str | None
    """Cursor of the next page."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a group has read, saved with the documents or not at all: part of a topic -> next offset."""

    group: str
    offsets: Mapping[str, int] = field(default_factory=dict)


class Documents(Protocol):
    """One service's documents. A collection is one build of a view."""

    async def prepare(self, collection: str, indexes: Sequence[str]) -> None: ...

    async def get(self, collection: str, id: str) -> Document | None: ...

    async def get_many(self, collection: str, ids: Sequence[str]) -> Mapping[str, Document]:
        """Tombstones included; what was never written is absent."""

    async def write(self, changes: Mapping[str, Sequence[Document]], progress: Progress | None = None) -> None:
        """Put each document whose stored revision is still the one it carries (0: none yet). Raises Conflict where one is not.

        With progress all of it is written or nothing; without, a Conflict may leave others written. Offsets never go back.
        Raises Unavailable while the group of the progress is held.
        """

    async def begin_where(self, group: str, before: str) -> None:
        """A group that has read nothing yet begins where the furthest one stands whose name begins with ``before``."""

    def hold(self, group: str) -> AbstractAsyncContextManager[None]:
        """Inside, no other process writes with progress of this group. Raises Unavailable where somebody else holds it."""

    async def find(
        self, collection: str, where: Where | None = None, *, sort: str = "", descending: bool = False, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Without tombstones. ``where`` and ``sort`` use declared indexes; documents without the sort field are lowest, equal ones go by id.
        Beside one that is declared ``where`` may name any other field, which is looked at in what is left.

        Raises ValueError for a cursor that is not one of ours.
        """

    async def count(self, collection: str, where: Where | None = None, *, most: int | None = None) -> int:
        """Up to ``most``, so that a count costs no more with a million of them."""

    async def totals(self, collection: str, group_by: Sequence[str], sums: Sequence[str], where: Where | None = None) -> Sequence[Mapping[str, Any]]:
        """One mapping a group with ``count`` and each sum."""

    def scan(self, collection: str) -> AsyncIterator[Document]:
        """Every document by id, tombstones included."""

    async def rename(self, collection: str, to: str) -> None:
        """Replaces what was there under the new name, at once."""

    async def drop(self, collection: str) -> None: ...

    async def scrub(self) -> None:
        """What was replaced or dropped before is nowhere on the disk any more. Raises Unavailable while somebody reads the store."""

    async def collections(self) -> Sequence[str]: ...


class Keyring(Protocol):
    """Data keys a stream. Raises Unavailable where a row is missing or cannot be unwrapped: never mistaken for an erasure."""

    async def ensure(self, stream: str, label: str = "") -> bytes | None:
        """The stream's key, made and durable if absent; None once it was dropped. A label replaces the one before."""

    async def find(self, streams: Sequence[str]) -> Mapping[str, bytes | None]: ...

    async def erase(self, label: str) -> Sequence[str]:
        """Drop the keys of all streams with this label; returns the streams, those that were dropped before too."""

    async def drop(self, stream: str) -> None:
        """This one key, which is nobody's: no erasure, so that a restore of an older backup brings it back."""

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same for the whole life of the installation, whatever its master key is."""

    def rewrap(self) -> AsyncIterator[int]:
        """Wraps every key by the newest master key; yields how many are done. Ends when none is left under an older one."""


class Topics(Protocol):
    """The topics, for a rebuild and for what operators ask. A topic has parts, and each part an order and positions of its own."""

    def part(self, topic: str, partition: int) -> str: ...

    def parts(self, topic: str) -> Sequence[str]: ...

    def place(self, topic: str, stream: str) -> str:
        """The part that a stream's events lie in."""

    async def read(self, part: str, position: int, limit: int) -> Sequence[Stored]:
        """Up to ``limit`` events at or after the position, in order."""

    async def offset(self, group: str, part: str) -> int:
        """The position that the group reads next; 0 before its first commit."""

    async def end(self, part: str) -> int:
        """The position after the part's newest event; 0 for an empty one."""

    async def behind(self, part: str, position: int) -> tuple[int, Stored | None]:
        """How many events lie at or after the position, and the oldest of them."""


class Relay(Protocol):
    """What carries a service's appended events to its topic. ``problem`` says why nothing gets on; empty while it does."""

    problem: str

    async def waiting(self) -> tuple[int, Stored | None]:
        """How many appends are not on their way yet, and the oldest event of them."""

    def kick(self) -> None:
        """Looks at once."""


class Blobs(Protocol):
    """Small secrets and records by kind and id; a write is durable on return, what is deleted is overwritten. Raises Unavailable."""

    async def put(self, kind: str, id: str, data: bytes) -> None: ...

    async def get(self, kind: str, id: str) -> bytes | None: ...

    async def replace(self, kind: str, id: str, before: bytes, data: bytes) -> bool:
        """False where it is not ``before`` any more, and nothing was written."""

    async def delete(self, kind: str, id: str) -> None: ...

    async def ids(self, kind: str) -> Sequence[str]: ...
