from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from services.qa.review import Decide, Undo, review
from services.qa.views import Queue, ReviewSettings, undo_window
from shared.contracts.qa import Verdict
from shared.http import RunningService, Sent, plain
from shared.past import Moment, row_then
from shared.text import Line

router = APIRouter()
Stage = Literal["waiting", "decided", "passed", "approved", "denied", "closed"]
DONE: tuple[Stage, ...] = ("decided", "passed", "approved", "denied", "closed")


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: Line = ""


@router.get("/reviews")
async def reviews(service: RunningService, stage: Stage | Literal["done"] = "waiting", cursor: str | None = None) -> dict[str, Any]:
    """Oldest first while waiting, newest first afterwards; 50 a page. ``done`` is every stage but waiting."""
    where = {"stage": DONE if stage == "done" else stage}
    rows, following = await service.find(Queue, where, sort="opened_at", descending=stage != "waiting", cursor=cursor)
    counts = {name: await service.count(Queue, {"stage": stages}) for name, stages in (("waiting", "waiting"), ("done", DONE))}
    return {"rows": rows, "next": following, **counts}


@router.get("/reviews/{order_id}")
async def one(order_id: str, service: RunningService, min_version: str | None = None, as_of: Moment | None = None) -> dict[str, Any]:
    """``as_of``: as it was then."""
    if as_of:
        row = await row_then(service, Queue, order_id, review.stream(order_id), as_of)
    else:
        row = await service.get(Queue, order_id, min_version)
    if row is None:
        raise HTTPException(404, "Nobody asked for a review of this order.")
    window = undo_window(await service.get(ReviewSettings, "account"))
    return {**row, "undo_seconds": int(window.total_seconds())}


@router.post("/reviews/{order_id}/decide")
async def decide(order_id: str, body: Decision, service: RunningService, sent: Sent) -> dict[str, Any]:
    settings = await service.get(ReviewSettings, "account")
    own = bool(settings and settings["own_review_allowed"])
    command = Decide(body.verdict, sent.actor, body.reason, own, sent.now, undo_window(settings))
    outcome = await service.execute(review, order_id, command, sent)
    return {"version": outcome.version, "state": await service.opened(plain(outcome.state))}


@router.post("/reviews/{order_id}/undo")
async def undo(order_id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(review, order_id, Undo(sent.actor, sent.now), sent)
    return {"version": outcome.version, "state": await service.opened(plain(outcome.state))}
