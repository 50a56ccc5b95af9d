"""The parts of an order that events of several services carry. Money is whole minor units of the order's currency."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.kernel.events import Personal, Value

Method = Literal["card", "external"]


class Person(Value):
    first_name: Personal[str] = ""
    last_name: Personal[str] = ""
    phone: Personal[str] = ""
    email: Personal[str] = ""


class Address(Value):
    """``country`` is ISO 3166-1 alpha-2, ``region`` the part of ISO 3166-2 after the hyphen; both stay readable for tax and reports."""

    street: Personal[str] = ""
    unit: Personal[str] = ""
    city: Personal[str] = ""
    postal: Personal[str] = ""
    region: str = ""
    country: str = ""


class Call(Value):
    agent: str
    direction: Literal["inbound", "outbound"] = "inbound"
    started_at: datetime
    call_center: str = ""
    team: str = ""


class Line(Value):
    """``line`` is given when the line is added and never used again in that order."""

    line: int
    product: str
    quantity: int


class QuoteLine(Value):
    line: int
    product: str
    name: str
    sku: str
    quantity: int
    unit_price: int
    price: int
    shipping: int
    tax: int
    total: int


class Quote(Value):
    currency: str
    lines: tuple[QuoteLine, ...] = ()
    price: int = 0
    shipping: int = 0
    tax: int = 0
    total: int = 0
    tax_rate: str = "0"
    """Percent as a decimal string."""


class Rules(Value):
    """What was in force when the order was submitted."""

    campaign: str
    campaign_version: int
    settings_version: int
    skip_qa: bool
    qa_share: int
    """Percent of card orders held for review, 0 to 100."""


class OrderBody(Value):
    """The order as it goes on to every service. ``billing`` and ``shipping`` are the addresses, ``notes`` the agent's."""

    order_id: str
    campaign: str
    campaign_name: str = ""
    customer_id: str = ""
    call: Call | None = None
    customer: Person = Person()
    billing: Address = Address()
    shipping: Address = Address()
    quote: Quote
    notes: Personal[str] = ""


class Instrument(Value):
    """What may be said about a card outside of the vault."""

    brand: str = ""
    last4: str = ""
    expiry: str = ""
    fingerprint: str = ""


class Part(Value):
    """A share of an attempt that one gateway charges. ``number`` from 1."""

    number: int
    gateway: str
    amount: int


class SubmittedOrder(Value):
    order_id: str
    attempt: int
    method: Method
    amount: int
    currency: str
    placed_by: str
    submitted_at: datetime
    order: OrderBody
    rules: Rules
