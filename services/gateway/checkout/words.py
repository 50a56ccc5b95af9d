"""What is said to a customer: why a link does not open, why a card was not taken, why something is not possible. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    title: str
    detail: str
    image: str = "info"
    again: bool = False
    """Looking once more may help."""


NOT_THERE = Told(404, "There is no such page", "Check the address: it may have been cut off. The link in your message is the whole of it.")
WITH_AGENT = Told(
    409,
    "We have your order open",
    "Somebody of ours is working on your order, so it cannot be changed here at the moment. Nothing was charged by this page. "
    "If you are on the phone with us, finish it there; if not, look again in a few minutes.",
    "phone",
    again=True,
)
NO_COOKIES = Told(
    409,
    "This page has lost its order",
    "It was open for too long, or this browser keeps no cookies. Nothing was changed and nothing was charged. Open the link from your message again.",
    "clock",
)
OTHER_ORDER = Told(
    409,
    "Another order was opened since",
    "This page was of another order than the one that this browser has open now. Nothing was changed and nothing was charged. "
    "Look again to go on with the one that is open, or open the link from your message for the other.",
    "copy",
    again=True,
)
INSECURE = Told(403, "This page needs https", "Cards are paid with here, so it is not shown unencrypted. Begin the address with https.", "lock")
PAID = Told(
    409,
    "This order is being charged",
    "It was sent before, perhaps from another window. It is charged once. Look again to see how it stands.",
    "clock",
    again=True,
)
AWAY = Told(
    503,
    "We cannot be reached at the moment",
    "Nothing is lost and nothing was charged by this. Go back with your browser's button, and try again in a minute.",
    "alert",
)
CUT_OFF = Told(
    422,
    "Something in this address or form is not right",
    "Go back with your browser's button, or open the link from your message again.",
    "alert",
)
UNKNOWN = Told(
    404, "This link does not open anything", "It may have been cut off on its way. Copy it whole from your message, or ask us for a new one."
)
_ANOTHER = "Call us, or answer our message, and we send you a new one"
COMPLETED = Told(
    410,
    "This order has been placed already",
    "Thank you. It was paid by this link before, and you are charged once, however often you open it. Your confirmation has the order number.",
    "check",
)
_LINKS = {
    "link-expired": Told(
        410,
        "This link has expired",
        f"A link is good for a while only, since prices change. Nothing was charged. {_ANOTHER}: your order is still with us.",
        "clock",
    ),
    "link-revoked": Told(
        410,
        "This link is not in use any more",
        f"We have taken it back, or your order went on in another way. Nothing was charged by it. {_ANOTHER} where it is needed.",
        "slash",
    ),
    "link-completed": COMPLETED,
}


def of_link(code: str) -> Told:
    return _LINKS.get(code, UNKNOWN)


def told_of(status: int) -> Told:
    """For what went wrong before the page could say it better."""
    return AWAY if status >= 500 else NOT_THERE if status in (404, 405) else CUT_OFF


def slow_down(seconds: int) -> Told:
    minutes = -(-seconds // 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return Told(
        429,
        "That was a little too often",
        f"For your safety this page takes so many tries an hour and no more. Nothing is lost and nothing was charged. Try again in {wait}.",
        "clock",
        again=True,
    )


NO_MATCH = (
    "This does not fit the order, or it was tried too often. Check it once more; after five tries only the link from our message opens the order."
)
"""The same whether there is such an order or not."""

_DECLINES = {
    "insufficient-funds": "Your bank did not approve this amount. Another card may work.",
    "expired-card": "The bank says that this card has expired. Check the date, or use another card.",
    "wrong-cvv": "The security code did not fit the card. It is the three digits on its back, on American Express the four on its front.",
    "card-details-expired": "The card details had waited too long and are gone. Enter them once more.",
    "not-this-order": "The card details were for another order. Enter them once more.",
    "not-charged": "The bank did not answer in time. You can try the same card again.",
    "gateway-missing": "Cards cannot be taken for this order at the moment. Call us, or try again later.",
    "gateway-off": "Cards cannot be taken for this order at the moment. Call us, or try again later.",
    "amount-mismatch": "Something is wrong with the total of this order. Call us, please.",
    "wrong-expiry": "The expiry date did not fit the card. Check the month and the year.",
    "wrong-number": "The bank does not know this card number. Check it digit by digit, or use another card.",
    "wrong-address": "The billing address is not the one that your bank has. Use the address on the statement of the card.",
    "call-issuer": "Your bank would like to hear from you before it approves this card. The number is on the back of the card.",
    "not-activated": "Your bank says that this card has not been activated yet.",
    "card-not-supported": "Cards of this kind cannot be taken here. Use another one, please.",
    "currency-not-supported": "This card cannot pay in the currency of this order. Use another one, please.",
    "try-again-later": "Your bank cannot approve anything at this moment. Try again in a few minutes, or use another card.",
    "issuer-unavailable": "Your bank cannot be reached at this moment. Try again in a few minutes, or use another card.",
    "processor-trouble": "The connection to the banks has a problem. Nothing was charged; try again in a few minutes.",
    "gateway-refused": "Cards cannot be taken for this order at the moment. Call us, or try again later.",
    "amount-not-accepted": "This amount cannot be charged to a card. Call us, please.",
    "not-accepted": "This card cannot be taken. Use another one, please.",
    "refused-before": "This card cannot be taken. Use another one, please.",
}


def declined(reason: str) -> str:
    """Never more than the bank would tell its customer: nobody learns here what a card is blocked for."""
    return _DECLINES.get(reason, "Your bank did not approve this card. Use another one, or ask your bank about it.")


BLOCKED = "Five cards were declined within an hour, so no more are taken for now. Call us, or come back in an hour: your order is kept."

_GENERAL = "This is not possible here at the moment. Nothing was charged. Call us, please."
_REFUSALS = {
    "too-many-attempts": BLOCKED,
    "busy": "This took too long. Nothing was charged; try again.",
    "stale": "The order has changed since this page was opened, perhaps in another window. Check it once more.",
    "repriced": "The total has changed since this page was opened. Check it, and pay once more. Nothing was charged.",
    "campaign-retired": "This offer has ended. Call us, and we find another one for you.",
    "unavailable": "We cannot be reached at the moment. Nothing is lost; try again in a minute.",
    "key-reused": "This page was sent twice with different answers. Check it once more.",
    "key-spent": "This page was sent twice with different answers. Check it once more.",
}
_AT_FIELDS = {
    "product-gone": "This product is not sold any more. Take it out, please.",
    "unknown-product": "This product is not sold any more. Take it out, please.",
    "unknown-profile": "This delivery is not there any more. Choose another one.",
    "gateway-unusable": "This product cannot be paid here. Take it out, or call us.",
    "trial-duplicate": "You have tried this product before. Take it out here, or call us.",
    "coupon-ended": "This coupon has ended meanwhile. Take it out, please.",
    "coupon-used": "You have used this coupon in another order. Take it out, please.",
    "exhausted": "All uses of this coupon are taken. Take it out, please.",
}
_FIELDS = {
    "terms_agreed": "Read the terms, and tick that you agree.",
    "method": "Cards are not taken here. Call us, please.",
    "payment": "Enter the card.",
    "lines": "Choose at least one product.",
}


def refusal(problem: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What a service refused, for a customer: a sentence for what is at no field of the form, or sentences by field."""
    if problem.get("code") in _REFUSALS:
        return _REFUSALS[problem["code"]], {}
    found = problem.get("errors") or ([problem] if problem.get("field") else [])
    errors: dict[str, str] = {}
    for each in found:
        errors.setdefault(each["field"], _AT_FIELDS.get(each.get("code", "")) or _FIELDS.get(each["field"]) or each["detail"])
    return ("" if errors else _GENERAL), errors
