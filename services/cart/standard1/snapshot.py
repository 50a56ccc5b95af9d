"""What the policy is given (prices.md, 2). One that breaks a shape is refused whole, with the field's path (G7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from services.cart.standard1.amounts import HUNDRED, millionths

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]{1,6})?", re.ASCII)


def _day(text: str) -> str:
    if len(text) != 10:
        raise ValueError("is not a date as 2025-06-30")
    date.fromisoformat(text)
    return text


def _decimal(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        raise ValueError("is not a decimal number with at most six decimals")
    return text


Amount = Annotated[StrictInt, Field(ge=0)]
"""Minor units."""
Count = Annotated[StrictInt, Field(ge=0)]
Name = Annotated[StrictStr, Field(min_length=1)]
Day = Annotated[StrictStr, AfterValidator(_day)]
Decimal = Annotated[StrictStr, AfterValidator(_decimal)]
Country = Annotated[StrictStr, Field(pattern=r"^[A-Z]{2}$")]
Region = Annotated[StrictStr, Field(pattern=r"^[A-Z0-9]{1,3}$")]
Place = Annotated[StrictStr, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Continent = Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"]

_SHAPE = ConfigDict(extra="forbid")


class InvalidSnapshot(Exception):
    """``field`` is the path of the first field that is not right, such as ``lines.0.quantity``."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Line:
    line: StrictInt
    product: Name
    kind: Literal["offer", "upsell"]
    categories: tuple[StrictStr, ...]
    tags: tuple[StrictStr, ...]
    list_price: Amount
    price_override: Amount | None
    quantity: Count
    ship_price: Amount
    ship_override: Amount | None
    tax_class: Name


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Rule:
    id: Name
    continent: Continent | None
    country: Country | None
    region: Region | None
    scope: Literal["product", "category", "offers", "upsells", "any"]
    of: StrictStr | None
    mode: Literal["replace", "add"]
    price: Amount

    @field_validator("region")
    @classmethod
    def _of_a_country(cls, region: str | None, info: ValidationInfo) -> str | None:
        return _only_with_country(region, info)


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Profile:
    id: Name
    default: StrictBool
    entire_order: StrictBool
    dearest_only: StrictBool
    exclude_upsells: StrictBool
    free_from: Amount | None
    free_after_coupons: StrictBool
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Shipping:
    chosen: StrictStr | None
    profiles: tuple[Profile, ...]


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Coupon:
    code: StrictStr
    on: Literal["price", "shipping"]
    kind: Literal["flat", "percent"]
    value: int | str
    target: Literal["order", "products"]
    products: tuple[StrictStr, ...]
    tags: tuple[StrictStr, ...]
    first_only: StrictBool
    starts: Day | None
    ends: Day | None
    min_subtotal: Amount | None
    min_quantity: Count | None
    max_uses: Count | None
    uses: Count
    once_per_customer: StrictBool
    default: StrictBool

    @field_validator("value", mode="plain")
    @classmethod
    def _by_kind(cls, value: object, info: ValidationInfo) -> object:
        kind = info.data.get("kind")
        if kind == "flat" and not (type(value) is int and value >= 0):
            raise PydanticCustomError("amount", "is not an amount")
        if kind == "percent" and not (isinstance(value, str) and _DECIMAL.fullmatch(value) and 0 < millionths(value) <= HUNDRED):
            raise PydanticCustomError("percent", "is not a percent above 0 and up to 100")
        return value

    @property
    def amount(self) -> int:
        """What a flat one takes."""
        return int(self.value)

    @property
    def percent(self) -> int:
        """Millionths."""
        return millionths(str(self.value))


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Coupons:
    max: Count
    entered: tuple[StrictStr, ...]
    catalog: tuple[Coupon, ...]


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Address:
    continent: Continent | None
    country: Country | None
    region: Region | None
    postal: StrictStr | None


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Customer:
    tax_exempt: StrictBool
    used_codes: tuple[StrictStr, ...]


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Row:
    id: Name
    country: Country
    region: Region | None
    postal: StrictStr | None
    rate: Decimal
    until: Day | None
    tax_class: Name = Field(alias="class")
    since: Day = Field(alias="from")


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Tax:
    nexus: tuple[Place, ...]
    shipping_taxable: dict[Place, StrictBool]
    override: Amount | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, config=_SHAPE)
class Snapshot:
    currency: Annotated[StrictStr, Field(pattern=r"^[A-Z]{3}$")]
    today: Day
    lines: tuple[Line, ...]
    shipping: Shipping
    coupons: Coupons
    address: Address | None
    customer: Customer
    tax: Tax


def code_of(text: str) -> str:
    """C1."""
    return text.strip().upper()


def postal_of(text: str, country: str) -> str:
    """T4."""
    plain = text.replace(" ", "").replace("-", "").upper()
    return plain[:5] if country == "US" else plain


def checked(given: object) -> Snapshot:
    """A snapshot from plain values, parts of which may be made already. Raises InvalidSnapshot."""
    return _whole(lambda: _SNAPSHOT.validate_python(given))


def read(text: str | bytes) -> Snapshot:
    """A snapshot from JSON. Raises InvalidSnapshot."""
    return _whole(lambda: _SNAPSHOT.validate_json(text))


def line_of(given: object) -> Line:
    """One of an order. Raises InvalidSnapshot."""
    try:
        return _LINE.validate_python(given)
    except ValidationError as error:
        raise _invalid(error, "lines") from error


def profiles(given: object) -> tuple[Profile, ...]:
    """Those of a campaign, to be made once. Raises InvalidSnapshot."""
    try:
        return _PROFILES.validate_python(given)
    except ValidationError as error:
        raise _invalid(error, "shipping", "profiles") from error


def coupons(given: object) -> tuple[Coupon, ...]:
    """Those of a campaign, to be made once. Raises InvalidSnapshot."""
    try:
        return _COUPONS.validate_python(given)
    except ValidationError as error:
        raise _invalid(error, "coupons", "catalog") from error


def _whole(made: Callable[[], Snapshot]) -> Snapshot:
    try:
        snapshot = made()
    except ValidationError as error:
        raise _invalid(error) from error
    for field, detail in _contradictions(snapshot):
        raise InvalidSnapshot(field, detail)
    return snapshot


def _invalid(error: ValidationError, *under: str) -> InvalidSnapshot:
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in (*under, *first["loc"]) if part != "[key]")
    return InvalidSnapshot(path or "snapshot", first["msg"])


def _contradictions(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for n in _repeated(line.line for line in snapshot.lines):
        yield f"lines.{n}.line", "is the number of another line"
    chosen, known = snapshot.shipping.chosen, snapshot.shipping.profiles
    if chosen is not None and all(profile.id != chosen for profile in known):
        yield "shipping.chosen", "is not a profile of the campaign"
    for n in _repeated(code_of(coupon.code) for coupon in snapshot.coupons.catalog):
        yield f"coupons.catalog.{n}.code", "is the code of another coupon"
    for n in _repeated(_row_key(row) for row in snapshot.tax.rows):
        yield f"tax.rows.{n}", "holds for the same place, class and day as another row"


def _row_key(row: Row) -> Hashable:
    postal = None if row.postal is None else postal_of(row.postal, row.country)
    return row.country, row.region, postal, row.tax_class, row.since


def _repeated(values: Iterable[Hashable]) -> Iterator[int]:
    seen = set()
    for n, value in enumerate(values):
        if value in seen:
            yield n
        seen.add(value)


def _only_with_country(region: str | None, info: ValidationInfo) -> str | None:
    if region is not None and info.data.get("country") is None:
        raise PydanticCustomError("region", "belongs to a country")
    return region


_SNAPSHOT = TypeAdapter(Snapshot)
_LINE = TypeAdapter(Line)
_PROFILES = TypeAdapter(tuple[Profile, ...])
_COUPONS = TypeAdapter(tuple[Coupon, ...])
