"""The doors for what gateways and plugins tell and ask by themselves: nobody is signed in, they know by themselves who it is."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.gateway.door import PUBLIC, Ask, AtDoor, Failed
from shared.http import problem
from shared.ids import PluginName

router = APIRouter(include_in_schema=False)

_MOST_HEADERS = 40
_MOST_CHARACTERS = 4_000
_OURS = frozenset(("cookie", "authorization", "host", "content-length", "transfer-encoding", "connection"))
"""Headers of the way here, which are nobody's signature."""
_THEIRS = frozenset(("www-authenticate", "retry-after", "allow"))
_DATA = frozenset(("text/plain", "text/xml", "application/xml", "application/json", "text/csv"))


@router.post("/hooks/gateways/{name}", dependencies=[PUBLIC])
async def heard(request: Request, name: PluginName, services: Ask, at: AtDoor) -> JSONResponse:
    """The body goes on as it came, since what is signed are its bytes; the headers under names that none of ours has."""
    client = request.client
    wait = await at.throttle.wait("hook", client.host if client else "")
    if wait:
        return _too_many(wait)
    answer = await services.ask("payments", "POST", f"/gateways/{name}/hooks", await request.body(), headers=_headers(request))
    if answer.status >= 400:
        raise Failed(answer.status, answer.json())
    return JSONResponse({"heard": answer.json()["heard"]})


@router.api_route("/hooks/plugins/{name}", methods=["GET", "POST", "PUT"], dependencies=[PUBLIC])
async def asked(request: Request, name: PluginName, services: Ask, at: AtDoor) -> Response:
    """A fulfilment plugin is asked, which knows by itself who may. What it answers is data, never a page of ours."""
    client = request.client
    wait = await at.throttle.wait("hook", client.host if client else "")
    if wait:
        return _too_many(wait)
    about = {"method": request.method, "query": request.url.query}
    sent = {**_headers(request), **{f"x-hook-{each}": request.headers[each] for each in ("authorization",) if each in request.headers}}
    answer = await services.ask("fulfillment", "POST", f"/plugins/{name}/door", await request.body(), query=about, headers=sent)
    if answer.status >= 400:
        raise Failed(answer.status, answer.json())
    reply = answer.json()
    headers = {key: value for key, value in reply["headers"].items() if key.lower() in _THEIRS}
    media = reply["type"] if reply["type"].partition(";")[0] in _DATA else "application/octet-stream"
    return Response(base64.b64decode(reply["body"]), reply["status"], {**headers, "cache-control": "no-store"}, media)


def _too_many(wait: int) -> JSONResponse:
    refused = problem(429, "too-many", "Too many calls from this address. Try again later.")
    refused.headers["retry-after"] = str(wait)
    return refused


def _headers(request: Request) -> dict[str, str]:
    sent = [(name, value) for name, value in request.headers.items() if name not in _OURS and len(value) <= _MOST_CHARACTERS]
    return {f"x-hook-{name}": value for name, value in sent[:_MOST_HEADERS]}
