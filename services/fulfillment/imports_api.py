"""What became of shipments, as a table that whoever ships them has written."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.fulfillment.moments import DayOrMonth
from services.fulfillment.news import Outcome, told
from services.fulfillment.tracking import Problem, Table, rejected, table
from shared.http import RunningService, Sent
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.sheets import Unreadable

router = APIRouter()

_MOST_BYTES = 4 * 1024 * 1024


class TableBody(BaseModel):
    """``text`` is the file's bytes as base64; ``first`` says what comes first in dates such as 03/04/2026. ``whole``: all of it or nothing."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=_MOST_BYTES * 4 // 3 + 4)]
    first: DayOrMonth = ""
    dry_run: bool = False
    whole: bool = False


@router.post("/imports/tracking")
async def tracking(body: TableBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What is good is taken, every row that is not is named, and what was known already changes nothing.

    ``rejected`` is a CSV file of the rows that are not good, to be put right and imported again.
    """
    try:
        read = await asyncio.to_thread(table, _bytes(body.text), body.first, sent.now)
    except Unreadable as error:
        raise Refusal(Refused("file-invalid", str(error), error.field, conflict=False)) from error
    outcome = await told(service, read.told, sent, dry=body.dry_run or body.whole)
    problems = sorted([*read.problems, *outcome.problems], key=lambda problem: problem.row)
    written = not body.dry_run and not (body.whole and problems)
    if body.whole and written:
        outcome = await told(service, read.told, sent, dry=False)
        problems = sorted(outcome.problems, key=lambda problem: problem.row)
    return _said(read, outcome, problems, written=written and bool(outcome.taken))


def _said(read: Table, outcome: Outcome, problems: Sequence[Problem], *, written: bool) -> dict[str, Any]:
    rows = [{"row": problem.row, "field": problem.field, "problem": problem.detail} for problem in problems]
    return {
        "rows": len(read.cells),
        "taken": len(outcome.taken),
        "known": len(outcome.known),
        "written": written,
        "bad": rows,
        "rejected": rejected(read, problems) if problems else "",
    }


def _bytes(text: str) -> bytes:
    """Raises Refusal."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(Refused("file-invalid", "The file came damaged. Send it again.", "text", conflict=False)) from error
