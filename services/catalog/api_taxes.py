"""Tax tables: imported whole from files, looked at row by row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from pydantic_core import from_json

from services.catalog.api_files import bytes_of
from services.catalog.bodies import Body
from services.catalog.checks.problem import Problem, refused
from services.catalog.files import sst, taxes
from services.catalog.taxtable import ROWS, Append, pieces, taxtable
from services.catalog.views import tax_tables
from shared.contracts.catalog import TaxRow
from shared.http import RunningService, Sent
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.errors import NotFound
from shared.kernel.views import Row
from shared.service import Running
from shared.sheets import Unreadable

router = APIRouter(prefix="/tax-tables")

_AT_ONCE = 5
"""Pieces of one append: a table is larger than what a store takes at once, and others have a turn in between."""
_PAGE = 100
_MOST_BYTES, _MOST_BOUNDARY_BYTES = 32 * 1024 * 1024, 64 * 1024 * 1024

Table = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Cell = Annotated[str, Query(max_length=20)]
File = tuple[list[TaxRow], Sequence[Problem], dict[str, int]]


class TableBody(Body):
    """Files as base64. ``intrastate`` is for rate files: sold from within the state."""

    kind: Literal["csv", "sst"]
    text: str = Field(max_length=_MOST_BYTES * 4 // 3 + 4)
    boundary: str | None = Field(default=None, max_length=_MOST_BOUNDARY_BYTES * 4 // 3 + 4)
    intrastate: bool = False
    dry_run: bool = False


@router.get("")
async def tables(service: RunningService) -> dict[str, Any]:
    """``{"rows": [{table, number, rows, complete, at, by}]}``; ``number`` and ``rows`` are of what is in use, 0 before the first is whole.

    Not complete: a newer version is being imported, or its import was cut off.
    """
    rows, cursor = await service.find(tax_tables)
    while cursor:
        more, cursor = await service.find(tax_tables, cursor=cursor)
        rows += more
    return {"rows": [_shown(row) for row in rows]}


def _shown(row: Row) -> Row:
    return {"table": row["id"], "complete": row["coming"] is None, **{name: row[name] for name in ("number", "rows", "at", "by")}}


@router.put("/{table}")
async def take(table: Table, body: TableBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """The whole table from a file, or nothing: ``{"table", "number", "rows", "added", "removed", "skipped", "dry_run"}``.

    ``skipped`` are records of a boundary file, by type. Errors are at ``row 7, rate``, at most 1,000 of them and one that says how many more.
    """
    rows, wrong, skipped = await asyncio.to_thread(_read, body, sent.now.date())
    if wrong:
        raise Refusal(refused(wrong, "file-invalid"))
    if not rows:
        raise Refusal(refused([Problem("file", "empty", "The file has no rows. Delete the table if it is not needed any more.")], "file-invalid"))
    added, removed = await asyncio.to_thread(_compared, await _stored(service, table), rows)
    told = {"table": table, "rows": len(rows), "added": added, "removed": removed, "skipped": skipped, "dry_run": body.dry_run}
    if body.dry_run:
        return {**told, "number": 0}
    return {**told, "number": await _publish(service, table, rows, sent)}


def _read(body: TableBody, today: date) -> File:
    data = bytes_of(body.text)
    try:
        if body.kind == "csv":
            rows, wrong = taxes.from_csv(data)
            return rows, wrong, {}
        boundary = bytes_of(body.boundary, "boundary") if body.boundary else None
        found = sst.from_files(data, boundary, today, intrastate=body.intrastate)
    except Unreadable as error:
        raise Refusal(refused([Problem(error.field, "not-readable", str(error))], "file-invalid")) from error
    return found.rows, found.wrong, found.skipped


async def _publish(service: Running, table: str, rows: Sequence[TaxRow], sent: Envelope) -> int:
    """Piece by piece, each batch under a command id of its own: a repeat goes on where it was cut off. The version's number."""
    all_pieces, number = pieces(rows), 0
    for first in range(0, len(all_pieces), _AT_ONCE):
        append = Append(table, first + 1, len(all_pieces), all_pieces[first : first + _AT_ONCE], number)
        named = replace(sent, command_id=f"{sent.command_id}/{first}", version=sent.version if not first else None)
        outcome: Outcome = await service.execute(taxtable, table, append, named)
        number = number or outcome.state.number
    return number


@router.delete("/{table}")
async def drop(table: Table, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Publishes a version without rows: it is gone from then on."""
    number = await _publish(service, table, (), sent)
    if not number:
        raise NotFound("There is no such tax table.")
    return {"table": table, "number": number, "rows": 0}


@router.get("/{table}/rows")
async def rows(
    table: Table, service: RunningService, country: Cell = "", region: Cell = "", postal: Cell = "", cursor: str | None = None
) -> dict[str, Any]:
    """By place, 100 a page; ``postal`` finds the ranges that hold the code. ``{"rows": [TaxRow], "next", "total"}``"""
    if await service.get(tax_tables, table) is None:
        raise NotFound("There is no such tax table.")
    stored = await _stored(service, table)
    start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else 0
    found = await asyncio.to_thread(_filtered, stored, country.strip().upper(), region.strip().upper(), postal)
    following = start + _PAGE
    return {"rows": found[start:following], "next": str(following) if following < len(found) else None, "total": len(found)}


async def _stored(service: Running, table: str) -> list[bytes]:
    """The pieces of the version in use, as they were recorded."""
    row = await service.get(tax_tables, table)
    if row is None or not row["number"]:
        return []
    events = await service.streams.load(taxtable.stream(table), after=row["from_version"] - 1)
    return [event.data for event in events[: -(-row["rows"] // ROWS)]]


def _rows_of(stored: Sequence[bytes]) -> list[Row]:
    return [row for data in stored for row in from_json(data).get("rows", ())]


def _compared(stored: Sequence[bytes], rows: Sequence[TaxRow]) -> tuple[int, int]:
    """How many rows are new, and how many are gone."""
    before, now = {TaxRow.model_validate(row) for row in _rows_of(stored)}, set(rows)
    return len(now - before), len(before - now)


def _filtered(stored: Sequence[bytes], country: str, region: str, postal: str) -> list[Row]:
    found = []
    for row in _rows_of(stored):
        code = taxes.postal(postal, row["country"])
        last = row["postal_to"] or row["postal"]
        if country in ("", row["country"]) and region in ("", row["region"]) and (not code or row["postal"] <= code <= last):
            found.append(row)
    return found
