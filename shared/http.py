"""A service's HTTP: the envelope of a command, and problem+json for everything that is refused."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic_core import to_json, to_jsonable_python
from starlette.exceptions import HTTPException

from shared.ids import INSTALLATION
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Conflict, KernelError, NotFound, Oversize
from shared.service import Running
from shared.text import sentence

_LONG_NUMBER = re.compile(r"\d{12,}")


async def running(request: Request) -> Running:
    """Async as every dependency here: FastAPI sends others through a thread."""
    found: Running = request.app.state.running
    return found


RunningService = Annotated[Running, Depends(running)]


async def envelope(request: Request, service: RunningService) -> Envelope:
    """Raises 400 for an If-Match that is not a version. Without an Idempotency-Key a repeat is a new command."""
    body = await request.body()
    path = request.url.path.removeprefix(request.scope["root_path"])
    text = f"{request.method} {path}\n".encode() + body
    return Envelope(
        command_id=request.headers.get("idempotency-key") or uuid.uuid4().hex,
        actor=request.headers.get("x-ringup-actor", "nobody"),
        role=request.headers.get("x-ringup-role", ""),
        now=service.clock(),
        version=_version(request.headers.get("if-match")),
        hash=hmac.new(service.keyring.derived(INSTALLATION), text, hashlib.sha256).hexdigest()[:32],
    )


Sent = Annotated[Envelope, Depends(envelope)]


def _version(header: str | None) -> int | None:
    if header is None:
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdigit() or len(text) > 12:
        raise HTTPException(400, 'If-Match must be the version that you saw, such as "7".')
    return int(text)


def problem(status: int, code: str, detail: str, field: str | None = None, **data: Any) -> JSONResponse:
    """RFC 9457, with a stable ``code`` and the ``field`` where there is one."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail, "field": field, **data}
    return JSONResponse({name: value for name, value in body.items() if value is not None}, status, media_type="application/problem+json")


def plain(value: Any) -> Any:
    """State or events as JSON-like values."""
    return to_jsonable_python(value)


class Answer(Response):
    """A state, event or JSON-like value as JSON, in one go."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return to_json(content)


def answer_refusals(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return _refused(refusal.refused)

    @app.exception_handler(KernelError)
    async def failed(request: Request, error: KernelError) -> JSONResponse:
        for kind, status, code in ((NotFound, 404, "notfound"), (Oversize, 413, "oversize"), (Conflict, 409, "busy")):
            if isinstance(error, kind):
                return problem(status, code, str(error))
        return problem(503, type(error).__name__.lower(), str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        return invalid(error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request"), str(error.detail))


def invalid(error: RequestValidationError) -> JSONResponse:
    """Names every field that is not right, the first one at the top; never what was in it, nor a card number sent as a name."""
    places = (("body" if each["type"] == "json_invalid" else _field(each["loc"]), each) for each in error.errors())
    errors = [{"field": field, "code": each["type"], "detail": sentence(each)} for field, each in places]
    return problem(422, "invalid", errors[0]["detail"], errors[0]["field"], errors=errors)


def _field(place: Sequence[int | str]) -> str:
    named = ".".join(str(part) for part in place if part not in ("body", "query", "path", "header", "cookie"))
    return _LONG_NUMBER.sub("…", named) or "body"


def _refused(refused: Refused) -> JSONResponse:
    return problem(409 if refused.conflict else 422, refused.code, refused.detail, refused.field, **plain(refused.data))
