"""Letters to customers, for every service the same: what each is called, what may be merged into it, and the words that come with Ringup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.contracts.catalog import Letter, LetterTemplate

MERGE = re.compile(r"\{([^{}\n]*)\}")
_UNCLOSED = re.compile(r"\{(\w++)(?![^{}\n]*\})")


@dataclass(frozen=True, slots=True)
class MergeField:
    """``wide``: more than a few words, and never part of a subject."""

    name: str
    title: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """``subject`` and ``text`` are the words that come with Ringup. ``needs`` are merge fields without which it is of no use."""

    title: str
    when: str
    fields: tuple[MergeField, ...]
    subject: str
    text: str
    needs: tuple[str, ...] = ()
    by_hand: bool = False
    """Somebody sends it, so there is nothing to switch on or off."""


_WHO = (
    MergeField("first_name", "First name"),
    MergeField("customer", "Full name"),
    MergeField("shop", "Campaign"),
    MergeField("order", "Order number"),
)
_GOODS = (MergeField("lines", "Products", wide=True), MergeField("ship_to", "Shipping address", wide=True))

LETTERS: Mapping[LetterTemplate, Kind] = {
    "order-confirmation": Kind(
        "Order confirmation",
        "Once an order is approved.",
        (*_WHO, MergeField("total", "Total"), *_GOODS),
        "Your order {order} at {shop}",
        "Hello {first_name},\n\nthank you for your order at {shop}. We are getting it ready:\n\n{lines}\n\nIt goes to:\n\n{ship_to}\n\n"
        "Your order number is {order}. Have it at hand when you call us.",
    ),
    "shipped": Kind(
        "Shipped",
        "Each time that a parcel is on its way.",
        (
            *_WHO,
            MergeField("carrier", "Carrier"),
            MergeField("tracking", "Tracking number"),
            MergeField("parcel", "Carrier and number", wide=True),
            MergeField("track", "Tracking page", wide=True),
            *_GOODS,
        ),
        "Your order {order} is on its way",
        "Hello {first_name},\n\nyour order at {shop} is on its way to you:\n\n{lines}\n\n{parcel}\n\n{track}\n\nYour order number is {order}.",
    ),
    "draft-link": Kind(
        "Link to finish an order",
        "When an agent sends it by e-mail.",
        (
            MergeField("first_name", "First name"),
            MergeField("shop", "Campaign"),
            MergeField("order", "Order number"),
            MergeField("total", "Total"),
            MergeField("until", "Works until"),
            MergeField("link", "Link", wide=True),
            MergeField("price", "About the price", wide=True),
            MergeField("validity", "How long it works", wide=True),
        ),
        "Finish your order at {shop}",
        "Hello {first_name},\n\nyou spoke with {shop}, and your order is ready for you to finish:\n\n{link}\n\n{price}\n\n{validity}\n\n"
        "Order {order}. If you do not want it, there is nothing you need to do.",
        needs=("link",),
        by_hand=True,
    ),
}


def sending(letters: Iterable[Letter]) -> dict[LetterTemplate, Letter]:
    """One of each: what a campaign does not have is off, where it can be, and in the words that come with Ringup."""
    return {
        **{template: Letter(template=template, on=kind.by_hand) for template, kind in LETTERS.items()},
        **{each.template: each for each in letters},
    }


def wrong_subject(template: LetterTemplate, subject: str) -> str:
    """What is wrong with its merge fields, in a sentence; or nothing."""
    return _unknown(subject, [field.name for field in LETTERS[template].fields if not field.wide])


def wrong_text(template: LetterTemplate, text: str) -> str:
    """As ``wrong_subject``. An empty text is the one that comes with Ringup."""
    kind = LETTERS[template]
    wrong = _unknown(text, [field.name for field in kind.fields])
    lacking = [name for name in kind.needs if text.strip() and f"{{{name}}}" not in text]
    return wrong or (f"This letter is of no use without {{{lacking[0]}}}. Put it in." if lacking else "")


def _unknown(text: str, known: Iterable[str]) -> str:
    if unclosed := _UNCLOSED.search(text):
        return f"{{{unclosed[1]} is not closed. Write {{{unclosed[1]}}}, or take the brace out."
    there = list(known)
    unknown = [found for found in MERGE.findall(text) if found not in there]
    return f"{{{unknown[0]}}} is no merge field here. There are {', '.join(f'{{{each}}}' for each in there)}." if unknown else ""
