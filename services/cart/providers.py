"""The ports by which somebody else works out tax (prices.md, T8) or what products ship at. What they are told names no person."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ShipTo:
    """``country`` is ISO 3166-1 alpha-2, ``region`` the part of ISO 3166-2 after the hyphen. All but the country may still be empty."""

    country: str
    region: str
    postal: str
    city: str


@dataclass(frozen=True, slots=True)
class ParcelLine:
    line: int
    product: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """``today`` is the calendar date in the account's time zone."""

    currency: str
    today: str
    ship_to: ShipTo
    lines: tuple[ParcelLine, ...]


@dataclass(frozen=True, slots=True)
class SaleLine:
    """``price`` and ``shipping`` are those of all its units, less discounts."""

    line: int
    product: str
    sku: str
    tax_class: str
    quantity: int
    price: int
    shipping: int


@dataclass(frozen=True, slots=True)
class Sale:
    """``today`` is the calendar date in the account's time zone."""

    currency: str
    today: str
    ship_to: ShipTo
    tax_exempt: bool
    lines: tuple[SaleLine, ...]


Question = Parcel | Sale
Prices = Mapping[int, int]


@runtime_checkable
class TaxProvider(Protocol):
    def tax(self, sale: Sale) -> Awaitable[int]:
        """Of the whole order, in minor units."""


@runtime_checkable
class ShippingProvider(Protocol):
    def prices(self, parcel: Parcel) -> Awaitable[Prices]:
        """What a unit of each line ships at, in minor units, by ``line``. One that is not named ships at the offer's shipping price."""


class Unasked(Exception):
    """A price needs this answer first."""

    def __init__(self, question: Question) -> None:
        super().__init__(f"Nobody has been asked for the {'tax' if isinstance(question, Sale) else 'shipping'} yet.")
        self.question = question


@dataclass(frozen=True, slots=True)
class Answers:
    """By question. None: no provider, so that nothing is asked."""

    prices: Mapping[Parcel, Prices] | None = None
    tax: Mapping[Sale, int] | None = None

    def prices_of(self, parcel: Parcel) -> Prices:
        """Raises Unasked."""
        if self.prices is None:
            return {}
        if parcel not in self.prices:
            raise Unasked(parcel)
        return self.prices[parcel]

    def tax_of(self, sale: Sale) -> int | None:
        """Raises Unasked."""
        if self.tax is None:
            return None
        if sale not in self.tax:
            raise Unasked(sale)
        return self.tax[sale]
