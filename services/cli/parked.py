"""``ringup parked``: streams that a group could not work."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli import show
from services.cli.connect import Failed, ask, ops
from services.cli.options import DryRun, Json, settings
from shared.asgi import Client

parked = typer.Typer(help="Streams that could not be worked, and wait.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it, such as 'qa.views|payment-7K2M9QX4TB'")]


@parked.command("list")
def list_(json: Json = False) -> None:
    """What waits, why, and when it is tried again."""
    asyncio.run(_list(json))


async def _list(json: bool) -> None:
    async with ops(settings()) as client:
        rows = (await ask(client, "GET", "/parked"))["rows"]
    if json:
        show.as_json({"rows": rows})
        return
    columns = {"id": "Id", "error": "Error", "attempts": "Tries>", "waiting": "Events>", "due_at": "Again (UTC)"}
    show.table(columns, [{**row, "waiting": len(row["positions"]), "due_at": row["due_at"][:19]} for row in rows], empty="Nothing is parked.")


@parked.command("retry")
def retry(id: Id, json: Json = False) -> None:
    """Works the stream's events now, in order."""
    asyncio.run(_acted("retry", id, json, dry_run=False))


@parked.command("discard")
def discard(id: Id, dry_run: DryRun = False, json: Json = False) -> None:
    """Leaves out the event that cannot be worked, for good, and goes on with those behind it."""
    asyncio.run(_acted("discard", id, json, dry_run))


async def _acted(what: str, id: str, json: bool, dry_run: bool) -> None:
    async with ops(settings()) as client:
        row = await _row(client, id)
        topic, position = row["positions"][0]
        body = {"position": position} if what == "discard" else None
        if not dry_run:
            row = await ask(client, "POST", f"/parked/{row['service']}/{quote(id, safe='')}/{what}", body)
    if json:
        show.as_json(row)
    elif dry_run:
        show.out.print(f"The event at position {position} of {topic} would be left out.")
    else:
        show.out.print(f"{len(row['positions'])} events of {row['stream']} wait." if row["positions"] else f"{row['stream']} is worked.")


async def _row(client: Client, id: str) -> dict[str, Any]:
    for row in (await ask(client, "GET", "/parked"))["rows"]:
        if row["id"] == id:
            return dict(row)
    raise Failed(f"{id} is not parked.")
