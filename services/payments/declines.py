"""From a decline's reason to what the agent may say and what may help. Each adapter has a table from its gateway's codes to these reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from shared.contracts.order import Method

Again = Literal["now", "corrected", "later", "never"]
"""The same card or account once more: as it is, with the right details, another time, or not at all: the schemes forbid it, or it is the same no."""


@dataclass(frozen=True, slots=True)
class Said:
    """``retry``: another try, with what ``try_next`` names, makes sense. ``soft``: another gateway may well say yes to the same."""

    reason: str
    say: str
    try_next: str
    again: Again = "later"
    retry: bool = True
    soft: bool = False


NOT_ACCEPTED = "not-accepted"
UNTOLD = frozenset(("fraud-suspected", "lost-card", "pick-up-card", "stolen-card"))
"""Reasons that must not reach whoever should not have the card: events say ``NOT_ACCEPTED`` of them, and no more but the gateway's code."""

_LATER_OR_CARD = "another card, or the same card in a few minutes"
_SUPERVISOR = "an external payment, or a supervisor"
_ASKED_AGAIN = "Nothing was charged. May I try once more in a few minutes, or would you like to use another card?"


def _table(*rows: Said) -> Mapping[str, Said]:
    return {row.reason: row for row in rows}


CARDS = _table(
    # The bank's own decision
    Said("do-not-honour", "Your bank did not approve this card today. Would you like to use another one?", "another card", soft=True),
    Said("insufficient-funds", "Your bank did not approve the amount on this card. Would you like to use another one?", "another card"),
    Said("over-limit", "Your bank did not approve an amount as high as this on the card. Would you like to use another one?", "another card"),
    Said("limit-exceeded", "Your bank approves no more payments with this card for now. Would you like to use another one?", "another card"),
    Said(
        "call-issuer",
        "Your bank would like to hear from you before it approves this card; the number is on its back. Or would you like to use another one?",
        "the same card after a call to the bank, or another card",
    ),
    Said("restricted-card", "Your bank does not allow this payment with this card. Would you like to use another one?", "another card"),
    Said("not-permitted", "This card cannot be used for a payment like this one. Would you like to use another one?", "another card", "never"),
    Said(
        "not-activated",
        "Your bank says that this card has not been activated yet. Would you like to use another one?",
        "another card, or the same card once it is activated",
    ),
    Said(
        "authorisation-revoked",
        "Your bank says that it was asked to stop payments to us from this card. Would you like to use another one?",
        "another card, never this one again",
        "never",
    ),
    Said(
        "3ds-needed",
        "Your bank wants you to confirm this payment on your own screen, which we cannot do by phone. Would you like to use another card?",
        "another card",
    ),
    # Details that are not right
    Said(
        "expired-card",
        "The bank says that this card has expired. Is there a newer one, or another card?",
        "the new expiry date or another card",
        "corrected",
    ),
    Said(
        "wrong-expiry",
        "The expiry date did not match. Could you read me the month and the year once more?",
        "the same card with the right expiry date",
        "corrected",
    ),
    Said(
        "wrong-cvv",
        "The security code did not match. Could you read me the three digits on the back once more?",
        "the same card with the right code",
        "corrected",
    ),
    Said(
        "wrong-details",
        "Your bank says that something about the card is not right. Could you read me number, date and code once more?",
        "the same card, everything typed again, or another card",
        "corrected",
    ),
    Said(
        "wrong-number",
        "The bank does not know this card number. Could you read it to me once more, digit by digit?",
        "the number typed again, or another card",
        "never",
    ),
    Said(
        "wrong-address",
        "The billing address is not the one that your bank has. Could you tell me the address on the statement of the card?",
        "the same card with the billing address as its bank has it",
        "corrected",
    ),
    # UNTOLD
    Said(NOT_ACCEPTED, "We cannot take this card. Would you like to use another one?", "another card, never this one again", "never"),
    Said("account-closed", "Your bank does not take payments from this card any more. Would you like to use another one?", "another card", "never"),
    # What the gateway takes
    Said("card-not-supported", "We cannot take cards of this kind for this order. Would you like to use another one?", "another card", soft=True),
    Said(
        "currency-not-supported",
        "This card cannot pay in the currency of this order. Would you like to use another one?",
        "another card",
        soft=True,
    ),
    Said("amount-not-accepted", "We cannot charge this amount to a card. Nothing was charged.", _SUPERVISOR, retry=False, soft=True),
    Said(
        "duplicate",
        "We seem to have asked your bank for this same payment a moment ago. Nothing more was charged; let me look at it first.",
        "what this order has been charged so far, then the same card in a few minutes",
    ),
    Said("gateway-refused", "We cannot take cards for this offer at the moment. Nothing was charged.", _SUPERVISOR, retry=False, soft=True),
    # Somebody did not answer
    Said("try-again-later", f"Your bank cannot approve anything at this moment. {_ASKED_AGAIN}", _LATER_OR_CARD, soft=True),
    Said("issuer-unavailable", f"We cannot reach your bank at this moment. {_ASKED_AGAIN}", _LATER_OR_CARD, soft=True),
    Said("processor-trouble", f"Our connection to the banks has a problem. {_ASKED_AGAIN}", _LATER_OR_CARD, "now", soft=True),
    Said("not-charged", "The bank did not answer, and nothing was charged. May I try the card again?", "the same card", "now"),
    # What no gateway was asked for
    Said("card-details-expired", "I need the card details once more, please.", "the same card, typed again", "now"),
    Said("not-this-order", "I need the card details for this order, please.", "the card, typed on this order", "now"),
    Said(
        "refused-before", "We cannot take this card for this order. Would you like to use another one?", "another card, never this one again", "never"
    ),
    Said("gateway-missing", "We cannot take cards for this offer at the moment. Nothing was charged.", _SUPERVISOR, "now", retry=False),
    Said(
        "gateway-off",
        "We cannot take cards for this offer at the moment. Nothing was charged.",
        "an external payment, or a supervisor, who can switch the gateway on",
        "now",
        retry=False,
        soft=True,
    ),
    Said("amount-mismatch", "Something is wrong with the total of this order. Nothing was charged.", "a supervisor", "now", retry=False),
)

_ANOTHER = "another account, or a card"
_NEVER_THIS = "another account or a card, never this account again"
_NO_CHECK = "Would you like to use another account, or a card?"
ACCOUNTS = _table(
    # The bank's own decision
    Said(
        "do-not-honour",
        "Your bank did not accept a check from this account. Would you like to pay another way?",
        "a card, or another account",
        soft=True,
    ),
    Said("insufficient-funds", f"Your bank did not accept a check of this amount. {_NO_CHECK}", _ANOTHER),
    Said("over-limit", f"We cannot take a check of this amount. {_NO_CHECK}", _ANOTHER, soft=True),
    Said("limit-exceeded", f"We can take no more checks from this account for now. {_NO_CHECK}", _ANOTHER, soft=True),
    Said("account-closed", "The bank says that this account is closed. Is there another one, or a card?", _NEVER_THIS, "never"),
    Said("debits-blocked", "The bank does not let this account be charged. Is there another one, or a card?", _ANOTHER, "never"),
    Said("payment-stopped", f"Your bank was asked to stop this payment. {_NO_CHECK}", _ANOTHER, "never"),
    Said(
        "not-authorised",
        f"Your bank says that this payment was not agreed to by the holder of the account. {_NO_CHECK}",
        _NEVER_THIS,
        "never",
    ),
    Said("authorisation-revoked", f"Your bank says that it was asked to stop payments to us from this account. {_NO_CHECK}", _NEVER_THIS, "never"),
    # Details that are not right
    Said(
        "account-not-found",
        "The bank does not know this account. Could you read me both numbers at the bottom of your check once more?",
        "the same account, both numbers typed again",
        "corrected",
    ),
    Said(
        "wrong-routing",
        "No bank has this routing number. Could you read me the first nine digits at the bottom of your check once more?",
        "the same account with the right routing number",
        "corrected",
    ),
    Said(
        "wrong-holder",
        "The bank has another name for this account. Whose name is on the check?",
        "the same account with the name as it is on the check",
        "corrected",
    ),
    # UNTOLD
    Said(NOT_ACCEPTED, f"We cannot take this account. {_NO_CHECK}", _NEVER_THIS, "never"),
    # What the gateway takes
    Said("no-ach", "We cannot take eChecks for this offer. Nothing was charged. Would you like to use a card?", "a card", "now", soft=True),
    Said("not-permitted", f"We cannot take a check from an account of this kind. {_NO_CHECK}", _ANOTHER, "never"),
    Said("currency-not-supported", "We cannot take eChecks in the currency of this order. Would you like to use a card?", "a card", soft=True),
    Said("amount-not-accepted", "We cannot take a check of this amount. Nothing was charged.", _SUPERVISOR, retry=False, soft=True),
    Said(
        "duplicate",
        "We seem to have asked your bank for this same payment a moment ago. Nothing more was charged; let me look at it first.",
        "what this order has been charged so far, then the same account in a few minutes",
    ),
    Said("gateway-refused", "We cannot take eChecks for this offer at the moment. Nothing was charged.", _SUPERVISOR, retry=False, soft=True),
    # Somebody did not answer
    Said("try-again-later", f"We cannot check accounts at this moment. {_ASKED_AGAIN}", "the same account in a few minutes, or a card", soft=True),
    Said(
        "processor-trouble",
        f"Our connection to the banks has a problem. {_ASKED_AGAIN}",
        "the same account in a few minutes, or a card",
        "now",
        soft=True,
    ),
    Said("not-charged", "The bank did not answer, and nothing was charged. May I try the account again?", "the same account", "now"),
    # What no gateway was asked for
    Said("card-details-expired", "I need the account details once more, please.", "the same account, typed again", "now"),
    Said("not-this-order", "I need the account details for this order, please.", "the account, typed on this order", "now"),
    Said("refused-before", f"We cannot take this account for this order. {_NO_CHECK}", _NEVER_THIS, "never"),
    Said("gateway-missing", "We cannot take eChecks for this offer at the moment. Nothing was charged.", _SUPERVISOR, "now", retry=False),
    Said(
        "gateway-off",
        "We cannot take eChecks for this offer at the moment. Nothing was charged.",
        "an external payment, or a supervisor, who can switch the gateway on",
        "now",
        retry=False,
        soft=True,
    ),
    CARDS["amount-mismatch"],
)


def told(reason: str) -> str:
    """As it may stand in events and on pages."""
    return NOT_ACCEPTED if reason in UNTOLD else reason


def explain(reason: str, method: Method = "card") -> Said:
    """As an order may know it. A reason that is not in the table is told as a plain refusal by the bank, and no other gateway is asked then."""
    table = _of(method)
    return table.get(told(reason)) or replace(table["do-not-honour"], soft=False)


def known(reason: str, method: Method = "card") -> bool:
    return reason in UNTOLD or reason in _of(method)


def _of(method: Method) -> Mapping[str, Said]:
    return ACCOUNTS if method == "echeck" else CARDS
