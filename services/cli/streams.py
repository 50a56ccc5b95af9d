"""``ringup streams``: what was recorded."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote

import typer

from services.cli import show
from services.cli.connect import ask, ops
from services.cli.options import Json, settings

streams = typer.Typer(help="The streams of events.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many.")]


@streams.command("list")
def list_(
    prefix: Annotated[str, typer.Argument(help="Only names that begin so, such as order-")] = "",
    after: Annotated[str, typer.Option(help="Only names after this one.")] = "",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Streams by name, with their newest version."""
    asyncio.run(_list(prefix, after, limit, json))


async def _list(prefix: str, after: str, limit: int, json: bool) -> None:
    async with ops(settings()) as client:
        page = await ask(client, "GET", "/streams", prefix=prefix, after=after, limit=limit)
    if json:
        show.as_json(page)
        return
    show.table({"stream": "Stream", "service": "Service", "version": "Version>"}, page["rows"], empty="There are no such streams.")
    if page["next"]:
        show.out.print(f"There are more: --after {page['next']}")


@streams.command("show")
def show_(
    name: str,
    after: Annotated[int, typer.Option(min=0, help="Only versions above this one.")] = 0,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """The events of one stream, oldest first. Personal fields stay sealed."""
    asyncio.run(_show(name, after, limit, json))


async def _show(name: str, after: int, limit: int, json: bool) -> None:
    async with ops(settings()) as client:
        page = await ask(client, "GET", f"/streams/{quote(name, safe='')}", after=after, limit=limit)
    if json:
        show.as_json(page)
        return
    columns = {"version": "Version>", "time": "Time (UTC)", "type": "Type", "actor": "Actor", "data": "Data"}
    rows = [{**row, "time": row["time"][:19], "type": row["type"].removeprefix("ringup.")} for row in page["rows"]]
    show.table(columns, rows, empty="There are no later events.")
    if page["next"]:
        show.out.print(f"There are more: --after {page['next']}")
