"""What whoever ships it may say of a parcel, at whatever door."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.text import Id, Line

LONGEST = 100
Short = Annotated[Line, StringConstraints(max_length=LONGEST)]
Number = Annotated[Id, StringConstraints(max_length=LONGEST)]
"""Many a carrier's may look like a card's."""
