"""The screens of the checkout page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from services.gateway.addresses import country_name, regions
from services.gateway.addresses import words as place_words
from services.gateway.checkout import form, shown, words
from services.gateway.checkout.form import Errors, Values
from services.gateway.checkout.passes import Pass
from services.gateway.checkout.visit import Order, Visit
from services.gateway.entry import coupons_said
from services.gateway.render import page, when
from shared.money import formatted

Campaign = Mapping[str, Any]
Link = Mapping[str, Any]


def details(
    visit: Visit, passed: Pass, order: Order, campaign: Campaign, typed: Values, *, errors: Errors | None = None, error: str = "",
    link: Link | None = None,
) -> Response:  # fmt: skip
    """What is ordered, by whom, and where to. ``errors`` are at fields, ``error`` is at none."""
    shelf = shown.products(campaign, typed)
    return page(
        visit.request,
        "checkout_details.html",
        422 if errors or error else 200,
        **_frame(visit, passed, order, campaign, link),
        v=typed,
        shelf=shelf,
        unsold=shown.unsold(order["state"], form.sold(campaign)) if passed.products else [],
        most=shown.MORE,
        verdicts=coupons_said(order, campaign["currency"], shown.COUPONS) if passed.products else [],
        countries=[(code, country_name(code)) for code in campaign["countries"]],
        regions_of=regions,
        words_of=place_words,
        errors=errors or {},
        error=error,
    )


def payment(
    visit: Visit, passed: Pass, order: Order, campaign: Campaign, *, errors: Errors | None = None, error: str = "", link: Link | None = None
) -> Response:  # fmt: skip
    """Everything as it will be charged, and the card."""
    state = order["state"]
    declines = state["declines"]
    return page(
        visit.request,
        "checkout_payment.html",
        422 if errors or error else 200,
        **_frame(visit, passed, order, campaign, link),
        state=state,
        declined=words.declined(declines[-1]["reason"]) if declines else "",
        declines=len(declines),
        blocked=words.BLOCKED if order.get("blocked") else "",
        country_name=country_name,
        errors=errors or {},
        error=error,
    )


def fact(visit: Visit, passed: Pass, campaign: Campaign, order: Order | None, error: str = "") -> Response:
    """What only the customer knows of the order is asked for; before that nothing but its products is shown."""
    quote = order["state"]["quote"] if order else None
    return page(
        visit.request, "checkout_fact.html", 422 if error else 200, campaign=campaign, csrf=passed.csrf, here=f"/checkout/{visit.campaign}",
        lines=[f"{line['quantity']} × {line['name']}" for line in quote["lines"]] if quote else [],  # noqa: RUF001 - times
        errors={"fact": error} if error else {},
    )  # fmt: skip


def done(visit: Visit, order: Order, campaign: Campaign, outcome: str) -> Response:
    state = order["state"]
    return page(
        visit.request, "checkout_done.html", campaign=campaign, state=state, order_id=order["order_id"], outcome=outcome,
        here=f"/checkout/{visit.campaign}", sums=shown.sums(state["quote"], campaign["currency"], campaign["profiles"]), country_name=country_name,
        ship_to=state["billing"] if state["shipping_same"] else state["shipping"], fresh=campaign["checkout"],
    )  # fmt: skip


def _frame(visit: Visit, passed: Pass, order: Order, campaign: Campaign, link: Link | None) -> dict[str, Any]:
    """What each screen with a form has."""
    state, currency = order["state"], campaign["currency"]
    changed = order.get("repriced")
    return {
        "campaign": campaign,
        "csrf": passed.csrf,
        "here": f"/checkout/{visit.campaign}",
        "order_id": order["order_id"],
        "version": order["version"],
        "sums": shown.sums(state["quote"], currency, campaign["profiles"]) if passed.products else None,
        "until": _until(when(link["expires_at"])) if link and link["price_lock"] else "",
        "drafted": passed.by != "new",
        "applies": not state["quote"] or state["quote"]["profile_applies"] is not False,
        "gone": shown.gone(order.get("gone")),
        "repriced": {name: f"{formatted(changed[name], currency)} {currency}" for name in ("before", "after")} if changed else None,
    }


def _until(at: datetime | None) -> str:
    return f"{at:%A}, {at.day} {at:%B}, {at:%H:%M} UTC" if at else ""
