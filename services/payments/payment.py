"""One order's payment: its attempts, what each part was answered, and what became of the money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from services.payments.answers import claim, record
from services.payments.attempt import opened
from services.payments.capture import capture
from services.payments.commands import Capture, Claim, Command, Open, Record, RecordOutcome, Refund, Retry, Return, Stop
from services.payments.folding import evolve
from services.payments.refunds import refund
from services.payments.settling import record_outcome, retry, returned
from services.payments.state import Payment
from services.payments.undoing import stopped
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

__all__ = ["Capture", "Claim", "Open", "Payment", "Record", "RecordOutcome", "Refund", "Retry", "Return", "Stop", "decide", "evolve", "payment"]


def decide(command: Command, payment: Payment) -> Sequence[Event] | Refused:
    match command:
        case Open():
            return opened(command, payment)
        case Claim():
            return claim(command, payment)
        case Record():
            return record(command, payment)
        case Capture(attempt, now):
            return capture(payment, attempt, now)
        case Stop():
            return stopped(command, payment)
        case Refund():
            return refund(command, payment)
        case Retry():
            return retry(command, payment)
        case RecordOutcome():
            return record_outcome(command, payment)
        case Return():
            return returned(command, payment)


payment = Aggregate("payment", Payment(), decide, evolve, get_args(Command))
