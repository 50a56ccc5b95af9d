"""API keys: what programs may do, made and revoked by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.door import ADMINISTERS, AtDoor, Door, allow
from services.gateway.keys import SCOPES
from services.gateway.pages.forms import Typed, refusal
from services.gateway.pages.lists import Key, Text, who_is
from services.gateway.render import page
from shared.kernel.commands import Refusal

router = APIRouter(prefix="/keys", include_in_schema=False, dependencies=[allow(*ADMINISTERS)])

Id = Annotated[str, Path(pattern=r"^[a-z2-7]{16}$")]


@router.get("")
async def keys(request: Request, at: AtDoor, revoked: Text = "") -> Response:
    return await _page(request, at, revoked=revoked)


@router.post("")
async def make(
    request: Request, at: AtDoor, key: Key, name: Typed = "", scopes: Annotated[list[str] | None, Form(max_length=50)] = None, expires_on: Typed = ""
) -> Response:
    name, expires_on = name.strip(), expires_on.strip()
    try:
        made, whole = await at.keys.make(who_is(request).actor, name, scopes or [], expires_on, key)
    except Refusal as error:
        return await _page(request, at, values={"name": name, "scopes": scopes or [], "expires_on": expires_on}, **refusal(error))
    return page(request, "key_made.html", made=made, whole=whole, words=SCOPES)


@router.post("/{id}/revoke")
async def revoke(request: Request, id: Id, at: AtDoor) -> Response:
    done = await at.keys.revoke(who_is(request).actor, id)
    return RedirectResponse(f"/keys?revoked={done.name}", 303)


async def _page(
    request: Request, at: Door, status: int = 200, *, values: dict[str, object] | None = None, code: str = "", error: str = "",
    errors: dict[str, str] | None = None, revoked: str = "",
) -> Response:  # fmt: skip
    now = at.clock()
    rows = [(key, key.state(now)) for key in await at.keys.all()]
    return page(
        request,
        "keys.html",
        status,
        rows=sorted(rows, key=lambda row: row[1] != "in use"),
        words=SCOPES,
        values=values or {"name": "", "scopes": [], "expires_on": ""},
        error=error,
        errors=errors or {},
        revoked=revoked,
        today=now.date().isoformat(),
    )
