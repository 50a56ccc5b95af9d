"""Events of customers."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.order import Address, FieldValue, Person
from shared.kernel.events import Event, Personal


class CustomerUpdated(Event, type="ringup.customers.CustomerUpdated"):
    """The profile as an order of theirs has it; ``as_of`` is when that was submitted."""

    customer_id: str
    order_id: str = ""
    as_of: datetime
    person: Person
    billing: Address
    shipping: Address
    fields: tuple[FieldValue, ...] = ()
    """Answers to the custom fields that this order asked for."""


class TaxExemptionChanged(Event, type="ringup.customers.TaxExemptionChanged"):
    """``certificate`` is what the exemption rests on."""

    customer_id: str
    exempt: bool
    certificate: Personal[str] = ""


class CustomerNoted(Event, type="ringup.customers.CustomerNoted"):
    customer_id: str
    order_id: str = ""
    by: str = ""
    note: Personal[str]


class CustomerErased(Event, type="ringup.customers.CustomerErased"):
    """Forgotten: the keys of these streams are gone."""

    customer_id: str
    order_ids: tuple[str, ...]
