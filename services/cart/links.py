"""Links by which a customer finishes their order. Whether one still holds is judged here, by a clock that is passed in (flows.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.cart.state import Held, Link, Order
from services.cart.typed import reached
from shared.contracts.cart import Channel, DraftLinkIssued, DraftLinkOpened, DraftLinkRevoked
from shared.contracts.catalog import Campaign
from shared.kernel.decider import Decision, Refused

MOST = 5
"""Of those that hold, an order."""

Status = Literal["issued", "opened", "completed", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Issue:
    """``to`` empty: where the customer said, for the channel."""

    order_id: str
    campaign: Campaign
    actor: str
    now: datetime
    link_id: str
    token_hash: str
    expires_at: datetime
    price_lock: bool = False
    channel: Channel = "copy"
    to: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    order_id: str
    link_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Revoke:
    order_id: str
    link_id: str


def status(link: Link, now: datetime) -> Status:
    if link.completed:
        return "completed"
    if link.revoked:
        return "revoked"
    if now >= link.expires_at:
        return "expired"
    return "opened" if link.opened_at else "issued"


def live(link: Link, now: datetime) -> bool:
    return status(link, now) in ("issued", "opened")


def locked(order: Order, now: datetime) -> Held | None:
    """What a link that holds has locked the prices to; of several the newest."""
    return next((link.held for link in reversed(order.links) if link.held and live(link, now)), None)


def issue(command: Issue, order: Order) -> Decision:
    """Of an order that is kept as a partial, or that the customer has open already."""
    if any(link.link_id == command.link_id for link in order.links):
        return []
    to = _to(command, order)
    if wrong := _cannot_issue(command, order):
        return wrong
    if isinstance(to, Refused):
        return to
    quoted, person = order.quote, order.customer
    return [
        DraftLinkIssued(
            order_id=command.order_id,
            link_id=command.link_id,
            token_hash=command.token_hash,
            expires_at=command.expires_at,
            price_lock=command.price_lock,
            channel=command.channel,
            to=to,
            campaign=order.campaign,
            campaign_name=command.campaign.name,
            customer_id=order.customer_id,
            first_name=person.first_name,
            issued_by=command.actor,
            total=quoted.total if quoted else 0,
            currency=quoted.currency if quoted else command.campaign.currency,
            issued_at=command.now,
            campaign_version=order.campaign_version,
        )
    ]


def _cannot_issue(command: Issue, order: Order) -> Refused | None:
    campaign = command.campaign
    if not campaign.checkout:
        return Refused("no-checkout", f"{campaign.name} has no checkout page that a link could lead to.", conflict=False)
    if sum(live(link, command.now) for link in order.links) >= MOST:
        return Refused("too-many-links", f"There are {MOST} links to this order already. Revoke one of them.")
    return None


def _to(command: Issue, order: Order) -> str | Refused:
    if command.channel == "copy":
        return ""
    if command.to:
        to = reached(command.channel, command.to, order.billing.country)
        return Refused("to", to, field="to", conflict=False) if isinstance(to, str) else to[0]
    field, what = ("email", "e-mail address") if command.channel == "email" else ("phone", "phone number")
    known: str = getattr(order.customer, field)
    return known or Refused("missing", f"Enter the {what} that the link is sent to.", field=f"customer.{field}", conflict=False)


def open_link(command: Open, order: Order) -> Decision:
    link = next((link for link in order.links if link.link_id == command.link_id), None)
    wrong = unusable(link, order, command.now)
    if link is None or wrong:
        return wrong or []
    return [] if link.opened_at else [DraftLinkOpened(order_id=command.order_id, link_id=link.link_id, at=command.now)]


def unusable(link: Link | None, order: Order, now: datetime) -> Refused | None:
    if link is None or link.revoked == "erased":
        return Refused("unknown-link", "There is no such link.")
    match status(link, now):
        case "completed":
            return Refused("link-completed", "The order of this link has been placed.")
        case "revoked":
            return Refused("link-revoked", "This link does not hold any more. Ask for a new one.")
        case "expired":
            return Refused("link-expired", "This link has expired. Ask for a new one.")
    return Refused("link-revoked", "This order cannot be finished any more.") if order.stage == "closed" else None


def revoke(command: Revoke, order: Order) -> Decision:
    link = next((link for link in order.links if link.link_id == command.link_id), None)
    if link is None:
        return Refused("unknown-link", "There is no such link.")
    if link.completed:
        return Refused("link-completed", "The order of this link has been placed.")
    return [] if link.revoked else [DraftLinkRevoked(order_id=command.order_id, link_id=link.link_id, why="revoked")]


def forgotten(order_id: str, order: Order) -> list[DraftLinkRevoked]:
    """Every one that its customer ever had."""
    return [DraftLinkRevoked(order_id=order_id, link_id=link.link_id, why="erased") for link in order.links if link.revoked != "erased"]
