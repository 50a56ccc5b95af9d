"""What they tell at the webhook's door, signed as what we tell them is: that a parcel is on its way, or that a shipment is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import to_json

from services.fulfillment.plugins.protocol import Desk, Reply
from services.fulfillment.plugins.told import Number, Short
from shared.webhooks import is_signed


class _Body(BaseModel):
    """What else they say is theirs."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Shipped(_Body):
    export_id: Annotated[Number, StringConstraints(min_length=1)]
    carrier: Short = ""
    tracking: Number = ""
    service: Short = ""
    at: AwareDatetime | None = None


class _Stopped(_Body):
    export_id: Annotated[Number, StringConstraints(min_length=1)]


class _ShippedCall(_Body):
    type: Literal["shipment.shipped"]
    data: _Shipped


class _StoppedCall(_Body):
    type: Literal["shipment.stopped"]
    data: _Stopped


class _Call(_Body):
    type: str = Field(max_length=100)


async def heard(method: str, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], desk: Desk, now: datetime) -> Reply:
    if method != "POST":
        return Reply(405, b"Post what you tell.", headers={"allow": "POST"})
    if not any(is_signed(key, headers, body, now) for key in keys):
        return _said(401, "signature-wrong", "This is not signed with our secret, or was signed more than five minutes ago.")
    try:
        type = _Call.model_validate_json(body).type
        if type == "shipment.shipped":
            return await _shipped(_ShippedCall.model_validate_json(body).data, desk, now)
        if type == "shipment.stopped":
            return _known(await desk.stopped(_StoppedCall.model_validate_json(body).data.export_id))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "body"
        return _said(400, "invalid", f"This cannot be read: {where}.")
    except ValueError as error:
        return _said(400, "invalid", f"This cannot be: data.at. {error}")
    return _said(202, "ignored", "Nothing is done about this type.")


async def _shipped(told: _Shipped, desk: Desk, now: datetime) -> Reply:
    """Clocks differ: nothing is on its way before its time."""
    at = min(told.at, now) if told.at else now
    return _known(await desk.shipped(told.export_id, told.carrier, told.tracking, told.service, at))


def _known(known: bool) -> Reply:
    return _said(200, "ok", "Taken.") if known else _said(404, "unknown", "There is no such export, or this was not asked of it.")


def _said(status: int, code: str, detail: str) -> Reply:
    return Reply(status, to_json({"code": code, "detail": detail}), "application/json")
