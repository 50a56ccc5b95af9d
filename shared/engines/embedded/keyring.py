"""The installation's data keys in `keys.db`, each wrapped by the master key."""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.engines.embedded.erasures import Erasures
from shared.engines.embedded.sqlite import Writer, connect, translated
from shared.engines.wrapping import Wrapping
from shared.kernel.errors import Unavailable

_SEED = "installation"
_REWRAPPED_AT_ONCE = 500
_CACHE = 20_000
_SCHEMA = """
create table if not exists keys(stream text primary key, label text not null, wrapped blob, erased text) without rowid;
create index if not exists keys_label on keys(label);
create table if not exists about(name text primary key, value blob) without rowid;
"""
_Known = tuple[bytes | None, str]


class SqliteKeyring:
    """Inserted if absent and durable before the stream's first append; a dropped key leaves a row without one. Raises Unavailable."""

    def __init__(self, path: Path, masters: Sequence[bytes], erasures: Path) -> None:
        self.path = path
        self._wrapping = Wrapping(masters, path.name)
        self._writer = Writer(path, _SCHEMA)
        self._reader = connect(path, durable=True)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._secret = self._read_secret()
        self._derived: dict[str, bytes] = {}
        self.erasures = Erasures(erasures, self.derived("erasures").hex()[:16])

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _read_secret(self) -> bytes:
        """Made on the first start. What does not open it is not this installation's master key."""
        with translated(self.path):
            self._reader.execute("insert or ignore into about values(?, ?)", (_SEED, self._wrapping.new_key(_SEED)))
            row = self._reader.execute("select value from about where name = ?", (_SEED,)).fetchone()
            self._reader.execute("pragma query_only=on")
        return self._wrapping.unwrap(_SEED, row[0])

    def derived(self, purpose: str) -> bytes:
        if purpose not in self._derived:
            self._derived[purpose] = hmac.digest(self._secret, purpose.encode(), "sha256")
        return self._derived[purpose]

    async def rewrap(self) -> AsyncIterator[int]:
        """The installation's secret last: it says that the others are done."""
        after, done = "", 0
        query = "select stream, wrapped from keys where stream > ? and wrapped is not null order by stream limit ?"
        while True:
            with translated(self.path):
                rows = self._reader.execute(query, (after, _REWRAPPED_AT_ONCE)).fetchall()
            if not rows:
                break
            await asyncio.gather(*(self._rewrap(stream, wrapped) for stream, wrapped in rows))
            after, done = rows[-1][0], done + len(rows)
            yield done
        await self._writer.write("update about set value = ? where name = ?", (self._wrapping.wrap(_SEED, self._secret), _SEED))
        await self._writer.scrub()
        yield done + 1

    async def _rewrap(self, stream: str, wrapped: bytes) -> None:
        new = self._wrapping.rewrapped(stream, wrapped)
        if new:
            await self._writer.write("update keys set wrapped = ? where stream = ? and wrapped = ?", (new, stream, wrapped))

    async def ensure(self, stream: str, label: str = "") -> bytes | None:
        """Whoever inserts first made the key, so it is read back; of several labels the last one written stays."""
        known = self._remembered(stream) or self._read((stream,)).get(stream)
        if known is None:
            made = (stream, label, self._wrapping.new_key(stream))
            await self._writer.write("insert or ignore into keys values(?,?,?,null)", made)
            known = self._read((stream,))[stream]
        if label and known[1] != label:
            await self._writer.write("update keys set label = ? where stream = ?", (label, stream))
            known = self._read((stream,))[stream]
        return known[0]

    async def find(self, streams: Sequence[str]) -> Mapping[str, bytes | None]:
        found = {stream: known for stream in streams if (known := self._remembered(stream))}
        found.update(self._read([stream for stream in streams if stream not in found]))
        absent = [stream for stream in streams if stream not in found]
        if absent:
            raise Unavailable(f"The key of {absent[0]} is not in the keyring.")
        return {stream: key for stream, (key, _) in found.items()}

    def _read(self, streams: Sequence[str]) -> dict[str, _Known]:
        found: dict[str, _Known] = {}
        for start in range(0, len(streams), 500):
            some = streams[start : start + 500]
            marks = ",".join("?" * len(some))
            with translated(self.path):
                rows = self._reader.execute(f"select stream, label, wrapped, erased from keys where stream in ({marks})", some).fetchall()
            for stream, label, wrapped, erased in rows:
                found[stream] = (None if erased else self._wrapping.unwrap(stream, wrapped), label)
        for stream, known in found.items():
            self._remember(stream, known)
        return found

    def _remembered(self, stream: str) -> _Known | None:
        if stream in self._known:
            self._known.move_to_end(stream)
        return self._known.get(stream)

    def _remember(self, stream: str, known: _Known) -> None:
        self._known[stream] = known
        if len(self._known) > _CACHE:
            self._known.popitem(last=False)

    async def erase(self, label: str) -> Sequence[str]:
        """The streams of an earlier, interrupted call are among those returned; their date stays. Logged before it is done."""
        known = self._labelled(label)
        await asyncio.to_thread(self.erasures.add, label, known)
        now = datetime.now(UTC).isoformat()
        await self._writer.write("update keys set wrapped = null, erased = ? where label = ? and erased is null", (now, label))
        dropped = self._labelled(label)
        for stream in dropped:
            self._remember(stream, (None, label))
        if dropped != known:
            await asyncio.to_thread(self.erasures.add, label, dropped)
        await self._writer.scrub()
        return dropped

    async def drop(self, stream: str) -> None:
        now = datetime.now(UTC).isoformat()
        await self._writer.write("update keys set wrapped = null, erased = ? where stream = ? and erased is null", (now, stream))
        self._known.pop(stream, None)
        await self._writer.scrub()

    async def give_up(self, streams: Sequence[str]) -> None:
        """Those that have no key here never get one: what was sealed under it reads as erased. Nothing else does."""
        now = datetime.now(UTC).isoformat()
        keep = "insert or ignore into keys values(?,'',null,?)"
        await asyncio.gather(*(self._writer.write(keep, (stream, now)) for stream in streams))

    def _labelled(self, label: str) -> list[str]:
        with translated(self.path):
            return [row[0] for row in self._reader.execute("select stream from keys where label = ? order by stream", (label,))]
