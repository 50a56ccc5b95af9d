"""Payment gateways: what each can do, whether it is on, and whether it answers. Credentials come in and are shown to nobody again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.gateway.door import ADMINISTERS, SETS, Ask, Failed, allow
from services.gateway.pages.forms import Typed, refusal
from services.gateway.pages.lists import Key, Text, who_is
from services.gateway.render import page
from shared.ids import PluginName

router = APIRouter(prefix="/gateways", include_in_schema=False)

Version = Annotated[int, Form(ge=0)]


@router.get("", dependencies=[allow(*SETS)])
async def gateways(request: Request, services: Ask, done: Text = "") -> Response:
    return page(request, "gateways.html", **await services.get("payments", "/gateways"), done=done, changes=_changes(request))


@router.get("/new", dependencies=[allow(*ADMINISTERS)])
async def new(request: Request, services: Ask) -> Response:
    known = await services.get("payments", "/gateways")
    return _form(request, known, None, {"name": "", "kind": "", "title": "", "capabilities": [], "on": True, "fallback": "", "renews": False})


@router.post("", dependencies=[allow(*ADMINISTERS)])
async def add(
    request: Request, services: Ask, key: Key, name: Typed = "", kind: Typed = "", title: Typed = "", fallback: Typed = "",
    capabilities: Annotated[list[str] | None, Form(max_length=20)] = None, on: Annotated[bool, Form()] = False,
    renews: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    known, name = await services.get("payments", "/gateways"), name.strip()
    chosen = {"capabilities": _able(known, kind, capabilities), "on": on, "fallback": fallback, "renews": renews}
    values = {"name": name, "kind": kind, "title": title.strip(), **chosen}
    taken = any(row["name"] == name for row in known["rows"])
    if taken:
        return _form(request, known, None, values, 422, errors={"name": f"There is a gateway {name} already."})
    try:
        await services.put("payments", f"/gateways/{name or '-'}", _body(values, await _secrets(request, kind) or None), key=key, version=0)
    except Failed as error:
        return _form(request, known, None, values, **_refused(error))
    return RedirectResponse(f"/gateways?done={name}", 303)


@router.get("/{name}", dependencies=[allow(*SETS)])
async def one(request: Request, name: PluginName, services: Ask) -> Response:
    known = await services.get("payments", "/gateways")
    found = _row(known, name)
    return _form(request, known, found, found)


@router.post("/{name}", dependencies=[allow(*ADMINISTERS)])
async def change(
    request: Request, name: PluginName, services: Ask, key: Key, version: Version, title: Typed = "", fallback: Typed = "",
    capabilities: Annotated[list[str] | None, Form(max_length=20)] = None, on: Annotated[bool, Form()] = False,
    renews: Annotated[bool, Form()] = False, forget: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    known = await services.get("payments", "/gateways")
    found = _row(known, name)
    chosen = {"capabilities": _able(known, found["kind"], capabilities), "on": on, "fallback": fallback, "renews": renews}
    values = {**found, "title": title.strip(), **chosen}
    secrets = {} if forget else await _secrets(request, found["kind"]) or None
    try:
        await services.put("payments", f"/gateways/{name}", _body(values, secrets), key=key, version=version)
    except Failed as error:
        return _form(request, await services.get("payments", "/gateways"), found, values, **_refused(error))
    return RedirectResponse(f"/gateways?done={name}", 303)


@router.post("/{name}/test", dependencies=[allow(*SETS)])
async def test(request: Request, name: PluginName, services: Ask) -> Response:
    """The answer alone: it takes its place beside the button."""
    return page(request, "gateway_tested.html", tested=await services.post("payments", f"/gateways/{name}/test", {}))


def _able(known: Mapping[str, Any], kind: str, chosen: list[str] | None) -> list[str]:
    """What this kind has always cannot be chosen, nor left out."""
    always = known["kinds"].get(kind, {}).get("always", [])
    return [*always, *(each for each in chosen or [] if each not in always)]


async def _secrets(request: Request, kind: str) -> dict[str, str]:
    """Those of this kind that were typed in, by name; what is left empty stays as it is."""
    start = f"credentials.{kind}."
    fields = [(name.removeprefix(start), value) for name, value in (await request.form()).items() if name.startswith(start)]
    return {name: value for name, value in fields if isinstance(value, str) and value}


def _body(values: Mapping[str, Any], secrets: Mapping[str, str] | None) -> dict[str, Any]:
    return {**{name: values[name] for name in ("kind", "title", "capabilities", "on", "fallback", "renews")}, "credentials": secrets}


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
    if "name" in told["errors"]:
        told["errors"]["name"] = "A gateway's name has 1 to 40 small letters, digits and dashes, and begins with a letter."
    return told


def _at_secrets(errors: Mapping[str, str], kind: str) -> dict[str, str]:
    """The form has the secrets of several kinds."""
    return {field.replace("credentials.", f"credentials.{kind}.", 1): said for field, said in errors.items()}


def _changes(request: Request) -> bool:
    return who_is(request).role in ADMINISTERS


def _form(
    request: Request, known: Mapping[str, Any], found: Mapping[str, Any] | None, values: Mapping[str, Any], status: int = 200, *, code: str = "",
    error: str = "", errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    others = [row for row in known["rows"] if found is None or row["name"] != found["name"]]
    return page(
        request, "gateway.html", status, gateway=found, values=values, kinds=known["kinds"], capabilities=known["capabilities"], others=others,
        broken=known["broken"], changes=_changes(request), error=error, errors=_at_secrets(errors or {}, values["kind"]),
    )  # fmt: skip
