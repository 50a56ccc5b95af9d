"""What is sent to cart."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.cart.lines import Wanted
from shared.contracts.cart import CartChanges, Channel, Disposition, Source
from shared.contracts.order import Address, Attribution, Call, FieldValue, Method, Particulars, Person
from shared.ids import OrderId
from shared.text import Id, Note
from shared.text import Line as TextLine

Direction = Literal["inbound", "outbound"]
Price = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""Minor units."""
Code = Annotated[TextLine, StringConstraints(max_length=40)]
Short = Annotated[TextLine, StringConstraints(max_length=80)]


def _email(text: str) -> str:
    name, at, domain = text.partition("@")
    if text and not (name and at and "." in domain.strip(".") and " " not in text):
        raise ValueError("This is not an e-mail address.")
    return text


def _phone(text: str) -> str:
    digits = sum(character.isdigit() for character in text)
    if text and (not 7 <= digits <= 15 or set(text) - set("0123456789 +()-./")):
        raise ValueError("This is not a phone number.")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]{0,3}", text):
        raise ValueError("A region is its code, such as TX.")
    return text


def _country(text: str) -> str:
    if not re.fullmatch(r"([A-Z]{2})?", text):
        raise ValueError("A country is its two capital letters, such as US.")
    return text


def _payment(text: str) -> str:
    if text and not _REFERENCE.fullmatch(text):
        raise ValueError("This is neither a token of the vault nor a stored payment method.")
    return text


_REFERENCE = re.compile(r"(tok|ins)_[0-9A-Za-z_=-]{1,90}")
"""What is charged is named, never said: a number typed here would lie in events."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """What cannot be an address or a number anywhere; the order itself knows the country, and what it had before."""

    first_name: TextLine = ""
    last_name: TextLine = ""
    phone: Annotated[TextLine, AfterValidator(_phone)] = ""
    email: Annotated[TextLine, AfterValidator(_email)] = ""

    def value(self) -> Person:
        return Person(**self.model_dump())


class AddressBody(Body):
    street: TextLine = ""
    unit: TextLine = ""
    city: TextLine = ""
    postal: TextLine = ""
    region: Annotated[str, AfterValidator(_region)] = ""
    country: Annotated[str, AfterValidator(_country)] = ""

    def value(self) -> Address:
        return Address(**self.model_dump())


class LineBody(Body):
    """A price that is null is the campaign's; for another one there is a ``reason``."""

    product: TextLine
    quantity: int = Field(strict=True, ge=0, le=1_000_000)
    price: Price | None = None
    shipping_price: Price | None = None
    reason: TextLine = ""

    def value(self) -> Wanted:
        return Wanted(self.quantity, self.price, self.shipping_price, self.reason)


def _each_once(lines: list[LineBody]) -> list[LineBody]:
    products = [line.product for line in lines]
    twice = next((product for product in products if products.count(product) > 1), None) if len(set(products)) < len(products) else None
    if twice is not None:
        raise ValueError(f"The product {twice} is there twice. Say its whole quantity once.")
    return lines


class FieldBody(Body):
    field: TextLine
    value: TextLine = ""


class AttributionBody(Body):
    affiliate: Short = ""
    dnis: Short = ""
    ani: Short = ""
    voice_log: Short = ""
    custom1: TextLine = ""
    custom2: TextLine = ""
    custom3: TextLine = ""
    custom4: TextLine = ""
    custom5: TextLine = ""

    def value(self) -> Attribution:
        return Attribution(**self.model_dump())


class ParticularsBody(Body):
    birth_date: Short = ""
    gender: Short = ""
    do_not_sell: bool = False
    sms_consent: bool = False

    def value(self) -> Particulars:
        return Particulars(**self.model_dump())


class ChangeBody(Body):
    direction: Direction | None = None
    customer: PersonBody | None = None
    billing: AddressBody | None = None
    shipping: AddressBody | None = None
    shipping_same: bool | None = None
    lines: Annotated[list[LineBody], AfterValidator(_each_once)] | None = Field(default=None, max_length=500)
    notes: Note | None = None
    coupons: list[Code] | None = Field(default=None, max_length=20)
    profile: TextLine | None = None
    fields: list[FieldBody] | None = Field(default=None, max_length=200)
    terms_agreed: bool | None = None
    customer_id: TextLine | None = None
    """Empty: of nobody known."""
    attribution: AttributionBody | None = None
    particulars: ParticularsBody | None = None
    trial_override: bool | None = None
    force_qa: bool | None = None

    def changes(self, call: Call | None = None) -> CartChanges:
        """``call`` is the one that a new direction belongs to."""
        return CartChanges(
            call=call.model_copy(update={"direction": self.direction}) if call and self.direction else None,
            customer=self.customer.value() if self.customer else None,
            billing=self.billing.value() if self.billing else None,
            shipping=self.shipping.value() if self.shipping else None,
            shipping_same=self.shipping_same,
            notes=self.notes,
            coupons=None if self.coupons is None else tuple(self.coupons),
            profile=self.profile,
            fields=None if self.fields is None else tuple(FieldValue(field=each.field, value=each.value) for each in self.fields if each.value),
            terms_agreed=self.terms_agreed,
            customer_id=self.customer_id,
            attribution=self.attribution.value() if self.attribution else None,
            particulars=self.particulars.value() if self.particulars else None,
            trial_override=self.trial_override,
            force_qa=self.force_qa,
        )

    def wanted(self) -> dict[str, Wanted] | None:
        return None if self.lines is None else {line.product: line.value() for line in self.lines}


class StartBody(ChangeBody):
    campaign: TextLine
    direction: Direction = "inbound"
    call_center: TextLine = ""
    team: TextLine = ""
    reorder_of: OrderId | Literal[""] = ""
    source: Source = "phone"

    def started(self, actor: str, now: datetime) -> CartChanges:
        """Who begins on the phone has a call. No section is told that says nothing."""
        call = Call(agent=actor, direction=self.direction, started_at=now, call_center=self.call_center, team=self.team)
        source = None if self.source == "phone" else self.source
        begun = {"campaign": self.campaign, "call": None if source else call, "source": source, "customer_id": self.customer_id or None}
        begun["reorder_of"] = self.reorder_of or None
        return self.changes().model_copy(update=begun)


class SubmitBody(Body):
    """``total`` is what was shown: refused where it costs something else by now."""

    method: Method
    payment: Annotated[str, AfterValidator(_payment)] = ""
    oral_authorisation: bool = False
    total: int | None = Field(default=None, strict=True)


class PlaceBody(StartBody, SubmitBody):
    external_id: Id = ""


class PartialBody(StartBody):
    external_id: Id = ""
    disposition: Disposition | Literal[""] = ""
    note: Note = ""


class NoSaleBody(Body):
    disposition: Disposition
    note: Note = ""


class CompleteBody(Body):
    direction: Direction = "inbound"
    call_center: TextLine = ""
    team: TextLine = ""

    def call(self, actor: str, now: datetime) -> Call:
        return Call(agent=actor, direction=self.direction, started_at=now, call_center=self.call_center, team=self.team)


class LinkBody(Body):
    """``disposition`` is that of the No Sale that it is first. ``to`` empty: where the customer said."""

    channel: Channel = "copy"
    price_lock: bool = False
    hours: int = Field(default=72, strict=True, ge=1, le=720)
    disposition: Disposition | Literal[""] = ""
    to: TextLine = ""


class FactBody(Body):
    fact: TextLine


class OverrideBody(Body):
    product: TextLine
    price: Price | None = None
    shipping_price: Price | None = None
    reason: TextLine = ""


class RefuseBody(Body):
    reason: TextLine = ""


class RecordingBody(Body):
    paused: bool
