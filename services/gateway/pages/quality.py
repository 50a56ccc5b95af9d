"""Quality Assurance: what waits, oldest first, beside the order that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.door import REVIEWS, Ask, Failed, Services, allow
from services.gateway.pages.lists import Key, Seen, if_answered
from services.gateway.render import page, wants_part
from services.gateway.show import story
from shared.contracts.qa import Verdict
from shared.ids import OrderId

router = APIRouter(prefix="/quality", include_in_schema=False, dependencies=[allow(*REVIEWS)])

Tab = Literal["waiting", "done"]


@dataclass(frozen=True)
class Asked:
    """``order`` is the one that is looked at."""

    stage: Tab
    order: str
    cursor: str | None = None


@router.get("")
async def queue(request: Request, services: Ask, stage: Tab = "waiting", order: OrderId | Literal[""] = "", cursor: str | None = None) -> Response:
    asked = Asked(stage, order, cursor)
    listed = await _listed(services, asked)
    return page(request, "quality.html", **{**listed, **(await _linked(services, order) if order else {"row": None})})


@router.get("/list")
async def part(
    request: Request, services: Ask, stage: Tab = "waiting", order: OrderId | Literal[""] = "", cursor: str | None = None, seen: Seen = ""
) -> Response:
    if seen:
        await _review(services, seen)
    return page(request, "quality_list.html", **await _listed(services, Asked(stage, order, cursor)))


@router.get("/{id}")
async def one(request: Request, id: OrderId, services: Ask, stage: Tab = "waiting", seen: Seen = "") -> Response:
    if not wants_part(request):
        return RedirectResponse(f"/quality?order={id}", 303)
    return page(request, "quality_detail.html", stage=stage, **await _detail(services, id, seen))


@router.post("/decide")
async def decide(
    request: Request, services: Ask, order: Annotated[OrderId, Form()], verdict: Annotated[Verdict, Form()], key: Key,
    reason: Annotated[str, Form(max_length=1000)] = "", stage: Annotated[Tab, Form()] = "waiting",
) -> Response:  # fmt: skip
    decided = await services.post("qa", f"/reviews/{order}/decide", {"verdict": verdict, "reason": reason}, key=key)
    row = await _review(services, f"review-{order}@{decided['version']}")
    listed = await _listed(services, Asked(stage, ""))
    following = _following(listed["rows"], cast(dict[str, Any], row))
    detail = await _detail(services, following) if following else {"row": None}
    answer = page(request, "quality_decided.html", decided=row, **{**listed, "order": following, **detail})
    answer.headers["hx-push-url"] = f"/quality?stage={stage}" + (f"&order={following}" if following else "")
    return answer


@router.post("/undo")
async def undo(request: Request, services: Ask, undone: Annotated[OrderId, Form()], key: Key, stage: Annotated[Tab, Form()] = "waiting") -> Response:
    back = await services.post("qa", f"/reviews/{undone}/undo", key=key)
    await _review(services, f"review-{undone}@{back['version']}")
    detail = await _detail(services, undone)
    answer = page(request, "quality_decided.html", decided=None, **{**await _listed(services, Asked(stage, undone)), **detail})
    answer.headers["hx-push-url"] = f"/quality?stage={stage}&order={undone}"
    return answer


def _following(rows: list[dict[str, Any]], decided: dict[str, Any]) -> str:
    """The order that comes after the one just decided, or the first, or none."""
    waiting = [row for row in rows if row["id"] != decided["id"]]
    later = [row for row in waiting if row["opened_at"] >= decided["opened_at"]]
    return next((row["id"] for row in later or waiting), "")


async def _listed(services: Services, asked: Asked) -> dict[str, Any]:
    found = await services.get("qa", "/reviews", stage=asked.stage, cursor=asked.cursor)
    return {"stage": asked.stage, "order": asked.order, "cursor": asked.cursor, **found}


async def _review(services: Services, seen: str) -> dict[str, Any] | None:
    """The review once it has seen this ``<stream>@<version>``, or after a while."""
    id = seen.partition("@")[0].partition("-")[2]
    answer = await services.ask("qa", "GET", f"/reviews/{id}", query={"min_version": seen})
    return cast(dict[str, Any], answer.json()) if answer.status == 200 else None


async def _linked(services: Services, id: str) -> dict[str, Any]:
    """A link may be faster than the queue's view; one that leads to no review chooses none."""
    try:
        return await _detail(services, id, f"review-{id}@1")
    except Failed as error:
        if error.status == 404:
            return {"row": None, "order": ""}
        raise


async def _detail(services: Services, id: str, seen: str = "") -> dict[str, Any]:
    row = await services.get("qa", f"/reviews/{id}", min_version=seen if seen.startswith("review-") else None)
    submitted = row["submitted"]
    payment = await if_answered(services, "payments", f"/orders/{id}")
    happened = await if_answered(services, "customers", f"/orders/{id}/timeline")
    earlier = await if_answered(services, "customers", "/orders", customer_id=submitted["order"]["customer_id"])
    return {
        "row": row,
        "order": id,
        "undo_until": _undo_until(row),
        "instrument": payment["attempts"][-1]["instrument"] if payment else None,
        "story": story(happened["rows"]) if happened else None,
        "earlier": [each for each in earlier["rows"] if each["order_id"] != id] if earlier else None,
    }


def _undo_until(row: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(row["decision"]["effective"]) if row["stage"] == "decided" else None
