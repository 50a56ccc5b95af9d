"""Campaigns: lists, drafts, publishing, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import zip_longest
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException

from services.catalog.bodies import CampaignBody, DraftBody, New
from services.catalog.campaign import Discard, Retire, State, Status
from services.catalog.campaign import campaign as campaign_aggregate
from services.catalog.changes import changes
from services.catalog.checks.campaign import problems
from services.catalog.checks.problem import Problem, refused
from services.catalog.editing import begin, edit, found, known, publish
from services.catalog.numbering import numbered, renumbered
from services.catalog.views import campaigns, versions
from shared.contracts.catalog import Campaign, Kind
from shared.http import RunningService, Sent
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.kernel.views import Row
from shared.service import Running

router = APIRouter()

_PAGE = 50
_VERSIONS = 20
_COUNTED = ("offers", "coupons", "profiles")

Asked = Annotated[str, Query(max_length=255)]
NewId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]


@router.get("/campaigns")
async def find(
    service: RunningService, q: Asked = "", kind: Kind | None = None, status: Status | None = None, listed: Kind | None = None,
    cursor: str | None = None, min_version: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """By name, 50 a page and up to 50 more where some are looked for. ``q``: part of a name, or a whole number, SKU or coupon code.

    ``{"rows": [{id, name, kind, status, number, listed, currency, call_center, teams, offers, coupons, profiles, edited_at,
    edited_by, published_at}], "next"}``; ``status`` is draft, published, changed or retired, ``listed`` the kind under which Order Entry lists it
    or "", the last three but ``published_at`` are counts. ``min_version``: once ``campaign-<id>@<version>`` is seen, or all of several with
    commas, or after 2 s.
    """
    await service.caught_up(campaigns, min_version)
    where = {name: value for name, value in (("kind", kind), ("status", status), ("listed", listed)) if value}
    words, matching = q.strip().casefold(), []
    while True:
        rows, cursor = await service.find(campaigns, where, sort="sort", limit=_PAGE, cursor=cursor)
        matching += [_row(row, published=listed is not None) for row in rows if not words or _matches(row, words)]
        if len(matching) >= _PAGE or not cursor:
            return {"rows": matching, "next": cursor}


def _matches(row: Row, words: str) -> bool:
    stands = [each for each in (row["draft"], row["published"]) if each]
    named = any(words in each["name"].casefold() for each in stands) or words == row["id"].casefold()
    return named or any(words in each.get(f"words_{name}", ()) for each in stands for name in _COUNTED)


def _row(row: Row, *, published: bool) -> Row:
    """As it is edited; ``published``: as it is sold."""
    shown = row["published"] if published else row["draft"] or row["published"]
    told = {name: row[name] for name in ("id", "status", "number", "listed", "edited_at", "edited_by", "published_at")}
    return {**told, **{name: shown[name] for name in ("name", "kind", "currency", "call_center", "teams", *_COUNTED)}}


@router.post("/campaigns", status_code=201)
async def create(body: New, service: RunningService, sent: Sent) -> dict[str, Any]:
    if not body.name:
        raise Refusal(refused([Problem("name", "missing", "A campaign needs a name.")]))
    blank = Campaign(id="", name=body.name, kind=body.kind, listed=body.kind == "phone")
    id, outcome = await begin(service, 1, lambda fresh: renumbered(blank, fresh), sent)
    return {"id": id, "version": outcome.version}


@router.get("/campaigns/{id}")
async def one(id: str, service: RunningService) -> dict[str, Any]:
    """The newest published version."""
    state, version = await found(service, id)
    if state.campaign is None:
        raise NotFound("This campaign is not published yet.")
    listed = state.campaign.kind if state.campaign.listed and not state.retired else ""
    shown = {"id": id, "version": version, "number": state.number, "name": state.campaign.name, "listed": listed, "retired": state.retired}
    return {**shown, "campaign": state.campaign.model_dump(mode="json")}


@router.put("/campaigns/{id}")
async def publish_whole(id: NewId, body: CampaignBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """A whole campaign becomes a version at once, and the draft."""
    if body.id not in ("", id):
        raise Refusal(Refused("campaign-invalid", "The campaign is published under another id.", field="id", conflict=False))
    outcome = await publish(service, id, sent, body.campaign(id))
    return {"version": outcome.version, "number": outcome.state.number}


@router.get("/campaigns/{id}/draft")
async def draft(id: str, service: RunningService) -> dict[str, Any]:
    state, version = await found(service, id)
    return await _draft(service, state, version)


async def _draft(service: Running, state: State, version: int) -> dict[str, Any]:
    """``problems`` keep it from being published; ``changes`` are what that would change."""
    current = state.current
    assert current is not None  # noqa: S101 - a stream begins with an edit or a version
    told = changes(state.campaign, current) if state.draft else []
    return {
        "id": state.id,
        "version": version,
        "number": state.number,
        "retired": state.retired,
        "status": state.status,
        "draft": current.model_dump(mode="json"),
        "published": state.campaign.model_dump(mode="json") if state.campaign else None,
        "problems": [asdict(problem) for problem in problems(current, await known(service))],
        "changes": [asdict(change) for change in told],
    }


@router.patch("/campaigns/{id}/draft")
async def change(id: str, body: DraftBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await edit(service, id, body.changes, sent)
    return await _draft(service, outcome.state, outcome.version)


@router.post("/campaigns/{id}/publish")
async def publish_draft(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await publish(service, id, sent)
    return {"version": outcome.version, "number": outcome.state.number}


@router.post("/campaigns/{id}/discard")
async def discard(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    await found(service, id)
    outcome = await service.execute(campaign_aggregate, id, Discard(), sent)
    return {"version": outcome.version}


@router.post("/campaigns/{id}/retire")
async def retire(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    await found(service, id)
    outcome = await service.execute(campaign_aggregate, id, Retire(), sent)
    return {"version": outcome.version}


@router.post("/campaigns/{id}/duplicate", status_code=201)
async def duplicate(id: str, body: New, service: RunningService, sent: Sent) -> dict[str, Any]:
    """As it is edited, under another name and maybe of another type, with new numbers everywhere."""
    if not body.name:
        raise Refusal(refused([Problem("name", "missing", "The copy needs a name of its own.")]))
    state, _ = await found(service, id)
    assert state.current is not None  # noqa: S101 - a stream begins with an edit or a version
    source = state.current.model_copy(update={"name": body.name, "kind": body.kind, "listed": body.kind == "phone"})
    copied, outcome = await begin(service, 1 + len(list(numbered(source))), lambda fresh: renumbered(source, fresh), sent)
    return {"id": copied, "version": outcome.version}


@router.get("/campaigns/{id}/versions")
async def history(id: str, service: RunningService, before: Annotated[int, Query(ge=1, le=10**9)] = 10**9) -> list[Row]:
    """``[{number, at, by, changes: [{section, what}]}]``, newest first, 20 of those before the number."""
    await found(service, id)
    older = {"campaign_id": id, "number": Range(None, before - 1)}
    rows, _ = await service.find(versions, older, sort="number", descending=True, limit=_VERSIONS + 1)
    return [_told(now, was) for now, was in zip_longest(rows[:_VERSIONS], rows[1:])]


def _told(now: Row, before: Mapping[str, Any] | None) -> Row:
    was = Campaign.model_validate(before["campaign"]) if before else None
    what = changes(was, Campaign.model_validate(now["campaign"]))
    return {"number": now["number"], "at": now["at"], "by": now["by"], "changes": [asdict(change) for change in what]}


@router.get("/campaigns/{id}/versions/{number}")
async def version(id: str, number: int, service: RunningService) -> dict[str, Any]:
    row = await service.get(versions, f"{id}@{number}")
    if row is None:
        raise HTTPException(404, "There is no such version of this campaign.")
    return {"number": row["number"], "campaign": row["campaign"], "at": row["at"], "by": row["by"]}
