"""What can be said of a card without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shared.text import luhn

_BRANDS = (("4", "Visa"), ("34", "American Express"), ("37", "American Express"), ("6011", "Discover"), ("65", "Discover"))

_FIRST = "23456789"
"""Of ISO/IEC 7812-1; no issuer of payment cards has 0, and 1 are the airlines' own."""


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    code: str
    detail: str


def brand_of(number: str) -> str:
    if "51" <= number[:2] <= "55" or "2221" <= number[:4] <= "2720":
        return "Mastercard"
    return next((brand for prefix, brand in _BRANDS if number.startswith(prefix)), "Card")


def problems(number: str, expiry: str, cvv: str, today: date) -> Iterator[Problem]:
    """At most one a field, none of them naming a digit; ``expiry`` is MM/YY and lasts to the end of its month."""
    if not (digits_alone(number) and 12 <= len(number) <= 19 and number[0] in _FIRST and luhn(number)):
        yield Problem("number", "number-invalid", "This is not a card number. Check it digit by digit.")
    month, _, year = expiry.partition("/")
    if not (len(month) == len(year) == 2 and digits_alone(month + year) and 1 <= int(month) <= 12):
        yield Problem("expiry", "expiry-invalid", "The expiry date is month and year, such as 08/29.")
    elif (2000 + int(year), int(month)) < (today.year, today.month):
        yield Problem("expiry", "expired", "This card has expired.")
    if not (digits_alone(cvv) and len(cvv) == (4 if brand_of(number) == "American Express" else 3)):
        yield Problem("cvv", "cvv-invalid", "The security code has three digits, on American Express four.")


def digits_alone(text: str) -> bool:
    return text.isascii() and text.isdigit()
