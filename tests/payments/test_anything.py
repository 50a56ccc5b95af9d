"""Whoever says whatever of whichever operation, true or not, in any order: nothing breaks, a repeat writes nothing, sums stay in bounds."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.payments.payment import Capture, Claim, Open, Payment, Record, RecordOutcome, Refund, Retry, Return, Stop, payment
from services.payments.refunds import refundable
from services.payments.views import payments_view, work
from shared.contracts.payments import OrderDeclined, PaymentAuthorized
from shared.kernel.decider import Refused
from shared.kernel.events import Fact
from shared.kernel.views import Document, advance
from tests.samples import NOON, ORDER, parts, submitted

ANSWERS = st.sampled_from(["approved", "approved", "declined", "declined", "unknown", "never-heard"])
AMOUNTS = st.lists(st.integers(1, 500), min_size=1, max_size=3)
NEVER_ASKED = (f"{ORDER}-9-9", f"{ORDER}-1-1-r9-capture", f"{ORDER}-refund-9-1-1", "nothing")


class Anything(RuleBasedStateMachine):
    @initialize(amounts=AMOUNTS, method=st.sampled_from(["card", "echeck"]), goes=st.integers(0, 3), holds=st.sampled_from([None, 0]))
    def start(self, amounts, method, goes, holds):
        """``goes`` so far: submitted, authorised, its capture asked for, captured."""
        self.state, self.events, self.now = Payment(), [], NOON
        self.row, self.work = Document(ORDER, None), {}
        self.amounts, self.method = amounts, method
        self.open(1)
        for step in range(1, goes + 1):
            if step == 2:
                self.sends(Capture(1, self.now))
            for reference in sorted(self.state.work) if step != 2 else ():
                self.sends(Record(reference, "approved", self.now, expires_at=None if holds is None else self.now))

    def sends(self, command):
        decided = payment.decide(command, self.state)
        if isinstance(decided, Refused):
            return
        for event in decided:
            self.state = payment.evolve(self.state, event)
            self.events.append(event)
            fact = Fact(event, f"payment-{ORDER}", len(self.events), self.now, "agent:agent1", ORDER, "")
            if payments_view.handles(type(event)):
                self.row = advance(payments_view, self.row, fact)
            for id in work.keys(fact) if work.handles(type(event)) else ():
                self.work[id] = advance(work, self.work.get(id, Document(id, None)), fact)
        again = payment.decide(command, self.state)
        assert isinstance(again, Refused) or list(again) == [] or isinstance(command, Refund), (command, again)

    def reference(self, data):
        return data.draw(st.sampled_from([*sorted(self.state.operations), *NEVER_ASKED]))

    @rule(attempt=st.integers(1, 3))
    def open(self, attempt):
        order = submitted(self.method, amount=sum(self.amounts), attempt=attempt)
        self.sends(Open(f"token{attempt}", parts(*self.amounts), order, self.now))

    @rule(data=st.data())
    def claim(self, data):
        self.sends(Claim(self.reference(data), "me", self.now))

    @rule(data=st.data(), answer=ANSWERS, fallback=st.sampled_from(["", "other"]), holds=st.sampled_from([None, 0, 7]), asked=st.booleans())
    def record(self, data, answer, fallback, holds, asked):
        reference = self.reference(data)
        pending = self.state.work.get(reference)
        expires_at = None if holds is None else self.now + timedelta(days=holds)
        said = {"lease": pending.until if pending else None, "expires_at": expires_at, "fallback": fallback, "asked": asked}
        self.sends(Record(reference, answer, self.now, **said))

    @rule(attempt=st.integers(1, 3))
    def capture(self, attempt):
        self.sends(Capture(attempt, self.now))

    @precondition(lambda self: len(self.events) > 9)
    @rule()
    def stop(self):
        self.sends(Stop("cancelled", ORDER, self.now))

    @rule(amount=st.integers(0, 600), able=st.sampled_from([(), ("simulator",), ("simulator", "other")]))
    def refund(self, amount, able):
        self.sends(Refund(amount, "Too many came.", "agent:supervisor1", frozenset(able), self.now))

    @rule(data=st.data())
    def retry(self, data):
        self.sends(Retry(self.reference(data), "agent:supervisor1", self.now))

    @rule(data=st.data(), outcome=st.sampled_from(["charged", "not-charged"]))
    def record_outcome(self, data, outcome):
        self.sends(RecordOutcome(self.reference(data), outcome, "Seen in its own list.", "agent:supervisor1", self.now))

    @rule(data=st.data(), amount=st.integers(0, 600))
    def come_back(self, data, amount):
        self.sends(Return(self.reference(data), "R01", self.now, amount))

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def an_attempt_has_one_outcome_and_one_is_open(self):
        outcomes = [event.attempt for event in self.events if isinstance(event, PaymentAuthorized | OrderDeclined)]
        assert len(outcomes) == len(set(outcomes))
        assert sum(attempt.status == "open" for attempt in self.state.attempts.values()) <= 1

    @invariant()
    def nothing_is_asked_back_that_was_not_believed_to_be_there(self):
        for operation in self.state.operations.values():
            if operation.kind in ("capture", "void"):
                assert operation.of in self.state.operations
            if operation.kind == "refund":
                assert self.state.operations[operation.captured].kind == "capture"
        assert 0 <= refundable(self.state) <= self.state.captured

    @invariant()
    def views_say_the_same(self):
        assert {id for id, document in self.work.items() if document.data} == set(self.state.work)
        row = self.row.data
        assert (row["captured"], row["refunded"]) == (self.state.captured, self.state.refunded)
        assert {each["reference"]: each["status"] for each in row["operations"] if each["reference"] not in self.state.work} == {
            reference: operation.answer for reference, operation in self.state.operations.items() if operation.answer
        }
        assert bool(row["alarm_at"]) == bool(row["attention"])


Anything.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestAnything = Anything.TestCase
