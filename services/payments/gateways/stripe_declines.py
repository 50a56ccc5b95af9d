"""From Stripe's decline codes and error codes to our reasons (docs.stripe.com/declines/codes, docs.stripe.com/error-codes)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DECLINES", "REFUSALS"]

_CODES: Mapping[str, tuple[str, ...]] = {
    "3ds-needed": ("authentication_not_handled", "authentication_required", "mobile_device_authentication_required"),
    "account-closed": ("invalid_account", "new_account_information_available"),
    "authorisation-revoked": ("revocation_of_all_authorizations", "revocation_of_authorization", "stop_payment_order"),
    "call-issuer": ("call_issuer",),
    "card-not-supported": ("card_not_supported", "testmode_decline"),
    "currency-not-supported": ("currency_not_supported",),
    "do-not-honour": ("card_declined", "do_not_honor", "generic_decline", "no_action_taken", "security_violation"),
    "duplicate": ("duplicate_transaction",),
    "expired-card": ("expired_card",),
    "fraud-suspected": ("fraudulent", "merchant_blacklist"),
    "insufficient-funds": ("insufficient_funds",),
    "issuer-unavailable": ("issuer_not_available",),
    "limit-exceeded": ("card_decline_rate_limit_exceeded", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"),
    "lost-card": ("lost_card",),
    "not-accepted": ("do_not_try_again",),
    "not-permitted": ("service_not_allowed", "transaction_not_allowed"),
    "over-limit": ("invalid_amount",),
    "pick-up-card": ("pickup_card",),
    "processor-trouble": ("processing_error",),
    "restricted-card": (
        "incorrect_pin",
        "invalid_pin",
        "not_permitted",
        "offline_pin_required",
        "online_or_offline_pin_required",
        "pin_try_exceeded",
        "restricted_card",
    ),
    "stolen-card": ("stolen_card",),
    "try-again-later": ("approve_with_id", "reenter_transaction", "try_again_later"),
    "wrong-address": ("incorrect_address", "incorrect_zip", "postal_code_invalid"),
    "wrong-cvv": ("incorrect_cvc", "invalid_cvc"),
    "wrong-expiry": ("invalid_expiry_month", "invalid_expiry_year"),
    "wrong-number": ("incorrect_number", "invalid_number"),
}
DECLINES: Mapping[str, str] = {code: reason for reason, codes in _CODES.items() for code in codes}
"""A code that is not here is a plain no by the bank."""

REFUSALS: Mapping[str, str] = dict.fromkeys(
    ("amount_too_large", "amount_too_small", "invalid_charge_amount", "invalid_charge_amount_no_decimal_compatible"), "amount-not-accepted"
)
"""Of requests that reach no bank. A code that is not here means that this account, or this key, may not do it."""
