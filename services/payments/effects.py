"""Which work at gateways an event asks for, and who does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from services.payments.desk import At, Desk
from services.payments.payment import Claim, Payment, Record
from services.payments.pre_auth import PreAuths
from services.payments.references import Kind, Wanted, kind_of, wanted
from services.payments.views import work
from shared.contracts.payments import AttemptOpened
from shared.kernel.effects import Effect, Work
from shared.kernel.events import Event
from shared.service import Running

__all__ = ["At", "Desk", "effects", "in_use", "spent"]


def in_use(token: str, payment: Payment, pre_auths: PreAuths) -> bool:
    return "open" in _statuses(token, payment) or any(each.outcome is None for each in pre_auths.use(token))


def spent(token: str, payment: Payment, pre_auths: PreAuths) -> bool:
    """It has an outcome: whoever recorded that may have died before the card was forgotten."""
    return bool(_statuses(token, payment) - {"open"}) or any(each.outcome for each in pre_auths.use(token))


def _statuses(token: str, payment: Payment) -> set[str]:
    attempts = [(attempt.opened, attempt.status) for attempt in payment.attempts.values()]
    return {status for opened, status in attempts if isinstance(opened, AttemptOpened) and opened.payment == token}


def _wants(kind: Kind) -> Callable[[Event], Iterable[Work]]:
    def wants(event: Event) -> Iterable[Work]:
        if not isinstance(event, Wanted):
            return ()
        return [Work(event.order_id, reference) for reference in wanted(event) if kind_of(reference) == kind]

    return wants


def _claim(doing: Work, holder: str, now: datetime) -> Claim:
    return Claim(doing.reference, holder, now)


Act = Callable[[Work, Payment], Awaitable[Record]]


def effects(running: Running) -> Sequence[Effect]:
    desk: Desk = running.state["desk"]

    def effect(kind: Kind, do: Act, ask: Act) -> Effect:
        return Effect(kind, _wants(kind), work, _claim, do, ask, {"kind": kind}, desk.recorded if kind == "authorise" else None)

    return (
        effect("authorise", desk.authorise, desk.ask_authorised),
        effect("renew", desk.authorise, desk.ask_authorised),
        effect("capture", desk.follow, desk.ask_followed),
        effect("void", desk.follow, desk.ask_followed),
        effect("refund", desk.follow, desk.ask_followed),
    )
