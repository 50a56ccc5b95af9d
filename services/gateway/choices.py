"""What forms offer to choose from: code and English name, by name. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_currency_name

from services.gateway.addresses import country_name
from shared import money
from shared.money import decimals

_MOSTLY = 2
Choices = Sequence[tuple[str, str]]

CONTINENTS: Choices = (
    ("AF", "Africa"),
    ("AN", "Antarctica"),
    ("AS", "Asia"),
    ("EU", "Europe"),
    ("NA", "North America"),
    ("OC", "Oceania"),
    ("SA", "South America"),
)
_NO_COUNTRIES = frozenset(("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"))
"""Codes of babel's that are of several countries, of parts of some, or of none."""


@lru_cache(maxsize=1)
def countries() -> Choices:
    codes = (str(code) for code in Locale("en").territories)
    named = ((code, country_name(code)) for code in codes if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES)
    return tuple(sorted(named, key=lambda each: each[1]))


@lru_cache(maxsize=1)
def currencies() -> Choices:
    return tuple((code, get_currency_name(code, locale="en")) for code in sorted(money.currencies()))


@lru_cache(maxsize=1)
def odd_decimals() -> dict[str, int]:
    """Of currencies that have not two."""
    return {code: decimals(code) for code, _ in currencies() if decimals(code) != _MOSTLY}


@lru_cache(maxsize=1)
def time_zones() -> Sequence[str]:
    """IANA names of places, and UTC."""
    return ("UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/"))))
