"""What the simulator did, by reference, in an append-only file of JSON lines that is synced before each answer."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shared.kernel.errors import Corrupt

Entry = dict[str, Any]


class Ledger:
    """A torn last line, left by a crash before the sync, was never answered and is cut off. Raises OSError, Corrupt."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.entries: dict[str, Entry] = {}
        """What was decided, on stable storage or about to be; ``find`` waits for that."""
        self._follow_ups: dict[str, list[Entry]] = {}
        self._file = path.open("ab+", buffering=0)
        self._end = 0
        for entry, self._end in read(path):
            self._know(entry)
        self._file.truncate(self._end)
        self._unsynced: dict[str, asyncio.Future[None]] = {}
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    def _know(self, entry: Entry) -> None:
        self.entries[entry["reference"]] = entry
        if "authorization" in entry:
            self._follow_ups.setdefault(entry["authorization"], []).append(entry)

    def of(self, authorization: str) -> Sequence[Entry]:
        """What was done about it: captures, voids, refunds, returns."""
        return self._follow_ups.get(authorization, ())

    async def add(self, entry: Entry) -> Entry:
        """The first entry of a reference stands; a repeat gets it back."""
        if entry["reference"] not in self.entries:
            self._know(entry)
            synced = self._unsynced[entry["reference"]] = asyncio.get_running_loop().create_future()
            self._waiting.append((entry, synced))
            if self._writer is None:
                self._writer = asyncio.create_task(self._write())
        return await self.find(entry["reference"]) or entry

    async def find(self, reference: str) -> Entry | None:
        """Once it is on stable storage. Raises OSError where it could not get there."""
        entry, unsynced = self.entries.get(reference), self._unsynced.get(reference)
        if unsynced:
            await asyncio.shield(unsynced)
        return entry

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._sync, b"".join(json.dumps(entry).encode() + b"\n" for entry, _ in batch))
            except Exception as failed:
                error = failed
            for entry, synced in batch:
                self._settle(entry, synced, error)
        self._writer = None

    def _settle(self, entry: Entry, synced: asyncio.Future[None], error: Exception | None) -> None:
        del self._unsynced[entry["reference"]]
        if error is None:
            synced.set_result(None)
            return
        del self.entries[entry["reference"]]
        self._follow_ups.get(entry.get("authorization", ""), [entry]).remove(entry)
        synced.set_exception(error)
        synced.exception()

    def _sync(self, data: bytes) -> None:
        try:
            self._file.truncate(self._end)
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(data)

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[tuple[Entry, int]]:
    """Its entries, and the byte after each; not a torn last line. Raises OSError, Corrupt."""
    lines = path.read_bytes().splitlines(keepends=True)
    end = 0
    for number, line in enumerate(lines, 1):
        entry, end = _entry(line), end + len(line)
        if entry is not None:
            yield entry, end
        elif number < len(lines):
            raise Corrupt(f"Line {number} of the simulator's ledger {path} cannot be read. Put it right, or move the file away.")


def _entry(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("reference"), str) else None
