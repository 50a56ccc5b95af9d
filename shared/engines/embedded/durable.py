"""Small files that are whole whatever happens, for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


def replace(path: Path, data: bytes) -> None:
    """The new content or the old one, never half of it; on stable storage on return. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        sync(file)
    unfinished.replace(path)
    sync_folder(path.parent)


def sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
