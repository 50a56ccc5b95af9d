"""A backup is one set: a copy of each database while the server runs, and a manifest that says what belongs to it.

Views come first and the keyring last: views behind the events catch up, and no event lacks its key.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.engines.embedded import durable
from shared.engines.embedded.check import damage
from shared.engines.embedded.sqlite import BUSY_TIMEOUT, translated
from shared.settings import Settings, SettingsError

MANIFEST = "manifest.json"
_AFTER_VIEWS = ("events.db", "files.db", "vault.db", "access.db", "keys.db")
_NEEDED = {"events.db", "keys.db"}
_NAME = re.compile(r"^[a-z]+(\.views)?\.db$")
_LEFT_OVER = re.compile(r"^([a-z]+(\.views)?\.db(-journal)?|\.manifest\.json\.part)$")
_PAGES, _BYTES = 2_000, 4 * 2**20

Progress = Callable[[int, int], None]
"""Bytes done, and of how many."""


class Copied(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """``master_keys``: fingerprints of those that open the keyring."""

    model_config = ConfigDict(frozen=True)

    ringup_backup: Literal[1] = 1
    taken_at: datetime
    version: str
    engine: str
    master_keys: tuple[str, ...]
    files: tuple[Copied, ...]

    @property
    def size(self) -> int:
        return sum(file.bytes for file in self.files)


def databases(data: Path) -> list[Path]:
    """What a backup holds, in the order of copying."""
    return [*sorted(data.glob("*.views.db")), *(data / name for name in _AFTER_VIEWS if (data / name).exists())]


def take(settings: Settings, folder: Path, progress: Progress, *, dry_run: bool = False) -> Manifest:
    """Raises SettingsError, Unavailable. Without its manifest, which is written last, a set is none."""
    sources = databases(settings.data)
    if not {source.name for source in sources} >= _NEEDED:
        raise SettingsError(f"There is no Ringup data in {settings.data}. Point RINGUP_DATA to the right folder.")
    taken_at = datetime.now(UTC)
    with translated(folder):
        left_over = _left_over(folder)
        if dry_run:
            return _manifest_of(settings, taken_at, [Copied(name=path.name, bytes=path.stat().st_size, sha256="") for path in sources])
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in left_over:
            path.unlink()
        _copy_all(sources, folder, progress)
        manifest = _manifest_of(settings, taken_at, [_copied(folder / source.name) for source in sources])
        durable.replace(folder / MANIFEST, manifest.model_dump_json(indent=2).encode())
    return manifest


def _manifest_of(settings: Settings, taken_at: datetime, files: Sequence[Copied]) -> Manifest:
    keys, engine = settings.fingerprints, f"sqlite {sqlite3.sqlite_version}"
    return Manifest(taken_at=taken_at, version=version("ringup"), engine=engine, master_keys=keys, files=tuple(files))


def _left_over(folder: Path) -> list[Path]:
    """Of a backup that was cut off. Raises SettingsError where anything else lies there."""
    there = list(folder.iterdir()) if folder.exists() else []
    if not all(_LEFT_OVER.match(path.name) for path in there):
        raise SettingsError(f"{folder} is not empty. Give each backup a folder of its own.")
    return there


def _copy_all(sources: Sequence[Path], folder: Path, progress: Progress) -> None:
    total, done = sum(source.stat().st_size for source in sources), 0
    for source in sources:
        copy(source, folder / source.name, lambda copied, before=done: progress(before + copied, total))  # type: ignore[misc]
        done += source.stat().st_size


def copy(source: Path, target: Path, progress: Callable[[int], None]) -> None:
    """One snapshot, held by a reading transaction: whoever writes meanwhile neither waits nor makes it begin anew."""
    target.touch(0o600)
    address = f"file:{quote(str(source.resolve()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT / 1000)) as reading:
        reading.execute("begin")
        size = reading.execute("pragma page_size").fetchone()[0]
        reading.execute("select count(*) from sqlite_master").fetchone()
        with closing(sqlite3.connect(target, isolation_level=None)) as copied:
            copied.execute("pragma synchronous=extra")
            reading.backup(copied, pages=_PAGES, progress=lambda status, left, total: progress((total - left) * size))
            copied.execute("pragma journal_mode=delete")


def _copied(path: Path) -> Copied:
    total = hashlib.sha256()
    for part in parts(path):
        total.update(part)
    return Copied(name=path.name, bytes=path.stat().st_size, sha256=total.hexdigest())


def parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(_BYTES):
            yield part


def verified(folder: Path, settings: Settings, progress: Progress) -> Manifest:
    """Raises SettingsError for what is not one whole, sound set that this master key opens."""
    manifest = _manifest(folder)
    done = 0
    for file in manifest.files:
        if not (folder / file.name).is_file() or _copied(folder / file.name) != file:
            raise SettingsError(f"{folder} is not a whole backup: {file.name} is not as it was written. Take another one.")
        progress(done := done + file.bytes, manifest.size)
    for name, wrong in damage(folder):
        if wrong:
            raise SettingsError(f"{folder} is not a sound backup: {name} is damaged ({wrong}). Take another one.")
    if not set(settings.fingerprints) & set(manifest.master_keys):
        raise SettingsError(
            f"The master key {settings.master_file} does not open this backup; it needs the one with the fingerprint "
            f"{' or '.join(manifest.master_keys)}. Add that as another line, or point RINGUP_KEY_FILE to it."
        )
    return manifest


def _manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise SettingsError(f"{folder} is not a whole backup: its {MANIFEST} is not there or cannot be read.") from error
    names = {file.name for file in manifest.files}
    if not names >= _NEEDED or not all(map(_NAME.match, names)):
        raise SettingsError(f"{folder} is not a whole backup: its {MANIFEST} does not name what belongs to one.")
    return manifest
