"""Card numbers, bank accounts and amounts that the simulator does something of its own with; docs/gateways.md shows them.

Everything else is approved: any other number that passes Luhn, 4242424242424242 and 4111111111111111 among them, and any other bank account, by
whichever routing number. A magic number counts before a magic amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

What = Literal["card", "account", "amount"]
Does = Literal[
    "decline", "lost-before", "lost-after", "fail-after", "reset", "hang", "malformed", "page", "twice", "other-reference", "other-amount", "slow",
    "unreachable", "expires", "capture-declined", "capture-lost", "refund-declined", "refund-lost", "void-declined", "returned",
]  # fmt: skip

SLOW_SECONDS = 2.0
EXPIRES_SECONDS = RETURNS_SECONDS = 60
"""Of what is reserved by a magic number, and after the capture of a debit."""

WORDS: Mapping[Does, str] = {
    "decline": "Declines",
    "lost-before": "Times out (504) before anything is charged; the same request again is approved",
    "lost-after": "Charges, and times out (504) before it can say so",
    "fail-after": "Charges, and answers 500",
    "reset": "Charges, and breaks the connection off in the middle of its answer",
    "hang": "Charges, and never answers",
    "malformed": "Charges, and answers what nobody can read",
    "page": "Charges, and answers a page of HTML",
    "twice": "Charges once, and says so twice in one answer",
    "other-reference": "Charges, and answers for another reference",
    "other-amount": "Charges one cent more than it was asked for, and says so",
    "slow": "Approves after two seconds",
    "unreachable": "Times out, and so does every question about it: the outcome stays unknown while the simulator runs",
    "expires": "Reserves for a minute; after it the capture is refused",
    "capture-declined": "Approves, and refuses the capture",
    "capture-lost": "Approves; captures, and times out (504) before it can say so",
    "refund-declined": "Approves, and refuses each refund",
    "refund-lost": "Approves; refunds, and times out (504) before it can say so",
    "void-declined": "Approves, and refuses to give back what is reserved",
    "returned": "Accepts and debits, and the debit comes back a minute later",
}


@dataclass(frozen=True, slots=True)
class Magic:
    """``reason`` is that of a decline, or the code of a return. An amount is in minor units of whichever currency."""

    what: What
    value: str
    does: Does
    reason: str = ""


def _cards() -> Iterator[Magic]:
    for value, does, reason in (
        ("4000000000000002", "decline", "do-not-honour"),
        ("4000000000009995", "decline", "insufficient-funds"),
        ("4000000000000069", "decline", "expired-card"),
        ("4000000000000127", "decline", "wrong-cvv"),
        ("4000000000009979", "decline", "pick-up-card"),
        ("4000000100000019", "decline", "over-limit"),
        ("4000000100000027", "decline", "limit-exceeded"),
        ("4000000100000035", "decline", "call-issuer"),
        ("4000000100000043", "decline", "restricted-card"),
        ("4000000100000050", "decline", "not-permitted"),
        ("4000000100000068", "decline", "not-activated"),
        ("4000000100000076", "decline", "authorisation-revoked"),
        ("4000000100000084", "decline", "3ds-needed"),
        ("4000000100000092", "decline", "wrong-expiry"),
        ("4000000100000100", "decline", "wrong-number"),
        ("4000000100000118", "decline", "wrong-address"),
        ("4000000100000241", "decline", "wrong-details"),
        ("4000000100000126", "decline", "account-closed"),
        ("4000000100000134", "decline", "card-not-supported"),
        ("4000000100000142", "decline", "currency-not-supported"),
        ("4000000100000159", "decline", "amount-not-accepted"),
        ("4000000100000167", "decline", "duplicate"),
        ("4000000100000175", "decline", "gateway-refused"),
        ("4000000100000183", "decline", "try-again-later"),
        ("4000000100000191", "decline", "issuer-unavailable"),
        ("4000000100000209", "decline", "processor-trouble"),
        ("4000000100000217", "decline", "lost-card"),
        ("4000000100000225", "decline", "stolen-card"),
        ("4000000100000233", "decline", "fraud-suspected"),
        ("4000000000000119", "lost-before", ""),
        ("4000000000000259", "lost-after", ""),
        ("4000000200000018", "fail-after", ""),
        ("4000000200000026", "reset", ""),
        ("4000000200000034", "hang", ""),
        ("4000000000000341", "malformed", ""),
        ("4000000200000042", "page", ""),
        ("4000000200000059", "twice", ""),
        ("4000000200000067", "other-reference", ""),
        ("4000000200000075", "other-amount", ""),
        ("4000000000000077", "slow", ""),
        ("4000000000000309", "unreachable", ""),
        ("4000000200000083", "expires", ""),
        ("4000000200000091", "capture-declined", "do-not-honour"),
        ("4000000200000109", "capture-lost", ""),
        ("4000000200000117", "refund-declined", "processor-trouble"),
        ("4000000200000125", "refund-lost", ""),
        ("4000000200000133", "void-declined", "processor-trouble"),
    ):
        yield Magic("card", value, does, reason)  # type: ignore[arg-type]


def _accounts() -> Iterator[Magic]:
    for value, does, reason in (
        ("1000000002", "decline", "account-closed"),
        ("1000000003", "decline", "account-not-found"),
        ("1000000004", "decline", "insufficient-funds"),
        ("1000000005", "decline", "debits-blocked"),
        ("1000000008", "decline", "do-not-honour"),
        ("1000000009", "decline", "over-limit"),
        ("1000000010", "decline", "limit-exceeded"),
        ("1000000011", "decline", "payment-stopped"),
        ("1000000012", "decline", "not-authorised"),
        ("1000000013", "decline", "authorisation-revoked"),
        ("1000000014", "decline", "wrong-routing"),
        ("1000000015", "decline", "wrong-holder"),
        ("1000000016", "decline", "not-permitted"),
        ("1000000017", "decline", "try-again-later"),
        ("1000000018", "decline", "processor-trouble"),
        ("1000000019", "decline", "gateway-refused"),
        ("1000000006", "lost-after", ""),
        ("1000000007", "capture-declined", "insufficient-funds"),
        *((f"20000000{number:02}", "returned", f"R{number:02}") for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 29)),
    ):
        yield Magic("account", value, does, reason)  # type: ignore[arg-type]


def _amounts() -> Iterator[Magic]:
    for value, does, reason in (
        (900_01, "decline", "do-not-honour"),
        (900_02, "decline", "insufficient-funds"),
        (900_03, "decline", "try-again-later"),
        (900_04, "decline", "over-limit"),
        (900_05, "decline", "processor-trouble"),
        (900_10, "lost-before", ""),
        (900_11, "lost-after", ""),
        (900_12, "fail-after", ""),
        (900_13, "reset", ""),
        (900_14, "hang", ""),
        (900_15, "malformed", ""),
        (900_16, "page", ""),
        (900_17, "twice", ""),
        (900_18, "other-reference", ""),
        (900_19, "other-amount", ""),
        (900_20, "slow", ""),
        (900_21, "unreachable", ""),
        (900_22, "expires", ""),
        (900_30, "capture-declined", "do-not-honour"),
        (900_31, "capture-lost", ""),
        (900_32, "refund-declined", "processor-trouble"),
        (900_33, "refund-lost", ""),
        (900_34, "void-declined", "processor-trouble"),
    ):
        yield Magic("amount", str(value), does, reason)  # type: ignore[arg-type]


MAGIC: tuple[Magic, ...] = (*_cards(), *_accounts(), *_amounts())
_BY_VALUE = {(each.what, each.value): each for each in MAGIC}


def find(what: What, number: str, amount: int) -> Magic | None:
    return _BY_VALUE.get((what, number)) or _BY_VALUE.get(("amount", str(amount)))


def value(what: What, does: Does) -> str:
    """The first one that does it."""
    return next(each.value for each in MAGIC if (each.what, each.does) == (what, does))


DECLINES = {each.value: each.reason for each in MAGIC if (each.what, each.does) == ("card", "decline")}
LOST_BEFORE, LOST_AFTER, MALFORMED, SLOW = map(partial(value, "card"), ("lost-before", "lost-after", "malformed", "slow"))
UNREACHABLE = value("card", "unreachable")
ACCOUNT_DECLINES = {each.value: each.reason for each in MAGIC if (each.what, each.does) == ("account", "decline")}
ACCOUNT_LOST_AFTER, ACCOUNT_BOUNCES = value("account", "lost-after"), value("account", "capture-declined")


def table() -> str:
    """In Markdown: a row for everything that can be made to happen, and by which card, account and amount."""
    lines = ["| what happens | card | account | amount |", "|---|---|---|---|"]
    kinds = dict.fromkeys((each.does, each.reason) for does in WORDS for each in MAGIC if each.does == does)
    for does, reason in kinds:
        cells = [_shown(each) for what in ("card", "account", "amount") for each in [_of(what, does, reason)]]
        lines.append(f"| {WORDS[does]}{f': `{reason}`' if reason else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _of(what: str, does: Does, reason: str) -> Magic | None:
    return next((each for each in MAGIC if (each.what, each.does, each.reason) == (what, does, reason)), None)


def _shown(magic: Magic | None) -> str:
    if magic is None:
        return ""
    if magic.what == "amount":
        return f"{int(magic.value) / 100:.2f}"
    size = 4 if magic.what == "card" else len(magic.value)
    return f"`{' '.join(magic.value[at : at + size] for at in range(0, len(magic.value), size))}`"
