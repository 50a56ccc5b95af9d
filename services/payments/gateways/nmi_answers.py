"""What NMI answers to a transaction, and what of it is a yes, a no, or neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from services.payments.gateways.protocol import MISFIT, UNKNOWN, Said
from shared.money import decimals

DECLINES: Mapping[str, str] = {
    "200": "do-not-honour",
    "201": "do-not-honour",
    "202": "insufficient-funds",
    "203": "over-limit",
    "204": "not-permitted",
    "220": "wrong-details",
    "221": "wrong-number",
    "222": "wrong-number",
    "223": "expired-card",
    "224": "wrong-expiry",
    "225": "wrong-cvv",
    "226": "restricted-card",
    "240": "call-issuer",
    "250": "pick-up-card",
    "251": "lost-card",
    "252": "stolen-card",
    "253": "fraud-suspected",
    "260": "do-not-honour",
    "261": "authorisation-revoked",
    "262": "authorisation-revoked",
    "263": "wrong-details",
    "264": "limit-exceeded",
    "300": "gateway-refused",
    "301": "try-again-later",
    "400": "processor-trouble",
    "410": "gateway-refused",
    "411": "gateway-refused",
    "421": "issuer-unavailable",
    "440": "processor-trouble",
    "441": "processor-trouble",
    "460": "gateway-refused",
    "461": "card-not-supported",
}
"""Of NMI's result codes. 420, no answer from the processor, and 430, the processor has the same already, are neither yes nor no."""
ACCOUNT_DECLINES: Mapping[str, str] = {
    "220": "account-not-found",
    "221": "wrong-routing",
    "222": "account-not-found",
    "461": "not-permitted",
}
"""What differs for bank accounts."""

_TOO_OFTEN = "301"
_REJECTED: tuple[tuple[str, str], ...] = (
    ("duplicate (transaction|customer)", "duplicate"),
    ("fraud|blacklist|banned", "fraud-suspected"),
    (r"\bavs\b", "wrong-address"),
    (r"\bcvv|\bcvc|security code", "wrong-cvv"),
    ("invalid credit card number|invalid card number", "wrong-number"),
    ("expir", "wrong-expiry"),
    (r"\baba\b|routing", "wrong-routing"),
    ("account number", "account-not-found"),
    (r"payment type \[?.*not accepted|card type", "card-not-supported"),
    ("currency", "currency-not-supported"),
    ("amount", "amount-not-accepted"),
)
"""300 is all that the gateway refuses before it asks anybody; only its text says what for."""
_KEY = re.compile("authentication failed|invalid (username|security key)|api key not found", re.IGNORECASE)
_ONCE = ("response", "response_code", "transactionid", "orderid", "amount_authorized")
_AMOUNT = re.compile(r"-?([0-9]{1,12})(?:\.([0-9]{1,2})0*)?")
_CODE = re.compile("[1-4][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Answered:
    """``response`` is 1, 2 or 3; ``order`` our reference where it was sent along; ``authorised`` the amount that they name, in minor units."""

    response: str
    code: str
    text: str
    transaction: str
    order: str
    avs: str = ""
    cvv: str = ""
    authorised: int | None = None

    @property
    def approved(self) -> bool:
        return self.response == "1" and self.code == "100"

    @property
    def turned_away(self) -> bool:
        """For the key, or because too much was asked: it says nothing about the money."""
        return self.response == "3" and (self.code == _TOO_OFTEN or _KEY.search(self.text) is not None)


def answered(body: bytes) -> Answered:
    """Raises ValueError for what is no answer, or says one thing twice."""
    pairs = parse_qsl(body.decode(errors="replace").strip(), keep_blank_values=True)
    fields, names = dict(pairs), [name for name, _ in pairs]
    response, code = fields.get("response", ""), fields.get("response_code", "")
    if response not in ("1", "2", "3") or not _CODE.fullmatch(code) or any(names.count(name) > 1 for name in _ONCE):
        raise ValueError("no answer of NMI")
    authorised = fields.get("amount_authorized", "")
    return Answered(
        response=response,
        code=code,
        text=fields.get("responsetext", ""),
        transaction="" if (transaction := fields.get("transactionid", "")) == "0" else transaction,
        order=fields.get("orderid", ""),
        avs=fields.get("avsresponse", ""),
        cvv=fields.get("cvvresponse", ""),
        authorised=minor(authorised) if authorised else None,
    )


def judged(answer: Answered, reference: str, amount: int, account: bool = False) -> Said:
    """Of a request that is made under our reference."""
    if answer.order != reference and (answer.order or answer.approved):
        return UNKNOWN
    if not answer.approved:
        return refused(answer.code, answer.text, account) if answer.response != "1" else UNKNOWN
    if not answer.transaction:
        return UNKNOWN
    if answer.authorised not in (None, amount):
        return MISFIT
    return Said(answer="approved", code=answer.code, reference=answer.transaction, avs=answer.avs, cvv=answer.cvv, amount=amount)


def refused(code: str, text: str, account: bool = False) -> Said:
    """A no, or unknown where it is none for good."""
    reason = why(code, text, account)
    return Said(answer="declined", reason=reason, code=code) if reason else Said(answer="unknown", code=code)


def why(code: str, text: str, account: bool = False) -> str:
    """Our reason for a no; empty where it is none, or where nobody knows what it is."""
    if code == "300":
        lower = text.lower()
        return next((reason for pattern, reason in _REJECTED if re.search(pattern, lower)), DECLINES[code])
    of_accounts = ACCOUNT_DECLINES.get(code) if account else None
    return of_accounts or DECLINES.get(code, "do-not-honour" if code.startswith("2") else "")


def major(amount: int) -> str:
    """With the two decimals that NMI writes every amount with."""
    return f"{amount // 100}.{amount % 100:02}"


def minor(text: str) -> int:
    """Without the sign that refunds may have in lists. Raises ValueError."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError("no amount")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def charged_in(currency: str) -> bool:
    """NMI documents amounts with two decimals alone; what it makes of a currency without them is nowhere said."""
    return decimals(currency) == 2
