"""Why a bank sends a debit back: return reason codes of the Nacha Operating Rules, as they are said to people."""

from __future__ import annotations

_REASONS = {
    "R01": "insufficient-funds",
    "R02": "account-closed",
    "R03": "no-such-account",
    "R04": "account-number-invalid",
    "R05": "not-authorised-by-customer",
    "R06": "asked-back-by-our-bank",
    "R07": "authorisation-revoked",
    "R08": "payment-stopped",
    "R09": "uncollected-funds",
    "R10": "not-authorised-by-customer",
    "R11": "not-as-authorised",
    "R12": "account-sold",
    "R13": "no-such-bank",
    "R14": "account-holder-dead",
    "R15": "account-holder-dead",
    "R16": "account-frozen",
    "R20": "account-takes-no-debits",
    "R29": "not-authorised-by-customer",
}


def reason_of(code: str) -> str:
    return _REASONS.get(code, "returned")
