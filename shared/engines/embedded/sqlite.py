"""How every SQLite file is opened, and how its errors become the kernel's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.kernel.errors import Conflict, Corrupt, Unavailable


def connect(path: Path, *, durable: bool, readonly: bool = False) -> sqlite3.Connection:
    """``durable``: FULL, a commit survives a power cut; else NORMAL, a power cut may take the last commits. Raises Unavailable, Corrupt."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        db.execute("pragma journal_mode=wal")
        db.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        db.execute("pragma temp_store=memory")
        db.execute("pragma wal_autocheckpoint=4000")
        if readonly:
            db.execute("pragma query_only=on")
        return db


@contextmanager
def translated(path: Path | str = "the database") -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Conflict(str(error)) from error
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise Corrupt(f"{path} is damaged ({error}). Restore it from a backup.") from error
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}.") from error
