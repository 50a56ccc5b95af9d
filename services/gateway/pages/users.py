"""Users: who may sign in, as what, from which call centre and team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.gateway.access import Entered
from services.gateway.door import ADMINISTERS, Ask, AtDoor, Door, Services, allow
from services.gateway.pages.forms import Typed, refusal
from services.gateway.pages.lists import Key, Text, address, if_answered, who_is
from services.gateway.render import page
from services.gateway.users import ROLES, Role, User
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused

router = APIRouter(prefix="/users", include_in_schema=False, dependencies=[allow(*ADMINISTERS)])

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Version = Annotated[int, Form(ge=0)]
_SHOWN = 100
_DONE = {
    "saved": "Saved. It holds from now on, also for who is signed in.",
    "on": "Switched on.",
    "off": "Switched off. Whoever was signed in as this user is not any more.",
    "unlocked": "Unlocked.",
    "second-step": "The second step is off. It can be set up anew after the next sign-in.",
}


@router.get("")
async def users(request: Request, at: AtDoor, q: Text = "", role: Role | Literal[""] = "", after: Text = "") -> Response:
    everybody, q = await at.users.all(), q.strip()
    found = [user for user in everybody if _matches(user, q.lower()) and role in ("", user.role)]
    rows = [user for user in found if user.name > after]
    tabs = [("All", address("/users", q=q), not role), *((each, address("/users", q=q, role=each), each == role) for each in ROLES)]
    more = address("/users", q=q, role=role, after=rows[_SHOWN - 1].name) if len(rows) > _SHOWN else ""
    return page(request, "users.html", rows=rows[:_SHOWN], q=q, role=role, tabs=tabs, more=more, alone=len(everybody) == 1)


def _matches(user: User, q: str) -> bool:
    return any(q in text.lower() for text in (user.name, user.full_name, user.call_center, user.team))


@router.get("/new")
async def new(request: Request, services: Ask) -> Response:
    return await _form(request, services, None, {"name": "", **_typed(Entered("agent"))})


@router.post("")
async def add(
    request: Request, at: AtDoor, services: Ask, key: Key, name: Typed = "", role: Typed = "", full_name: Typed = "", place: Typed = ""
) -> Response:
    entered, name = _entered(role, full_name, place), name.strip()
    try:
        await _in_directory(services, entered)
        password = await at.access.add(who_is(request).actor, name, entered, key)
    except Refusal as error:
        return await _form(request, services, None, {"name": name, **_typed(entered)}, **refusal(error))
    return page(request, "user_password.html", user=name, password=password, added=True)


@router.get("/{name}")
async def user(request: Request, name: Name, at: AtDoor, services: Ask, done: Text = "") -> Response:
    found = await _found(at, name)
    return await _form(request, services, found, _typed(found), done=_DONE.get(done, ""))


@router.post("/{name}")
async def change(
    request: Request, name: Name, at: AtDoor, services: Ask, version: Version, role: Typed = "", full_name: Typed = "", place: Typed = ""
) -> Response:
    found, entered = await _found(at, name), _entered(role, full_name, place)
    try:
        if (entered.call_center, entered.team) != (found.call_center, found.team):
            await _in_directory(services, entered)
        await at.access.change(who_is(request).actor, name, entered, version)
    except Refusal as error:
        return await _form(request, services, await _found(at, name), _typed(entered), **refusal(error))
    return RedirectResponse(f"/users/{name}?done=saved", 303)


@router.post("/{name}/switch")
async def switch(request: Request, name: Name, at: AtDoor, services: Ask, on: Annotated[bool, Form()]) -> Response:
    try:
        await at.access.switch(who_is(request).actor, name, on)
    except Refusal as error:
        found = await _found(at, name)
        return await _form(request, services, found, _typed(found), **refusal(error))
    return RedirectResponse(f"/users/{name}?done={'on' if on else 'off'}", 303)


@router.post("/{name}/unlock")
async def unlock(request: Request, name: Name, at: AtDoor) -> Response:
    await at.access.unlock(who_is(request).actor, name)
    return RedirectResponse(f"/users/{name}?done=unlocked", 303)


@router.post("/{name}/reset")
async def reset(request: Request, name: Name, at: AtDoor, key: Key) -> Response:
    password = await at.access.reset(who_is(request).actor, name, key)
    return page(request, "user_password.html", user=name, password=password, added=False)


@router.post("/{name}/totp-reset")
async def totp_reset(request: Request, name: Name, at: AtDoor) -> Response:
    await at.access.totp_reset(who_is(request).actor, name)
    return RedirectResponse(f"/users/{name}?done=second-step", 303)


async def _found(at: Door, name: str) -> User:
    found = await at.users.find(name)
    if found is None:
        raise HTTPException(404, "There is no such user.")
    return found


def _entered(role: str, full_name: str, place: str) -> Entered:
    """``place`` is a call centre and, after a bar, a team."""
    center, _, team = place.partition("|")
    return Entered(role.strip(), full_name.strip(), center.strip(), team.strip())


def _typed(entered: Entered | User) -> dict[str, str]:
    return {name: getattr(entered, name) for name in ("role", "full_name", "call_center", "team")}


async def _in_directory(services: Services, entered: Entered) -> None:
    """Raises Refusal, Failed."""
    if not entered.call_center:
        return
    places = _places(await services.get("catalog", "/directory"))
    if (entered.call_center, entered.team) not in places:
        raise Refusal(_nowhere(entered))


def _nowhere(entered: Entered) -> Refused:
    where = f"{entered.call_center}, {entered.team}" if entered.team else entered.call_center
    return Refused("place-unknown", f"{where} is not in the directory, or is off there.", "place", conflict=False)


def _places(directory: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """Call centres and their teams that are on, by name."""
    centers = sorted(center["name"] for center in directory["call_centers"] if center["on"])
    teams = sorted((team["call_center"], team["name"]) for team in directory["teams"] if team["on"])
    return [place for center in centers for place in ((center, ""), *(team for team in teams if team[0] == center))]


async def _form(
    request: Request, services: Services, found: User | None, values: dict[str, str], status: int = 200, *, code: str = "", error: str = "",
    errors: dict[str, str] | None = None, done: str = "",
) -> Response:  # fmt: skip
    directory = await if_answered(services, "catalog", "/directory")
    places = list(_places(directory)) if directory else None
    here = values["call_center"], values["team"]
    return page(
        request,
        "user.html",
        status,
        user=found,
        values=values,
        places=places,
        here=here,
        gone=bool(here[0]) and here not in (places or ()),
        roles=ROLES,
        code=code,
        error=error,
        errors=errors or {},
        done=done,
        mine=found is not None and found.name == who_is(request).user,
        history=await _history(services, found.name) if found else None,
    )


async def _history(services: Services, name: str) -> list[dict[str, Any]] | None:
    """What was changed about this user, newest first; None where nobody can say."""
    found = await if_answered(services, "ops", "/audit/users", user=name)
    return cast(list[dict[str, Any]], found["rows"]) if found else None
