"""Every pre-authorisation, for whoever compares them with a gateway's list."""

from __future__ import annotations

from typing import Any

from shared.contracts.cards import PreAuthDeclined, PreAuthorized, PreAuthRequested, PreAuthVoided
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

Said = PreAuthRequested | PreAuthorized | PreAuthDeclined | PreAuthVoided


def _key(event: Said) -> str:
    return f"{event.order_id}-pre-{event.number}"


def _pre_auth(row: Row | None, fact: Fact) -> Row | None:
    event: Any = fact.event
    if isinstance(event, PreAuthRequested):
        asked = {"order_id": event.order_id, "gateway": event.gateway, "amount": event.amount, "currency": event.currency}
        return {**asked, "at": stamp(fact.time), "operations": [_operation(event.reference, "authorise", "open")]}
    operations = {each["reference"]: each for each in (row or {}).get("operations", ())}
    match event:
        case PreAuthorized():
            operations[event.reference] = _operation(event.reference, "authorise", "approved", event.gateway_reference)
            operations[f"{event.reference}-void"] = _operation(f"{event.reference}-void", "void", "open")
        case PreAuthDeclined():
            operations[event.reference] = _operation(event.reference, "authorise", "declined")
        case PreAuthVoided():
            operations[event.reference] = _operation(event.reference, "void", event.answer)
    return {**(row or {}), "at": stamp(fact.time), "operations": list(operations.values())}


def _operation(reference: str, kind: str, status: str, gateway_reference: str = "") -> Row:
    return {"reference": reference, "kind": kind, "status": status, "gateway_reference": gateway_reference}


pre_auth_list = view("pre_auth_list", 1, _key, _pre_auth, ["at", "order_id"])
