"""From a decline's reason to what the agent may say and what may help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """``retry``: another try, with what ``try_next`` names, makes sense."""

    reason: str
    say: str
    retry: bool
    try_next: str


_TABLE = {
    said.reason: said
    for said in (
        Said("do-not-honour", "Your bank did not approve this card today. Would you like to use another one?", True, "another card"),
        Said("insufficient-funds", "Your bank did not approve the amount on this card. Would you like to use another one?", True, "another card"),
        Said(
            "expired-card",
            "The bank says that this card has expired. Is there a newer one, or another card?",
            True,
            "the new expiry date or another card",
        ),
        Said(
            "wrong-cvv",
            "The security code did not match. Could you read me the three digits on the back once more?",
            True,
            "the same card with the right code",
        ),
        Said("pick-up-card", "We cannot take this card. Would you like to use another one?", True, "another card, never this one again"),
        Said("card-details-expired", "I need the card details once more, please.", True, "the same card, typed again"),
        Said("not-this-order", "I need the card details for this order, please.", True, "the card, typed on this order"),
        Said("not-charged", "The bank did not answer, and nothing was charged. May I try the card again?", True, "the same card"),
        Said(
            "gateway-missing",
            "We cannot take cards for this offer at the moment. Nothing was charged.",
            False,
            "an external payment, or a supervisor",
        ),
        Said(
            "gateway-off",
            "We cannot take cards for this offer at the moment. Nothing was charged.",
            False,
            "an external payment, or a supervisor, who can switch the gateway on",
        ),
        Said("amount-mismatch", "Something is wrong with the total of this order. Nothing was charged.", False, "a supervisor"),
    )
}
_OF_ACCOUNTS = {
    said.reason: said
    for said in (
        Said(
            "do-not-honour",
            "Your bank did not accept a check from this account. Would you like to pay another way?",
            True,
            "a card, or another account",
        ),
        Said(
            "account-closed",
            "The bank says that this account is closed. Is there another one, or a card?",
            True,
            "another account or a card, never this account again",
        ),
        Said(
            "account-not-found",
            "The bank does not know this account. Could you read me both numbers at the bottom of your check once more?",
            True,
            "the same account, both numbers typed again",
        ),
        Said(
            "debits-blocked",
            "The bank does not let this account be charged. Is there another one, or a card?",
            True,
            "another account, or a card",
        ),
        Said(
            "insufficient-funds",
            "Your bank did not accept a check of this amount. Would you like to use another account, or a card?",
            True,
            "another account, or a card",
        ),
        Said("card-details-expired", "I need the account details once more, please.", True, "the same account, typed again"),
        Said("not-this-order", "I need the account details for this order, please.", True, "the account, typed on this order"),
        Said("not-charged", "The bank did not answer, and nothing was charged. May I try the account again?", True, "the same account"),
        Said("no-ach", "We cannot take eChecks for this offer. Nothing was charged. Would you like to use a card?", True, "a card"),
        Said(
            "gateway-missing",
            "We cannot take eChecks for this offer at the moment. Nothing was charged.",
            False,
            "an external payment, or a supervisor",
        ),
        Said(
            "gateway-off",
            "We cannot take eChecks for this offer at the moment. Nothing was charged.",
            False,
            "an external payment, or a supervisor, who can switch the gateway on",
        ),
    )
}


def explain(reason: str, method: str = "card") -> Said:
    """A reason that is not in the table is told as a plain refusal by the bank."""
    if method == "echeck" and reason != "amount-mismatch":
        return _OF_ACCOUNTS.get(reason) or _OF_ACCOUNTS["do-not-honour"]
    return _TABLE.get(reason) or _TABLE["do-not-honour"]
