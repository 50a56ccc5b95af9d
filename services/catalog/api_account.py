"""The account's settings, and the directory."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from services.catalog.account import DEFAULT_PLUGIN, Change, State, account, not_collected
from services.catalog.bodies import Body, Word
from services.catalog.directory import Describe, directory
from services.catalog.editing import known_plugins
from services.catalog.views import plugins
from shared.contracts.catalog import Affiliate, CallCenter, DirectoryChanged, Settings, Team
from shared.http import RunningService, Sent, plain
from shared.text import Line

router = APIRouter()


class SettingsBody(Body):
    prepaid_skip_qa: bool = False
    own_review_allowed: bool = False
    undo_seconds: int = 10
    tax_rates: dict[Line, Line] = Field(default={}, max_length=1_000)
    shipping_taxable: dict[Line, bool] = Field(default={}, max_length=1_000)
    tax_nexus: tuple[Line, ...] | None = Field(default=None, max_length=1_000)
    price_adjustment: bool = False
    shipping_adjustment: bool = False
    time_zone: Line = "UTC"
    session_idle_minutes: int = 15
    default_plugin: Line = DEFAULT_PLUGIN


class CallCenterBody(Body):
    name: Word
    on: bool = True


class TeamBody(Body):
    name: Word
    call_center: Word
    on: bool = True


class AffiliateBody(Body):
    code: Word
    name: Line
    on: bool = True


class DirectoryBody(Body):
    call_centers: tuple[CallCenterBody, ...] = Field(default=(), max_length=500)
    teams: tuple[TeamBody, ...] = Field(default=(), max_length=2_000)
    affiliates: tuple[AffiliateBody, ...] = Field(default=(), max_length=1_000)


@router.get("/settings")
async def settings(service: RunningService) -> dict[str, Any]:
    """``{"number", "settings", "not_collected"}``; the last are places with a rate but without nexus."""
    state, _ = await service.load(account, "")
    return _settings(state)


def _settings(state: State) -> dict[str, Any]:
    return {**plain(state), "not_collected": not_collected(state.settings)}


@router.put("/settings")
async def change(body: SettingsBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    there = await known_plugins(service, {body.default_plugin})
    chosen = await service.get(plugins, body.default_plugin)
    off = frozenset({body.default_plugin} if chosen and not chosen["on"] else ())
    outcome = await service.execute(account, "", Change(Settings(**body.model_dump()), there, off), sent)
    return _settings(outcome.state)


@router.get("/directory")
async def who(service: RunningService) -> dict[str, Any]:
    """``{"version", "call_centers": [{name, on}], "teams": [{name, call_center, on}], "affiliates": [{code, name, on}]}``"""
    state, version = await service.load(directory, "")
    return {"version": version, **plain(state)}


@router.put("/directory")
async def describe(body: DirectoryBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Whole, those that are switched off included. Answers as ``GET`` does."""
    described = DirectoryChanged(
        call_centers=tuple(CallCenter(**each.model_dump()) for each in body.call_centers),
        teams=tuple(Team(**each.model_dump()) for each in body.teams),
        affiliates=tuple(Affiliate(**each.model_dump()) for each in body.affiliates),
    )
    outcome = await service.execute(directory, "", Describe(described), sent)
    return {"version": outcome.version, **plain(outcome.state)}
