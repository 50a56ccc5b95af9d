"""Between our minor units and Stripe's (docs.stripe.com/currencies), which are not the same everywhere."""

from __future__ import annotations

from shared.money import decimals

_NONE = frozenset(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"])
_THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""The last digit has to be zero."""
_TWO = 2
"""Of all others, those that are counted without decimals today too, such as ISK and RSD."""
_AMBIGUOUS = frozenset(("UGX",))
"""Stripe tells it as one without decimals and as one with two: whichever it is, the other is a hundredfold."""


def to_stripe(amount: int, currency: str) -> int | None:
    """None for what Stripe cannot charge exactly."""
    if currency in _AMBIGUOUS:
        return None
    theirs = _scaled(amount, _decimals(currency) - decimals(currency))
    return None if theirs is None or (currency in _THREE and theirs % 10) else theirs


def from_stripe(amount: int, currency: str) -> int | None:
    """None for what is no whole number of our minor units."""
    return None if currency in _AMBIGUOUS else _scaled(amount, decimals(currency) - _decimals(currency))


def _decimals(currency: str) -> int:
    return 0 if currency in _NONE else 3 if currency in _THREE else _TWO


def _scaled(amount: int, places: int) -> int | None:
    if places >= 0:
        return amount * int(10**places)
    whole, rest = divmod(amount, int(10**-places))
    return None if rest else whole
