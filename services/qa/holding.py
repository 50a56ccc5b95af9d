"""Which hold rules apply to an order, by what was known when it was submitted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.qa.history import SAME
from shared.contracts.qa import HoldRule
from shared.money import formatted

Row = Mapping[str, Any]


def applying(rules: Sequence[HoldRule], order: Row, before: Sequence[Row]) -> tuple[str, ...]:
    """In words for people. ``order`` and ``before`` are rows of the history; ``before`` are the earlier ones that share something with it."""
    if order["method"] == "external":
        return ()
    return tuple(said for rule in rules if rule.on and (said := _applies(rule, order, before)))


def looks_back(rule: HoldRule) -> bool:
    """Whether it asks for earlier orders."""
    return rule.on and rule.kind in ("new-customer-express", "velocity")


def _applies(rule: HoldRule, order: Row, before: Sequence[Row]) -> str:
    match rule.kind:
        case "amount-over":
            over = order["amount"] > rule.amount and rule.currency in ("", order["currency"])
            return f"Over {formatted(rule.amount, order['currency'])} {order['currency']}" if over else ""
        case "new-customer-express":
            new = order["profile"] in rule.profiles and not any(_same_customer(order, row) for row in before)
            return "New customer and express shipping" if new else ""
        case "price-override":
            cut = order["cut"]
            return _cut_said(cut) if cut is not None and cut >= rule.percent * 100 else ""
        case "address-mismatch":
            return "Shipping differs from billing" if order["differs"] else ""
        case "velocity":
            return _velocity(rule, order, before)


def _cut_said(cut: int) -> str:
    return f"Price {cut / 100:g} % below the list" if cut else "Price or shipping changed by hand"


def _same_customer(order: Row, row: Row) -> bool:
    """One that was denied or given up makes nobody known."""
    return not row.get("stopped") and any(order[name] and order[name] == row[name] for name in ("customer_id", "phone", "email"))


def _velocity(rule: HoldRule, order: Row, before: Sequence[Row]) -> str:
    since = datetime.fromisoformat(order["at"]) - timedelta(hours=rule.hours)
    near = [row for row in before if datetime.fromisoformat(row["at"]) >= since]
    for name, said in SAME.items():
        count = sum(1 for row in near if order[name] and order[name] == row[name])
        if count >= rule.orders:
            return f"{count} {'order' if count == 1 else 'orders'} before by the same {said} within {rule.hours} h"
    return ""
