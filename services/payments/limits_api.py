"""Limits that hold somebody back, and letting them through again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.payments.limits import DECLINED, MOST, OF_LAST, WINDOW, Limit, Release, limit, limits
from services.payments.limits_door import Limits
from shared.http import RunningService, Sent
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.text import Line

router = APIRouter(prefix="/limits")

Id = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Line, StringConstraints(min_length=1)]


@router.get("")
async def all_of(service: RunningService, min_version: str | None = None) -> dict[str, Any]:
    """Those in force, the last to end first; and the figures that trip one. ``min_version``: once ``limit-<id>@<version>`` is seen, or all of several
    with commas, or after 2 s."""
    await service.caught_up(limits, min_version)
    rows, _ = await service.find(limits, {"until": Range(stamp(service.clock()), None)}, sort="until", descending=True, limit=200)
    doors = [
        {"door": door, "dimension": dimension, "most": most, "seconds": WINDOW.seconds}
        for door, each in MOST.items()
        for dimension, most in each.items()
    ]
    breakers = [{"door": door, "dimension": "declines", "most": DECLINED, "of_last": OF_LAST, "seconds": WINDOW.seconds} for door in MOST]
    return {"rows": [row for row in rows if await _holds(service, row["id"])], "rules": doors + breakers}


async def _holds(service: RunningService, id: str) -> bool:
    """The view may not have heard yet that it was released."""
    state: Limit = (await service.load(limit, id))[0]
    return state.closed_until(service.clock()) is not None


@router.post("/{id}/release")
async def release(id: Id, body: Why, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What was counted before counts no more. Again is nothing new."""
    state, version = await service.load(limit, id)
    if version == 0:
        raise NotFound("Nobody was ever held back by this.")
    held: Limits = service.state["limits"]
    if held.holds(sent.actor, state):
        raise Refusal(Refused("own-limit", "This limit holds you back. Somebody else has to look, and release it."))
    outcome = await service.execute(limit, id, Release(sent.actor, body.reason, sent.now), sent)
    return {"id": id, "version": outcome.version}
