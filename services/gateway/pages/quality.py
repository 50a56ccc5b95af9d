"""Quality Assurance: what waits, oldest first, beside the order that is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from services.gateway import paid
from services.gateway.door import REVIEWS, SETS, Ask, AtDoor, Failed, Services, allow
from services.gateway.pages.lists import Key, Seen, heard_of, if_answered, seen_there, version_of, who_is
from services.gateway.pages.quality_list import WHY, Wanted, choices, listed
from services.gateway.render import now, page, wants_part
from services.gateway.show import story
from shared.contracts.qa import Verdict
from shared.ids import OrderId
from shared.kernel.codec import stamp

router = APIRouter(prefix="/quality", include_in_schema=False, dependencies=[allow(*REVIEWS)])

_SIMILAR = 10


@router.get("")
async def queue(request: Request, services: Ask, at: AtDoor, asked: Wanted, order: OrderId | Literal[""] = "") -> Response:
    shown = {**who(request), **await listed(services, asked, order)}
    names = [user.name for user in await at.users.all()]
    shown |= await choices(services, names, asked)
    return page(request, "quality.html", **{**shown, **(await _linked(request, services, order) if order else {"row": None})})


@router.get("/list")
async def part(request: Request, services: Ask, asked: Wanted, order: OrderId | Literal[""] = "", seen: Seen = "") -> Response:
    """Asked for by somebody, it is the page's address from now on; not where the page only follows what happens."""
    await seen_there(services, "qa", "/reviews", heard_of(seen, "review"))
    answer = page(request, "quality_list.html", **{**who(request), **await listed(services, asked, order)})
    if "x-follows" not in request.headers:
        answer.headers["hx-push-url"] = asked.at(order=order)
    return answer


@router.get("/{id}")
async def one(request: Request, id: OrderId, services: Ask, asked: Wanted, seen: Seen = "") -> Response:
    if not wants_part(request):
        return RedirectResponse(asked.at(order=id), 303)
    return page(request, "quality_detail.html", asked=asked, **await _detail(request, services, id, seen))


@router.post("/{id}/looking")
async def looking(request: Request, id: OrderId, services: Ask, at: AtDoor) -> Response:
    """Whoever else looks at it is told at once, and by asking again now and then."""
    found = await services.post("qa", f"/reviews/{id}/looking")
    if found["news"]:
        at.live.say(id, "Looking")
    return page(request, "quality_looking.html", others=found["others"])


@router.delete("/{id}/looking", status_code=204)
async def leave(id: OrderId, services: Ask, at: AtDoor) -> None:
    if (await services.delete("qa", f"/reviews/{id}/looking"))["news"]:
        at.live.say(id, "Looking")


@router.post("/decide")
async def decide(
    request: Request, services: Ask, asked: Wanted, order: Annotated[OrderId, Form()], verdict: Annotated[Verdict, Form()], key: Key,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:  # fmt: skip
    decided = await services.post("qa", f"/reviews/{order}/decide", {"verdict": verdict, "reason": reason}, key=key)
    row = await reviewed(services, f"review-{order}@{decided['version']}")
    shown = await listed(services, asked)
    following = _following(shown["rows"], cast(dict[str, Any], row))
    detail = await _detail(request, services, following) if following else {"row": None}
    answer = page(request, "quality_decided.html", decided=row, **{**who(request), **shown, "order": following, **detail})
    answer.headers["hx-push-url"] = asked.at(order=following)
    return answer


@router.post("/undo")
async def undo(request: Request, services: Ask, asked: Wanted, undone: Annotated[OrderId, Form()], key: Key) -> Response:
    back = await services.post("qa", f"/reviews/{undone}/undo", key=key)
    await reviewed(services, f"review-{undone}@{back['version']}")
    detail = await _detail(request, services, undone)
    answer = page(request, "quality_decided.html", decided=None, **{**who(request), **await listed(services, asked, undone), **detail})
    answer.headers["hx-push-url"] = asked.at(order=undone)
    return answer


def who(request: Request) -> dict[str, Any]:
    return {"actor": who_is(request).actor, "sets": who_is(request).role in SETS}


def _following(rows: list[dict[str, Any]], decided: dict[str, Any]) -> str:
    """The order that comes after the one just decided, or the first, or none."""
    waiting = [row for row in rows if row["id"] != decided["id"]]
    later = [row for row in waiting if row["opened_at"] >= decided["opened_at"]]
    return next((row["id"] for row in later or waiting), "")


async def reviewed(services: Services, seen: str) -> dict[str, Any] | None:
    """The review once it has seen this ``<stream>@<version>``, or after a while."""
    id = seen.partition("@")[0].partition("-")[2]
    answer = await services.ask("qa", "GET", f"/reviews/{id}", query={"min_version": seen})
    return cast(dict[str, Any], answer.json()) if answer.status == 200 else None


async def _linked(request: Request, services: Services, id: str) -> dict[str, Any]:
    """A link may be faster than the queue's view; one that leads to no review chooses none."""
    try:
        return await _detail(request, services, id, f"review-{id}@1")
    except Failed as error:
        if error.status == 404:
            return {"row": None, "order": "", "missing": id}
        raise


async def _detail(request: Request, services: Services, id: str, seen: str = "") -> dict[str, Any]:
    row = await services.get("qa", f"/reviews/{id}", min_version=version_of(seen, f"review-{id}") or None)
    submitted = row["submitted"]
    customer = submitted["order"]["customer_id"]
    cart, payment, happened, earlier, *statuses = await asyncio.gather(
        if_answered(services, "cart", f"/orders/{id}"),
        if_answered(services, "payments", f"/orders/{id}"),
        if_answered(services, "customers", f"/orders/{id}/timeline"),
        if_answered(services, "customers", "/orders", customer_id=customer) if customer else _nothing(),
        *(if_answered(services, "customers", f"/orders/{each['order_id']}") for each in row["similar"][:_SIMILAR]),
    )
    return {
        "row": row,
        "order": id,
        "why_words": WHY,
        "own": submitted["placed_by"] == who_is(request).actor and not row["own_review_allowed"],
        "undo_until": _undo_until(row),
        **paid.told(payment, stamp(now(request))),
        "overrides": _overrides(cart, submitted["order"]["quote"]["lines"]),
        "similar": [{**each, "status": found and found["status"]} for each, found in zip(row["similar"], statuses, strict=False)],
        "story": story(happened["rows"]) if happened else None,
        "earlier": [each for each in earlier["rows"] if each["order_id"] != id] if earlier else None,
    }


async def _nothing() -> None:
    return None


def _overrides(cart: Mapping[str, Any] | None, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was changed by hand: which product, from what to what, why, and by whom."""
    typed = {line["line"]: line for line in cart["state"]["lines"]} if cart else {}
    return [
        {**line, "reason": said.get("reason", ""), "by": said.get("by", "")}
        for line in lines
        if "override" in (line["unit_rule"], line["shipping_rule"])
        for said in (typed.get(line["line"], {}),)
    ]


def _undo_until(row: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(row["decision"]["effective"]) if row["stage"] == "decided" else None
