"""The one place that chooses an engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from faststream.kafka import KafkaBroker

from shared.engines.cluster import engine as cluster
from shared.engines.cluster.filling import filled, filling
from shared.engines.embedded import engine as embedded
from shared.engines.embedded.backup import Manifest, take, verified
from shared.engines.embedded.check import damage
from shared.engines.embedded.engine import Engine as DataFolder
from shared.engines.embedded.engine import open_keyring, write_master_keys
from shared.engines.embedded.swap import beside, copy_keyring, finish, lay_out, locked, occupied, take_over
from shared.kernel.ports import Blobs, Keyring, Stored
from shared.service import Ports
from shared.settings import Settings

__all__ = [
    "DataFolder", "Engine", "Manifest", "beside", "copy_keyring", "damage", "derived", "filled", "filling", "finish", "lay_out", "locked",
    "occupied", "open_engine", "open_keyring", "take", "take_over", "verified", "write_master_keys",
]  # fmt: skip


class Engine(Protocol):
    """Subscribe to ``broker`` before it is started."""

    @property
    def settings(self) -> Settings: ...

    @property
    def broker(self) -> KafkaBroker: ...

    @property
    def keyring(self) -> Keyring: ...

    def ports(self, service: str) -> Ports: ...

    def blobs_of(self, service: str) -> Blobs: ...

    def tail(self, topics: Sequence[str]) -> AsyncIterator[tuple[str, Stored]]:
        """What arrives from now on, topic by topic. Raises Unavailable."""

    async def close(self) -> None: ...


async def open_engine(settings: Settings) -> Engine:
    """Raises SettingsError (in use, no key, cannot be written, partitions), Unavailable, Corrupt."""
    return await cluster.opened(settings) if settings.engine == "cluster" else embedded.Engine(settings)


async def derived(settings: Settings, purpose: str) -> bytes:
    """A key of this installation for one purpose, also while a server runs. Raises SettingsError, Unavailable."""
    if settings.engine == "cluster":
        return await cluster.derived(settings, purpose)
    keyring = embedded.open_keyring(settings)
    try:
        return keyring.derived(purpose)
    finally:
        keyring.close()
