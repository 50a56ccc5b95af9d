"""A data folder made beside the live one takes its place at once: what was cut off before is undone, afterwards it is gone on with.

What lies outside of the set stays as it is: exported files and the simulator's ledger are what the world has seen already.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from shared.engines.embedded import durable
from shared.engines.embedded.backup import Manifest, Progress, copy, parts
from shared.engines.embedded.sqlite import checkpoint, translated
from shared.kernel.errors import Corrupt
from shared.settings import SettingsError

RESTORED = "restored.json"
"""In a data folder that goes on from a backup: what the world outside did since is not in its events."""
_BESIDE, _READY = "restoring", "ready.json"
_LOCK = "ringup.lock"


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Raises SettingsError."""
    lock = lock_of(data)
    try:
        yield
    finally:
        lock.close()


def lock_of(data: Path) -> IO[str]:
    """Held until it is closed. Raises SettingsError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / _LOCK).open("w")
    except OSError as error:
        raise SettingsError(f"The data folder {data} cannot be written ({error.strerror}). Choose another with RINGUP_DATA.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise SettingsError(f"Another Ringup is running on {data}. Stop it first, or choose another folder with RINGUP_DATA.") from error
    return lock


def occupied(data: Path) -> bool:
    """Somebody's data is there already."""
    return data.exists() and any(path.name not in (_LOCK, _BESIDE) for path in data.iterdir())


@contextmanager
def beside(data: Path) -> Iterator[Path]:
    """An empty folder that ``take_over`` puts in place; whatever ends the block before leaves the data as it was. Raises Unavailable."""
    folder = data / _BESIDE
    with suppress(Corrupt):  # what was cut off before and cannot be gone on with is what this one is for
        go_on(data)
    with translated(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lay_out(backup: Path, manifest: Manifest, folder: Path, progress: Progress) -> None:
    """Copies of a verified backup. Raises Unavailable."""
    done = 0
    with translated(folder):
        for file in manifest.files:
            with (folder / file.name).open("wb") as target:
                for part in parts(backup / file.name):
                    target.write(part)
                    progress(done := done + len(part), manifest.size)


def copy_keyring(data: Path, folder: Path) -> None:
    """The keys that lie there already, where any do."""
    with translated(folder):
        if (data / "keys.db").exists():
            copy(data / "keys.db", folder / "keys.db", lambda done: None)


def take_over(data: Path, goes_on_from: str) -> None:
    """From the moment that the mark is written, the folder beside is the data, as the world was at that time. Raises Unavailable."""
    folder = data / _BESIDE
    durable.replace(folder / RESTORED, json.dumps({"as_of": goes_on_from}).encode())
    names = sorted(path.name for path in folder.iterdir() if path.suffix == ".db" or path.name == RESTORED)
    with translated(folder):
        for name in names:
            _settle(folder / name)
        durable.replace(folder / _READY, json.dumps(names).encode())
    go_on(data)


def _settle(path: Path) -> None:
    """One file with all that is in it, on stable storage."""
    if path.suffix == ".db":
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            checkpoint(db, path)
    with path.open("rb+") as file:
        durable.sync(file)


def finish(data: Path) -> None:
    """Nothing of the data is looked for before what was marked as whole lies in its place. Raises SettingsError, Unavailable, Corrupt."""
    if (data / _BESIDE / _READY).exists():
        with locked(data):
            go_on(data)


def go_on(data: Path) -> None:
    """Finishes what was marked as whole, undoes what was not. Raises Unavailable, Corrupt."""
    folder = data / _BESIDE
    if not folder.is_dir():
        return
    with translated(folder):
        ready = folder / _READY
        if ready.exists():
            _move(data, folder, _names(ready))
            durable.sync_folder(data)
            ready.unlink()
        shutil.rmtree(folder)
        durable.sync_folder(data)


def _names(ready: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads(ready.read_bytes())]
    except ValueError as error:
        raise Corrupt(f"{ready} cannot be read. Restore the backup again.") from error


def _move(data: Path, folder: Path, names: list[str]) -> None:
    """Repeatable: what was moved before is not there any more. A log that belongs to the file before goes first."""
    for old in [*data.glob("*.db"), data / RESTORED]:
        if old.name not in names:
            _forget(old)
    for name in names:
        if (folder / name).exists():
            _forget(data / name)
            (folder / name).replace(data / name)


def _forget(path: Path) -> None:
    for name in (f"{path.name}-wal", f"{path.name}-shm", path.name):
        path.with_name(name).unlink(missing_ok=True)
