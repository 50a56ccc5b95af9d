"""What stands before every route: who is signed in, how large a body may be, where a request may come from, what browsers may do."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.keys import Keys
from services.gateway.sessions import Session, Sessions
from shared.http import problem
from shared.kernel.errors import KernelError

MOST_BYTES = 1024 * 1024
LARGER = {"/campaigns": 8 * 1024 * 1024, "/api/v1/campaigns": 5 * 1024 * 1024, "/images": 2 * 1024 * 1024 + 1024, "/taxes": 56 * 1024 * 1024}
"""Under these paths: campaigns of a thousand offers, images of 2 MB, two tax files of 20 MB as base64."""
LISTENING = "/live"
API = "/api/v1/"
CHECKOUT = "/checkout/"
"""Under it customers order: nobody is signed in there, and each form has a token of its own."""
HOOKS = "/hooks/"
"""Under it gateways tell what happened: nobody is signed in there either, and they sign what they send."""
_MOST_HEARD = 256 * 1024
FOLLOWS = "x-follows"
"""A header of what a page asks by itself."""
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    read = _read(f"//{host}")
    return read is not None and read.hostname in _LOOPBACK


def _read(address: str) -> SplitResult | None:
    """None where nobody can: the sender's own words."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def cookie_name(scheme: str) -> str:
    return "__Host-ringup" if scheme == "https" else "ringup"


class WrongKey(Exception):
    """No key, or one that is revoked or over."""


class Guard:
    def __init__(self, app: ASGIApp, sessions: Sessions, keys: Keys) -> None:
        self._app = app
        self._sessions = sessions
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = _with_headers(send, scope)
        try:
            scope["session"] = session = await self._session(headers, scope)
        except KernelError as error:
            await problem(503, "unavailable", str(error))(scope, receive, send)
            return
        except WrongKey:
            answer = problem(401, "key-invalid", "This is not an API key that is in use.")
            answer.headers["www-authenticate"] = 'Bearer realm="Ringup", error="invalid_token"'
            await answer(scope, receive, send)
            return
        if scope["method"] not in SAFE:
            most = _most_bytes(scope["path"], scope["session"])
            body = await _body(receive, headers, most)
            if body is None:
                await problem(413, "too-large", f"A request may have {most:,} bytes.")(scope, receive, send)
                return
            if not _comes_from_here(headers, scope["path"]) or (session and session.scopes is None and not _has_token(session, headers, body)):
                await problem(403, "not-from-here", "This request did not come from a page of Ringup. Reload the page and try again.")(
                    scope, receive, send
                )
                return
            receive = _again(body, receive)
        await self._app(scope, receive, send)

    async def _session(self, headers: Mapping[str, str], scope: Scope) -> Session | None:
        """A page that listens is not somebody who works: it keeps no session alive. An API key is for the public API alone. Raises WrongKey."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and scope["path"].startswith(API):
            holder = await self._keys.holder(key.strip())
            if holder is None:
                raise WrongKey
            return holder
        if scope["path"].startswith((CHECKOUT, HOOKS)):
            return None
        token = cookie_parser(headers.get("cookie", "")).get(cookie_name(scope["scheme"]))
        return await self._sessions.find(token, active=scope["path"] != LISTENING and FOLLOWS not in headers) if token else None


def _most_bytes(path: str, session: Session | None) -> int:
    """Whoever is not signed in may send no more than a form."""
    if path.startswith(HOOKS):
        return _MOST_HEARD
    return next((most for start, most in LARGER.items() if session and (path == start or path.startswith(f"{start}/"))), MOST_BYTES)


async def _body(receive: Receive, headers: Mapping[str, str], most: int) -> bytes | None:
    """None where it is larger than allowed."""
    declared = headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > most:
        return None
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _comes_from_here(headers: Mapping[str, str], path: str) -> bool:
    """By what browsers say of themselves; other programs say nothing. A page that tells nobody where it is says that it comes from nowhere."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin == "null" and path.startswith(CHECKOUT):
        return True
    if origin is None:
        return True
    read = _read(origin)
    return read is not None and read.netloc != "" and read.netloc == headers.get("host", "")


def _has_token(session: Session, headers: Mapping[str, str], body: bytes) -> bool:
    given = headers.get("x-csrf-token", "")
    if not given and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = parse_qs(body.decode("latin-1")).get("csrf", [""])[0]
    return hmac.compare_digest(given.encode(), session.csrf.encode())


def _with_headers(send: Send, scope: Scope) -> Send:
    """What is asked for by its content's hash may be kept for ever, the rest of static is asked about each time."""
    static, customers = scope["path"].startswith("/static/"), scope["path"].startswith(CHECKOUT)
    cached = "max-age=31536000, immutable" if static and b"v=" in scope["query_string"] else "no-cache" if static else "no-store"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if customers:
                headers["referrer-policy"] = "no-referrer"
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", cached)
        await send(message)

    return sending
