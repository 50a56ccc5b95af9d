"""Events of customers."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.order import Address, Person
from shared.kernel.events import Event, Personal


class CustomerUpdated(Event, type="ringup.customers.CustomerUpdated"):
    """The profile as an order of theirs has it; ``as_of`` is when that was submitted."""

    customer_id: str
    order_id: str = ""
    as_of: datetime
    person: Person
    billing: Address
    shipping: Address


class CustomerNoted(Event, type="ringup.customers.CustomerNoted"):
    customer_id: str
    order_id: str = ""
    by: str = ""
    note: Personal[str]


class CustomerErased(Event, type="ringup.customers.CustomerErased"):
    """Forgotten: the keys of these streams are gone."""

    customer_id: str
    order_ids: tuple[str, ...]
