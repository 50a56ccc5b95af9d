"""What an order is charged to: a card, or a bank account; as a gateway needs it, and in no representation, so in no log and no traceback."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from services.payments.card import brand_of

AccountKind = Literal["checking", "savings"]


@dataclass(frozen=True, slots=True)
class Card:
    """Without a security code where it was stored."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)
    cvv: str = field(repr=False)
    holder: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account in the United States, debited by eCheck (ACH)."""

    routing: str = field(repr=False)
    number: str = field(repr=False)
    kind: AccountKind
    holder: str = field(repr=False)


Means = Card | Account


def brand(means: Means) -> str:
    return brand_of(means.number) if isinstance(means, Card) else means.kind.capitalize()


def expiry(means: Means) -> str:
    return means.expiry if isinstance(means, Card) else ""


def kind_of(means: Means) -> Literal["card", "account"]:
    return "card" if isinstance(means, Card) else "account"


def hidden(text: str, means: Means) -> str:
    """A number that somebody repeats, however it is grouped, is not repeated here."""
    return re.sub(r"[\s.-]?".join(means.number), "•" * len(means.number), text)


def packed(means: Means) -> dict[str, Any]:
    return asdict(means)


def unpacked(record: dict[str, Any]) -> Means:
    """Raises KeyError, TypeError for what was never packed."""
    made = Account if "routing" in record else Card
    return made(**{name: record[name] for name in made.__dataclass_fields__})
