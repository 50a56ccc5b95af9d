from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.accounts import ACCOUNTS, PASSWORD
from services.gateway.door import PUBLIC, SIGNED_IN, AtDoor, session_of
from services.gateway.guard import cookie_name, is_loopback
from services.gateway.render import home, page
from services.gateway.users import LOCKED_FOR

router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[PUBLIC])
async def start(request: Request) -> Response:
    session = session_of(request)
    return RedirectResponse(home(session.role) if session else "/sign-in", 303)


@router.get("/sign-in", dependencies=[PUBLIC])
async def form(request: Request, next: str = "") -> Response:
    return _form(request, next)


Name = Annotated[str, Form(max_length=255)]
Password = Annotated[str, Form(max_length=1000)]


@router.post("/sign-in", dependencies=[PUBLIC])
async def sign_in(request: Request, at: AtDoor, user: Name, password: Password, next: Annotated[str, Form()] = "") -> Response:
    scheme = request.url.scheme
    if scheme != "https" and not is_loopback(request.headers.get("host", "")):
        return _form(request, next, user, "Sign-in from another machine needs https. Put a TLS proxy before Ringup.", 403)
    now = at.clock()
    known = await at.users.find(user)
    if known and known.locked(now):
        minutes = int(LOCKED_FOR.total_seconds() // 60)
        return _form(request, next, user, f"Too many wrong passwords. This account is locked for {minutes} minutes.", 429)
    found = await at.users.verified(user, password, now)
    if found is None:
        return _form(request, next, user, "The user or the password is wrong.", 401)
    before = session_of(request)
    if before:
        await at.sessions.end(before)
    token, session = await at.sessions.start(found)
    answer = RedirectResponse(_local(next) or home(session.role), 303)
    answer.set_cookie(cookie_name(scheme), token, path="/", secure=scheme == "https", httponly=True, samesite="lax")
    return answer


@router.post("/sign-out", dependencies=[SIGNED_IN])
async def sign_out(request: Request, at: AtDoor) -> Response:
    session = session_of(request)
    if session:
        await at.sessions.end(session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(request.url.scheme), path="/", secure=request.url.scheme == "https")
    return answer


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
