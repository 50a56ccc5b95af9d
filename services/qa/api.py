from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.exceptions import HTTPException

from services.qa.deciding import each
from services.qa.informing import similar, tested
from services.qa.listing import MOST, Asked, Stage, counts, page, summed, these
from services.qa.looking import Looking
from services.qa.review import Decide, Undo, Why, review
from services.qa.rules import MOST_HOURS, MOST_MINUTES, ChangeRules, holdrules, refusal, wrong_in
from services.qa.views import ReviewSettings, hold_rules, reviews, undo_window
from shared.contracts.qa import HoldRule, RuleKind, Verdict
from shared.http import RunningService, Sent, plain
from shared.ids import OrderId
from shared.kernel.commands import Refusal
from shared.money import MOST as MOST_MONEY
from shared.past import Moment, row_then
from shared.service import Running
from shared.text import Id, Line

router = APIRouter()

Text = Annotated[str, Query(max_length=255)]
Over = Annotated[Decimal | None, Query(ge=0, max_digits=15, decimal_places=3)]
Customers = Annotated[str, Query(max_length=1_000)]
"""Ids, with a comma between two."""
Orders = Annotated[list[OrderId], Field(min_length=1, max_length=MOST)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Decision(Body):
    verdict: Verdict
    reason: Line = ""


class Many(Body):
    order_ids: Orders


class RuleBody(Body):
    kind: RuleKind
    on: StrictBool = True
    amount: int = Field(default=0, strict=True, ge=0, le=MOST_MONEY)
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    profiles: list[Id] = Field(default=[], max_length=100)
    percent: int = Field(default=0, strict=True, ge=0, le=100)
    orders: int = Field(default=0, strict=True, ge=0, le=100)
    hours: int = Field(default=0, strict=True, ge=0, le=MOST_HOURS)

    def value(self) -> HoldRule:
        return HoldRule(**{**self.model_dump(), "profiles": tuple(self.profiles)})


class RulesBody(Body):
    rules: Annotated[list[RuleBody], Field(max_length=50)]
    target_minutes: int = Field(strict=True, ge=1, le=MOST_MINUTES)


class TestBody(Body):
    rule: RuleBody


def asked(stage: Stage, why: Why | None, campaign: str, agent: str, over: Decimal | None, q: str, customers: str) -> Asked:
    return Asked(stage, why, campaign, agent, over, q.strip(), tuple(filter(None, customers.split(","))))


@router.get("/reviews")
async def list_reviews(
    service: RunningService, stage: Stage = "waiting", why: Why | None = None, campaign: Text = "", agent: Text = "", over: Over = None,
    q: Text = "", customers: Customers = "", cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Oldest first while waiting, newest first afterwards; 50 a page. ``done`` is every stage but waiting; ``over`` in whole units.

    ``q`` finds an order id, or a phone, e-mail or voice log number in full, in one page; and what the customers named have ordered.
    Beside the rows ``waiting`` and ``late`` count those that wait, and of them those that have waited longer than ``target_minutes``.
    """
    rows, following = await page(service, asked(stage, why, campaign, agent, over, q, customers), cursor)
    return {"rows": rows, "next": following, **await counts(service)}


@router.get("/reviews/sum")
async def sum_of_all(
    service: RunningService, sent: Sent, why: Why | None = None, campaign: Text = "", agent: Text = "", over: Over = None, q: Text = "",
    customers: Customers = "",
) -> dict[str, Any]:  # fmt: skip
    """The oldest 1,000 that wait and that such a list shows, and what they add up to; ``more``: there are others behind them."""
    wanted = asked("waiting", why, campaign, agent, over, q, customers)
    rows, following = await page(service, wanted, None, MOST, open_fields=False)
    return {**summed(rows, sent.actor, own_allowed=await _own_allowed(service)), "more": following is not None}


@router.post("/reviews/sum")
async def sum_of(body: Many, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Of these orders those that wait, and what they add up to; ``gone`` are those that do not."""
    rows = await these(service, body.order_ids)
    found = summed(rows, sent.actor, own_allowed=await _own_allowed(service))
    unknown = {*body.order_ids} - {row["id"] for row in rows}
    return {**found, "gone": [*found["gone"], *sorted(unknown)], "more": False}


@router.post("/reviews/approve")
async def approve(body: Many, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Up to 1,000 orders, each decided by itself: ``rows`` says of each whether that was done, and why not."""
    settings = await service.get(ReviewSettings, "account")
    own, window = await _own_allowed(service), undo_window(settings)
    answer = await each(service, body.order_ids, lambda: Decide("approve", sent.actor, "", own, service.clock(), window), sent)
    return {**answer, "undo_seconds": int(window.total_seconds())}


@router.post("/reviews/undo")
async def undo_many(body: Many, service: RunningService, sent: Sent) -> dict[str, Any]:
    return await each(service, body.order_ids, lambda: Undo(sent.actor, service.clock()), sent)


@router.get("/reviews/{order_id}")
async def one(order_id: str, service: RunningService, min_version: str | None = None, as_of: Moment | None = None) -> dict[str, Any]:
    """``similar`` are other orders with the same phone, e-mail, address or card: ``{order_id, same, at, amount, currency, method, stopped}``.

    ``as_of``: as it was then.
    """
    if as_of:
        row = await row_then(service, reviews, order_id, review.stream(order_id), as_of)
    else:
        row = await service.get(reviews, order_id, min_version)
    if row is None:
        raise HTTPException(404, "Nobody asked for a review of this order.")
    settings = await service.get(ReviewSettings, "account")
    window = undo_window(settings)
    more = {"undo_seconds": int(window.total_seconds()), "own_review_allowed": await _own_allowed(service)}
    return {**row, **more, "similar": await similar(service, order_id)}


@router.post("/reviews/{order_id}/decide")
async def decide(order_id: str, body: Decision, service: RunningService, sent: Sent) -> dict[str, Any]:
    window = undo_window(await service.get(ReviewSettings, "account"))
    command = Decide(body.verdict, sent.actor, body.reason, await _own_allowed(service), sent.now, window)
    outcome = await service.execute(review, order_id, command, sent)
    return {"version": outcome.version, "state": await service.opened(plain(outcome.state))}


@router.post("/reviews/{order_id}/undo")
async def undo(order_id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(review, order_id, Undo(sent.actor, sent.now), sent)
    return {"version": outcome.version, "state": await service.opened(plain(outcome.state))}


async def _own_allowed(service: Running) -> bool:
    settings = await service.get(ReviewSettings, "account")
    return bool(settings and settings["own_review_allowed"])


# Who else is looking


@router.post("/reviews/{order_id}/looking")
async def look(order_id: OrderId, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Whoever asks looks at this order for the next 15 seconds. ``news``: they did not before."""
    looking: Looking = service.state["looking"]
    news = looking.look(order_id, sent.actor, sent.now)
    return {"others": looking.others(order_id, sent.actor, sent.now), "news": news}


@router.delete("/reviews/{order_id}/looking")
async def leave(order_id: OrderId, service: RunningService, sent: Sent) -> dict[str, Any]:
    looking: Looking = service.state["looking"]
    return {"news": looking.leave(order_id, sent.actor)}


# Hold rules


@router.get("/rules")
async def rules(service: RunningService) -> dict[str, Any]:
    """``{rules, target_minutes, by, at, version}``; ``by`` and ``at`` are null until somebody has changed them."""
    known, version = await service.load(holdrules, "")
    row = await service.get(hold_rules, "account", f"{holdrules.name}@{version}" if version else None)
    said: tuple[str | None, datetime | str | None] = (row["by"], row["at"]) if row else (None, None)
    return {"rules": plain(known.rules), "target_minutes": known.target_minutes, "by": said[0], "at": said[1], "version": version}


@router.put("/rules")
async def change_rules(body: RulesBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(holdrules, "", ChangeRules(tuple(rule.value() for rule in body.rules), body.target_minutes, sent.actor), sent)
    return {"version": outcome.version, "rules": plain(outcome.state.rules), "target_minutes": outcome.state.target_minutes}


@router.post("/rules/test")
async def test_rule(body: TestBody, service: RunningService) -> dict[str, Any]:
    """Which of the newest 1,000 orders it would have held, each by what was known then: ``{tested, held, rows: the first 20}``."""
    rule = body.rule.value()
    wrong = wrong_in(rule, "rule.")
    if wrong:
        raise Refusal(refusal(wrong))
    return await tested(service, rule)
