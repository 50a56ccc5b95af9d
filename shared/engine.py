"""The one place that chooses an engine."""

from __future__ import annotations

from shared.engines.embedded.check import damage
from shared.engines.embedded.engine import Engine
from shared.settings import Settings

__all__ = ["Engine", "damage", "open_engine"]


def open_engine(settings: Settings) -> Engine:
    """Raises SettingsError (in use, no key, cannot be written), Unavailable, Corrupt."""
    return Engine(settings)
