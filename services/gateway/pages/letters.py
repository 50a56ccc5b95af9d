"""A campaign's letters while they are written: as a customer would get one, and one for trying."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.gateway.door import SETS, Ask, AtDoor, Services, allow
from services.gateway.pages.campaign import Id, Key
from services.gateway.pages.lists import who_is
from services.gateway.render import page
from shared.contracts.catalog import LetterTemplate
from shared.http import problem

router = APIRouter(prefix="/campaigns/{id}/letters", include_in_schema=False, dependencies=[allow(*SETS)])

Template = Annotated[LetterTemplate, Path()]


class Wording(BaseModel):
    """As it is typed, which may not be saved yet; ``shop`` is the campaign's name."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, StringConstraints(max_length=255)] = ""
    text: Annotated[str, StringConstraints(max_length=5000)] = ""
    shop: Annotated[str, StringConstraints(max_length=255)] = ""


class Trial(Wording):
    to: Annotated[str, StringConstraints(max_length=255)] = ""


@router.post("/{template}/preview")
async def preview(request: Request, id: Id, template: Template, wording: Wording, services: Ask) -> JSONResponse:
    """``{"html": the letter as part of a page, "wrong": what keeps it from being published, by field}``."""
    found = await services.post("customers", "/letters/preview", await _about(services, id, template, wording))
    return JSONResponse({"html": bytes(page(request, "letter.html", each=found).body).decode(), "wrong": found["wrong"]})


@router.post("/{template}/test")
async def test(request: Request, id: Id, template: Template, trial: Trial, services: Ask, at: AtDoor, key: Key) -> JSONResponse:
    """``{"by": "smtp" or "outbox"}``."""
    wait = await at.throttle.wait("letter", who_is(request).user)
    if wait:
        refused = problem(429, "too-many", "That were many tests within an hour. Try again later.", "to")
        refused.headers["retry-after"] = str(wait)
        return refused
    about = {**await _about(services, id, template, trial), "to": trial.to}
    return JSONResponse(await services.post("customers", "/letters/test", about, key=key))


async def _about(services: Services, id: str, template: LetterTemplate, wording: Wording) -> dict[str, Any]:
    """The draft's first products stand for what a customer has ordered."""
    draft = (await services.get("catalog", f"/campaigns/{id}/draft"))["draft"]
    products = [{"name": offer["name"], "price": offer["price"]} for offer in draft["offers"][:2]]
    said = {"subject": wording.subject, "text": wording.text, "shop": wording.shop or draft["name"]}
    return {**said, "template": template, "currency": draft["currency"], "products": products}
