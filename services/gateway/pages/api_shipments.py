"""The public API's shipments: what goes where, held and let go, sent once more, and what became of it."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from services.gateway.door import LOOKS_UP, SETS, Ask, allow
from services.gateway.pages.api import Body, Key
from shared.contracts.fulfillment import ShipmentStatus
from shared.ids import OrderId, PluginName

router = APIRouter(prefix="/api/v1/shipments")


class ReasonIn(Body):
    reason: str = Field(min_length=1, max_length=255)


class FoundIn(ReasonIn):
    """`has`: whether they have it."""

    has: bool


class ParcelIn(Body):
    """`at` is when it went out; without it, now."""

    carrier: str = Field(default="", max_length=255)
    tracking: str = Field(default="", max_length=255)
    service: str = Field(default="", max_length=255)
    at: AwareDatetime | None = None


class MomentIn(Body):
    at: AwareDatetime | None = None


@router.get("", dependencies=[allow(*LOOKS_UP, scope="shipments:read")])
async def shipments(
    services: Ask, status: ShipmentStatus | None = None, plugin: PluginName | None = None,
    q: Annotated[str | None, Query(max_length=255)] = None, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One row for each plugin that ships something of an order, the newest change first, without addresses; `q` is an order's or export's id, or a
    tracking number. `counts` by status go up to 1000."""
    found = await services.get("fulfillment", "/shipments", status=status, plugin=plugin, q=q, cursor=cursor)
    rows = [{name: value for name, value in row.items() if name not in ("shipping", "customer")} for row in found["rows"]]
    return {**found, "rows": rows}


@router.get("/{id}", dependencies=[allow(*LOOKS_UP, scope="shipments:read")])
async def shipment(id: OrderId, services: Ask) -> dict[str, Any]:
    """Name, phone, e-mail and address, and what is to be shipped by which plugin. Who asked is written into the order's history first.

    Ship it only where it is `approved`, and neither `held` nor `cancelled`. 404 until there is something to ship: ask again a moment later.
    """
    return cast(dict[str, Any], await services.post("fulfillment", f"/shipments/{id}/hand-out", key=uuid.uuid4().hex))


@router.get("/{id}/log", dependencies=[allow(*LOOKS_UP, scope="shipments:read")])
async def log(id: OrderId, services: Ask) -> dict[str, Any]:
    """Every try to hand it over or to stop it, what was answered, and when the next one is."""
    return cast(dict[str, Any], await services.get("fulfillment", f"/shipments/{id}/log"))


@router.post("/{id}/hold", dependencies=[allow(*SETS, scope="shipments:write")])
async def hold(id: OrderId, body: ReasonIn, services: Ask, key: Key) -> dict[str, Any]:
    """What has not gone out waits until it is released."""
    return await _done(services, id, "hold", body, key)


@router.post("/{id}/release", dependencies=[allow(*SETS, scope="shipments:write")])
async def release(id: OrderId, body: ReasonIn, services: Ask, key: Key) -> dict[str, Any]:
    return await _done(services, id, "release", body, key)


@router.post("/{id}/{plugin}/resend", dependencies=[allow(*SETS, scope="shipments:write")])
async def resend(id: OrderId, plugin: PluginName, body: ReasonIn, services: Ask, key: Key) -> dict[str, Any]:
    """Once more, under the same export id."""
    return await _done(services, id, f"{plugin}/resend", body, key)


@router.post("/{id}/{plugin}/settle", dependencies=[allow(*SETS, scope="shipments:write")])
async def settle(id: OrderId, plugin: PluginName, body: FoundIn, services: Ask, key: Key) -> dict[str, Any]:
    """It was to be stopped, and nobody knew whether they have it (`cancel.state` is `unknown`): says which. Where they do not have it, and nothing
    else of the order went out, the order is cancelled."""
    return await _done(services, id, f"{plugin}/settle", body, key)


@router.post("/{id}/{plugin}/return", dependencies=[allow(*SETS, scope="shipments:write")])
async def ask_back(id: OrderId, plugin: PluginName, body: ReasonIn, services: Ask, key: Key) -> dict[str, Any]:
    """The customer may send it back, under the number `rma`."""
    return await _done(services, id, f"{plugin}/return", body, key)


@router.post("/{id}/{plugin}/shipped", dependencies=[allow(*SETS, scope="shipments:write")])
async def shipped(id: OrderId, plugin: PluginName, body: ParcelIn, services: Ask, key: Key) -> dict[str, Any]:
    """A parcel is on its way; the same one again changes nothing."""
    return await _done(services, id, f"{plugin}/shipped", body, key)


@router.post("/{id}/{plugin}/delivered", dependencies=[allow(*SETS, scope="shipments:write")])
async def delivered(id: OrderId, plugin: PluginName, body: MomentIn, services: Ask, key: Key) -> dict[str, Any]:
    return await _done(services, id, f"{plugin}/delivered", body, key)


@router.post("/{id}/{plugin}/returned", dependencies=[allow(*SETS, scope="shipments:write")])
async def returned(id: OrderId, plugin: PluginName, body: MomentIn, services: Ask, key: Key) -> dict[str, Any]:
    """It has come back; money goes back only by a refund."""
    return await _done(services, id, f"{plugin}/returned", body, key)


async def _done(services: Ask, id: str, what: str, body: Body, key: str) -> dict[str, Any]:
    """``version`` is that of the stream ``shipment-<order>``."""
    sent = body.model_dump(mode="json")
    return cast(dict[str, Any], await services.post("fulfillment", f"/shipments/{id}/{what}", sent, key=key))
