"""Cards and accounts that an order takes no more: a bank has refused them for good, and the schemes forbid to ask it again."""

from __future__ import annotations

from services.payments.declines import explain
from services.payments.pre_auth import PreAuths
from services.payments.state import Payment
from shared.contracts.cards import PreAuthDeclined
from shared.contracts.order import Method

REFUSED_BEFORE = "refused-before"


def barred(fingerprint: str, payment: Payment, pre_auths: PreAuths) -> bool:
    attempts = any(
        attempt.instrument.fingerprint == fingerprint and _for_good(attempt.refused, attempt.opened.submitted.method)
        for attempt in payment.attempts.values()
        if attempt.refused
    )
    asked = (each.outcome for each in pre_auths.by_number.values() if isinstance(each.outcome, PreAuthDeclined))
    return attempts or any(no.instrument.fingerprint == fingerprint and _for_good(no.reason, "card") for no in asked)


def _for_good(reason: str, method: Method) -> bool:
    return explain(reason, method).again == "never"
