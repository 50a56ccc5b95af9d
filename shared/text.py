"""Texts that people type, as they may enter an event."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _readable(text: str) -> str:
    """Private-use characters are refused too: sealed texts begin with one."""
    if any(unicodedata.category(character) in ("Cc", "Co", "Cs", "Cn") and character not in "\n\t" for character in text):
        raise ValueError("contains characters that cannot be stored")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be one line")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_readable), AfterValidator(_one_line)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_readable)]
