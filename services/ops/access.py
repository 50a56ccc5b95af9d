"""What the gateway writes down before it changes users and API keys."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.ops.asking import write_down
from services.ops.audit import audit
from shared.contracts.ops import ApiKeyChanged, UserChanged
from shared.http import RunningService, Sent
from shared.streams import Limit, event_row
from shared.text import Line

router = APIRouter(prefix="/audit")


@router.post("/users")
async def user(body: UserChanged, service: RunningService, sent: Sent) -> dict[str, Any]:
    await write_down(service, body, sent.actor)
    return {}


@router.post("/keys")
async def key(body: ApiKeyChanged, service: RunningService, sent: Sent) -> dict[str, Any]:
    await write_down(service, body, sent.actor)
    return {}


@router.get("/users")
async def of_user(user: Line, service: RunningService, limit: Limit = 20) -> dict[str, Any]:
    """The newest of what was changed about one user."""
    events = [event_row(event) for event in reversed(await service.streams.load(audit.stream("")))]
    return {"rows": [row for row in events if row["type"] == UserChanged.TYPE and row["data"]["user"] == user][:limit]}
