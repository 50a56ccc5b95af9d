"""Fulfilment plugins: what each is told, whether it is on, and how it does. Secrets come in and are shown to nobody again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.gateway.door import ADMINISTERS, SETS, Ask, AtDoor, Failed, allow
from services.gateway.pages.forms import Typed, refusal
from services.gateway.pages.lists import Key, Text, who_is
from services.gateway.render import page
from shared.ids import PluginName

router = APIRouter(prefix="/plugins", include_in_schema=False)

Version = Annotated[int, Form(ge=0)]
_LONG = 4_000


@router.get("", dependencies=[allow(*SETS)])
async def plugins(request: Request, services: Ask, done: Text = "") -> Response:
    known = await services.get("fulfillment", "/plugins")
    settings = await services.get("catalog", "/settings")
    default = settings["settings"]["default_plugin"]
    return page(request, "plugins.html", **known, done=done, default=default, changes=_changes(request))


@router.get("/new", dependencies=[allow(*ADMINISTERS)])
async def new(request: Request, services: Ask, at: AtDoor, kind: Text = "") -> Response:
    values = {"name": "", "kind": kind, "title": "", "on": True, "options": {}}
    return _form(request, at, await services.get("fulfillment", "/plugins"), None, values)


@router.post("", dependencies=[allow(*ADMINISTERS)])
async def add(
    request: Request, services: Ask, at: AtDoor, key: Key, name: Typed = "", kind: Typed = "", title: Typed = "",
    on: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    known, name = await services.get("fulfillment", "/plugins"), name.strip()
    values = {"name": name, "kind": kind, "title": title.strip(), "on": on, "options": await _typed(request, "options", kind)}
    if any(row["name"] == name for row in known["rows"]):
        return _form(request, at, known, None, values, 422, errors={"name": f"There is a plugin {name} already."})
    try:
        await services.put("fulfillment", f"/plugins/{name or '-'}", _body(values, await _secrets(request, kind)), key=key, version=0)
    except Failed as error:
        return _form(request, at, known, None, values, **_refused(error))
    return RedirectResponse(f"/plugins?done={name}", 303)


@router.get("/{name}", dependencies=[allow(*SETS)])
async def one(request: Request, name: PluginName, services: Ask, at: AtDoor) -> Response:
    known = await services.get("fulfillment", "/plugins")
    found = _row(known, name)
    return _form(request, at, known, found, found)


@router.post("/{name}", dependencies=[allow(*ADMINISTERS)])
async def change(
    request: Request, name: PluginName, services: Ask, at: AtDoor, key: Key, version: Version, title: Typed = "", on: Annotated[bool, Form()] = False,
    forget: Annotated[bool, Form()] = False, gone: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """``gone``: secrets that are not needed any more, such as an old one that has been changed."""
    known = await services.get("fulfillment", "/plugins")
    found = _row(known, name)
    values = {**found, "title": title.strip(), "on": on, "options": await _typed(request, "options", found["kind"])}
    typed = await _secrets(request, found["kind"])
    secrets = {} if forget else {**dict.fromkeys(gone or (), ""), **(typed or {})} or None
    try:
        await services.put("fulfillment", f"/plugins/{name}", _body(values, secrets), key=key, version=version)
    except Failed as error:
        return _form(request, at, await services.get("fulfillment", "/plugins"), found, values, **_refused(error))
    return RedirectResponse(f"/plugins?done={name}", 303)


@router.post("/{name}/test", dependencies=[allow(*SETS)])
async def test(request: Request, name: PluginName, services: Ask) -> Response:
    """The answer, which takes its place below the button, and the plugin's state as it says."""
    tested = await services.post("fulfillment", f"/plugins/{name}/test", {})
    return page(request, "plugin_tested.html", tested=tested, each=_row(await services.get("fulfillment", "/plugins"), name))


@router.post("/{name}/replay", dependencies=[allow(*ADMINISTERS)])
async def replay(
    request: Request, name: PluginName, services: Ask, key: Key, since: Typed = "", until: Typed = "", reason: Typed = "", cursor: Typed = "",
) -> Response:  # fmt: skip
    """Times as a browser's field gives them, in UTC."""
    period = {"from": _moment("since", since), "until": _moment("until", until), "reason": reason.strip(), "cursor": cursor or None}
    if not period["reason"]:
        raise Failed(422, {"code": "missing", "field": "reason", "detail": "Say why: it stays with the orders."})
    return page(request, "plugin_replayed.html", done=await services.post("fulfillment", f"/plugins/{name}/replay", period, key=key))


def _moment(field: str, typed: str) -> str:
    """Raises Failed."""
    try:
        return datetime.fromisoformat(typed.strip()).replace(tzinfo=UTC).isoformat()
    except ValueError as error:
        raise Failed(422, {"code": "invalid", "field": field, "detail": "Enter a day and a time, such as 2026-03-01T12:00."}) from error


async def _typed(request: Request, group: str, kind: str) -> dict[str, str]:
    """Those of this kind that were typed in, by name."""
    start = f"{group}.{kind}."
    fields = [(name.removeprefix(start), value) for name, value in (await request.form()).items() if name.startswith(start)]
    return {name: value.strip()[:_LONG] for name, value in fields if isinstance(value, str) and value.strip()}


async def _secrets(request: Request, kind: str) -> dict[str, str] | None:
    """What is left empty stays as it is."""
    return await _typed(request, "secrets", kind) or None


def _body(values: Mapping[str, Any], secrets: Mapping[str, str] | None) -> dict[str, Any]:
    return {**{name: values[name] for name in ("kind", "title", "on", "options")}, "secrets": secrets}


def _row(known: Mapping[str, Any], name: str) -> dict[str, Any]:
    for row in known["rows"]:
        if row["name"] == name:
            found: dict[str, Any] = row
            return found
    raise HTTPException(404, "There is no such plugin.")


def _refused(error: Failed) -> dict[str, Any]:
    """Raises Failed for what no other input would change."""
    if error.status >= 500:
        raise error
    told = refusal(error)
    if "name" in told["errors"] and told["code"] != "too-many-plugins":
        told["errors"]["name"] = "A plugin's name has 1 to 40 small letters, digits and dashes, and begins with a letter."
    return told


def _changes(request: Request) -> bool:
    return who_is(request).role in ADMINISTERS


def _form(
    request: Request, at: AtDoor, known: Mapping[str, Any], found: Mapping[str, Any] | None, values: Mapping[str, Any], status: int = 200, *,
    code: str = "", error: str = "", errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    kind = values["kind"]
    placed = {field: said for field, said in (errors or {}).items() if not field.startswith(("options.", "secrets."))}
    for field, said in (errors or {}).items():
        group, _, name = field.partition(".")
        placed |= {f"{group}.{kind}.{name}": said} if group in ("options", "secrets") and name else {}
    return page(
        request, "plugin.html", status, plugin=found, values=values, kinds=known["kinds"], broken=known["broken"], changes=_changes(request),
        error=error, errors=placed, public=at.settings.public_address,
    )  # fmt: skip
