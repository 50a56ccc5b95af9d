"""Gateways as they are configured, and whether they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.credentials import Credentials
from services.payments.effects import Desk
from services.payments.gateway import Configure, gateway, no_new_charge
from services.payments.gateways.installed import Installed
from services.payments.gateways.kinds import CAPABILITIES, Kind
from services.payments.gateways.protocol import Secrets
from shared.contracts.payments import GatewayConfigured
from shared.http import RunningService, Sent
from shared.ids import PluginName
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.service import Running
from shared.text import Line

router = APIRouter(prefix="/gateways")

Secret = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class GatewayBody(BaseModel):
    """``credentials`` by name: those that are not named stay as they are, an empty text takes one away, an empty object all of them.

    Without ``fallback`` or ``renews`` they stay as they are.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Line
    title: Line = ""
    capabilities: tuple[Line, ...] = Field(default=(), max_length=20)
    on: bool = True
    credentials: dict[Line, Secret] | None = Field(default=None, repr=False, max_length=10)
    fallback: Line | None = None
    renews: bool | None = None


@router.get("")
async def gateways(service: RunningService) -> dict[str, Any]:
    """By name; and what may be chosen for one. ``broken`` says why a kind cannot be used. Beyond 100 nobody has any."""
    found: Installed = service.state["installed"]
    return {
        "rows": [await _row(service, name) for name in await _names(service)],
        "kinds": {name: _kind(kind) for name, kind in found.kinds.items()},
        "broken": dict(found.broken),
        "capabilities": dict(CAPABILITIES),
    }


async def _names(service: Running) -> list[str]:
    return [stream.partition("-")[2] for stream, _ in await service.streams.names("gateway-")]


@router.put("/{name}")
async def configure(name: PluginName, body: GatewayBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """The credentials are kept before the event names them, and those before forgotten after it: a kill in between loses none that are in use."""
    credentials: Credentials = service.state["credentials"]
    before, _ = await service.load(gateway, name)
    command = await _command(service, name, body)
    secrets, reference = await _merged(credentials, before, body.credentials), None if body.credentials is None else ""
    if secrets:
        reference = credentials.reference(name, sent.command_id, secrets)
        await credentials.keep(reference, secrets)
    try:
        await service.execute(gateway, name, replace(command, credentials=reference), sent)
    finally:
        known, _ = await service.load(gateway, name, confirmed=True)
        used = known.credentials if known else ""
        for other in (reference, before.credentials if before else ""):
            if other and other != used:
                await credentials.forget(other)
    return await _row(service, name, confirmed=True)


async def _merged(credentials: Credentials, before: GatewayConfigured | None, given: Secrets | None) -> Secrets:
    """Empty where nothing is changed, too."""
    kept = await credentials.find(before.credentials) if before and given else {}
    return {name: secret for name, secret in {**kept, **(given or {})}.items() if secret}


async def _command(service: Running, name: str, body: GatewayBody) -> Configure:
    """Raises Refusal for a kind that is broken, or secrets that are none of it."""
    found: Installed = service.state["installed"]
    if body.kind in found.broken:
        raise Refusal(Refused("gateway-invalid", found.broken[body.kind], "kind", conflict=False))
    kind = found.kinds.get(body.kind)
    for secret in body.credentials or () if kind else ():
        if kind and secret not in {each.name for each in kind.secrets}:
            detail = f"A {kind.title.lower()} has no such secret."
            raise Refusal(Refused("gateway-invalid", detail, f"credentials.{secret}", conflict=False))
    others = {body.fallback: (await service.load(gateway, body.fallback))[0]} if body.fallback else {}
    known = {other: state for other, state in others.items() if state}
    return Configure(name, body.kind, body.capabilities, found.kinds, body.on, body.title, None, body.fallback, body.renews, known)


@router.post("/{name}/test")
async def test(name: PluginName, service: RunningService) -> dict[str, Literal["ok", "failed"] | str]:
    """Asks the gateway itself about a request that was never made."""
    known, _ = await service.load(gateway, name)
    if known is None:
        raise NotFound("There is no such gateway.")
    desk: Desk = service.state["desk"]
    at = await desk.at(name)
    if at.gateway is None:
        installed: Installed = service.state["installed"]
        unspoken = "Ringup cannot speak with gateways of this kind, so it cannot ask."
        return {"answer": "failed", "detail": installed.broken.get(known.kind, unspoken)}
    trouble = await at.gateway.trouble(at.secrets)
    return {"answer": "failed" if trouble else "ok", "detail": trouble or "It answers, and knows nothing of a request that was never made."}


async def _row(service: Running, name: str, *, confirmed: bool = False) -> dict[str, Any]:
    known, version = await service.load(gateway, name, confirmed=confirmed)
    return {"name": name, "version": version, **_told(known, service.state["installed"])}


def _told(known: GatewayConfigured, installed: Installed) -> dict[str, Any]:
    kind = installed.kinds.get(known.kind)
    return {
        "kind": known.kind,
        "title": known.title or (kind.title if kind else known.name),
        "capabilities": list(known.capabilities),
        "on": known.on,
        "credentials": "set" if known.credentials else "none",
        "fallback": known.fallback,
        "renews": known.renews,
        "by_phone": no_new_charge(known, installed.gateways) != "gateway-missing",
        "broken": "" if kind else installed.broken.get(known.kind, f"There is no gateway kind {known.kind} installed here."),
    }


def _kind(kind: Kind) -> Mapping[str, Any]:
    return {
        "title": kind.title,
        "always": sorted(kind.always),
        "maybe": [name for name in CAPABILITIES if name in kind.maybe],
        "spoken": kind.spoken,
        "secrets": [asdict(secret) for secret in kind.secrets],
    }
