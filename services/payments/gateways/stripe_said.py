"""What Stripe says of a PaymentIntent, a refund or a request, in our words. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from services.payments.gateways.protocol import MISFIT, UNKNOWN, Said
from services.payments.gateways.stripe_declines import DECLINES, REFUSALS
from services.payments.gateways.stripe_money import from_stripe
from services.payments.gateways.stripe_wire import Error, Intent, Refund, Refused

PLAIN = "do-not-honour"
NOT_POSSIBLE = "not-possible"
"""Why something is not taken or given back: ``code`` says what it is by now."""
NEVER_HEARD = Said(answer="never-heard")
_UNDECIDED = frozenset(("api_error", "idempotency_error"))
_ASK_AGAIN = frozenset(("idempotency_key_in_use", "lock_timeout", "rate_limit"))
_NOT_YET = frozenset(("requires_action", "requires_capture", "requires_confirmation", "requires_payment_method"))
_ADDRESS = {("pass", "pass"): "Y", ("pass", "fail"): "A", ("fail", "pass"): "Z", ("fail", "fail"): "N", ("pass", None): "A", (None, "pass"): "Z"}
_CODE = {None: "", "pass": "M", "fail": "N", "unchecked": "P"}


def declined(reason: str, code: str = "", reference: str = "") -> Said:
    return Said(answer="declined", reason=reason, code=code, reference=reference)


def authorised(intent: Intent, reference: str, currency: str) -> Said:
    """One that was cancelled reserves nothing any more, whatever it did before. One that was made and not confirmed never will be: Stripe gave up
    in between, and nobody else can."""
    if intent.reference != reference:
        return UNKNOWN
    match intent.status:
        case "requires_capture" | "succeeded":
            return _reserved(intent, currency)
        case "requires_action":
            return declined("3ds-needed", "requires_action", intent.id)
        case "canceled":
            return declined("not-charged", "canceled", intent.id)
        case "requires_payment_method" if intent.last_payment_error:
            said = failed(intent.last_payment_error, intent.id)
            return declined("fraud-suspected", said.code, said.reference) if intent.charge.blocked else said
        case "requires_payment_method" | "requires_confirmation":
            return NEVER_HEARD
    return UNKNOWN


def _reserved(intent: Intent, currency: str) -> Said:
    charge, amount = intent.charge, _amount(intent.amount, intent.currency, currency)
    if amount is None:
        return MISFIT
    before = charge.capture_before
    return Said(
        answer="approved",
        reference=intent.id,
        avs=_address(charge.checks.address_line1_check, charge.checks.address_postal_code_check),
        cvv=_CODE.get(charge.checks.cvc_check, "U"),
        amount=amount,
        expires_at=datetime.fromtimestamp(before, UTC) if before and intent.status == "requires_capture" else None,
    )


def _amount(theirs: int, their_currency: str, currency: str) -> int | None:
    return from_stripe(theirs, currency) if their_currency.upper() == currency else None


def _address(street: str | None, postal: str | None) -> str:
    """As a bank's letter: Y both, A the street, Z the postal code, N neither, U that it could not say."""
    if street is None and postal is None:
        return ""
    if {street, postal} == {"fail", None}:
        return "N"
    return _ADDRESS.get((street, postal), "U")


def failed(error: Error, reference: str = "") -> Said:
    """By the bank, or by Stripe in its place."""
    code = error.decline_code or error.code or ""
    reason = DECLINES.get(code) or DECLINES.get(error.code or "") or PLAIN
    if reason == PLAIN and error.advice_code == "do_not_try_again":
        reason = "not-accepted"
    return declined(reason, code, reference or (error.payment_intent.id if error.payment_intent else ""))


def captured(intent: Intent, authorisation: str, reference: str, currency: str) -> Said:
    """Once, under one reference of ours or by hand. ``amount`` is what was taken."""
    if intent.reference != authorisation:
        return UNKNOWN
    if intent.status == "succeeded":
        if intent.capture not in ("", reference):
            return declined(NOT_POSSIBLE, "succeeded", intent.id)
        amount = _amount(intent.amount_received, intent.currency, currency)
        return MISFIT if amount is None else Said(answer="approved", reference=intent.charge.id or intent.id, amount=amount)
    if intent.status == "canceled":
        return declined(NOT_POSSIBLE, "canceled", intent.id)
    return NEVER_HEARD if intent.status in _NOT_YET else UNKNOWN


def voided(intent: Intent, authorisation: str) -> Said:
    if intent.reference != authorisation:
        return UNKNOWN
    if intent.status == "canceled":
        return Said(answer="approved", reference=intent.id) if intent.reserved else declined(NOT_POSSIBLE, "canceled", intent.id)
    if intent.status == "succeeded":
        return declined(NOT_POSSIBLE, "succeeded", intent.id)
    return NEVER_HEARD if intent.status in _NOT_YET else UNKNOWN


def refunded(refund: Refund, reference: str, currency: str) -> Said:
    """One that is pending is accepted: should it fail, they tell by a call or when they are asked."""
    if refund.reference != reference:
        return UNKNOWN
    if refund.status in ("failed", "canceled"):
        return declined(NOT_POSSIBLE, refund.failure_reason or refund.status, refund.id)
    amount = _amount(refund.amount, refund.currency, currency)
    if refund.status not in ("succeeded", "pending"):
        return UNKNOWN
    return MISFIT if amount is None else Said(answer="approved", reference=refund.id, amount=amount)


def refused(no: Refused) -> Said:
    """Unknown where the request may be on its way, or was not looked at."""
    error = no.error
    if no.status in (401, 403):
        return declined("gateway-refused", error.code or str(no.status))
    if error.type in _UNDECIDED or error.code in _ASK_AGAIN:
        return UNKNOWN
    if error.type == "card_error":
        return failed(error)
    if no.status in (400, 402, 404) and error.type == "invalid_request_error":
        return declined(REFUSALS.get(error.code or "", "gateway-refused"), error.code or "")
    return UNKNOWN
