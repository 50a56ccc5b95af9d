"""Limits that were tripped on pre-authorisations and on the checkout page, and the rules that they follow."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.gateway.door import SENDS, Ask, Failed, Services, allow
from services.gateway.pages.forms import Typed
from services.gateway.pages.lists import Key, Seen, heard_of
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/payments/limits", include_in_schema=False, dependencies=[allow(*SENDS)])

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]


@router.get("")
async def limits(request: Request, services: Ask, seen: Seen = "") -> Response:
    return page(request, "limits_list.html" if wants_part(request) else "limits.html", **await _tripped(services, seen))


@router.post("/{id}/release")
async def release(request: Request, id: Id, services: Ask, key: Key, reason: Typed = "") -> Response:
    if not reason.strip():
        raise Failed(422, {"code": "missing", "field": "reason", "detail": "Say why: it is written down."})
    done = await services.post("payments", f"/limits/{id}/release", {"reason": reason.strip()}, key=key)
    answer = page(request, "limits_list.html", **await _tripped(services, f"limit-{id}@{done['version']}"))
    answer.headers["hx-trigger"] = json.dumps({"toast": {"words": "Released: it counts from nothing again."}})
    return answer


async def _tripped(services: Services, seen: str) -> dict[str, Any]:
    """Once payments' view has seen what the page heard of, or after a while."""
    found = await services.get("payments", "/limits", min_version=",".join(heard_of(seen, "limit")) or None)
    return {"rows": found["rows"], "rules": found.get("rules", [])}
