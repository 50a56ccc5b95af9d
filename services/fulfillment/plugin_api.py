"""Plugins as they are configured, how they do, what is sent once more, and their doors."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.fulfillment.commands import Resend
from services.fulfillment.delivery import plain
from services.fulfillment.desk import OwnDesk
from services.fulfillment.health import failing, last_success
from services.fulfillment.plugin import Configure, checked, plugin
from services.fulfillment.plugins.asked import Broken, asked
from services.fulfillment.plugins.installed import Installed
from services.fulfillment.plugins.kinds import Kind
from services.fulfillment.plugins.protocol import Door, Reply, Secrets
from services.fulfillment.roster import MOST, Roster
from services.fulfillment.secrets import Safe
from services.fulfillment.shipment import shipment
from services.fulfillment.views import deliveries, shipments, within
from shared.contracts.fulfillment import PluginConfigured
from shared.http import RunningService, Sent
from shared.ids import PluginName
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Corrupt, NotFound, Unavailable
from shared.kernel.ports import Prefix, Range
from shared.service import Running
from shared.text import Line

log = structlog.get_logger()
router = APIRouter(prefix="/plugins")

Text = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
_HEADER = "x-hook-"
_LONGEST = 300
Told = TypeVar("Told")
_AT_ONCE = 500
"""Sent once more by one request."""


class PluginBody(BaseModel):
    """``secrets`` by name: those that are not named stay as they are, an empty text takes one away, an empty object all of them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Line
    title: Line = ""
    on: bool = True
    options: dict[Line, Text] = Field(default={}, max_length=50)
    secrets: dict[Line, Text] | None = Field(default=None, repr=False, max_length=10)


class Period(BaseModel):
    """What was exported for the first time from then on, up to ``until``; ``cursor`` as the answer before had it in ``next``."""

    model_config = ConfigDict(extra="forbid")

    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    reason: Annotated[Line, StringConstraints(min_length=1)]
    cursor: Annotated[str, StringConstraints(max_length=500)] | None = None


@router.get("")
async def plugins(service: RunningService) -> dict[str, Any]:
    """By name; and what may be chosen for one. ``broken`` says why a kind cannot be used."""
    found: Installed = service.state["installed"]
    roster: Roster = service.state["roster"]
    return {
        "rows": [await _row(service, name) for name in sorted(await roster.configured())],
        "kinds": {name: _kind(kind, isinstance(found.plugins[name], Door)) for name, kind in found.kinds.items()},
        "broken": dict(found.broken),
    }


def _kind(kind: Kind, door: bool) -> dict[str, Any]:
    fields = {name: [asdict(each) for each in getattr(kind, name)] for name in ("options", "secrets")}
    return {"title": kind.title, "door": door, **fields}


@router.put("/{name}")
async def configure(name: PluginName, body: PluginBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """The secrets are kept before the event names them, and those before forgotten after it: a kill in between loses none that are in use."""
    safe: Safe = service.state["safe"]
    before: PluginConfigured | None = (await service.load(plugin, name))[0]
    if before is None and await service.state["roster"].is_full():
        raise Refusal(Refused("too-many-plugins", f"There are {MOST} plugins, and no more can be looked after.", "name", conflict=False))
    kept = await _kept(safe, before)
    secrets = kept if body.secrets is None else {key: value for key, value in ({**kept, **body.secrets} if body.secrets else {}).items() if value}
    command = _command(service, name, body, sent.actor, secrets)
    reference = None if body.secrets is None else ""
    if body.secrets is not None and secrets:
        reference = safe.reference(name, sent.command_id, secrets)
        await safe.keep(reference, secrets)
    try:
        await service.execute(plugin, name, replace(command, secrets=reference), sent)
    finally:
        known: PluginConfigured | None = (await service.load(plugin, name, confirmed=True))[0]
        used = known.secrets if known else ""
        for other in (reference, before.secrets if before else ""):
            if other and other != used:
                await safe.forget(other)
        service.state["roster"].changed()
    return await _row(service, name, confirmed=True)


async def _kept(safe: Safe, before: PluginConfigured | None) -> Secrets:
    """Those that are lost are typed in anew."""
    with contextlib.suppress(Corrupt):
        return await safe.find(before.secrets) if before else {}
    return {}


def _command(service: Running, name: str, body: PluginBody, by: str, secrets: Secrets) -> Configure:
    """``secrets`` are all that there are then. Raises Refusal for a kind that is broken, or secrets that are none of it."""
    found: Installed = service.state["installed"]
    if body.kind in found.broken:
        raise Refusal(Refused("plugin-invalid", found.broken[body.kind], "kind", conflict=False))
    kind = found.kinds.get(body.kind)
    for secret in body.secrets or () if kind else ():
        if kind and secret not in {each.name for each in kind.secrets}:
            raise Refusal(Refused("plugin-invalid", f"A {kind.title} has no such secret.", f"secrets.{secret}", conflict=False))
    unfit = checked(kind, "secrets", secrets) if kind and body.secrets else {}
    return Configure(name, body.kind, body.title, body.on, body.options, by, found.kinds, secret=frozenset(secrets), unfit=unfit)


@router.post("/{name}/test")
async def test(name: PluginName, service: RunningService) -> dict[str, str]:
    """``{"answer": "ok" or "failed", "detail"}``; nothing is sent."""
    await _known(service, name)
    roster: Roster = service.state["roster"]
    at = await roster.at(name, on=False)
    trouble = at.why or "It cannot be used."
    if at.plugin and not at.why:
        trouble = plain(await _said(name, str, at.plugin.trouble, at.options, at.secrets), _LONGEST)
    return {"answer": "failed" if trouble else "ok", "detail": trouble or "As far as can be known without sending anything, it works."}


@router.post("/{name}/replay")
async def replay(name: PluginName, body: Period, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What it was sent in that time, once more, each under its own export id: ``{"sent", "left_out", "next"}``; ``next`` is the cursor to go on with.

    What is sent once more stays where it was in time, so that no page meets what another one has sent.
    """
    await _can_send(service, name)
    if body.until <= body.from_:
        raise Refusal(Refused("period-empty", "The period ends before it begins.", "until", conflict=False))
    own, until = within(name), min(body.until, sent.now)
    where = {"plugin_exported_at": Range(f"{own}{stamp(body.from_)}", f"{own}{stamp(until)}")}
    rows, following = await service.find(
        shipments, where, sort="plugin_exported_at", limit=_AT_ONCE, cursor=body.cursor or None, open_fields=False
    )  # fmt: skip
    again, left_out = 0, []
    for row in rows:
        try:
            each = Resend(row["order_id"], name, sent.actor, body.reason, sent.now)
            await service.execute(shipment, row["order_id"], each, replace(sent, command_id=f"{sent.command_id}/{row['id']}", version=None))
            again += 1
        except Refusal as refusal:
            left_out.append({"export_id": row["id"], "detail": refusal.refused.detail})
    return {"sent": again, "left_out": left_out, "next": following}


@router.post("/{name}/door")
async def door(
    name: PluginName, request: Request, service: RunningService, method: Annotated[str, Query(pattern="^(GET|POST|PUT)$")] = "GET", query: str = ""
) -> dict[str, Any]:
    """Somebody asks the plugin: the body as it came, headers named ``x-hook-<name>``. Answers ``{status, type, headers, body}``, that in base64."""
    known = await _known(service, name)
    roster: Roster = service.state["roster"]
    at = await roster.at(name)
    if at.why or not isinstance(at.plugin, Door):
        raise NotFound("There is no plugin here that can be asked.")
    headers = {key.removeprefix(_HEADER): value for key, value in request.headers.items() if key.startswith(_HEADER)}
    desk = OwnDesk(service, known.name)
    about = (method, dict(parse_qsl(query)), headers, await request.body(), at.options, at.secrets, desk)
    reply = await _said(name, Reply, at.plugin.asked, *about)
    told = {"status": reply.status, "type": reply.type, "headers": dict(reply.headers)}
    return {**told, "body": base64.b64encode(reply.body).decode()}


async def _said(name: str, kind: type[Told], ask: Callable[..., Awaitable[Told]], *about: Any) -> Told:
    """Raises Unavailable where the plugin fails, hangs or answers nonsense."""
    try:
        said = await asked(ask, *about)
    except Broken as broken:
        log.error("plugin.failed", plugin=name, error=str(broken))
        raise Unavailable(f"The plugin {name} cannot be asked: {broken}") from broken
    if not isinstance(said, kind):
        raise Unavailable(f"The plugin {name} answered nonsense.")
    return said


async def _can_send(service: Running, name: str) -> None:
    """Raises Refusal, NotFound."""
    await _known(service, name)
    why = (await service.state["roster"].at(name)).why
    if why:
        raise Refusal(Refused("plugin-off", f"Nothing was sent once more. {why}"))


async def _known(service: Running, name: str) -> PluginConfigured:
    known: PluginConfigured | None = (await service.load(plugin, name))[0]
    if known is None:
        raise NotFound("There is no such plugin.")
    return known


async def _row(service: Running, name: str, *, confirmed: bool = False) -> dict[str, Any]:
    known, version = await service.load(plugin, name, confirmed=confirmed)
    safe: Safe = service.state["safe"]
    found: Installed = service.state["installed"]
    broken = "" if known.kind in found.plugins else found.broken.get(known.kind, f"There is no plugin kind {known.kind} installed here any more.")
    try:
        secrets: Sequence[str] = sorted(await safe.find(known.secrets))
    except Corrupt as error:
        secrets, broken = (), broken or str(error)
    about = {field: getattr(known, field) for field in ("name", "kind", "title", "on", "why")}
    return {**about, "version": version, "options": dict(known.options), "secrets": secrets, "broken": broken, **await _how(service, name)}


async def _how(service: Running, name: str) -> Mapping[str, Any]:
    troubled = await failing(service, name)
    success: datetime | None = await last_success(service, name)
    return {
        "waiting": await service.count(deliveries, {"plugin": name}),
        "failing": await service.count(shipments, {"plugin_failing_since": Prefix(within(name))}),
        "failing_since": troubled["failing_since"] if troubled else None,
        "last_answer": troubled["reason"] if troubled else "",
        "last_success_at": stamp(success) if success else None,
    }
