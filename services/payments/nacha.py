"""Why a debit of a bank account came back, as NACHA numbers it, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Return:
    """``reason`` is one of ``declines.ACCOUNTS``, ``means`` the code's own sense, ``again``: the rules let the same debit be sent once more."""

    code: str
    reason: str
    means: str
    again: bool = False


RETURNS: Mapping[str, Return] = {
    each.code: each
    for each in (
        Return("R01", "insufficient-funds", "There was not enough money in the account.", True),
        Return("R02", "account-closed", "The account has been closed."),
        Return("R03", "account-not-found", "The bank has no such account, or another holder for it."),
        Return("R04", "account-not-found", "The account number cannot be one of this bank."),
        Return("R05", "not-authorised", "The customer told the bank that they had not agreed to a business debit of their private account."),
        Return("R06", "payment-stopped", "Our own bank asked for it back."),
        Return("R07", "authorisation-revoked", "The customer has taken back their consent."),
        Return("R08", "payment-stopped", "The customer has stopped this payment."),
        Return("R09", "insufficient-funds", "The account's money has not been credited to it for good yet.", True),
        Return("R10", "not-authorised", "The customer told the bank that they had not agreed to this payment."),
        Return("R11", "not-authorised", "The customer told the bank that this was not the payment that they had agreed to."),
        Return("R12", "account-not-found", "The account has moved to another bank with its branch."),
        Return("R13", "wrong-routing", "No bank has this routing number."),
        Return("R14", "debits-blocked", "The account's representative cannot act for it any more."),
        Return("R15", "debits-blocked", "The account's holder cannot be charged any more."),
        Return("R16", "debits-blocked", "The account is frozen."),
        Return("R17", "account-not-found", "The bank could not process what the debit says, or found it doubtful."),
        Return("R20", "debits-blocked", "The account is of a kind that cannot be debited, such as certain savings accounts."),
        Return("R21", "gateway-refused", "The bank does not know the company identification that our debit carries."),
        Return("R22", "wrong-holder", "The bank does not know the customer by the identification that our debit carries."),
        Return("R23", "not-permitted", "The receiver refused it."),
        Return("R24", "duplicate", "The bank took it for the repeat of another debit."),
        Return("R26", "gateway-refused", "The debit lacked something that it must say."),
        Return("R28", "wrong-routing", "The check digit of the routing number is wrong."),
        Return("R29", "not-authorised", "The company whose account it is told the bank that it had not agreed to this payment."),
        Return("R31", "not-authorised", "The company's bank sent it back late, and our bank agreed to it."),
        Return("R34", "debits-blocked", "The bank does not take debits of this kind."),
        Return("R37", "duplicate", "The paper check of this payment was cashed as well."),
        Return("R38", "payment-stopped", "The customer has stopped the paper check of this payment."),
        Return("R39", "not-permitted", "The paper check of this payment cannot be turned into a debit."),
        Return("R51", "not-authorised", "The bank does not accept that the customer was rightly charged."),
    )
}


def why_returned(code: str) -> Return:
    """Of a code that is not in the table no more is said than that the bank sent it back."""
    return RETURNS.get(code) or Return(code, "returned", "The customer's bank sent it back.")
