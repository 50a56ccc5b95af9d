"""``ringup keys``: the master key, and putting another in its place."""

from __future__ import annotations

import asyncio
import os
import uuid

import typer

from services.cli import show
from services.cli.connect import OPERATOR, Failed, ask, must_be_there, ops, server
from services.cli.options import DryRun, Json, settings
from services.house import House
from services.ops.audit import Record
from shared.contracts.ops import MasterKeyRotated
from shared.engine import DataFolder, derived, open_keyring, write_master_keys
from shared.ids import INSTALLATION
from shared.kernel.views import Row
from shared.settings import Settings

keys = typer.Typer(help="The master key, under which all other keys lie, and the key of the vault.", no_args_is_help=True)

_POLL = 0.5
_STALLED = 120
"""Polls without a record less, after which whoever wrote them anew is taken for dead."""
_NEW_ONE = "A new master key would be made, every key wrapped by it, and the one before forgotten. Stop the server first."
_COPY = "Keep a copy of it where the data is not. Backups that were made before open with the key before alone: make a new one now."
_EVERYWHERE = "First put the new key as the first line, before the old one, into the key file of every process, and start them all again."
_AFTERWARDS = "Now take the old line out of the key file of every process, and start them again."


@keys.command()
def status(json: Json = False) -> None:
    """Where it lies, what it is called, and whether it opens the keyring."""
    values = settings()
    if values.engine == "embedded":
        must_be_there(values)
    under_way = len(values.fingerprints) > 1
    asyncio.run(derived(values, INSTALLATION))
    if json:
        show.as_json({"file": str(values.master_file), "fingerprints": values.fingerprints, "under_way": under_way})
        return
    show.out.print(f"The master key {values.fingerprints[0]} opens the keyring. It lies in {values.master_file}.", soft_wrap=True)
    if under_way:
        show.out.print(f"A rotation is under way: {' and '.join(values.fingerprints[1:])} is needed until it ends. Go on with: ringup keys rotate")


@keys.command()
def rotate(dry_run: DryRun = False, json: Json = False) -> None:
    """Wrap every key by a new master key. Cut off, it is gone on with by the same command. With the embedded engine the server must not run."""
    values = settings()
    cluster = values.engine == "cluster"
    before, after = (_EVERYWHERE, _AFTERWARDS) if cluster else (_NEW_ONE, _COPY)
    outcome = _planned(values) if dry_run else asyncio.run(_rewrapped(values) if cluster else _rotated(values))
    if json:
        show.as_json(outcome)
    elif dry_run:
        show.out.print(before, soft_wrap=True)
    else:
        show.out.print(f"{outcome['keys']:,} keys are wrapped by the master key {outcome['fingerprints'][0]} now.")
        show.out.print(after, soft_wrap=True)


@keys.command()
def vault(json: Json = False) -> None:
    """Which key cards, bank accounts and credentials of gateways are under."""
    row = asyncio.run(_asked("GET", "/keys/vault"))
    if json:
        show.as_json(row)
        return
    show.out.print(f"{row['records']:,} records lie under key {row['key']} of the vault.")
    if row["under_way"]:
        show.out.print(f"{row['left']:,} of them are under an older key still. Go on with: ringup keys rotate-vault")
    elif row["older"]:
        show.out.print("The key before goes an hour after the rotation.")


@keys.command()
def rotate_vault(dry_run: DryRun = False, json: Json = False) -> None:
    """Write every record of the vault anew, under a new key, while the server works. Cut off, it is gone on with by the same command."""
    row = asyncio.run(_asked("GET", "/keys/vault") if dry_run else _vault_rotated())
    if json:
        show.as_json(row)
    elif dry_run:
        key = row["key"] if row["under_way"] else row["key"] + 1
        show.out.print(f"{row['records']:,} records would be written anew, under key {key} of the vault.")
    else:
        show.out.print(f"{row['records']:,} records lie under key {row['key']} of the vault now. The key before goes in an hour. Make a new backup.")


async def _asked(method: str, path: str) -> Row:
    async with server(settings()) as client:
        row: Row = await ask(client, method, path)
        return row


async def _vault_rotated() -> Row:
    """Whichever process writes: what is left is counted in the vault itself."""
    async with server(settings()) as client:
        row: Row = await ask(client, "POST", "/keys/vault/rotate")
        all_of, stalled = max(row["left"], 1), 0
        with show.progress() as progress:
            bar = progress.add_task("Records", total=all_of)
            while row["under_way"]:
                await asyncio.sleep(_POLL)
                before, row = row["left"], await ask(client, "GET", "/keys/vault")
                stalled = stalled + 1 if row["left"] == before else 0
                if row["error"] or stalled > _STALLED:
                    raise Failed(f"{row['error'] or 'Nobody writes them any more.'} Rotate again to go on.")
                progress.update(bar, completed=all_of - row["left"])
    return row


def _planned(values: Settings) -> Row:
    return {"fingerprints": values.fingerprints, "keys": None}


async def _rotated(values: Settings) -> Row:
    """A new line, every key under it, the old line away: after a kill at any moment there is a key that opens each."""
    must_be_there(values)
    folder = DataFolder(values)
    try:
        if len(values.master_keys) == 1:
            write_master_keys(values, (os.urandom(32), *values.master_keys))
        done = await _rewrap(values)
        ops_service = House(values, folder.ports).running["ops"]
        record = Record(MasterKeyRotated(fingerprint=values.fingerprints[0], keys=done))
        await ops_service.send("", record, uuid.uuid4().hex, OPERATOR.actor)
        write_master_keys(values, values.master_keys[:1])
    finally:
        await folder.close()
    return {"fingerprints": values.fingerprints, "keys": done}


async def _rewrap(values: Settings) -> int:
    keyring, done = open_keyring(values), 0
    try:
        with show.progress() as progress:
            bar = progress.add_task("Keys", total=None)
            async for done in keyring.rewrap():
                progress.update(bar, completed=done)
    finally:
        keyring.close()
    return done


async def _rewrapped(values: Settings) -> Row:
    """By the process that is asked; the same command goes on where it was cut off."""
    async with ops(values) as client:
        row = await ask(client, "POST", "/keys/rewrap")
        with show.progress() as progress:
            bar = progress.add_task("Keys", total=None)
            while row["state"] != "finished":
                if row["state"] == "failed":
                    raise Failed(f"{row['error']} Rotate again to go on.")
                await asyncio.sleep(_POLL)
                row = await ask(client, "GET", "/keys")
                progress.update(bar, completed=row["keys"])
    return {"fingerprints": row["fingerprints"], "keys": row["keys"]}
