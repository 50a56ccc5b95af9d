"""The installation's data keys in `keys.db`, each wrapped by the master key."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.engines.embedded.sqlite import connect, translated
from shared.kernel.errors import Unavailable

_CHECK = "ringup master key"
_CACHE = 20_000


class SqliteKeyring:
    """Inserted if absent and durable before the stream's first append; a dropped key leaves a row without one. Raises Unavailable."""

    def __init__(self, path: Path, master: bytes) -> None:
        self.path = path
        self._master = AESGCM(master)
        self._db = connect(path, durable=True)
        self._known: OrderedDict[str, tuple[bytes | None, str]] = OrderedDict()
        with translated(path):
            self._db.executescript(
                "create table if not exists keys(stream text primary key, label text not null, wrapped blob, erased text) without rowid;"
                "create index if not exists keys_label on keys(label);"
                "create table if not exists about(name text primary key, value blob) without rowid;"
            )
        self._check_master()

    def close(self) -> None:
        self._db.close()

    def _check_master(self) -> None:
        with translated(self.path):
            row = self._db.execute("select value from about where name = 'check'").fetchone()
            if row is None:
                self._db.execute("insert into about values('check', ?)", (self._wrap("check", _CHECK.encode()),))
                return
        self._unwrap("check", row[0])

    def _wrap(self, stream: str, key: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._master.encrypt(nonce, key, stream.encode())

    def _unwrap(self, stream: str, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(wrapped[:12], wrapped[12:], stream.encode())
        except InvalidTag as error:
            raise Unavailable(f"The master key does not fit {self.path.name}; point RINGUP_KEY_FILE to the one this data was made with.") from error

    async def ensure(self, stream: str, label: str = "") -> bytes | None:
        known = self._known.get(stream) or self._read((stream,)).get(stream)
        if known and (not label or known[1] == label):
            return known[0]
        with translated(self.path):
            if known is None:
                known = (AESGCM.generate_key(256), label)
                self._db.execute("insert into keys values(?,?,?,null)", (stream, label, self._wrap(stream, known[0] or b"")))
            else:
                known = (known[0], label)
                self._db.execute("update keys set label = ? where stream = ?", (label, stream))
        self._remember(stream, known)
        return known[0]

    async def find(self, streams: Sequence[str]) -> Mapping[str, bytes | None]:
        missing = [stream for stream in streams if stream not in self._known]
        found = {stream: self._known[stream][0] for stream in streams if stream in self._known}
        if missing:
            found.update({stream: known[0] for stream, known in self._read(missing).items()})
        absent = [stream for stream in streams if stream not in found]
        if absent:
            raise Unavailable(f"The key of {absent[0]} is not in the keyring.")
        return found

    def _read(self, streams: Sequence[str]) -> dict[str, tuple[bytes | None, str]]:
        found: dict[str, tuple[bytes | None, str]] = {}
        with translated(self.path):
            for start in range(0, len(streams), 500):
                some = streams[start : start + 500]
                marks = ",".join("?" * len(some))
                for stream, label, wrapped, erased in self._db.execute(
                    f"select stream, label, wrapped, erased from keys where stream in ({marks})", some
                ).fetchall():
                    found[stream] = (None if erased else self._unwrap(stream, wrapped), label)
        for stream, known in found.items():
            self._remember(stream, known)
        return found

    def _remember(self, stream: str, known: tuple[bytes | None, str]) -> None:
        self._known[stream] = known
        if len(self._known) > _CACHE:
            self._known.popitem(last=False)

    async def erase(self, label: str) -> Sequence[str]:
        with translated(self.path):
            streams = [row[0] for row in self._db.execute("select stream from keys where label = ? and erased is null", (label,))]
            self._db.execute("pragma secure_delete=on")
            self._db.execute("update keys set wrapped = null, erased = ? where label = ?", (datetime.now(UTC).isoformat(), label))
            self._db.execute("pragma wal_checkpoint(truncate)")
        for stream in streams:
            self._remember(stream, (None, label))
        return streams
