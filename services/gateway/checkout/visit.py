"""Somebody at a campaign's checkout page: the pass that their browser shows, their order, and how often they may ask."""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.checkout import words
from services.gateway.checkout.form import NOTHING
from services.gateway.checkout.passes import Pass, Passes
from services.gateway.checkout.words import Told
from services.gateway.door import AtDoor, Door, Failed, Services
from services.gateway.guard import is_loopback
from services.gateway.throttle import Act, network
from shared.clients import Caller
from shared.ids import link_token

CUSTOMER = Caller("customer", "customer")
CampaignId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
Order = Mapping[str, Any]
"""As cart answers it."""


class Stopped(Exception):
    """The customer is told why it does not go on here."""

    def __init__(self, told: Told, wait: int = 0) -> None:
        super().__init__(told.title)
        self.told = told
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Visit:
    request: Request
    at: Door
    services: Services
    campaign: str
    passed: Pass | None

    @property
    def network(self) -> str:
        """Where they ask from."""
        return network(self.request.client.host) if self.request.client else ""

    async def spend(self, act: Act) -> None:
        """Raises Stopped where it was too often."""
        wait = await self.at.throttle.wait(act, self.network, self.passed.order_id if self.passed else "")
        if wait:
            raise Stopped(words.slow_down(wait), wait)

    def sent(self, csrf: str) -> Pass:
        """The pass that a form or script of ours came with. Raises Stopped."""
        if self.passed is None:
            raise Stopped(words.NO_COOKIES)
        if not hmac.compare_digest(csrf.encode(), self.passed.csrf.encode()):
            raise Stopped(words.OTHER_ORDER)
        return self.passed

    async def mine(self, csrf: str, act: Act) -> tuple[Pass, Order]:
        """Sent by whoever may see and change the order. Raises Stopped, Failed."""
        passed = self.sent(csrf)
        await self.spend(act)
        if not passed.by or not passed.order_id:
            raise Stopped(words.NO_COOKIES)
        return passed, (await self.current(passed, opening=False))[0]

    async def current(self, passed: Pass, *, opening: bool = True) -> tuple[Order, Mapping[str, Any] | None]:
        """The order, as it would be priced now, and its link where that is what made it theirs. Raises Stopped where an agent has it open, and
        where the link has been taken back or is over; Failed."""
        link = None
        try:
            link = await self.link(self.token(passed)) if passed.by == "link" else None
            order = await (self.opened(self.token(passed)) if link and opening else self.order(passed))
        except Stopped as stopped:
            order = await self.order(passed)
            if not _with_agent(order) and stopped.told is not words.COMPLETED:
                raise
        if _with_agent(order):
            raise Stopped(words.WITH_AGENT)
        return order, link

    async def after(self, passed: Pass, order: Order, status: int, refused: Mapping[str, Any]) -> Order:
        """The order once cart has refused something. Raises Stopped where an agent has taken it over; Failed where cart could not answer."""
        if status >= 500:
            raise Failed(status, dict(refused))
        if refused.get("code") == "with-agent":
            raise Stopped(words.WITH_AGENT)
        return await self.order(passed) if status == 409 else order

    def to(self, more: str = "") -> RedirectResponse:
        return RedirectResponse(f"/checkout/{self.campaign}{more}", 303)

    def give(self, answer: Response, made: Pass) -> Response:
        Passes(self.at.key).give(self.request, answer, self.campaign, made)
        return answer

    async def published(self) -> Mapping[str, Any]:
        """The newest version, where it is for customers to order from. Raises Stopped, Failed."""
        answer = await self.services.ask("catalog", "GET", f"/campaigns/{self.campaign}")
        found = answer.json()
        if answer.status == 404 or (answer.status == 200 and not for_customers(found)):
            raise Stopped(words.NOT_THERE)
        if answer.status >= 400:
            raise Failed(answer.status, found)
        return cast(Mapping[str, Any], found["campaign"])

    async def of(self, order: Order) -> Mapping[str, Any]:
        """The version of the campaign that it is priced with. Raises Stopped where it is another campaign's order."""
        state = order["state"]
        if state["campaign"] != self.campaign:
            raise Stopped(words.NOT_THERE)
        return await self.at.versions.find(self.services, state["campaign"], state["campaign_version"])

    async def order(self, passed: Pass) -> Order:
        """As it is, whoever has it open. Raises Stopped, Failed."""
        if not passed.order_id:
            return {"order_id": "", "version": 0, "coupons_said": {}, "state": {**NOTHING, "campaign": self.campaign}}
        answer = await self.services.ask("cart", "GET", f"/orders/{passed.order_id}")
        if answer.status == 404:
            raise Stopped(words.NOT_THERE)
        return cast(Order, _succeeded(answer.status, answer.json()))

    async def link(self, token: str) -> Mapping[str, Any]:
        """What it is about. Raises Stopped for one that opens nothing here; Failed."""
        answer = await self.services.ask("cart", "GET", f"/links/{token}")
        found = answer.json()
        if answer.status in (404, 410):
            raise Stopped(words.of_link(found.get("code", "")))
        _succeeded(answer.status, found)
        if found["campaign"] != self.campaign:
            raise Stopped(words.UNKNOWN)
        return cast(Mapping[str, Any], found)

    async def opened(self, token: str) -> Order:
        """The order by its link, priced as it would be now. Raises Stopped, Failed."""
        answer = await self.services.ask("cart", "POST", f"/links/{token}/open")
        found = answer.json()
        if answer.status in (404, 410):
            raise Stopped(words.of_link(found.get("code", "")))
        return cast(Order, _succeeded(answer.status, found))

    def token(self, passed: Pass) -> str:
        return link_token(self.at.key, passed.link_id)


def ended(order: Order) -> bool:
    """It is being charged, or finished."""
    return order["state"]["stage"] in ("submitted", "closed")


def _with_agent(order: Order) -> bool:
    return bool(order["state"]["stage"] == "open" and order["state"]["of"] == "agent")


def for_customers(found: Mapping[str, Any]) -> bool:
    """A published campaign that has a checkout page and is sold still."""
    return bool(found.get("campaign")) and found["campaign"]["checkout"] and not found.get("retired")


def _succeeded(status: int, body: Any) -> Any:
    if status >= 400:
        raise Failed(status, body)
    return body


async def visit(request: Request, at: AtDoor, campaign: CampaignId) -> Visit:
    if request.url.scheme != "https" and not is_loopback(request.headers.get("host", "")):
        raise Stopped(words.INSECURE)
    return Visit(request, at, Services(at.clients, CUSTOMER), campaign, Passes(at.key).of(request, campaign))


Visiting = Annotated[Visit, Depends(visit)]


_KEY = re.compile(r"[0-9a-f]{32}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


def command(passed: Pass, typed: Mapping[str, str]) -> tuple[str, int | None]:
    """Key and version that a form was made with: sent twice, it is done once. An order that had not begun has no version."""
    key, version = typed.get("key", ""), typed.get("version", "")
    return f"{passed.csrf}-{key if _KEY.fullmatch(key) else uuid.uuid4().hex}", int(version) if _VERSION.fullmatch(version) else None
