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

_ID = "As the list shows it, such as 'qa.views|payment-7K2M9QX4TB'"
Id = Annotated[str, typer.Argument(metavar="ID", help=_ID)]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help=_ID)]
All = Annotated[bool, typer.Option("--all", help="Every parked stream.")]
Service = Annotated[str, typer.Option(help="Only what waits in this service.")]


@parked.command("list")
def list_(service: Service = "", json: Json = False) -> None:
    """What waits, why, and when it is tried again."""
    asyncio.run(_list(service, json))


async def _list(service: str, json: bool) -> None:
    async with ops(settings()) as client:
        rows = await _rows(client, service)
    if json:
        show.as_json({"rows": rows})
        return
    columns = {"id": "Id", "error": "Error", "attempts": "Tries>", "waiting": "Events>", "due_at": "Again (UTC)"}
    show.table(columns, [{**row, "waiting": len(row["positions"]), "due_at": row["due_at"][:19]} for row in rows], empty="Nothing is parked.")


async def _rows(client: Client, service: str = "") -> list[dict[str, Any]]:
    return [row for row in (await ask(client, "GET", "/parked"))["rows"] if service in ("", row["service"])]


@parked.command("show")
def show_(id: Id, json: Json = False) -> None:
    """One of them: why it waits, and its events. Personal fields stay sealed."""
    asyncio.run(_show(id, json))


async def _show(id: str, json: bool) -> None:
    async with ops(settings()) as client:
        (row,) = _chosen(await _rows(client), [id])
        row = await ask(client, "GET", _path(row))
    if json:
        show.as_json(row)
        return
    tries = f"{row['attempts']} {'try' if row['attempts'] == 1 else 'tries'}"
    show.out.print(f"{row['stream']} waits in {row['group']} after {tries}, again at {row['due_at'][:19]} UTC:\n{row['error']}\n", soft_wrap=True)
    columns = {
        "part": "Topic",
        "position": "Position>",
        "version": "Version>",
        "type": "Type",
        "time": "Time (UTC)",
        "bytes": "Bytes>",
        "data": "Data",
    }
    events = [{**event, "type": event.get("type", "").removeprefix("ringup."), "time": event.get("time", "")[:19]} for event in row["events"]]
    show.table(columns, events, empty="")
    if len(row["positions"]) > len(events):
        show.out.print(f"{len(row['positions']) - len(events)} more wait behind them.")


@parked.command("retry")
def retry(ids: Ids = None, all: All = False, service: Service = "", dry_run: DryRun = False, json: Json = False) -> None:
    """Works their events now, in order. Exits with 1 where some still wait."""
    if asyncio.run(_acted("retry", ids or [], all, service, json, dry_run)):
        raise typer.Exit(1)


@parked.command("discard")
def discard(ids: Ids = None, all: All = False, service: Service = "", dry_run: DryRun = False, json: Json = False) -> None:
    """Leaves out the event that cannot be worked, for good, and goes on with those behind it. Exits with 1 where some still wait."""
    if asyncio.run(_acted("discard", ids or [], all, service, json, dry_run)):
        raise typer.Exit(1)


async def _acted(what: str, ids: list[str], all: bool, service: str, json: bool, dry_run: bool) -> bool:
    """Whether something is left that waits."""
    if all == bool(ids):
        raise typer.BadParameter("name what to work, or say --all")
    async with ops(settings()) as client:
        there = await _rows(client, service)
        rows = there if all else _chosen(there, ids)
        done = rows if dry_run else [await _act(client, what, row) for row in show.each(rows, what.capitalize())]
    if json:
        show.as_json({"rows": done})
    elif not rows:
        show.out.print("Nothing is parked.")
    for row in [] if json else done:
        show.out.print(_would(what, row) if dry_run else _became(row), soft_wrap=True)
    return not dry_run and any(row["positions"] for row in done)


def _chosen(rows: list[dict[str, Any]], ids: list[str]) -> list[dict[str, Any]]:
    """All of them, before any is touched. Raises Failed."""
    known = {row["id"]: row for row in rows}
    for id in ids:
        if id not in known:
            raise Failed(f"{id} is not parked.")
    return [known[id] for id in dict.fromkeys(ids)]


async def _act(client: Client, what: str, row: dict[str, Any]) -> dict[str, Any]:
    body = {"position": row["positions"][0][1]} if what == "discard" else None
    return {**row, **await ask(client, "POST", f"{_path(row)}/{what}", body)}


def _would(what: str, row: dict[str, Any]) -> str:
    part, position = row["positions"][0]
    if what == "retry":
        return f"{len(row['positions'])} events of {row['stream']} would be worked in {row['group']}."
    return f"The event at position {position} of {part} would be left out of {row['group']}."


def _became(row: dict[str, Any]) -> str:
    return f"{len(row['positions'])} events of {row['stream']} wait: {row['error']}" if row["positions"] else f"{row['stream']} is worked."


def _path(row: dict[str, Any]) -> str:
    return f"/parked/{row['service']}/{quote(row['id'], safe='')}"
