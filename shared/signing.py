"""Calls between processes are signed: RFC 9421 with HMAC-SHA256, always over the same parts. docs/decisions/0017 says why so."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Final

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import problem

PURPOSE: Final = "service-calls"
"""What the key is derived for."""
OPEN: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
"""May be read without a signature."""
_SKEW = 60
"""Seconds that a signature is good for, before and after the verifier's own time."""
_LARGEST = 8_000_000
"""Bytes of a body: more than any command has."""
_ALWAYS = (b"content-digest", b"x-ringup-actor", b"x-ringup-role")
_WHERE_SENT = (b"idempotency-key", b"if-match")
_CREATED = re.compile(rb";created=(\d{1,12});")


class Signature(httpx.Auth):
    """Signs requests to one service."""

    requires_request_body = True

    def __init__(self, key: bytes, service: str, clock: Callable[[], float] = time.time) -> None:
        self._key, self._service, self._clock = key, service, clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for name in _ALWAYS[1:]:
            request.headers.setdefault(name.decode(), "")
        request.headers["content-digest"] = _digest(request.content).decode()
        path, _, query = request.url.raw_path.partition(b"?")
        params, base = _base(request.method.encode(), path, query, _joined(request.headers.raw), self._service, int(self._clock()))
        request.headers["signature-input"] = f"ringup={params.decode()}"
        request.headers["signature"] = _signature(self._key, base).decode()
        yield request


class Signed:
    """Lets signed requests through to a service's app, and refuses all others with 401."""

    def __init__(self, app: ASGIApp, key: bytes, service: str, clock: Callable[[], float] = time.time) -> None:
        self._app, self._key, self._service, self._clock = app, key, service, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["path"] in OPEN and scope.get("method") == "GET"):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        refused = self._refusal(scope, body)
        if refused:
            await problem(401, *refused)(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)

    def _refusal(self, scope: Scope, body: bytes) -> tuple[str, str] | None:
        headers = _joined(scope["headers"])
        created = _CREATED.search(headers.get(b"signature-input", b""))
        if created is None:
            return "unsigned", "Only the gateway and ops may call this service, and they sign what they ask."
        if abs(self._clock() - int(created[1])) > _SKEW:
            return "signature-expired", "The signature is too old, or a clock is wrong."
        method, path, query = scope["method"].encode(), scope["raw_path"], scope["query_string"]
        params, base = _base(method, path, query, headers, self._service, int(created[1]))
        told = headers[b"signature-input"] == b"ringup=" + params and headers.get(b"content-digest") == _digest(body)
        right = hmac.compare_digest(headers.get(b"signature", b""), _signature(self._key, base))
        return None if told and right else ("signature-wrong", "The signature is not right for this request.")


def _base(method: bytes, path: bytes, query: bytes, headers: Mapping[bytes, bytes], service: str, created: int) -> tuple[bytes, bytes]:
    """The signature parameters, and the text that is signed (RFC 9421, sections 2.3 and 2.5)."""
    fields = [*_ALWAYS, *(name for name in _WHERE_SENT if name in headers)]
    parts = {b"@method": method, b"@path": path, b"@query": b"?" + query, **{name: headers.get(name, b"") for name in fields}}
    covered = b" ".join(b'"%b"' % name for name in parts)
    params = b'(%b);created=%d;keyid="ringup";alg="hmac-sha256";tag="%b"' % (covered, created, service.encode())
    return params, b"\n".join(b'"%b": %b' % part for part in [*parts.items(), (b"@signature-params", params)])


def _signature(key: bytes, base: bytes) -> bytes:
    return b"ringup=:%b:" % b64encode(hmac.digest(key, base, "sha256"))


def _digest(body: bytes) -> bytes:
    """RFC 9530."""
    return b"sha-256=:%b:" % b64encode(hashlib.sha256(body).digest())


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """A field that came twice becomes one that nobody signed."""
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        name, value = name.lower(), value.strip()
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


async def _whole(receive: Receive) -> bytes:
    """Less of a body that is too large or broke off, which nobody signed."""
    parts, more = bytearray(), True
    while more and len(parts) <= _LARGEST:
        message = await receive()
        parts += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    read = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def first_the_body() -> Message:
        return next(read, None) or await receive()

    return first_the_body
