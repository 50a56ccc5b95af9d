"""``ringup streams export`` and ``import``: JSON lines, a header first, and a closing line that tells a whole file from a cut one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from services.cli.connect import OPERATOR, Failed, ask, erase_all_again
from services.cli.verify import read
from services.house import House
from services.ops.audit import Record
from shared.asgi import Client
from shared.contracts.ops import EventsImported
from shared.contracts.registry import EVENTS, SERVICES
from shared.engine import DataFolder, beside, copy_keyring, filled, filling, locked, take_over
from shared.kernel.codec import Codec, sealed_under
from shared.kernel.errors import Unavailable, Unreadable
from shared.kernel.ports import Keyring, Progress, Stored
from shared.service import Running
from shared.settings import Settings
from shared.streams import written

FORMAT = "ringup-events"
_BATCH, _POLL = 500, 0.05


class Forgetful(Keyring, Protocol):
    async def give_up(self, streams: Sequence[str]) -> None: ...


Passed = Callable[[int, int | None], None]
"""How many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Outcome:
    made_at: str
    events: int
    streams: int
    digest: str
    """SHA-256 over every byte before the closing line."""

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def new(file: Path) -> Path:
    """Raises Failed where something of that name is there."""
    if file.exists():
        raise Failed(f"{file} is there already. Give each export a file of its own.")
    return file


def must_be_empty(settings: Settings) -> None:
    """Raises Failed. Whether a cluster is, is seen once it is reached."""
    if settings.engine == "embedded" and (settings.data / "events.db").exists():
        raise Failed(f"There is data in {settings.data} already. An import needs an empty installation: choose another folder with RINGUP_DATA.")


async def export(client: Client, file: Path, passed: Passed) -> Outcome:
    """Raises Failed, OSError; then nothing of that name is there."""
    unfinished = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            outcome = await _written(client, out.write, passed)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return outcome


async def _written(client: Client, write: Callable[[bytes], object], passed: Passed) -> Outcome:
    begun = await ask(client, "POST", "/exports")
    total, streams, events = hashlib.sha256(), set(), 0

    def line(value: Any) -> None:
        data = written(value) + b"\n"
        total.update(data)
        write(data)

    line({"format": FORMAT, "version": 1, "made_at": begun["made_at"]})
    for service, until in begun["cut"].items():
        async for row in read(client, service, dict.fromkeys(until, 0), until, "raw"):
            line({"topic": service, **{name: row[name] for name in ("stream", "version", "headers", "data", "bytes") if name in row}})
            streams.add(row["stream"])
            events += 1
            passed(events, begun["events"])
    outcome = Outcome(begun["made_at"], events, len(streams), total.hexdigest())
    write(written({"end": outcome.as_row()}) + b"\n")
    return outcome


def checked(file: Path, passed: Passed) -> Outcome:
    """Of a whole file whose every event can be read. Raises Failed, OSError."""
    codec, newest = Codec(EVENTS), dict[str, int]()
    for number, (_, stored) in enumerate(_events(file, passed), 2):
        try:
            codec.decode(dict(stored.headers), stored.data)
        except Unreadable as error:
            raise Failed(f"Line {number} of {file} cannot be read here: {error}") from error
        if stored.version != newest.get(stored.stream, 0) + 1:
            raise Failed(f"Line {number} of {file} has version {stored.version} of {stored.stream} after {newest.get(stored.stream, 0)}.")
        newest[stored.stream] = stored.version
    return _closing(file)


def _events(file: Path, passed: Passed) -> Iterator[tuple[str, Stored]]:
    """Topic and event, line by line, and at the end that the file is whole. Raises Failed."""
    total, size, at, closing = hashlib.sha256(), file.stat().st_size, 0, None
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            value = _value(file, number, line)
            if closing is not None:
                raise Failed(f"{file} goes on after its end. Export again.")
            if "end" in value:
                closing = _digest(value["end"])
                continue
            total.update(line)
            passed(at := at + len(line), size)
            if number == 1 and (value.get("format"), value.get("version")) != (FORMAT, 1):
                raise Failed(f"{file} is not an export of events that this version knows.")
            if number > 1:
                yield value["topic"], _stored(file, number, value)
    if closing != total.hexdigest():
        raise Failed(f"{file} is not whole: it was cut off or changed. Export again.")


def _digest(end: Any) -> str:
    return str(end.get("digest")) if isinstance(end, dict) else ""


def _value(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise Failed(f"{file} is not whole: line {number} was cut off or changed. Export again.") from error
    if not isinstance(value, dict):
        raise Failed(f"Line {number} of {file} is not an event.")
    return value


def _stored(file: Path, number: int, value: dict[str, Any]) -> Stored:
    try:
        if value["topic"] not in SERVICES:
            raise ValueError(f"{value['topic']} is no service")
        data = base64.b64decode(value["bytes"]) if "bytes" in value else written(value["data"])
        return Stored(str(value["stream"]), int(value["version"]), tuple(value["headers"].items()), data)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Failed(f"Line {number} of {file} is not an event of any service.") from error


def _closing(file: Path) -> Outcome:
    """Of a file that was checked: its last line."""
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - 4096))
        return Outcome(**json.loads(lines.read().splitlines()[-1])["end"])


async def into_empty(settings: Settings, file: Path, outcome: Outcome, without_keys: bool, passed: Passed) -> None:
    """Raises Failed, SettingsError, Unavailable."""
    into = _into_cluster if settings.engine == "cluster" else _into_folder
    await into(settings, file, outcome, without_keys, passed)


async def _into_cluster(settings: Settings, file: Path, outcome: Outcome, without_keys: bool, passed: Passed) -> None:
    """What an import that was cut off has brought already is passed over. Nobody starts on it before all is there."""
    engine = await filling(settings, settings.data / "keys.db", outcome.digest)
    try:
        house = House(engine.settings, engine.ports)
        sealed = await _appended(house, file, passed)
        keys = await _keyed(engine.keyring, settings.data, sealed, without_keys)
        await _written_down(house, outcome, keys)
        await _relayed(house)
        begin_at = {running.service.policies_group: await _policy_ends(running) for running in house.running.values()}
        await filled(engine, outcome.made_at, {group: ends for group, ends in begin_at.items() if ends})
    finally:
        await engine.close()


async def _into_folder(settings: Settings, file: Path, outcome: Outcome, without_keys: bool, passed: Passed) -> None:
    """Filled in a folder beside, which takes the place of the data once all is there. Raises Failed, SettingsError, Unavailable."""
    with locked(settings.data), beside(settings.data) as folder:
        copy_keyring(settings.data, folder)
        engine = DataFolder(settings.model_copy(update={"data": folder, "key_file": settings.master_file}))
        try:
            house = House(engine.settings, engine.ports)
            sealed = await _appended(house, file, passed)
            keys = await _keyed(engine.keyring, settings.data, sealed, without_keys)
            await erase_all_again(engine, house)
            await _written_down(house, outcome, keys)
            await _past_policies(house)
        finally:
            await engine.close()
        take_over(settings.data, goes_on_from=outcome.made_at)


async def _written_down(house: House, outcome: Outcome, keys: bool) -> None:
    done = EventsImported(
        exported_at=datetime.fromisoformat(outcome.made_at), events=outcome.events, streams=outcome.streams, digest=outcome.digest, keys=keys
    )
    await house.running["ops"].send("", Record(done), uuid.uuid4().hex, OPERATOR.actor)


async def _appended(house: House, file: Path, passed: Passed) -> set[str]:
    """Whose keys the sealed fields need."""
    sealed: set[str] = set()
    done, there = 0, {stream: version for running in house.running.values() async for stream, version in _named(running)}
    async for batch in _batches(file):
        left = [(topic, stored) for topic, stored in batch if stored.version > there.get(stored.stream, 0)]
        runs = _runs(left, in_order=not house.running["ops"].shared)
        await asyncio.gather(*(house.running[topic].streams.append(topic, events) for topic, events in runs))
        sealed.update(stream for _, stored in batch for stream in sealed_under(json.loads(stored.data)))
        passed(done := done + len(batch), None)
    return sealed


def _runs(events: Sequence[tuple[str, Stored]], *, in_order: bool) -> list[tuple[str, list[Stored]]]:
    """To be appended at once each. ``in_order``: as they lie in the file, since the log keeps one order of all; else each stream's together."""
    ranked = events if in_order else sorted(events, key=lambda each: each[1].stream)
    return [(topic, [stored for _, stored in run]) for (topic, _), run in groupby(ranked, key=lambda each: (each[0], each[1].stream))]


async def _named(running: Running) -> AsyncIterator[tuple[str, int]]:
    after = ""
    while found := await running.streams.names(after=after, limit=_BATCH):
        for stream, version in found:
            yield stream, version
        after = found[-1][0]


async def _batches(file: Path) -> AsyncIterator[Sequence[tuple[str, Stored]]]:
    batch: list[tuple[str, Stored]] = []
    for topic, stored in _events(file, lambda done, total: None):
        batch.append((topic, stored))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


async def _keyed(keyring: Forgetful, data: Path, sealed: set[str], without_keys: bool) -> bool:
    """Whether the keys are there. Without them the fields read as erased, and only who says so gets that."""
    if without_keys:
        await keyring.give_up(sorted(sealed))
        return False
    try:
        await keyring.find(sorted(sealed))
    except Unavailable as error:
        raise Failed(
            f"{error} Put the keys.db of the installation that was exported into {data}, with its master key, "
            "or let personal fields read as erased with --without-keys."
        ) from error
    return True


async def _past_policies(house: House) -> None:
    """What followed from these events is among them."""
    for running in house.running.values():
        await running.documents.write({}, Progress(running.service.policies_group, await _policy_ends(running)))


async def _relayed(house: House) -> None:
    for running in house.running.values():
        while (await running.relay.waiting())[0]:
            await asyncio.sleep(_POLL)


async def _policy_ends(running: Running) -> dict[str, int]:
    return {part: await running.topics.end(part) for part in running.parts(running.groups.get(running.service.policies_group, ()))}
