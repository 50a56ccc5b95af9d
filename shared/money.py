"""Amounts for people: minor units as digits with the currency's decimals, such as ``1,064.00``."""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import get_currency_precision


@lru_cache(maxsize=200)
def decimals(currency: str) -> int:
    return get_currency_precision(currency)


def formatted(amount: int, currency: str) -> str:
    """With a minus sign (U+2212) below zero."""
    places = decimals(currency)
    whole, rest = divmod(abs(amount), 10**places)
    digits = f"{whole:,}" + (f".{rest:0{places}}" if places else "")
    return f"−{digits}" if amount < 0 else digits  # noqa: RUF001 - the minus sign
