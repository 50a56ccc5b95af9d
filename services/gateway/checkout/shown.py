"""An order as its customer sees it: amounts formatted, by the campaign's order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.checkout.form import Values
from shared.money import formatted

AT_ONCE = 12
"""Products that are shown without being asked for; those in the order always are."""
MORE = 60
"""Others at a time; of a campaign that has more they are found by their words."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Rows of what can be bought: those in the order or the first few, and others. ``found`` is how many fit what is looked for, where there are
    too many to show."""

    first: Sequence[Mapping[str, Any]]
    more: Sequence[Mapping[str, Any]] = ()
    found: int | None = None


def products(campaign: Mapping[str, Any], typed: Values) -> Shelf:
    rows = [_row(offer, choice, campaign["currency"]) for offer in campaign["offers"] for choice in (offer["variants"] or [offer])]
    if len(rows) <= AT_ONCE:
        return Shelf(rows)
    chosen = [row for row in rows if typed.get(f"lines.{row['id']}", "0") not in ("", "0")]
    first = chosen or rows[:AT_ONCE]
    shown = {row["id"] for row in first}
    others = [row for row in rows if row["id"] not in shown]
    if len(rows) <= MORE:
        return Shelf(first, others)
    wanted = typed.get("find", "").lower().split()
    fitting = [row for row in others if all(word in f"{row['name']} {row['description']}".lower() for word in wanted)]
    return Shelf(first, fitting[:MORE], len(fitting))


def _row(offer: Mapping[str, Any], choice: Mapping[str, Any], currency: str) -> dict[str, Any]:
    own = choice.get("price")
    return {
        "id": choice["id"],
        "name": ", ".join((offer["name"], *choice["values"])) if "values" in choice else offer["name"],
        "price": formatted(offer["price"] if own is None else own, currency),
        "most": offer["max_quantity"],
        "trial_days": offer["trial_days"],
        "description": offer["description"],
        "image": offer["image"],
    }


def unsold(state: Mapping[str, Any], known: Sequence[str]) -> list[dict[str, Any]]:
    """What is in the order and not sold any more."""
    names = {line["product"]: line["name"] for line in (state["quote"] or {"lines": ()})["lines"]}
    nothing = {"price": "", "trial_days": 0, "description": "", "image": ""}
    return [
        {**nothing, "id": line["product"], "name": names.get(line["product"], "A product"), "most": line["quantity"]}
        for line in state["lines"]
        if line["quantity"] and line["product"] not in known
    ]


def gone(found: Mapping[str, Any] | None) -> list[str]:
    """Sentences about what an order that was drawn up before has lost."""
    if not found:
        return []
    said = [f"Not sold any more: {', '.join(found['products'])}."] if found["products"] else []
    said += [f"The coupon {code} does not count any more." for code in found["coupons"]]
    return said + ["The delivery that was chosen is not there any more: look at the one that is used now."] * found["delivery"]


def sums(quote: Mapping[str, Any] | None, currency: str, profiles: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any] | None:
    """None while nothing is in it. ``rows`` are [name, amount]."""
    if not quote or not quote["lines"]:
        return None
    delivery = next((profile["name"] for profile in profiles if profile["id"] == quote["profile"]), "")
    rows = [(f"Shipping, {delivery}" if delivery else "Shipping", formatted(quote["shipping"], currency))]
    rows += [(f"Discount, {coupon['code']}", formatted(-coupon["amount"], currency)) for coupon in quote["coupons"] if coupon["amount"]]
    rows.append(("Tax", formatted(quote["tax"], currency)))
    return {
        "lines": [(f"{line['quantity']} × {line['name']}", formatted(line["price"], currency)) for line in quote["lines"]],  # noqa: RUF001 - times
        "price": formatted(quote["price"], currency),
        "rows": rows,
        "total": formatted(quote["total"], currency),
        "free": quote["total"] == 0,
        "currency": currency,
    }


COUPONS = {
    "unknown-code": "We do not know this code. Check how it is written.",
    "used-by-customer": "You have used it in another order.",
}
"""Where an agent would be told something else."""
