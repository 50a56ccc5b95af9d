from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.accounts import ACCOUNTS, PASSWORD
from services.gateway.door import AT_ONCE, PUBLIC, AtDoor, Door, session_of
from services.gateway.guard import cookie_name, is_loopback
from services.gateway.pages.account import renewed
from services.gateway.render import home, page
from services.gateway.users import LOCKED_FOR, User

router = APIRouter(include_in_schema=False)

_PATIENCE = timedelta(minutes=5)
"""Between the password and the code."""
_WRONG = "The user or the password is wrong."
_CLEAR = "Sign-in from another machine needs https. Put a TLS proxy before Ringup."


@router.get("/", dependencies=[PUBLIC])
async def start(request: Request) -> Response:
    session = session_of(request)
    return RedirectResponse(home(session.role) if session else "/sign-in", 303)


@router.get("/sign-in", dependencies=[PUBLIC])
async def form(request: Request, next: str = "") -> Response:
    return _form(request, next)


Name = Annotated[str, Form(max_length=255)]
Password = Annotated[str, Form(max_length=1000)]
Next = Annotated[str, Form()]


@router.post("/sign-in", dependencies=[PUBLIC])
async def sign_in(request: Request, at: AtDoor, user: Name, password: Password, next: Next = "") -> Response:
    if _in_the_clear(request):
        return _form(request, next, user, _CLEAR, 403)
    now, name = at.clock(), user.strip().lower()
    if await _is_locked(at, name, now):
        return _locked(request, next, user)
    found = await at.users.verified(name, password, now)
    if found is None:
        return _form(request, next, user, _WRONG, 401)
    if found.totp:
        return page(request, "sign_in_code.html", next=_local(next), proof=_proof(at, found, now), error="", session=None, menu=[])
    return await _in(request, at, found, next)


@router.post("/sign-in/code", dependencies=[PUBLIC])
async def second_step(request: Request, at: AtDoor, proof: Name, code: Name, next: Next = "") -> Response:
    """``proof`` says that the password was right, a moment ago."""
    if _in_the_clear(request):
        return _form(request, next, "", _CLEAR, 403)
    now = at.clock()
    known = await _proven(at, proof, now)
    if known is None:
        return _form(request, next, "", "That took too long. Sign in once more.", 401)
    if known.locked(now):
        return _locked(request, next, known.name)
    found = await at.users.confirmed(known.name, lambda user: at.access.totp.passed(user, code, now), now)
    if found is None:
        error = "This code is wrong, or was used already. Wait for the next one."
        return page(request, "sign_in_code.html", 401, next=_local(next), proof=proof, error=error, session=None, menu=[])
    return await _in(request, at, found, next)


async def _in(request: Request, at: Door, user: User, next: str) -> Response:
    before = session_of(request)
    if before:
        await at.sessions.end(before)
    return await renewed(request, at, user, _local(next) or home(user.role))


@router.post("/sign-out", dependencies=[AT_ONCE])
async def sign_out(request: Request, at: AtDoor) -> Response:
    session = session_of(request)
    if session:
        await at.sessions.end(session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(request.url.scheme), path="/", secure=request.url.scheme == "https")
    return answer


def _in_the_clear(request: Request) -> bool:
    return request.url.scheme != "https" and not is_loopback(request.headers.get("host", ""))


async def _is_locked(at: Door, name: str, now: datetime) -> bool:
    known = await at.users.find(name)
    return known is not None and known.locked(now)


def _locked(request: Request, next: str, user: str) -> Response:
    minutes = int(LOCKED_FOR.total_seconds() // 60)
    return _form(
        request, next, user, f"Too many wrong tries. This account is locked for {minutes} minutes, or until an administrator unlocks it.", 429
    )


def _proof(at: Door, user: User, now: datetime) -> str:
    said = f"{user.name} {int(now.timestamp())}"
    return f"{base64.urlsafe_b64encode(said.encode()).decode()}.{_signed(at, said, user)}"


async def _proven(at: Door, proof: str, now: datetime) -> User | None:
    """None for what is forged, too old, or from before the password or the second step was changed."""
    packed, _, signature = proof.partition(".")
    try:
        said = base64.urlsafe_b64decode(packed.encode()).decode()
    except ValueError:
        return None
    name, _, since = said.partition(" ")
    user = await at.users.find(name)
    if user is None or not hmac.compare_digest(_signed(at, said, user).encode(), signature.encode()):
        return None
    return user if now - datetime.fromtimestamp(int(since), now.tzinfo) <= _PATIENCE else None


def _signed(at: Door, said: str, user: User) -> str:
    return hmac.digest(at.key, f"second step\n{said}\n{user.epoch}\n{user.password}\n{user.totp}".encode(), "sha256").hex()


def _form(request: Request, next: str, user: str = "", error: str = "", status: int = 200) -> Response:
    return page(
        request,
        "sign_in.html",
        status,
        next=_local(next),
        user=user,
        error=error,
        demo_accounts=ACCOUNTS,
        demo_password=PASSWORD,
        session=None,
        menu=[],
    )


def _local(path: str) -> str:
    """Only a path of this site; a browser reads a backslash as a slash."""
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else ""
