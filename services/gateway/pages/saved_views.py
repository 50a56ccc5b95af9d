"""Views of the list of orders that somebody keeps: a name, and filters."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, AtDoor, Door, Failed, allow
from services.gateway.pages.lists import address, who_is
from services.gateway.pages.order_filters import STATUSES, Filters, filters
from services.gateway.render import page
from services.gateway.saved import Saved
from shared.text import Label

router = APIRouter(prefix="/orders/views", include_in_schema=False, dependencies=[allow(*LOOKS_UP)])

_NAME = TypeAdapter(Label)
_LONGEST = 40


@router.post("")
async def keep(request: Request, at: AtDoor) -> Response:
    """The filters are those of the list's own form."""
    form = await request.form()
    wanted = await _read(form)
    if not wanted.kept():
        raise Failed(422, {"code": "invalid", "field": "name", "detail": "Filter the list first: a view is a list that is filtered."})
    await at.saved.keep(who_is(request).user, _named(_text(form, "name")), address("", **wanted.kept()).removeprefix("?"))
    return page(request, "orders_views.html", **await views_of(request, at))


@router.post("/{id}/forget")
async def forget(request: Request, id: str, at: AtDoor) -> Response:
    gone = await at.saved.forget(who_is(request).user, id)
    return page(request, "orders_views.html", **await views_of(request, at, gone))


async def views_of(request: Request, at: Door, gone: Saved | None = None) -> dict[str, Any]:
    return {"views": await at.saved.of(who_is(request).user), "gone": gone}


async def _read(form: FormData) -> Filters:
    """Raises Failed for what is no list."""
    found = await filters(**{name: _text(form, name) for name in Filters.__slots__})  # type: ignore[arg-type]
    _, wrong = found.asked()
    if wrong or found.status not in ("", *STATUSES) or any(len(value) > 100 for value in found.kept().values()):
        raise Failed(422, {"code": "invalid", "field": "name", "detail": "Something in the filters is not right. Correct it, then keep the view."})
    return found


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _named(typed: str) -> str:
    """Raises Failed."""
    try:
        name = _NAME.validate_python(typed)
    except ValidationError as error:
        raise Failed(422, {"code": "invalid", "field": "name", "detail": "A name is one line of letters and digits that can be seen."}) from error
    if not 1 <= len(name) <= _LONGEST:
        raise Failed(422, {"code": "invalid", "field": "name", "detail": f"Give it a name, of at most {_LONGEST} characters."})
    return name
