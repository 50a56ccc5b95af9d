"""Our references at gateways, stable, so that a repeat is known as one; ``shared.contracts.payments`` has their shapes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from shared.contracts.payments import (
    AttemptClaimed,
    AttemptOpened,
    CaptureClaimed,
    CaptureRequested,
    OperationRetried,
    PartRerouted,
    RefundClaimed,
    RefundRequested,
    RenewalClaimed,
    RenewalRequested,
    VoidClaimed,
    VoidRequested,
)

Kind = Literal["authorise", "renew", "capture", "void", "refund"]
"""What a gateway is asked to do."""
Wanted = AttemptOpened | PartRerouted | RenewalRequested | CaptureRequested | VoidRequested | RefundRequested | OperationRetried
Claimed = AttemptClaimed | RenewalClaimed | CaptureClaimed | VoidClaimed | RefundClaimed

_SHAPE = re.compile(
    r"(?P<order>[^-]+)-(?P<attempt>\d+)-(?P<part>\d+)(?P<renew>-r\d+)?(?:-(?P<step>capture|void)(?:-(?P<again>\d+))?)?"
    r"|(?P<refunded>[^-]+)-refund-(?P<refund>\d+)-(?P<of>\d+)-(?P<its>\d+)(?:-(?P<once_more>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """``refund`` is the number of one; ``again`` counts the times that it was asked for, from 1."""

    order_id: str
    kind: Kind
    attempt: int
    part: int
    refund: int = 0
    again: int = 1


def parsed(reference: str) -> Reference | None:
    """None for what is no reference of a payment, such as one of a pre-authorisation."""
    found = _SHAPE.fullmatch(reference)
    if found is None:
        return None
    if found["refunded"]:
        return Reference(found["refunded"], "refund", int(found["of"]), int(found["its"]), int(found["refund"]), int(found["once_more"] or 1))
    kind: Kind = "renew" if found["renew"] else "authorise"
    if found["step"]:
        kind = "capture" if found["step"] == "capture" else "void"
    return Reference(found["order"], kind, int(found["attempt"]), int(found["part"]), again=int(found["again"] or 1))


def kind_of(reference: str) -> Kind | None:
    known = parsed(reference)
    return known.kind if known else None


def authorisation(order_id: str, attempt: int, part: int) -> str:
    return f"{order_id}-{attempt}-{part}"


def refund(order_id: str, number: int, attempt: int, part: int) -> str:
    return f"{order_id}-refund-{number}-{attempt}-{part}"


def once_more(reference: str) -> str:
    """Of a capture, void or refund."""
    known = parsed(reference)
    again = known.again if known else 1
    return f"{reference.removesuffix(f'-{again}') if again > 1 else reference}-{again + 1}"


def wanted(event: Wanted) -> list[str]:
    """The work that an event asks for."""
    match event:
        case AttemptOpened():
            return [authorisation(event.order_id, event.attempt, part.number) for part in event.parts]
        case PartRerouted():
            return [authorisation(event.order_id, event.attempt, event.part.number)]
        case CaptureRequested():
            return [f"{answered.reference}-capture" for answered in event.parts]
        case VoidRequested():
            return [f"{answered.reference}-void" for answered in event.parts]
        case RefundRequested():
            return [part.reference for part in event.parts]
        case RenewalRequested() | OperationRetried():
            return [event.reference]


def claimed(event: Claimed) -> str:
    match event:
        case RenewalClaimed() | RefundClaimed():
            return event.reference
        case AttemptClaimed():
            return authorisation(event.order_id, event.attempt, event.part)
        case CaptureClaimed():
            return event.reference or f"{authorisation(event.order_id, event.attempt, event.part)}-capture"
        case VoidClaimed():
            return event.reference or f"{authorisation(event.order_id, event.attempt, event.part)}-void"
