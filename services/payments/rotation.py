"""The vault under a new key: every record is written anew, in whichever process was asked; cut off, the same command goes on."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from services.payments.records import KINDS, Records, key_name
from services.payments.vault_keys import Dropped, First, Rotate, Rotated, VaultKeys, vault_keys
from shared.kernel.commands import Envelope
from shared.kernel.views import Row
from shared.service import Running

_ACTOR = "service:payments"
_AT_ONCE = 50


@dataclass
class Work:
    """Of this process."""

    running: bool = False
    error: str = ""


async def first_key(running: Running) -> None:
    """Made before anything says that there is one."""
    if (await _keys(running)).current:
        return
    await running.keyring.ensure(key_name(1))
    empty = not any([await running.blobs.ids(kind) for kind in KINDS])
    await running.send("", First(empty, running.clock()), uuid.uuid4().hex, _ACTOR)


async def current(running: Running) -> int:
    return (await _keys(running)).current


async def begin(running: Running, records: Records, work: Work, sent: Envelope) -> None:
    """Goes on where one is under way."""
    keys = await _keys(running)
    if keys.rotated_at:
        await running.keyring.ensure(key_name(keys.current + 1))
    await running.execute(vault_keys, "", Rotate(sent.now), sent)
    if not work.running:
        work.running, work.error = True, ""
        running.spawn(_rewritten(running, records, work))


async def _rewritten(running: Running, records: Records, work: Work) -> None:
    try:
        while not await _passed(records):
            pass
        keys, kept = await _keys(running), await _count(records)
        await running.send("", Rotated(keys.current, kept, running.clock()), uuid.uuid4().hex, _ACTOR)
    except Exception as error:
        work.error = str(error)
        raise
    finally:
        work.running = False


async def _passed(records: Records) -> bool:
    """Nothing was changed by somebody else while it was written anew."""
    renewed = True
    for kind in KINDS:
        ids = await records.ids(kind)
        for start in range(0, len(ids), _AT_ONCE):
            renewed = all(await asyncio.gather(*(records.renew(kind, id) for id in ids[start : start + _AT_ONCE]))) and renewed
    return renewed


async def _count(records: Records) -> int:
    return sum([len(await records.ids(kind)) for kind in KINDS])


async def left(running: Running, records: Records) -> int:
    """Records that are under an older key."""
    key = await current(running)
    return sum([not await records.under(key, kind, id) for kind in KINDS for id in await records.ids(kind)])


async def state(running: Running, records: Records, work: Work) -> Row:
    """``left`` is counted anew, whichever process writes."""
    keys = await _keys(running)
    under_way = keys.rotated_at is None
    waiting = await left(running, records) if under_way else 0
    told = {"key": keys.current, "older": list(keys.older), "under_way": under_way, "records": await _count(records), "left": waiting}
    return {**told, "error": work.error}


async def drop_older(running: Running, records: Records) -> None:
    """Once nothing needs them."""
    droppable = (await _keys(running)).droppable(running.clock())
    if not droppable or await left(running, records):
        return
    for key in droppable:
        await running.keyring.drop(key_name(key))
        await running.send("", Dropped(key), uuid.uuid4().hex, _ACTOR)


async def _keys(running: Running) -> VaultKeys:
    found: VaultKeys = (await running.load(vault_keys, ""))[0]
    return found
