"""Call centres with their teams, and affiliates: where orders come from. One is switched off, never removed: old orders name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.pages.forms import refusal
from services.gateway.pages.lists import Key, if_answered
from services.gateway.render import page

router = APIRouter(prefix="/directory", include_in_schema=False, dependencies=[allow(*SETS)])

_PARTS = {"call_centers": ("name",), "teams": ("name", "call_center"), "affiliates": ("code", "name")}
"""The fields of a row that are typed, its key first."""
_WORDS = {"call_centers": "Call centre", "teams": "Team", "affiliates": "Affiliate"}
_MOST = 1_000
"""Rows of each."""
_SHOWN = 20


@router.get("")
async def directory(request: Request, services: Ask, saved: bool = False) -> Response:
    known = await services.get("catalog", "/directory")
    return await _page(request, services, known, known["version"], saved=saved)


@router.post("")
async def save(request: Request, services: Ask, version: Annotated[int, Form(ge=0)], key: Key) -> Response:
    """What was typed comes back with the error at its field."""
    typed = _typed(await request.form())
    try:
        await services.put("catalog", "/directory", typed, key=key, version=version)
    except Failed as error:
        if error.status >= 500:
            raise
        return await _page(request, services, typed, version, **refusal(error))
    return RedirectResponse("/directory?saved=true", 303)


def _typed(form: FormData) -> dict[str, list[dict[str, Any]]]:
    """Rows in which nothing is written are none. Each says by a field of its own, one a row, whether it is on."""
    found = {}
    for part, names in _PARTS.items():
        columns = [form.getlist(f"{part}.{name}") for name in (*names, "on")]
        rows = [dict(zip((*names, "on"), (str(cell).strip() for cell in row), strict=True)) for row in zip(*columns, strict=False)][:_MOST]
        found[part] = [{**row, "on": row["on"] == "true"} for row in rows if row[names[0]] or (part == "affiliates" and row["name"])]
    return found


async def _page(
    request: Request, services: Services, shown: Mapping[str, Any], version: int, status: int = 200, *, code: str = "", error: str = "",
    errors: dict[str, str] | None = None, saved: bool = False,
) -> Response:  # fmt: skip
    """``errors`` names what catalog or this page found; one that is at no field of the page is said at the top."""
    errors = errors or {}
    at_no_field = [said for field, said in errors.items() if field.partition(".")[0] not in _PARTS or field.count(".") != 2]
    in_force = shown if status == 200 else await services.get("catalog", "/directory")
    known = {part: [row[names[0]] for row in in_force[part]] for part, names in _PARTS.items()}
    return page(
        request,
        "directory.html",
        status,
        **{part: shown[part] for part in _PARTS},
        known=known,
        version=version,
        error=error or "; ".join(at_no_field),
        errors=errors,
        stale=code == "stale",
        saved=saved,
        history=await _history(services, in_force["version"]),
    )


async def _history(services: Services, version: int) -> list[dict[str, Any]] | None:
    """Who changed what when, newest first; None where nobody can say, empty where nobody has."""
    found = await if_answered(services, "ops", "/streams/directory", after=max(0, version - _SHOWN - 1), limit=_SHOWN + 1)
    return changes(found["rows"])[:_SHOWN] if found else None


def changes(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each event changed, in words, newest first; of the first event given only if it is the first of all."""
    nothing: list[Mapping[str, Any]] = [{"data": {part: [] for part in _PARTS}}] if events and events[0]["version"] == 1 else []
    told = [
        {"version": now["version"], "time": now["time"], "actor": now["actor"], "what": list(_differences(was["data"], now["data"]))}
        for was, now in pairwise([*nothing, *events])
    ]
    return told[::-1]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for part, (key, *others) in _PARTS.items():
        was = {row[key]: row for row in before.get(part, ())}
        for row in now.get(part, ()):
            old = was.get(row[key])
            if old is None:
                yield f"{_WORDS[part]} {row[key]} added"
                continue
            yield from (f"{_WORDS[part]} {row[key]}: {old[name]} → {row[name]}" for name in others if old[name] != row[name])
            if old["on"] != row["on"]:
                yield f"{_WORDS[part]} {row[key]} switched {'on' if row['on'] else 'off'}"
