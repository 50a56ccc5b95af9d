"""The filters of the list of orders, as they stand in its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from fastapi import Query

from services.gateway.pages.lists import Text
from shared.kernel.codec import stamp

Status = Literal["", "Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention"]
STATUSES: tuple[Status, ...] = ("Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention")
METHODS = {"card": "Card", "echeck": "eCheck", "external": "External"}
MARKS = {
    "outcome-unknown": "Outcome unknown",
    "answer-contradicts": "Answer contradicts",
    "capture-failed": "Capture failed",
    "void-failed": "Void failed",
    "refund-failed": "Refund failed",
    "payment-returned": "Payment returned",
    "refund-due": "Refund due",
    "partly-refunded": "Partly refunded",
    "delivery-failed": "Delivery failed",
    "exported": "Exported",
    "shipped": "Shipped",
    "delivered": "Delivered",
    "returned": "Returned",
    "shipment-stopped": "Shipment stopped",
}
"""What customers calls it, and people."""
SHUT = ("campaign", "agent", "method", "mark", "since", "until", "at_least", "at_most")
"""Those that are folded away until they are used."""
_BOTH = (("since", "until", "The last day comes before the first one."), ("at_least", "at_most", "The highest total is below the lowest."))
_MOST = Decimal(10**11)

Name = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Filters:
    """As typed; ``customer`` is a number."""

    q: str
    status: Status
    customer: str
    campaign: str
    agent: str
    method: str
    mark: str
    since: str
    until: str
    at_least: str
    at_most: str

    def said(self, **instead: str) -> dict[str, str]:
        """Those that are set, in the order in which an address has them."""
        return {name: value for name in self.__slots__ if (value := instead.get(name, getattr(self, name)))}

    def kept(self) -> dict[str, str]:
        """What a saved view is: not whom somebody has looked for."""
        return {name: value for name, value in self.said().items() if name != "q"}

    def used(self) -> int:
        """How many of those that may be folded away."""
        return sum(bool(getattr(self, name)) for name in SHUT)

    def asked(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What customers is asked, and a sentence for each field that cannot be asked."""
        named = {"q": self.q, "status": self.status, "customer_id": self.customer, "campaign": self.campaign, "method": self.method}
        wanted: dict[str, Any] = {name: value or None for name, value in {**named, "mark": self.mark}.items()}
        wanted["agent"] = self.agent and (self.agent if ":" in self.agent or self.agent == "customer" else f"agent:{self.agent}")
        wrong: dict[str, str] = {}
        for name, at in (("since", time.min), ("until", time.max)):
            _say(wanted, wrong, name, getattr(self, name), lambda text, at=at: _moment(text, at))
        for name in ("at_least", "at_most"):
            _say(wanted, wrong, name, getattr(self, name), _amount)
        for low, high, words in _BOTH:
            if not wrong and wanted[low] and wanted[high] and wanted[low] > wanted[high]:
                wrong[high] = words
        if self.mark and self.mark not in MARKS:
            wrong["mark"] = "There is no such mark."
        if self.method and self.method not in METHODS:
            wrong["method"] = "There is no such method."
        return {name: value or None for name, value in wanted.items()}, wrong


def _say(wanted: dict[str, Any], wrong: dict[str, str], name: str, text: str, read: Any) -> None:
    wanted[name] = None
    try:
        wanted[name] = read(text) if text else None
    except ValueError as error:
        wrong[name] = str(error)


def _moment(text: str, at: time) -> str:
    """A day is that of UTC, as all times are shown."""
    try:
        return stamp(datetime.combine(date.fromisoformat(text), at, UTC))
    except (ValueError, OverflowError) as error:
        raise ValueError("Enter a day, such as 2026-03-01.") from error


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace(",", ""))
        if not (amount.is_finite() and 0 <= amount <= _MOST and amount == amount.quantize(Decimal("0.0001"))):
            raise ValueError
    except (InvalidOperation, ValueError) as error:
        raise ValueError("Enter an amount, such as 49.95.") from error
    return amount.quantize(Decimal("0.0001"))


async def filters(
    q: Text = "", status: Status = "", customer: Name = "", campaign: Name = "", agent: Name = "", method: Name = "", mark: Name = "",
    since: Name = "", until: Name = "", at_least: Name = "", at_most: Name = "",
) -> Filters:  # fmt: skip
    typed = (q, customer, campaign, agent, method, mark, since, until, at_least, at_most)
    q, customer, campaign, agent, method, mark, since, until, at_least, at_most = (text.strip() for text in typed)
    return Filters(q, status, customer, campaign, agent, method, mark, since, until, at_least, at_most)


def chips(wanted: Filters, campaigns: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """What each folded filter says, and the filters without it."""
    words = {
        "campaign": campaigns.get(wanted.campaign, f"Campaign {wanted.campaign}"),
        "agent": wanted.agent,
        "method": METHODS.get(wanted.method, wanted.method),
        "mark": MARKS.get(wanted.mark, wanted.mark),
        "since": f"From {wanted.since}",
        "until": f"To {wanted.until}",
        "at_least": f"At least {wanted.at_least}",
        "at_most": f"At most {wanted.at_most}",
        "customer": f"Customer {wanted.customer}",
    }
    return [(said, wanted.said(**{name: ""})) for name, said in words.items() if getattr(wanted, name)]
