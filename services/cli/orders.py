"""``ringup orders``: what happened to an order, and what it was at any moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from services.cli import show
from services.cli.connect import Failed, ask, customers
from services.cli.options import Json, settings
from shared.asgi import Client
from shared.money import formatted

orders = typer.Typer(help="Orders, and their history.", no_args_is_help=True)


@orders.callback()
def _orders() -> None: ...


@orders.command()
def timeline(
    id: Annotated[str, typer.Argument(metavar="ORDER")],
    as_of: Annotated[str, typer.Option(help="A moment, such as 2026-03-01T12:30 or 2026-03-01T12:30:15.5-06:00; without a zone it is UTC.")] = "",
    json: Json = False,
) -> None:
    """Every service's events about an order, and what the order was after them; both up to a moment, or until now."""
    moment = _moment(as_of) if as_of else None
    order, rows = asyncio.run(_told(id.strip().upper(), moment))
    if json:
        show.as_json({"as_of": moment, "order": order, "events": rows})
        return
    show.out.print(_said(order))
    columns = {"time": "Time (UTC)", "service": "Service", "text": "What happened", "actor": "By"}
    show.table(columns, [{**row, "time": row["time"][:23].replace("T", " ")} for row in rows], empty="")


def _moment(text: str) -> str:
    """Raises Failed."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        raise Failed(f"{text} is no moment. Write it such as 2026-03-01T12:30, or 2026-03-01T12:30:15-06:00.") from error


async def _told(id: str, as_of: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if not (id.isascii() and id.isalnum()):
        raise Failed("An order's id is ten letters and digits.")
    async with customers(settings()) as client:
        order = await ask(client, "GET", f"/orders/{id}", as_of=as_of)
        return order, await _events(client, id, as_of)


async def _events(client: Client, id: str, as_of: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await ask(client, "GET", f"/orders/{id}/timeline", as_of=as_of, cursor=cursor)
        rows += page["rows"]
        cursor = page["next"]
        if not cursor:
            return rows


def _said(order: dict[str, Any]) -> str:
    currency = order["currency"]
    money = [f"{name} {formatted(order[name], currency)} {currency}" for name in ("total", "captured", "refunded") if order[name] and currency]
    return ", ".join([f"Order {order['order_id']}: {order['status']}", *order["marks"], *money, *([order["method"]] if order["method"] else [])])
