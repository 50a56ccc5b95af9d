"""``ringup payments``: whether gateways and Ringup say the same of the money."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli import show
from services.cli.connect import ask, payments_of_server
from services.cli.options import Json, settings
from shared.money import formatted

payments = typer.Typer(help="Gateways, and what they say of the money.", no_args_is_help=True)

_WORDS = {
    "missing-here": "they have it, we do not",
    "missing-there": "we have it, they do not",
    "amount": "not the same amount",
    "status": "not the same outcome",
}


@payments.callback()
def _payments() -> None: ...


@payments.command()
def reconcile(
    gateway: Annotated[str, typer.Option(help="Its name, as offers use it.")],
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="In UTC; without it yesterday.")] = None,
    json: Json = False,
) -> None:
    """What our events and the gateway's own list say of a day, where they differ. Exits with 1 where anything does."""
    found = asyncio.run(_compared(gateway, day))
    if json:
        show.as_json(found)
    else:
        show.out.print(f"{gateway} on {found['day']}: approved here {found['ours']}, there {found['theirs']}; differences: {len(found['rows'])}.")
        columns = {"reference": "Reference", "kind": "Operation", "ours": "Here>", "theirs": "There>", "why": "Difference", "id": "Their reference"}
        show.table(columns, [_row(row) for row in found["rows"]], empty="Both say the same.")
    if found["rows"]:
        raise typer.Exit(1)


async def _compared(gateway: str, day: datetime | None) -> dict[str, Any]:
    chosen = (day or datetime.now(UTC) - timedelta(days=1)).date()
    async with payments_of_server(settings()) as client:
        with show.waiting(f"Asking {gateway}"):
            found: dict[str, Any] = await ask(client, "GET", f"/gateways/{quote(gateway, safe='')}/reconcile", day=chosen.isoformat())
            return found


def _row(row: dict[str, Any]) -> dict[str, Any]:
    sides = {side: _said(row[side]) for side in ("ours", "theirs")}
    return {**row, **sides, "why": _WORDS[row["why"]], "id": (row["theirs"] or {}).get("id", "")}


def _said(side: dict[str, Any] | None) -> str:
    if side is None:
        return "-"
    return f"{formatted(side['amount'], side['currency'])} {side['currency']}, {side['status']}"
