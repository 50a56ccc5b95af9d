"""Our references at gateways: ``<order>-<attempt>-<part>``, then ``-capture`` or ``-void``; stable, so that a repeat is known as one."""

from __future__ import annotations

from typing import Literal

from shared.contracts.payments import AttemptClaimed, AttemptOpened, CaptureClaimed, CaptureRequested, VoidClaimed, VoidRequested

Wanted = AttemptOpened | CaptureRequested | VoidRequested
Claimed = AttemptClaimed | CaptureClaimed | VoidClaimed


def authorisation(order_id: str, attempt: int, part: int) -> str:
    return f"{order_id}-{attempt}-{part}"


def parsed(reference: str) -> tuple[int, int, Literal["authorise", "capture", "void"]]:
    """(attempt, part, kind) of a reference."""
    _, attempt, part, *kind = reference.split("-")
    return int(attempt), int(part), "authorise" if not kind else "capture" if kind[0] == "capture" else "void"


def wanted(event: Wanted) -> list[str]:
    """The work that an event asks for."""
    match event:
        case AttemptOpened():
            return [authorisation(event.order_id, event.attempt, part.number) for part in event.parts]
        case CaptureRequested():
            return [f"{answered.reference}-capture" for answered in event.parts]
        case VoidRequested():
            return [f"{answered.reference}-void" for answered in event.parts]


def claimed(event: Claimed) -> str:
    reference = authorisation(event.order_id, event.attempt, event.part)
    return reference + {AttemptClaimed: "", CaptureClaimed: "-capture", VoidClaimed: "-void"}[type(event)]
