"""An order's events, told to a program as they happen, over server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.sse import format_sse_event

from services.gateway.door import Door, Failed, Services
from services.gateway.guard import cookie_name
from services.gateway.live import Notice

_CHECKED_EVERY = 20.0
"""Seconds; a quiet stream says as often that it lives."""
_AGAIN = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds after which an event that was heard of is looked for in the order's story."""
_OVERLAP = timedelta(minutes=1)
"""Events of several services come in any order: so much before the last one seen is told once more."""

Row = dict[str, Any]


async def story(services: Services, order_id: str) -> list[Row]:
    """All that has happened, oldest first. Raises Failed."""
    found = await services.get("customers", f"/orders/{order_id}/timeline")
    rows: list[Row] = found["rows"]
    while found["next"]:
        found = await services.get("customers", f"/orders/{order_id}/timeline", cursor=found["next"])
        rows += found["rows"]
    return rows


def after(rows: Sequence[Row], last: str) -> Sequence[Row]:
    """What a program that has seen an event has to be told: at least all that it has not seen."""
    seen = next((row for row in rows if row["id"] == last), None)
    if seen is None:
        return rows
    since = datetime.fromisoformat(seen["time"]) - _OVERLAP
    return [row for row in rows if row["id"] != last and datetime.fromisoformat(row["time"]) >= since]


async def follow(request: Request, at: Door, services: Services, order_id: str, rows: Sequence[Row], last: str) -> AsyncIterator[bytes]:
    """``rows`` after the ``last`` that was seen, and then whatever is not among them, until whoever listens may not any more."""
    told = {row["id"] for row in rows}
    notices = at.live.listen()
    coming = asyncio.ensure_future(anext(notices))
    checked = at.clock()
    try:
        for row in after(rows, last):
            yield _event(row, told)
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_CHECKED_EVERY)
            if not done or (at.clock() - checked).total_seconds() >= _CHECKED_EVERY:
                checked = at.clock()
                if not await _allowed(request, at):
                    return
            if not done:
                yield format_sse_event(comment="still here")
                continue
            notice = coming.result()
            coming = asyncio.ensure_future(anext(notices))
            if notice.get("subject") in (order_id, None):
                for row in await _new(services, order_id, notice, told):
                    yield _event(row, told)
    finally:
        coming.cancel()


async def _new(services: Services, order_id: str, notice: Notice, told: set[str]) -> list[Row]:
    """What is not told yet, the event that was heard of among it as soon as it is in the story."""
    heard = f"{notice['stream']}@{notice['version']}" if "stream" in notice else ""
    rows: list[Row] = []
    for pause in (0.0, *_AGAIN):
        await asyncio.sleep(pause)
        try:
            rows = await story(services, order_id)
        except Failed:
            continue
        if not heard or any(row["id"] == heard for row in rows):
            break
    return [row for row in rows if row["id"] not in told]


def _event(row: Row, told: set[str]) -> bytes:
    told.add(row["id"])
    return format_sse_event(data_str=json.dumps(row, ensure_ascii=False), event=row["type"].rpartition(".")[2], id=row["id"])


async def _allowed(request: Request, at: Door) -> bool:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await at.keys.holder(key.strip()) is not None
    token = request.cookies.get(cookie_name(request.url.scheme), "")
    return await at.sessions.find(token, active=False) is not None
