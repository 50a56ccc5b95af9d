"""``erasures.log`` beside the master key: whom a restore of an older backup has to erase again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.engines.embedded.durable import sync, sync_folder
from shared.engines.embedded.sqlite import translated
from shared.kernel.errors import Corrupt

NAME = "erasures.log"


@dataclass(frozen=True, slots=True)
class Erasure:
    """``streams`` are those whose keys were dropped."""

    installation: str
    label: str
    streams: tuple[str, ...]


class Erasures:
    """One line an erasure; several installations may share the file. A torn last line was never answered, and is cut off.

    Raises Unavailable, Corrupt.
    """

    def __init__(self, path: Path, installation: str) -> None:
        self._path = path
        self._installation = installation

    def add(self, label: str, streams: Sequence[str]) -> None:
        """On stable storage on return. What is there already is not written again."""
        erasure = Erasure(self._installation, label, tuple(streams))
        with translated(self._path):
            if erasure in self._read():
                return
            self._append(json.dumps({"at": datetime.now(UTC).isoformat(), **asdict(erasure)}).encode() + b"\n")

    def read(self) -> list[Erasure]:
        """Those of this installation, oldest first."""
        with translated(self._path):
            return [erasure for erasure in self._read() if erasure.installation == self._installation]

    def _lines(self) -> list[bytes]:
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        return lines[:-1] if lines and not lines[-1].endswith(b"\n") else lines

    def _read(self) -> Iterator[Erasure]:
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = json.loads(line)
                yield Erasure(entry["installation"], entry["label"], tuple(entry["streams"]))
            except (ValueError, TypeError, LookupError) as error:
                raise Corrupt(f"Line {number} of {self._path} cannot be read. Put it right: it says who has to stay erased.") from error

    def _append(self, line: bytes) -> None:
        whole = sum(map(len, self._lines()))
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(whole)
            file.seek(whole)
            file.write(line)
            sync(file)
        sync_folder(self._path.parent)
