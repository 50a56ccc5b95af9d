"""Whether the files of a data folder are sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote


def damage(data: Path) -> Iterator[tuple[str, str]]:
    """Each database and what is wrong with it; nothing for a sound one. Reads every page, also while a server runs."""
    for path in sorted(data.glob("*.db")):
        yield path.name, _wrong(path)


def _wrong(path: Path) -> str:
    try:
        db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=10)
        try:
            answer = str(db.execute("pragma quick_check(1)").fetchone()[0])
        finally:
            db.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if answer == "ok" else answer.splitlines()[0]
