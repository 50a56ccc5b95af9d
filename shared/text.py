"""Texts that people type, as they may enter an event."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CARD = re.compile(r"(?<![\d+])(?:[2456]\d{3}(?:[ -]?\d{4}){3}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?!\d)")


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def _readable(text: str) -> str:
    """Private-use characters are refused too: sealed texts begin with one."""
    if any(unicodedata.category(character) in ("Cc", "Co", "Cs", "Cn") and character not in "\n\t" for character in text):
        raise ValueError("contains characters that cannot be stored")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be one line")
    return text


def _no_card(text: str) -> str:
    if any(luhn(re.sub("[ -]", "", found)) for found in _CARD.findall(text)):
        raise ValueError("contains a card number; those belong in the card fields alone")
    return text


Id = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_readable), AfterValidator(_one_line)]
"""Somebody's own name for something."""
Line = Annotated[Id, AfterValidator(_no_card)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_readable), AfterValidator(_no_card)]
