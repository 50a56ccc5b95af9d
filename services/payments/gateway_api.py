"""Gateways as they are configured, and whether they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.credentials import Credentials
from services.payments.effects import Desk
from services.payments.gateway import CAPABILITIES, KINDS, Configure, Kind, gateway, no_new_charge
from shared.contracts.payments import GatewayConfigured
from shared.http import RunningService, Sent
from shared.kernel.errors import NotFound
from shared.service import Running
from shared.text import Line

router = APIRouter(prefix="/gateways")

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Secret = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class GatewayBody(BaseModel):
    """Without ``credentials``, by name, they stay as they are; empty takes them away."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Line
    title: Line = ""
    capabilities: tuple[Line, ...] = Field(default=(), max_length=20)
    on: bool = True
    credentials: dict[Line, Secret] | None = Field(default=None, repr=False, max_length=10)


@router.get("")
async def gateways(service: RunningService) -> dict[str, Any]:
    """By name; and what may be chosen for one. Beyond 100 nobody has any."""
    names = [stream.partition("-")[2] for stream, _ in await service.streams.names("gateway-")]
    return {
        "rows": [await _row(service, name) for name in names],
        "kinds": {name: _kind(kind) for name, kind in KINDS.items()},
        "capabilities": dict(CAPABILITIES),
    }


@router.put("/{name}")
async def configure(name: Name, body: GatewayBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """The credentials are kept before the event names them, and those before forgotten after it: a kill in between loses none that are in use."""
    credentials: Credentials = service.state["credentials"]
    before, _ = await service.load(gateway, name)
    reference = None if body.credentials is None else ""
    if body.credentials:
        reference = credentials.reference(name, sent.command_id, body.credentials)
        await credentials.keep(reference, body.credentials)
    try:
        await service.execute(gateway, name, Configure(name, body.kind, body.capabilities, body.on, body.title, reference), sent)
    finally:
        known, _ = await service.load(gateway, name)
        used = known.credentials if known else ""
        for other in (reference, before.credentials if before else ""):
            if other and other != used:
                await credentials.forget(other)
    return await _row(service, name)


@router.post("/{name}/test")
async def test(name: Name, service: RunningService) -> dict[str, Literal["ok", "failed"] | str]:
    """Asks the gateway itself about a request that was never made."""
    known, _ = await service.load(gateway, name)
    if known is None:
        raise NotFound("There is no such gateway.")
    desk: Desk = service.state["desk"]
    at = await desk.at(name)
    if at.gateway is None:
        return {"answer": "failed", "detail": "Ringup cannot speak with gateways of this kind, so it cannot ask."}
    trouble = await at.gateway.trouble(at.secrets)
    return {"answer": "failed" if trouble else "ok", "detail": trouble or "It answers, and knows nothing of a request that was never made."}


async def _row(service: Running, name: str) -> dict[str, Any]:
    known, version = await service.load(gateway, name)
    return {"name": name, "version": version, **_told(known)}


def _told(known: GatewayConfigured) -> dict[str, Any]:
    kind = KINDS.get(known.kind)
    return {
        "kind": known.kind,
        "title": known.title or (kind.title if kind else known.name),
        "capabilities": list(known.capabilities),
        "on": known.on,
        "credentials": "set" if known.credentials else "none",
        "by_phone": no_new_charge(known) != "gateway-missing",
    }


def _kind(kind: Kind) -> Mapping[str, Any]:
    return {"title": kind.title, "always": sorted(kind.always), "maybe": [name for name in CAPABILITIES if name in kind.maybe], "spoken": kind.spoken}
