"""``ringup relay``: what is appended and not published yet."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from services.cli import show
from services.cli.connect import ask, ops
from services.cli.options import DryRun, Json, settings

relay = typer.Typer(help="What carries events from the streams to the topics.", no_args_is_help=True)

_DIRECT = "With the embedded engine the log is the topic: what is appended is published."


@relay.command()
def status(json: Json = False) -> None:
    """How much waits, and for how long."""
    rows = asyncio.run(_rows())
    if json:
        show.as_json({"rows": rows})
    elif all(row["direct"] for row in rows):
        show.out.print(_DIRECT)
    else:
        show.table({"service": "Service", "waiting": "Appends that wait>", "seconds": "Oldest, seconds>"}, rows, empty="")


@relay.command()
def kick(
    service: Annotated[str, typer.Option(help="Only this service's.")] = "", dry_run: DryRun = False, json: Json = False
) -> None:  # fmt: skip
    """Send now what waits."""
    rows = asyncio.run(_kicked(service, dry_run))
    if json:
        show.as_json({"rows": rows})
    elif all(row["direct"] for row in rows):
        show.out.print(_DIRECT)
    else:
        would = "would be told to send" if dry_run else "was told to send; waiting"
        for row in rows:
            show.out.print(f"{row['service']} {would}: {row['waiting']} appends.")


async def _rows() -> list[dict[str, Any]]:
    async with ops(settings()) as client:
        return list((await ask(client, "GET", "/relay"))["rows"])


async def _kicked(service: str, dry_run: bool) -> list[dict[str, Any]]:
    async with ops(settings()) as client:
        rows = [row for row in (await ask(client, "GET", "/relay"))["rows"] if service in ("", row["service"])]
        if not rows:
            raise typer.BadParameter(f"there is no service {service}")
        if dry_run or all(row["direct"] for row in rows):
            return rows
        return [await ask(client, "POST", f"/relay/{row['service']}/kick") for row in rows]
