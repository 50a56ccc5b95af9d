"""The one place that chooses an engine."""

from __future__ import annotations

from shared.engines.embedded.check import damage
from shared.engines.embedded.engine import Engine
from shared.engines.embedded.keyring import SqliteKeyring
from shared.settings import Settings

__all__ = ["Engine", "damage", "derived", "open_engine"]


def open_engine(settings: Settings) -> Engine:
    """Raises SettingsError (in use, no key, cannot be written), Unavailable, Corrupt."""
    return Engine(settings)


async def derived(settings: Settings, purpose: str) -> bytes:
    """A key of this installation for one purpose, also while a server runs. Raises SettingsError, Unavailable."""
    keyring = SqliteKeyring(settings.data / "keys.db", settings.master_keys)
    try:
        return keyring.derived(purpose)
    finally:
        keyring.close()
