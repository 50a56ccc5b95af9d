"""Finding a customer by what a caller says: name, phone, e-mail. Derived from opened fields, and gone when they are erased."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from shared.contracts.customers import CustomerErased, CustomerUpdated
from shared.kernel.events import ERASED, Fact
from shared.kernel.ports import Prefix, Where
from shared.kernel.views import Row, view
from shared.text import digits

_SHORTEST_PHONE = 3
_SHORTEST_LOCAL_NUMBER = 7
_SHORTEST_WHOLE_NUMBER = 8
"""Digits without a country code: fewer may be without an area code, and be somebody else's elsewhere."""
_LONGEST_COUNTRY_CODE = 3


def _key(event: CustomerUpdated | CustomerErased) -> str:
    return event.customer_id


def _searchable(row: Row | None, fact: Fact) -> Row | None:
    event: Any = fact.event
    if isinstance(event, CustomerErased):
        return None
    first, last, email = (_plain(text) for text in (event.person.first_name, event.person.last_name, event.person.email))
    phone = digits(event.person.phone)
    return {"first": f"{first} {last}".strip(), "last": f"{last} {first}".strip(), "phone": phone, "phone_end": phone[::-1], "email": email}


search = view("search", 1, _key, _searchable, ["first", "last", "phone", "phone_end", "email"], opens=True)
"""``first`` and ``last`` are the whole name, begun with either; ``phone_end`` are the digits from the last to the first."""


def _plain(text: str) -> str:
    return "" if text == ERASED else plain(text)


def plain(text: str) -> str:
    """As people search: without case, accents and commas, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace(",", " "))
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


def conditions(asked: str) -> Sequence[Where]:
    """What to look for in ``search``, one condition after the other."""
    text = plain(asked)
    if not text:
        return []
    number = digits(text)
    if set(text) <= set("0123456789 +()-./"):
        return _phones(number) if len(number) >= _SHORTEST_PHONE else []
    return [{"first": Prefix(text)}, {"last": Prefix(text)}, {"email": Prefix(text)}]


def _phones(number: str) -> Sequence[Where]:
    """From the start, from the end, and whole without the country code that one of both sides may lack."""
    local = tuple(number[n:][::-1] for n in range(1, _LONGEST_COUNTRY_CODE + 1) if len(number) - n >= _SHORTEST_LOCAL_NUMBER)
    return [{"phone": Prefix(number)}, {"phone_end": Prefix(number[::-1])}, *([{"phone_end": local}] if local else [])]


def with_phone(phone: str) -> Sequence[Where]:
    """Where whoever has this number is, perhaps among others."""
    number = digits(phone)
    return [{"phone": number}, *_phones(number)[1:]] if len(number) >= _SHORTEST_LOCAL_NUMBER else []


def same_phone(kept: str, phone: str) -> bool:
    """Whether digits that are kept are this number's, of which one may lack the country code."""
    shorter, longer = sorted((kept, digits(phone)), key=len)
    more = len(longer) - len(shorter)
    return longer.endswith(shorter) and (not more or (more <= _LONGEST_COUNTRY_CODE and len(shorter) >= _SHORTEST_WHOLE_NUMBER))
