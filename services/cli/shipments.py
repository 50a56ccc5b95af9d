"""``ringup shipments``: what became of what was shipped."""

from __future__ import annotations

import asyncio
import base64
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli import show
from services.cli.connect import OPERATOR, Failed, fulfillment_of_server
from services.cli.options import DryRun, Json, settings
from shared.clients import call

shipments = typer.Typer(help="Shipments, and what became of them.", no_args_is_help=True)


@shipments.callback()
def _shipments() -> None: ...


@shipments.command(name="import")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file of tracking numbers, deliveries and returns; - reads it from stdin.")],
    day_first: Annotated[bool, typer.Option("--day-first", help="03/04/2026 is 3 April.")] = False,
    month_first: Annotated[bool, typer.Option("--month-first", help="03/04/2026 is 4 March.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="All of it, or nothing where one row is not right.")] = False,
    rejected: Annotated[Path | None, typer.Option(help="Write the rows that are not right to this file, to be corrected and imported again.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Tell shipments what became of them. Good rows are taken, each bad one is named; the same file again changes nothing. Exits with 1 where a
    row is not right."""
    if day_first and month_first:
        raise typer.BadParameter("Either the day comes first or the month does.")
    if rejected and rejected.exists():
        raise Failed(f"{rejected} is there already. Nothing was imported.")
    first = "day-first" if day_first else "month-first" if month_first else ""
    body = {"text": base64.b64encode(_read(file)).decode(), "first": first, "dry_run": dry_run, "whole": whole}
    found = asyncio.run(_told(body))
    if rejected and found["rejected"]:
        _write(rejected, found["rejected"])
    if json:
        show.as_json(found)
    else:
        _print(found)
    if found["bad"]:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    """Raises Failed."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from error


def _write(file: Path, text: str) -> None:
    """Raises Failed."""
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        raise Failed(f"The rows that are not right could not be written to {file}: {error.strerror}. The others are taken.") from error


async def _told(body: dict[str, Any]) -> dict[str, Any]:
    """Raises Failed with the sentence of a refusal."""
    async with fulfillment_of_server(settings()) as client:
        with show.waiting("Reading"):
            try:
                answer = await call(client, OPERATOR, "POST", "/imports/tracking", body, key=uuid.uuid4().hex)
            except (OSError, TimeoutError) as error:
                raise Failed("The server has stopped answering. Import the file again: what was taken is not taken twice.") from error
    said: dict[str, Any] = answer.json()
    if answer.status >= 400:
        raise Failed(said["detail"])
    return said


def _print(found: dict[str, Any]) -> None:
    taken = "taken" if found["written"] else "that can be taken"
    show.out.print(f"Rows: {found['rows']}; {taken}: {found['taken']}; known already: {found['known']}; not right: {len(found['bad'])}.")
    if found["bad"]:
        show.table({"row": "Row>", "field": "Column", "problem": "What is wrong"}, found["bad"], empty="")
    if not found["written"]:
        show.out.print("Nothing was changed.")
