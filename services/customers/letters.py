"""What customers are told, in words. Nothing of it is kept: it is written again whenever somebody wants to see it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.money import formatted

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""What changes the direction of the words around it."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "letter_templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class DraftLink:
    """An order that the customer may finish. ``total`` in minor units; 0 is not told."""

    shop: str
    first_name: str
    order_id: str
    address: str
    total: int
    currency: str
    price_lock: bool
    expires_at: datetime | None


def mail(about: DraftLink) -> Letter:
    shop, said = one_line(about.shop), _said(about)
    subject = f"Finish your order at {shop}" if shop else "Finish your order"
    return Letter(subject, _templates.get_template("draft_link.txt").render(said), _templates.get_template("draft_link.html").render(said))


def sms(about: DraftLink) -> str:
    until = f" It works until {_moment(about.expires_at)}." if about.expires_at else ""
    return f"{one_line(about.shop) or 'Your order'}: finish your order at {about.address}{until}"


def _said(about: DraftLink) -> dict[str, object]:
    return {
        "shop": one_line(about.shop),
        "name": one_line(about.first_name),
        "order_id": about.order_id,
        "address": about.address,
        "total": f"{formatted(about.total, about.currency)} {about.currency}" if about.total else "",
        "price_lock": about.price_lock,
        "until": _moment(about.expires_at) if about.expires_at else "",
    }


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def one_line(text: str) -> str:
    """As it may stand in a header or a sentence: no control characters, nothing that turns what follows around."""
    kept = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text if each not in _TURNS)
    return " ".join("".join(kept).split())
