"""What NMI calls to tell: its webhooks, signed with HMAC-SHA256 over nonce, dot and body."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from services.payments.gateways.nmi_answers import minor, refused
from services.payments.gateways.protocol import Heard, NotTheirs, Said

HEADER = "webhook-signature"
_SIGNED = re.compile("t=(?P<nonce>.+),s=(?P<signature>[0-9a-fA-F]{64})")
_RETURNS = ("transaction.check.status.return", "transaction.check.status.latereturn")
_UNDER_OUR_REFERENCE = ("transaction.auth.", "transaction.sale.", "transaction.refund.")
"""Captures and voids are told of under the reference of what they are about, which may have been tried more than once."""
_NACHA = re.compile(r"\bR[0-9]{2}\b")


class _Action(BaseModel):
    amount: str = ""
    response_text: str = ""
    response_code: str = ""
    processor_response_text: str = ""
    processor_response_code: str = ""


class _Card(BaseModel):
    avs_response: str = ""
    csc_response: str = ""


class _Told(BaseModel):
    transaction_id: str
    order_id: str = ""
    transaction_type: str = ""
    card: _Card = _Card()
    action: _Action


class _Event(BaseModel):
    event_type: str
    event_body: dict[str, object]


def heard(headers: Mapping[str, str], body: bytes, key: str) -> Sequence[Heard]:
    """Raises NotTheirs."""
    _verify(next((value for name, value in headers.items() if name.lower() == HEADER), ""), body, key)
    try:
        event = _Event.model_validate_json(body)
        if not event.event_type.startswith(("transaction.check.status.", *_UNDER_OUR_REFERENCE)):
            return []
        told = _Told.model_validate(event.event_body)
        return _heard(event.event_type, told) if told.order_id and _ours(event.event_type, told.order_id) else []
    except (ValidationError, ValueError) as error:
        raise NotTheirs from error


def _ours(kind: str, order: str) -> bool:
    """A refund may be told of under the reference of what it gives back."""
    return kind.startswith("transaction.refund.") == ("-refund-" in order)


def _verify(header: str, body: bytes, key: str) -> None:
    signed = _SIGNED.fullmatch(header)
    if not key or signed is None:
        raise NotTheirs
    made = hmac.new(key.encode(), signed["nonce"].encode() + b"." + body, "sha256").hexdigest()
    if not hmac.compare_digest(made, signed["signature"].lower()):
        raise NotTheirs


def _heard(kind: str, told: _Told) -> Sequence[Heard]:
    action = told.action
    if kind in _RETURNS:
        said = (action.processor_response_code, action.processor_response_text, action.response_text)
        code = next((found[0] for text in said if (found := _NACHA.search(text))), "")
        return [Heard("returned", told.order_id, code=code, amount=minor(action.amount))]
    if kind.endswith(".success"):
        card, amount = told.card, minor(action.amount)
        answer = Said(answer="approved", code=action.response_code, reference=told.transaction_id, avs=card.avs_response, cvv=card.csc_response)
        return [Heard("settled", told.order_id, answer.model_copy(update={"amount": amount}))]
    no = refused(action.response_code, action.response_text, told.transaction_type == "ck") if kind.endswith(".failure") else None
    return [Heard("settled", told.order_id, no)] if no and no.answer == "declined" else []
