"""Amounts for people: minor units as digits with the currency's decimals, such as ``1,064.00``; and back."""

from __future__ import annotations

import re
from functools import lru_cache

from babel.core import get_global
from babel.numbers import get_currency_precision

MOST = 10**9
"""No price is higher, in minor units."""
_GROUPED = re.compile(r"[0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4}")
_DECIMALS = re.compile(r"[0-9]{1,15}")
_COUNTS = {0: "no decimals", 2: "two decimals", 3: "three decimals"}


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """ISO 4217 codes of what some country pays with today."""
    return frozenset(code for all in get_global("territory_currencies").values() for code, _, until, tender in all if until is None and tender)


@lru_cache(maxsize=200)
def decimals(currency: str) -> int:
    return get_currency_precision(currency)


def formatted(amount: int, currency: str) -> str:
    """With a minus sign (U+2212) below zero."""
    places = decimals(currency)
    whole, rest = divmod(abs(amount), 10**places)
    digits = f"{whole:,}" + (f".{rest:0{places}}" if places else "")
    return f"−{digits}" if amount < 0 else digits  # noqa: RUF001 - the minus sign


def parsed(text: str, currency: str) -> int:
    """Minor units of what somebody typed, such as ``1,064.00`` or ``1064``. Raises ValueError with a sentence that says what is wrong."""
    places = decimals(currency)
    digits, point, rest = text.strip().partition(".")
    if not (_GROUPED.fullmatch(digits) and (_DECIMALS.fullmatch(rest) if point else not rest)):
        raise ValueError(f"Enter an amount, such as {formatted(4995 if places else 50, currency)}.")
    if len(rest) > places:
        raise ValueError(f"{currency} has {_COUNTS.get(places, str(places))}.")
    amount = int(digits.replace(",", "") + rest.ljust(places, "0"))
    if amount > MOST:
        raise ValueError(f"The most is {formatted(MOST, currency)}.")
    return amount
