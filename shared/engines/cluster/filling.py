"""An import into an empty installation: it may be cut off anywhere and gone on with, and nobody else starts on it before it is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from shared.contracts.registry import SERVICES
from shared.engines.cluster.engine import GOES_ON_FROM, IMPORTING, ClusterEngine, opened
from shared.engines.cluster.kafka import translated
from shared.kernel.errors import Corrupt
from shared.settings import Settings, SettingsError


async def filling(settings: Settings, keys: Path, digest: str) -> ClusterEngine:
    """Open for the import of the file with this digest, with the keyring from another installation's file where there is one.

    Raises SettingsError where there are events that are not from the same import, Unavailable.
    """
    engine = await opened(settings, importing=digest)
    try:
        if await engine.keyring.about(IMPORTING) is None:
            await _check_empty(engine)
            await engine.keyring.put_about(IMPORTING, digest)
        rows = _rows(keys)
        if rows:
            await engine.keyring.adopt(*rows)
    except BaseException:
        await engine.close()
        raise
    return engine


async def filled(engine: ClusterEngine, goes_on_from: str, begin_at: Mapping[str, Mapping[str, int]]) -> None:
    """``begin_at``: for each group that begins behind what was imported, part -> offset. Whatever is open is asked about before it is done."""
    for group, offsets in begin_at.items():
        consumer = AIOKafkaConsumer(bootstrap_servers=engine.settings.kafka.split(","), group_id=engine.names.called(group), enable_auto_commit=False)
        with translated(group):
            await consumer.start()
            try:
                places = {engine.names.place(part): offset for part, offset in offsets.items()}
                consumer.assign(list(places))
                await consumer.commit(places)
            finally:
                await consumer.stop()
    await engine.keyring.put_about(GOES_ON_FROM, goes_on_from)
    await engine.keyring.drop_about(IMPORTING)


async def _check_empty(engine: ClusterEngine) -> None:
    for service in SERVICES:
        ends = [await engine.topics.end(part) for part in engine.topics.parts(service)]
        if any(ends) or await engine.ports(service).streams.names(limit=1):
            raise SettingsError(
                f"There are events in {engine.settings.installation} already. An import needs an empty installation, of which nothing runs: choose "
                "another name with RINGUP_INSTALLATION."
            )


def _rows(keys: Path) -> tuple[bytes, list[tuple[str, str, bytes | None, str | None]]] | None:
    """The installation's secret and the data keys of a ``keys.db``, wrapped as they lie there; None where there is none. Raises Corrupt."""
    if not keys.exists():
        return None
    try:
        db = sqlite3.connect(f"file:{keys}?mode=ro", uri=True)
        try:
            ((secret,),) = db.execute("select value from about where name = 'installation'").fetchall()
            return secret, db.execute("select stream, label, wrapped, erased from keys").fetchall()
        finally:
            db.close()
    except (sqlite3.Error, ValueError) as error:
        raise Corrupt(f"{keys} is not the keyring of an installation: {error}.") from error
