"""What letters are written from: each campaign version's own words, and orders as they were sold. Personal fields stay sealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts.catalog import CampaignPublished
from shared.contracts.qa import OrderApproved
from shared.kernel.events import Fact
from shared.kernel.views import Row, view


def wording_id(campaign: str, version: int) -> str:
    return f"{campaign}-{version}"


def _published(event: CampaignPublished) -> str:
    return wording_id(event.campaign_id, event.number)


def _wording(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    return {"letters": {letter.template: {"subject": letter.subject, "text": letter.text} for letter in event.campaign.letters}}


wordings = view("wordings", 1, _published, _wording, once=True)
"""One row a version of a campaign: the words of its letters, by template."""


def _approved(event: OrderApproved) -> Sequence[str]:
    return (event.order_id,) if event.submitted.rules.letters else ()


def _sold(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    order = event.submitted.order
    lines = order.quote.model_dump(mode="json", include={"lines": {"__all__": {"name", "quantity", "price", "plugin"}}})["lines"]
    return {
        "shop": order.campaign_name,
        "customer": order.customer.model_dump(mode="json", include={"first_name", "last_name"}),
        "address": order.shipping.model_dump(mode="json"),
        "lines": lines,
        "quote": order.quote.model_dump(mode="json", include={"total", "shipping", "tax", "discount", "shipping_discount"}),
        "currency": event.currency,
        "plugin": event.submitted.rules.plugin,
    }


sold = view("sold", 1, _approved, _sold)
"""One row an order that was approved and whose campaign sends letters. ``plugin`` ships the lines that name none."""
