"""Giving back what was captured: all of it or some, never more than is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from services.payments.commands import Record, Refund
from services.payments.folding import evolve
from services.payments.pending import START
from services.payments.references import refund as referred
from services.payments.state import Operation, Payment
from shared.contracts.order import Part
from shared.contracts.payments import PartRefunded, PaymentRefunded, PaymentRefundFailed, RefundPart, RefundRequested
from shared.kernel.decider import Refused
from shared.kernel.events import Event

BY_ITSELF = "service:payments"
"""Whoever stopped the order did not ask for the refund itself."""
_MOST = 100


def left(payment: Payment) -> Sequence[tuple[Operation, int]]:
    """The captures of which something may still be given back, in the order of their parts, and how much; of each part one at a time."""
    captures = sorted((each for each in payment.operations.values() if each.kind == "capture" and each.yes), key=_place)
    found: dict[tuple[int, int], tuple[Operation, int]] = {}
    for capture in captures:
        amount = payment.left(capture)
        if amount:
            found.setdefault((capture.attempt, capture.part.number), (capture, amount))
    return list(found.values())


def _place(capture: Operation) -> tuple[int, int, str]:
    return capture.attempt, capture.part.number, capture.reference


def refundable(payment: Payment) -> int:
    return sum(amount for _, amount in left(payment))


def refund(command: Refund, payment: Payment) -> Sequence[Event] | Refused:
    refused = _refusal(command, payment)
    return refused or [_requested(payment, command.amount, command.now, command.reason, command.by, command.able)]


def _refusal(command: Refund, payment: Payment) -> Refused | None:
    all_left = left(payment)
    total = sum(amount for _, amount in all_left)
    able = sum(amount for capture, amount in all_left if capture.part.gateway in command.able)
    if not payment.captured:
        return Refused("nothing-captured", "Nothing was captured on this order, so there is nothing to give back.")
    if command.amount < 1 or command.amount > total:
        detail = "Nothing is left to give back." if not total else "Give back at least the smallest unit, and at most what is left."
        return Refused("refund-too-much", detail, "amount", conflict=False, data={"refundable": total})
    if command.amount > able:
        unable = sorted({capture.part.gateway for capture, _ in all_left} - command.able)
        detail = f"The gateway {' and '.join(unable)} cannot give back from here. Do it where that gateway is run."
        return Refused("refund-unsupported", detail, "amount", conflict=False, data={"gateways": unable, "refundable": able})
    if len(payment.refunds) >= _MOST:
        return Refused("too-many-refunds", f"This order has had {_MOST} refunds, and may have no more.")
    return None


def all_back(payment: Payment, now: datetime) -> Sequence[Event]:
    """Of a stopped order. A gateway that cannot give back says so when it is asked."""
    total = refundable(payment)
    return [_requested(payment, total, now, "", BY_ITSELF, {capture.part.gateway for capture, _ in left(payment)})] if total else []


def _requested(payment: Payment, amount: int, now: datetime, reason: str, by: str, able: Collection[str]) -> RefundRequested:
    number, order_id, parts, still = len(payment.refunds) + 1, "", [], amount
    customer_id = ""
    for capture, most in left(payment):
        opened = payment.attempts[capture.attempt].opened
        order_id, customer_id = opened.order_id, opened.submitted.order.customer_id
        share = min(most, still) if capture.part.gateway in able else 0
        if not share:
            continue
        still -= share
        part = Part(number=capture.part.number, gateway=capture.part.gateway, amount=share)
        reference = referred(order_id, number, capture.attempt, part.number)
        about = {"captured": capture.reference, "gateway_reference": capture.gateway_reference}
        parts.append(RefundPart(attempt=capture.attempt, part=part, reference=reference, **about))
    return RefundRequested(
        order_id=order_id,
        number=number,
        amount=amount,
        parts=tuple(parts),
        reason=reason,
        by=by,
        due_at=now + START,
        customer_id=customer_id if reason else "",
    )


def refunded(command: Record, payment: Payment, operation: Operation, again: datetime | None) -> Sequence[Event]:
    common = {"order_id": payment.attempts[operation.attempt].opened.order_id, "number": operation.refund}
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference}
    event = PartRefunded(**common, reference=command.reference, **said, ask_again_at=again)
    after = evolve(payment, event)
    refund = after.refunds[operation.refund]
    if after.pending(refund.references) or operation.reference not in refund.references:
        return [event]
    parts = [after.operations[reference] for reference in refund.references]
    failed = next((each for each in parts if not each.yes), None)
    if failed:
        back = sum(each.part.amount for each in parts if each.yes)
        return [event, PaymentRefundFailed(**common, amount=refund.amount, reason=failed.reason or "declined", refunded=back)]
    totals = {"refunded": after.refunded, "captured": after.captured}
    return [event, PaymentRefunded(**common, amount=refund.amount, references=tuple(sorted(refund.references)), by=refund.by, **totals)]
