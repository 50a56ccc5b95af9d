"""What is sent to cart."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.cart.lines import Wanted
from shared.contracts.cart import CartChanges
from shared.contracts.order import Address, Call, FieldValue, Method, Person
from shared.text import Id, Note
from shared.text import Line as TextLine

Direction = Literal["inbound", "outbound"]
Price = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""Minor units."""
Code = Annotated[TextLine, StringConstraints(max_length=40)]


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


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
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
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")] = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""

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


class StartBody(Body):
    campaign: TextLine
    direction: Direction = "inbound"
    call_center: TextLine = ""
    team: TextLine = ""
    customer_id: TextLine = ""


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
        )

    def wanted(self) -> dict[str, Wanted] | None:
        return None if self.lines is None else {line.product: line.value() for line in self.lines}


class SubmitBody(Body):
    method: Method
    payment: TextLine = ""


class PlaceBody(StartBody, ChangeBody, SubmitBody):
    direction: Direction = "inbound"
    customer_id: TextLine = ""
    external_id: Id = ""
