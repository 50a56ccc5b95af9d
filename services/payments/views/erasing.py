"""What is to be forgotten of erased customers."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.cards import InstrumentsErased
from shared.contracts.customers import CustomerErased
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view


def _erased_key(event: CustomerErased) -> Sequence[str]:
    return event.order_ids


def _erased(row: Row | None, fact: Fact) -> Row:
    """First: an order may have been several customers' one after the other."""
    at = stamp(fact.time)
    return {"at": min(row["at"], at) if row else at}


erased_orders = view("erased", 2, _erased_key, _erased)
"""Orders whose customer is erased: the vault keeps nothing for them."""


def _to_erase_key(event: CustomerErased | InstrumentsErased) -> str:
    return event.customer_id


def _to_erase(row: Row | None, fact: Fact) -> Row:
    """In either order: each stream says its own."""
    row = {**(row or {"asked": False, "done": False}), ("asked" if isinstance(fact.event, CustomerErased) else "done"): True}
    return {**row, "due": "yes" if row["asked"] and not row["done"] else ""}


to_erase = view("to_erase", 1, _to_erase_key, _to_erase, ["due"])
"""Erased customers, and whether what is stored for them is still to be forgotten."""
