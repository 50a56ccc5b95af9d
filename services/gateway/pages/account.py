"""What users change about themselves: the password, and the second step of signing in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.gateway import totp
from services.gateway.door import AT_ONCE, SIGNED_IN, AtDoor, Door
from services.gateway.guard import cookie_name
from services.gateway.pages.forms import Typed, refusal
from services.gateway.pages.lists import Text, who_is
from services.gateway.render import home, page
from services.gateway.users import User
from shared.kernel.commands import Refusal

router = APIRouter(prefix="/account", include_in_schema=False)

Password = Annotated[str, Form(max_length=2_000)]
_DONE = {"password": "The password is changed. Elsewhere you are signed out.", "off": "The second step is off."}


@router.get("", dependencies=[SIGNED_IN])
async def account(request: Request, at: AtDoor, done: Text = "") -> Response:
    return await _page(request, at, done=_DONE.get(done, ""))


@router.get("/password", dependencies=[AT_ONCE])
async def first_password(request: Request) -> Response:
    """For who signed in by a password that is good for once."""
    return _first(request) if who_is(request).must_change else RedirectResponse("/account", 303)


@router.post("/password", dependencies=[AT_ONCE])
async def change_password(request: Request, at: AtDoor, password: Password = "", new: Password = "", again: Password = "") -> Response:
    session = who_is(request)
    try:
        user = await at.access.own_password(session.actor, session.user, password, new, again, at.clock())
    except Refusal as error:
        return _first(request, **refusal(error)) if session.must_change else await _page(request, at, of="password", **refusal(error))
    return await renewed(request, at, user, home(user.role) if session.must_change else "/account?done=password")


@router.post("/totp", dependencies=[SIGNED_IN])
async def offer(request: Request, at: AtDoor) -> Response:
    await at.access.offer_totp(who_is(request).user)
    return RedirectResponse("/account/totp", 303)


@router.get("/totp", dependencies=[SIGNED_IN])
async def offered(request: Request, at: AtDoor) -> Response:
    return await _offered(request, at)


@router.get("/totp.svg", dependencies=[SIGNED_IN])
async def picture(request: Request, at: AtDoor) -> Response:
    user, secret = await _secret(request, at)
    if not secret:
        raise HTTPException(404, "No second step is being set up.")
    return Response(totp.picture(totp.uri(secret, user.name)), media_type="image/svg+xml")


@router.post("/totp/on", dependencies=[SIGNED_IN])
async def switch_on(request: Request, at: AtDoor, code: Typed = "") -> Response:
    session = who_is(request)
    try:
        user, codes = await at.access.switch_totp_on(session.actor, session.user, code.strip(), at.clock())
    except Refusal as error:
        return await _offered(request, at, **refusal(error))
    return await renewed(request, at, user, page(request, "recovery_codes.html", codes=codes, first=True))


@router.post("/totp/off", dependencies=[SIGNED_IN])
async def switch_off(request: Request, at: AtDoor, password: Password = "") -> Response:
    session = who_is(request)
    try:
        user = await at.access.switch_totp_off(session.actor, session.user, password, at.clock())
    except Refusal as error:
        return await _page(request, at, of="off", **refusal(error))
    return await renewed(request, at, user, "/account?done=off")


@router.post("/totp/recovery", dependencies=[SIGNED_IN])
async def recovery(request: Request, at: AtDoor, password: Password = "") -> Response:
    session = who_is(request)
    try:
        codes = await at.access.new_recovery_codes(session.actor, session.user, password, at.clock())
    except Refusal as error:
        return await _page(request, at, of="recovery", **refusal(error))
    return page(request, "recovery_codes.html", codes=codes, first=False)


async def renewed(request: Request, at: Door, user: User, then: str | Response) -> Response:
    """Signed in anew, since all sessions of before have ended; that goes wrong only where the user was switched off just now."""
    scheme = request.url.scheme
    token, _ = await at.sessions.start(user)
    answer = RedirectResponse(then, 303) if isinstance(then, str) else then
    answer.set_cookie(cookie_name(scheme), token, path="/", secure=scheme == "https", httponly=True, samesite="lax")
    return answer


async def _secret(request: Request, at: Door) -> tuple[User, str]:
    user = await at.users.find(who_is(request).user)
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user, at.access.totp.secret_offered(user)


def _first(request: Request, status: int = 200, *, code: str = "", error: str = "", errors: dict[str, str] | None = None) -> Response:
    held = who_is(request)
    return page(request, "first_password.html", status, session=None, menu=[], holder=held, error=error, errors=errors or {})


async def _offered(
    request: Request, at: Door, status: int = 200, *, code: str = "", error: str = "", errors: dict[str, str] | None = None
) -> Response:
    user, secret = await _secret(request, at)
    if not secret:
        return RedirectResponse("/account", 303)
    grouped = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return page(request, "totp.html", status, secret=grouped, uri=totp.uri(secret, user.name), error=error, errors=errors or {})


async def _page(
    request: Request, at: Door, status: int = 200, *, of: str = "", code: str = "", error: str = "", errors: dict[str, str] | None = None,
    done: str = "",
) -> Response:  # fmt: skip
    """``of`` says which of its forms was refused."""
    user = await at.users.find(who_is(request).user)
    return page(request, "account.html", status, user=user, of=of, error=error, errors=errors or {}, done=done)
