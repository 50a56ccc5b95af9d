"""``ringup backup`` and ``ringup restore``: one whole set, and erasures that stay."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from services.cli import show
from services.cli.connect import OPERATOR, Failed, Files, at_the_files, caught_up, erase_all_again
from services.cli.options import DryRun, Json, settings
from services.ops.audit import Record
from shared.contracts.ops import BackupRestored
from shared.contracts.registry import SERVICES
from shared.engine import Manifest, beside, finish, lay_out, locked, occupied, take, take_over, verified
from shared.settings import Settings

Folder = Annotated[Path, typer.Argument(metavar="DIR")]


@dataclass(frozen=True, slots=True)
class _Outcome:
    events: int
    erased: int


def backup(folder: Folder, dry_run: DryRun = False, json: Json = False) -> None:
    """Copy all data as one set into an empty folder, also while the server runs. Without the master key: keep that elsewhere."""
    values = settings()
    _embedded(values)
    finish(values.data)
    with show.bytes_of("Copying") as progress:
        manifest = take(values, folder, progress, dry_run=dry_run)
    if json:
        show.as_json(manifest.model_dump(mode="json"))
    else:
        would = "would be" if dry_run else "are"
        show.out.print(f"{len(manifest.files)} files, {manifest.size:,} bytes, {would} in {folder.resolve()}.", soft_wrap=True)
        show.out.print(f"They open with the master key {manifest.master_keys[0]}, which is not among them: keep a copy of it elsewhere.")


def restore(
    folder: Folder,
    replace: Annotated[bool, typer.Option("--replace", help="Give up the data that is there.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Put a whole backup in place of the data, and erase again who was erased since it was taken. The server must not run."""
    values = settings()
    _embedded(values)
    with show.bytes_of("Verifying") as progress:
        manifest = verified(folder, values, progress)
    if occupied(values.data) and not replace:
        raise Failed(f"{values.data} holds data already. With --replace it is given up for the backup; make a backup of it first.")
    outcome = None if dry_run else asyncio.run(_restored(values, folder, manifest))
    if json:
        show.as_json({**manifest.model_dump(mode="json"), "restored": {"events": outcome.events, "erased": outcome.erased} if outcome else None})
    else:
        _say(manifest, outcome)


def _embedded(values: Settings) -> None:
    if values.engine != "embedded":
        raise Failed("With the cluster engine, back up Kafka and MongoDB with their own tools; see docs/operations.md.")


def _say(manifest: Manifest, outcome: _Outcome | None) -> None:
    taken = f"the backup of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    if outcome is None:
        show.out.print(f"Whole and sound: {taken}, {len(manifest.files)} files, {manifest.size:,} bytes.")
        return
    show.out.print(f"In place: {taken}, with {outcome.events:,} events. Customers erased again: {outcome.erased}.")
    show.out.print("From now on a payment or delivery is asked about before it is done. Everybody signs in anew. Start it with: ringup run")


async def _restored(values: Settings, folder: Path, manifest: Manifest) -> _Outcome:
    """Everything is made good in a folder beside; only then it takes the place of the data."""
    with locked(values.data), beside(values.data) as new:
        with show.bytes_of("Copying") as progress:
            lay_out(folder, manifest, new, progress)
        async with at_the_files(values.model_copy(update={"data": new, "key_file": values.master_file})) as files:
            outcome = await _made_good(files, manifest)
        take_over(values.data, goes_on_from=manifest.taken_at.isoformat())
    return outcome


async def _made_good(files: Files, manifest: Manifest) -> _Outcome:
    erased = await erase_all_again(files.engine, files.house)
    for session in await files.engine.blobs.ids("sessions"):
        await files.engine.blobs.delete("sessions", session)
    ops = files.house.running["ops"]
    events = sum([(await ops.topics.behind(part, 0))[0] for part in ops.parts(SERVICES)])
    outcome = _Outcome(events, erased)
    record = Record(BackupRestored(taken_at=manifest.taken_at, events=outcome.events, erased=outcome.erased))
    await ops.send("", record, uuid.uuid4().hex, OPERATOR.actor)
    with show.waiting("Views catch up"):
        await caught_up(files.house)
    return outcome
