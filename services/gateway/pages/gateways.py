"""Payment gateways: what each can do, whether it is on, and whether it answers. Credentials come in and are shown to nobody again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.gateway.door import ADMINISTERS, SETS, Ask, Failed, allow
from services.gateway.pages.forms import Secret, Typed, refusal
from services.gateway.pages.lists import Key, Text, who_is
from services.gateway.render import page

router = APIRouter(prefix="/gateways", include_in_schema=False)

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Version = Annotated[int, Form(ge=0)]


@router.get("", dependencies=[allow(*SETS)])
async def gateways(request: Request, services: Ask, done: Text = "") -> Response:
    return page(request, "gateways.html", **await services.get("payments", "/gateways"), done=done, changes=_changes(request))


@router.get("/new", dependencies=[allow(*ADMINISTERS)])
async def new(request: Request, services: Ask) -> Response:
    known = await services.get("payments", "/gateways")
    return _form(request, known, None, {"name": "", "kind": "", "title": "", "capabilities": [], "on": True})


@router.post("", dependencies=[allow(*ADMINISTERS)])
async def add(
    request: Request, services: Ask, key: Key, name: Typed = "", kind: Typed = "", title: Typed = "", credentials: Secret = "",
    capabilities: Annotated[list[str] | None, Form(max_length=20)] = None, on: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    known, name = await services.get("payments", "/gateways"), name.strip()
    values = {"name": name, "kind": kind, "title": title.strip(), "capabilities": _able(known, kind, capabilities), "on": on}
    taken = any(row["name"] == name for row in known["rows"])
    if taken:
        return _form(request, known, None, values, 422, errors={"name": f"There is a gateway {name} already."})
    try:
        await services.put("payments", f"/gateways/{name or '-'}", _body(values, credentials or None), key=key, version=0)
    except Failed as error:
        return _form(request, known, None, values, **_refused(error))
    return RedirectResponse(f"/gateways?done={name}", 303)


@router.get("/{name}", dependencies=[allow(*SETS)])
async def one(request: Request, name: Name, services: Ask) -> Response:
    known = await services.get("payments", "/gateways")
    found = _row(known, name)
    return _form(request, known, found, found)


@router.post("/{name}", dependencies=[allow(*ADMINISTERS)])
async def change(
    request: Request, name: Name, services: Ask, key: Key, version: Version, title: Typed = "", credentials: Secret = "",
    capabilities: Annotated[list[str] | None, Form(max_length=20)] = None, on: Annotated[bool, Form()] = False,
    forget: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    known = await services.get("payments", "/gateways")
    found = _row(known, name)
    values = {**found, "title": title.strip(), "capabilities": _able(known, found["kind"], capabilities), "on": on}
    try:
        await services.put("payments", f"/gateways/{name}", _body(values, "" if forget else credentials or None), key=key, version=version)
    except Failed as error:
        return _form(request, await services.get("payments", "/gateways"), found, values, **_refused(error))
    return RedirectResponse(f"/gateways?done={name}", 303)


@router.post("/{name}/test", dependencies=[allow(*SETS)])
async def test(request: Request, name: Name, services: Ask) -> Response:
    """The answer alone: it takes its place beside the button."""
    return page(request, "gateway_tested.html", tested=await services.post("payments", f"/gateways/{name}/test", {}))


def _able(known: Mapping[str, Any], kind: str, chosen: list[str] | None) -> list[str]:
    """What this kind has always cannot be chosen, nor left out."""
    always = known["kinds"].get(kind, {}).get("always", [])
    return [*always, *(each for each in chosen or [] if each not in always)]


def _body(values: Mapping[str, Any], credentials: str | None) -> dict[str, Any]:
    secrets = None if credentials is None else {"password": credentials} if credentials else {}
    return {**{name: values[name] for name in ("kind", "title", "capabilities", "on")}, "credentials": secrets}


def _row(known: Mapping[str, Any], name: str) -> dict[str, Any]:
    for row in known["rows"]:
        if row["name"] == name:
            found: dict[str, Any] = row
            return found
    raise HTTPException(404, "There is no such gateway.")


def _refused(error: Failed) -> dict[str, Any]:
    """Raises Failed for what no other input would change."""
    if error.status >= 500:
        raise error
    told = refusal(error)
    if "credentials.password" in told["errors"]:
        told["errors"]["credentials"] = told["errors"].pop("credentials.password")
    if "name" in told["errors"]:
        told["errors"]["name"] = "A gateway's name has 1 to 40 small letters, digits and dashes, and begins with a letter."
    if told["code"] == "stale":
        told["error"] = "Somebody else has changed this gateway in between. Load it again to see what it is now."
    return told


def _changes(request: Request) -> bool:
    return who_is(request).role in ADMINISTERS


def _form(
    request: Request, known: Mapping[str, Any], found: Mapping[str, Any] | None, values: Mapping[str, Any], status: int = 200, *, code: str = "",
    error: str = "", errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    return page(
        request, "gateway.html", status, gateway=found, values=values, kinds=known["kinds"], capabilities=known["capabilities"],
        changes=_changes(request), error=error, errors=errors or {},
    )  # fmt: skip
