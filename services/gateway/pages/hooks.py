"""The door for what gateways tell by themselves: nobody is signed in, the gateway's own signature says who it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from services.gateway.door import PUBLIC, Ask, AtDoor, Failed
from shared.http import problem

router = APIRouter(include_in_schema=False)

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
_MOST_HEADERS = 40
_MOST_CHARACTERS = 4_000
_OURS = frozenset(("cookie", "authorization", "host", "content-length", "transfer-encoding", "connection"))
"""Headers of the way here, which are nobody's signature."""


@router.post("/hooks/gateways/{name}", dependencies=[PUBLIC])
async def heard(request: Request, name: Name, services: Ask, at: AtDoor) -> JSONResponse:
    """The body goes on as it came, since what is signed are its bytes; the headers under names that none of ours has."""
    client = request.client
    wait = await at.throttle.wait("hook", client.host if client else "")
    if wait:
        refused = problem(429, "too-many", "Too many calls from this address. Try again later.")
        refused.headers["retry-after"] = str(wait)
        return refused
    answer = await services.ask("payments", "POST", f"/gateways/{name}/hooks", await request.body(), headers=_headers(request))
    if answer.status >= 400:
        raise Failed(answer.status, answer.json())
    return JSONResponse({"heard": answer.json()["heard"]})


def _headers(request: Request) -> dict[str, str]:
    sent = [(name, value) for name, value in request.headers.items() if name not in _OURS and len(value) <= _MOST_CHARACTERS]
    return {f"x-hook-{name}": value for name, value in sent[:_MOST_HEADERS]}
