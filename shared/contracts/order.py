"""The parts of an order that events of several services carry. Money is whole minor units of the order's currency."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.kernel.events import Personal, Value

Method = Literal["card", "echeck", "external"]
UnitRule = Literal["list", "override"]
ShippingRuleName = Literal["own", "rule", "override", "upsell-excluded", "not-dearest", "entire-order", "free", "none"]
TaxRule = Literal["rate", "override", "customer-exempt", "no-address", "no-nexus", "class-exempt", "no-rate", "none"]
Verdict = Literal["applied", "unknown", "expired", "exhausted", "not-applicable", "too-many"]


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
    """``line`` is given when the line is added and never used again in that order. ``product`` is an offer's id, or a variant's."""

    line: int
    product: str
    quantity: int
    price: int | None = None
    """What a unit costs instead of the list price; for ``reason``, changed ``by`` an actor."""
    shipping_price: int | None = None
    reason: Personal[str] = ""
    by: str = ""


class FieldValue(Value):
    """What was answered to a custom field; a checkbox says ``yes``, or nothing."""

    field: str
    value: Personal[str] = ""
    label: str = ""
    """How the campaign asked, once it is submitted."""


class Taken(Value):
    """What a coupon took."""

    code: str
    amount: int


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
    list_price: int | None = None
    """What a unit costs by the campaign. None in quotes of before prices could be changed."""
    unit_rule: UnitRule = "list"
    discount: int = 0
    discounts: tuple[Taken, ...] = ()
    shipping_rule: ShippingRuleName = "own"
    shipping_rule_id: str = ""
    shipping_discount: int = 0
    shipping_discounts: tuple[Taken, ...] = ()
    taxable: int = 0
    tax_rule: TaxRule = "none"
    tax_row: str = ""
    trial: str = ""
    """What is tried, whichever campaign sells it; empty: it is no trial."""
    plugin: str = ""
    """The fulfilment plugin that its offer names; empty: the account's default."""


class CouponVerdict(Value):
    """``auto``: a default coupon of the campaign, not entered."""

    code: str
    verdict: Verdict
    reason: str = ""
    auto: bool = False
    amount: int = 0


class TaxLine(Value):
    """``row`` is empty where the tax was given with the order."""

    row: str = ""
    tax_class: str = ""
    rate: str = ""
    taxable: int
    tax: int


class Quote(Value):
    """What the policy said (prices.md, 4). Before taxes and discounts were explained, ``policy`` is empty and ``tax_rate`` says the percent."""

    currency: str
    lines: tuple[QuoteLine, ...] = ()
    price: int = 0
    shipping: int = 0
    tax: int = 0
    total: int = 0
    tax_rate: str = "0"
    policy: str = ""
    discount: int = 0
    shipping_discount: int = 0
    profile: str = ""
    profile_applies: bool | None = None
    coupons: tuple[CouponVerdict, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()


class Rules(Value):
    """What was in force when the order was submitted."""

    campaign: str
    campaign_version: int
    settings_version: int
    skip_qa: bool
    qa_share: int
    """Percent of card orders held for review, 0 to 100."""
    force_qa: bool = False
    """Whoever rang it up wants it reviewed."""
    plugin: str = "csv"
    """The account's default fulfilment plugin."""
    letters: tuple[str, ...] = ()
    """Templates of the letters that the campaign sends to its customers."""


class Attribution(Value):
    """Where the order came from, as the phone system and the agent say. ``affiliate`` is a code of the directory, ``dnis`` the number that was
    dialled, ``ani`` the caller's, ``voice_log`` the recording's number."""

    affiliate: str = ""
    dnis: str = ""
    ani: Personal[str] = ""
    voice_log: Personal[str] = ""
    custom1: Personal[str] = ""
    custom2: Personal[str] = ""
    custom3: Personal[str] = ""
    custom4: Personal[str] = ""
    custom5: Personal[str] = ""


class Particulars(Value):
    """About the customer, and what they agree to. ``birth_date`` as 1970-12-31; ``do_not_sell`` opts out of marketing e-mail."""

    birth_date: Personal[str] = ""
    gender: Personal[str] = ""
    do_not_sell: bool = False
    sms_consent: bool = False


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
    terms_agreed: bool = False
    attribution: Attribution = Attribution()
    trial_override: bool = False
    """A product that the customer has tried before is sold to them again."""


class CustomerAnswers(Value):
    """What was asked for the customer's sake: customers takes it, the order does not carry it."""

    fields: tuple[FieldValue, ...] = ()
    particulars: Particulars = Particulars()


class Instrument(Value):
    """What may be said about a card or bank account outside of the vault. ``id`` is that of a stored one."""

    brand: str = ""
    last4: str = ""
    expiry: str = ""
    fingerprint: str = ""
    id: str = ""


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
    oral_authorisation: datetime | None = None
    """When the customer authorised an eCheck on the recorded call."""
    order: OrderBody
    rules: Rules
