"""What can be said of a bank account in the United States without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator

from services.payments.card import Problem, digits_alone

_WEIGHTS = (3, 7, 1) * 3


def problems(routing: str, account: str, holder: str) -> Iterator[Problem]:
    """At most one a field, none of them naming a digit."""
    if not (digits_alone(routing) and len(routing) == 9):
        yield Problem("routing", "routing-invalid", "The routing number has nine digits: the first ones at the bottom of the check.")
    elif not routed(routing):
        yield Problem("routing", "routing-invalid", "This is not a routing number. Check it digit by digit.")
    if not (digits_alone(account) and 4 <= len(account) <= 17):
        yield Problem("account", "account-invalid", "An account number has 4 to 17 digits.")
    if not holder:
        yield Problem("holder", "missing", "Enter whose account it is, as the bank knows it.")


def routed(routing: str) -> bool:
    """The check digit of an ABA routing transit number: 3, 7 and 1 times its digits make a multiple of ten."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, routing, strict=True))
    return total > 0 and total % 10 == 0
