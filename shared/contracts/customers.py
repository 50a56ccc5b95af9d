"""Events of customers."""

from __future__ import annotations

from shared.contracts.order import Address, Person
from shared.kernel.events import Event, Personal


class CustomerUpdated(Event, type="ringup.customers.CustomerUpdated"):
    customer_id: str
    order_id: str = ""
    person: Person
    billing: Address
    shipping: Address


class CustomerNoted(Event, type="ringup.customers.CustomerNoted"):
    customer_id: str
    order_id: str = ""
    note: Personal[str]


class CustomerErased(Event, type="ringup.customers.CustomerErased"):
    """Forgotten: the keys of these streams are gone."""

    customer_id: str
    order_ids: tuple[str, ...]
