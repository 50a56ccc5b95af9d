"""Texts that people type, as they may enter an event."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

_DIGITS = re.compile(r"(\+?)(\d(?:(?:[^\w\n]|_)?\d){11,})")
"""Twelve and more, at most one character between two of them that is neither letter nor line break; and the plus of a phone number."""
_SHORTEST_CARD = 12
_LONGEST_PHONE = 15
"""ITU-T E.164."""
_CARD = re.compile(
    "|".join(
        (
            r"4\d{15}|4\d{18}",  # Visa; those of 13 digits are not issued any more, and telephones have as many
            r"5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}",  # Mastercard
            r"3[47]\d{13}",  # American Express
            r"(?:30[0-5]\d|3095|36\d\d|3[89]\d\d)\d{10}",  # Diners Club
            r"(?:352[89]|35[3-8]\d|6011|64[4-9]\d|65\d\d|62\d\d)\d{12,15}",  # JCB, Discover, UnionPay
            r"(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}",  # Maestro
        )
    )
)


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def _readable(text: str) -> str:
    """Private-use characters are refused too: sealed texts begin with one."""
    if any(unicodedata.category(character) in ("Cc", "Co", "Cs", "Cn") and character not in "\n\t" for character in text):
        raise ValueError("This contains characters that cannot be stored.")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("This must be one line.")
    return text


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _can_be_seen(text: str) -> str:
    """Empty is nothing that could be hidden."""
    if any(letter in _TURNS for letter in text) or (text and all(unicodedata.category(letter)[0] in "CMZ" for letter in text)):
        raise ValueError("This contains characters that nobody can see.")
    return text


def _numbers(text: str) -> Iterator[str]:
    """What may be read as one number: whole groups of digits, one after the other."""
    for plus, run in _DIGITS.findall("".join(str(unicodedata.decimal(each, each)) for each in text)):
        groups = re.findall(r"\d+", run)
        for start in range(len(groups)):
            for number in itertools.accumulate(groups[start : start + 19]):
                if not (plus and start == 0 and len(number) <= _LONGEST_PHONE):
                    yield number


def _no_card(text: str) -> str:
    if not _has_no_card(text):
        raise ValueError("This contains a card number. Those belong in the card fields alone.")
    return text


def without_cards(text: str) -> str:
    """Runs of digits that hold a card number are masked whole."""
    return _DIGITS.sub(lambda run: run[0] if _has_no_card(run[0]) else "•" * len(run[0]), text)


_PHONE = re.compile(r"\+?\d(?:[ ().-]{0,3}\d){6,}")
_EMAIL = re.compile(r"[^\s@<>()\[\]\"',;:]+@[^\s@<>()\[\]\"',;:]+\.\w+")
_SHORTEST_KNOWN = 3


def impersonal(text: str, known: Iterable[str] = ()) -> str:
    """What somebody outside says, as it may be kept: no numbers of cards and phones, no e-mail addresses, nothing that is ``known`` of the person."""
    words = sorted({each.strip() for each in known if len(each.strip()) >= _SHORTEST_KNOWN}, key=len, reverse=True)
    if words:
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", "…", text, flags=re.IGNORECASE)
    return _PHONE.sub("…", _EMAIL.sub("…", without_cards(text)))


def _has_no_card(text: str) -> bool:
    return len(text) < _SHORTEST_CARD or not any(_CARD.fullmatch(number) and luhn(number) for number in _numbers(text))


def digits(phone: str) -> str:
    """A phone number as it is dialled at home: without leading zeros, a North American one without its 1."""
    found = "".join(letter for letter in phone if letter in "0123456789").lstrip("0")
    return found[1:] if len(found) == 11 and found.startswith("1") else found


_SENTENCES = {
    "less_than_equal": "At most {le}.",
    "greater_than_equal": "At least {ge}.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "int_from_float": "Enter a whole number.",
    "string_too_long": "At most {max_length} characters.",
    "string_too_short": "At least {min_length} characters.",
    "too_long": "At most {max_length} of them.",
    "string_pattern_mismatch": "This is not written as it has to be.",
    "missing": "This is missing.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "This is text.",
    "bool_type": "This is true or false.",
}
"""What a shape that does not fit is called for people, by pydantic's type of error; the others say it in their own words."""


def sentence(error: Mapping[str, Any]) -> str:
    """What pydantic found, for people; where that is our own refusal, as it was written."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    text = error["type"] in ("too_long", "too_short") and isinstance(error.get("input"), str)
    said = _SENTENCES.get(f"string_{error['type']}" if text else error["type"])
    return said.format(**error.get("ctx", {})) if said else str(error["msg"])


Id = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_readable), AfterValidator(_one_line)]
"""Somebody's own name for something."""
Line = Annotated[Id, AfterValidator(_no_card)]
Label = Annotated[Line, AfterValidator(_can_be_seen)]
"""What something is picked by: letters that join or part others are fine, those that turn the line around are not."""
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_readable), AfterValidator(_no_card)]
