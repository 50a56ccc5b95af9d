"""Campaigns as files: whole as JSON or YAML, their products and coupons as CSV. All of a file or nothing."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, ValidationError
from starlette.responses import Response

from services.catalog.bodies import Body
from services.catalog.campaign import State
from services.catalog.checks.campaign import problems
from services.catalog.checks.problem import Problem, refused
from services.catalog.checks.shapes import shapes
from services.catalog.editing import begin, edit, found, known, unknown_images
from services.catalog.files import codes, products
from services.catalog.files.documents import Format, from_text, to_text
from services.catalog.files.merged import Merged
from services.catalog.numbering import numbered, renumbered
from services.catalog.views import versions
from shared.contracts.catalog import Campaign, CampaignChanges
from shared.http import RunningService, Sent
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.errors import NotFound
from shared.service import Running
from shared.sheets import Unreadable
from shared.text import Line, sentence

router = APIRouter()

_MOST_BYTES = 4 * 1024 * 1024


class ImportBody(Body):
    format: Format
    text: str
    name: Line = ""
    dry_run: bool = False


class FileBody(Body):
    """``text`` is the file's bytes as base64."""

    text: Annotated[str, Field(max_length=_MOST_BYTES * 4 // 3 + 4)]
    dry_run: bool = False


def bytes_of(text: str, field: str = "text") -> bytes:
    """Raises Refusal."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(refused([Problem(field, "not-base64", "The file came damaged. Send it again.")], "file-invalid")) from error


@router.get("/campaigns/{id}/export")
async def export(id: str, service: RunningService, format: Format = "json", version: int | None = None) -> Response:
    """As it is edited, or a version."""
    campaign = await _version(service, id, version) if version is not None else await _current(service, id)
    text = await asyncio.to_thread(to_text, campaign, format)
    return _file(text, f"application/{format}", f"campaign-{id}.{format}")


async def _current(service: Running, id: str) -> Campaign:
    state, _ = await found(service, id)
    assert state.current is not None  # noqa: S101 - a stream begins with an edit or a version
    return state.current


async def _version(service: Running, id: str, number: int) -> Campaign:
    row = await service.get(versions, f"{id}@{number}")
    if row is None:
        raise NotFound("There is no such version of this campaign.")
    return Campaign.model_validate(row["campaign"])


def _file(text: str, type: str, name: str) -> Response:
    return Response(text.encode(), media_type=f"{type}; charset=utf-8", headers={"content-disposition": f'attachment; filename="{name}"'})


@router.post("/campaigns/import", status_code=201)
async def take_in(body: ImportBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """A draft with new numbers. ``{"id", "version", "name", "problems"}``; the last keep it from being published. Dry: no id, version 0."""
    campaign = await asyncio.to_thread(_read, body)
    wrong = [*shapes(campaign, campaign.currency), *await unknown_images(service, State(), campaign)]
    if wrong:
        raise Refusal(refused(wrong))
    told = {"name": campaign.name, "problems": [asdict(each) for each in problems(_with_ids(campaign), await known(service))]}
    if body.dry_run:
        return {"id": "", "version": 0, **told}
    id, outcome = await begin(service, 1 + len(list(numbered(campaign))), lambda fresh: renumbered(campaign, fresh), sent)
    return {"id": id, "version": outcome.version, **told}


def _read(body: ImportBody) -> Campaign:
    try:
        document = from_text(body.text, body.format)
    except ValidationError as error:
        raise Refusal(refused([_problem(each) for each in error.errors()])) from error
    except ValueError as error:
        raise Refusal(refused([Problem("text", "not-readable", str(error))])) from error
    campaign = document.campaign.campaign("")
    return campaign.model_copy(update={"name": body.name}) if body.name else campaign


def _problem(error: Any) -> Problem:
    place = [str(part) for part in error["loc"]]
    return Problem(".".join(place[1:] if place[:1] == ["campaign"] else place) or "text", error["type"], sentence(error))


def _with_ids(campaign: Campaign) -> Campaign:
    """As it will be: no row without a number."""
    return renumbered(campaign, (f"new-{n}" for n in range(10**6)))


@router.get("/campaigns/{id}/offers.csv")
async def offers(id: str, service: RunningService) -> Response:
    return _file(products.to_csv(await _current(service, id)), "text/csv", f"offers-{id}.csv")


@router.get("/campaigns/{id}/coupons.csv")
async def coupons(id: str, service: RunningService) -> Response:
    return _file(codes.to_csv(await _current(service, id)), "text/csv", f"coupons-{id}.csv")


@router.post("/campaigns/{id}/offers.csv")
async def take_offers(id: str, body: FileBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Into the draft. ``{"added", "changed", "unchanged", "removed": 0, "rows", "version"}``; errors are at ``row 7, price``."""
    return await _take(service, id, body, sent, products.from_csv, lambda rows: CampaignChanges(offers=rows))


@router.post("/campaigns/{id}/coupons.csv")
async def take_coupons(id: str, body: FileBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """As with offers."""
    return await _take(service, id, body, sent, codes.from_csv, lambda rows: CampaignChanges(coupons=rows))


async def _take(
    service: Running, id: str, body: FileBody, sent: Envelope, read: Callable[[bytes, Campaign], Merged[Any]],
    changes: Callable[[tuple[Any, ...]], CampaignChanges],
) -> dict[str, Any]:  # fmt: skip
    state, version = await found(service, id)
    assert state.current is not None  # noqa: S101 - a stream begins with an edit or a version
    try:
        merged = await asyncio.to_thread(read, bytes_of(body.text), state.current)
    except Unreadable as error:
        raise Refusal(refused([Problem(error.field, "not-readable", str(error))], "file-invalid")) from error
    if merged.wrong:
        raise Refusal(refused(merged.wrong, "file-invalid"))
    if not body.dry_run and merged.now != merged.before:
        seen = sent.version if sent.version is not None else version
        version = (await edit(service, id, changes(merged.now), replace(sent, version=seen))).version
    return {**merged.counts(), "version": version}
