"""The embedded engine: one data folder, one process, locked while it runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence

from shared.engines.embedded import durable, erasures
from shared.engines.embedded.blobs import SqliteBlobs
from shared.engines.embedded.broker import EmbeddedBroker
from shared.engines.embedded.documents import SqliteDocuments
from shared.engines.embedded.keyring import SqliteKeyring
from shared.engines.embedded.log import Log
from shared.engines.embedded.swap import RESTORED, go_on, lock_of
from shared.kernel.ports import Stored
from shared.service import LINGER, Ports
from shared.settings import Settings, SettingsError


class EmbeddedTopics:
    """Topics of the log, of one part each, with the offsets that each service keeps beside its views."""

    def __init__(self, log: Log, offsets: Callable[[str], SqliteDocuments]) -> None:
        self._log = log
        self._offsets = offsets

    def part(self, topic: str, partition: int) -> str:
        return topic

    def parts(self, topic: str) -> Sequence[str]:
        return (topic,)

    def place(self, topic: str, stream: str) -> str:
        return topic

    async def read(self, part: str, position: int, limit: int) -> Sequence[Stored]:
        return self._log.read_now(part, position, limit)

    async def offset(self, group: str, part: str) -> int:
        return self._offsets(group).offset(group, part) or 0

    async def end(self, part: str) -> int:
        return self._log.end_of(part)

    async def behind(self, part: str, position: int) -> tuple[int, Stored | None]:
        return self._log.behind(part, position)


class NothingToRelay:
    """The log is streams and topics in one: what is appended is published."""

    problem = ""

    async def waiting(self) -> tuple[int, Stored | None]:
        return 0, None

    def kick(self) -> None: ...


class Engine:
    """Opens the files of a data folder. Raises SettingsError (in use, no key), Unavailable, Corrupt."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = lock_of(settings.data)
        try:
            go_on(settings.data)
            ensure_master_key(settings)
            self.keyring = open_keyring(settings)
            self.log = Log(settings.data / "events.db")
        except BaseException:
            self._lock.close()
            raise
        self.blobs = SqliteBlobs(settings.data)
        self._documents: dict[str, SqliteDocuments] = {}
        self.topics = EmbeddedTopics(self.log, self.offsets)
        self.broker = EmbeddedBroker(self.log, self.offsets, _linger, logger=None, apply_types=False)

    def offsets(self, group: str) -> SqliteDocuments:
        return self.documents(group.partition(".")[0])

    def blobs_of(self, service: str) -> SqliteBlobs:
        return self.blobs

    def documents(self, service: str) -> SqliteDocuments:
        if service not in self._documents:
            self._documents[service] = SqliteDocuments(self.settings.data / f"{service}.views.db")
        return self._documents[service]

    def ports(self, service: str) -> Ports:
        restored = (self.settings.data / RESTORED).exists()
        return Ports(
            self.log, self.topics, self.documents(service), self.keyring, self.blobs, NothingToRelay(), self.broker.hurry, asks_first=restored
        )

    async def tail(self, topics: Sequence[str]) -> AsyncIterator[tuple[str, Stored]]:
        """What is appended from now on, topic by topic."""
        following = dict.fromkeys(topics, self.log.end)
        while True:
            arrived = self.log.arrived
            found = {topic: self.log.read_now(topic, position, 500) for topic, position in following.items()}
            for topic, records in found.items():
                for stored in records:
                    following[topic] = stored.position + 1
                    yield topic, stored
            if not any(found.values()):
                await arrived.wait()

    async def close(self) -> None:
        await self.broker.stop()
        await self.log.stop()
        self.blobs.close()
        self.keyring.close()
        for documents in self._documents.values():
            documents.close()
        await asyncio.sleep(0)
        self._lock.close()


def open_keyring(settings: Settings) -> SqliteKeyring:
    """Also while a server runs. Raises SettingsError, Unavailable."""
    return SqliteKeyring(settings.data / "keys.db", settings.master_keys, settings.key_dir / erasures.NAME)


def _linger(group: str) -> float:
    return LINGER if group.endswith(".views") else 0.0


def ensure_master_key(settings: Settings) -> None:
    """Makes the master key on the first start; never beside data that was made with another. Raises SettingsError."""
    path = settings.master_file
    if path.exists():
        _ = settings.master_keys
        return
    if (settings.data / "keys.db").exists():
        raise SettingsError(f"The data in {settings.data} needs its master key, and {path} is not there. Point RINGUP_KEY_FILE to it.")
    write_master_keys(settings, (os.urandom(32),))


def write_master_keys(settings: Settings, keys: Sequence[bytes]) -> None:
    """The newest first; at once, or not at all. Raises SettingsError."""
    path = settings.master_file
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.replace(path, "".join(f"{key.hex()}\n" for key in keys).encode())
    except OSError as error:
        raise SettingsError(f"The master key {path} cannot be written ({error.strerror}). Choose another place with RINGUP_KEY_FILE.") from error
