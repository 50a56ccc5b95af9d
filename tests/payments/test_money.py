"""Whatever the gateways do, and however often and late we are told: what is captured is what was submitted, the rest is given back."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.payments.payment import Capture, Claim, Open, Payment, Record, RecordOutcome, Refund, Retry, Return, Stop, payment
from services.payments.pending import SETTLE
from services.payments.references import claimed
from services.payments.refunds import refundable
from services.payments.views import payments_view, work
from services.payments.views.alarms import alarms
from shared.contracts.payments import OrderDeclined, PaymentAuthorized, PaymentCaptured, PaymentRefunded, PaymentVoidFailed, RefundRequested
from shared.kernel.decider import Refused
from shared.kernel.events import Fact
from shared.kernel.views import Document, advance
from tests.samples import NOON, ORDER, parts, submitted

FATES = st.sampled_from(["yes", "yes", "no", "soft no", "yes, unheard", "no, unheard", "nothing"])
ABLE = st.sampled_from([{"simulator", "other"}, {"simulator"}])
AMOUNTS = st.lists(st.integers(1, 500), min_size=1, max_size=3)


class Bank:
    """Gateways that know each reference once and tell the truth to whoever asks."""

    def __init__(self):
        self.said, self.asked, self.ends, self.returned = {}, {}, {}, {}

    def charge(self, operation, fate, now, ends):
        """The answer as it arrives here; None when it gets lost."""
        if fate != "nothing" and operation.reference not in self.said:
            self.said[operation.reference] = self._possible(operation, now) and fate.startswith("yes")
            self.asked[operation.reference] = operation
            self.ends[operation.reference] = ends
        return None if fate == "nothing" or fate.endswith("unheard") else self.lookup(operation.reference)

    def lookup(self, reference):
        if reference not in self.said:
            return "never-heard"
        return "approved" if self.said[reference] else "declined"

    def yes(self, *kinds):
        return [operation for reference, operation in self.asked.items() if self.said[reference] and operation.kind in kinds]

    def _possible(self, operation, now):
        if operation.kind in ("authorise", "renew"):
            return True
        if operation.kind == "refund":
            given = sum(each.part.amount for each in self.yes("refund") if each.captured == operation.captured)
            taken = self.asked[operation.captured].part.amount - self.returned.get(operation.captured, 0)
            return given + operation.part.amount <= taken
        gone = any(each.of == operation.of for each in self.yes("capture", "void"))
        return self.said.get(operation.of, False) and not gone and self._holds(operation.of, now)

    def _holds(self, reference, now):
        return self.ends[reference] is None or now < self.ends[reference]

    def reserved(self, now):
        """Authorisations that were neither taken nor given back, and have not ended; but those that were made again."""
        gone = {each.of for each in self.yes("capture", "void", "renew")}
        return {each.reference for each in self.yes("authorise", "renew") if each.reference not in gone and self._holds(each.reference, now)}

    def sum(self, kind):
        return sum(each.part.amount for each in self.yes(kind))


class Money(RuleBasedStateMachine):
    @initialize(
        method=st.sampled_from(["card", "echeck"]), amounts=AMOUNTS, goes=st.sampled_from(["submitted", "authorised", "asked for", "captured"])
    )
    def start(self, method, amounts, goes):
        self.state, self.events, self.bank, self.now = Payment(), [], Bank(), NOON
        self.told_late, self.attempt, self.method = [], 0, method
        self.row, self.work = Document(ORDER, None), {}
        self.submit(amounts)
        for step in ("authorised", "asked for", "captured")[: ("submitted", "authorised", "asked for", "captured").index(goes)]:
            if step == "asked for":
                self.sends(Capture(1, self.now))
            for reference in sorted(self.state.work) if step != "asked for" else ():
                self.do(reference, "yes", days=1 if step == "authorised" and len(amounts) > 1 else None)

    def sends(self, command):
        decided = payment.decide(command, self.state)
        if isinstance(decided, Refused):
            return []
        for event in decided:
            self.happens(event)
        again = payment.decide(command, self.state)
        assert isinstance(again, Refused) or list(again) == [] or isinstance(command, Refund), (command, again)
        return decided

    def happens(self, event):
        self.state = payment.evolve(self.state, event)
        self.events.append(event)
        fact = Fact(event, f"payment-{ORDER}", len(self.events), self.now, "agent:agent1", ORDER, "")
        if payments_view.handles(type(event)):
            self.row = advance(payments_view, self.row, fact)
        for id in work.keys(fact) if work.handles(type(event)) else ():
            self.work[id] = advance(work, self.work.get(id, Document(id, None)), fact)

    @rule(amounts=AMOUNTS)
    def submit(self, amounts):
        """Cart submits again only after a decline."""
        declined = {event.attempt for event in self.events if isinstance(event, OrderDeclined)}
        if self.attempt and self.attempt not in declined:
            return
        self.attempt += 1
        order = submitted(self.method, amount=sum(amounts), attempt=self.attempt)
        self.sends(Open(f"token{self.attempt}", parts(*amounts), order, self.now))

    @precondition(lambda self: self.state.work)
    @rule(data=st.data(), fate=FATES, crash=st.sampled_from(["", "", "after claim", "after call"]), resend=st.booleans())
    def work_goes_on(self, data, fate, crash, resend):
        reference = data.draw(st.sampled_from(sorted(self.state.work)))
        days = data.draw(st.sampled_from([None, 1, 7]))
        self.now = max(self.now, self.state.work[reference].until or self.now)
        self.do(reference, fate, crash, resend, days)

    def do(self, reference, fate, crash="", resend=True, days=None):
        operation = self.state.operations[reference]
        (claim,) = self.sends(Claim(reference, "me", self.now))
        assert claimed(claim) == reference
        if crash == "after claim":
            return
        answer = self.bank.lookup(reference) if claim.takeover else None
        if not claim.takeover or (answer == "never-heard" and (resend or operation.kind not in ("authorise", "renew"))):
            answer = self.bank.charge(operation, fate, self.now, self.now + timedelta(days=days) if days else None) or "unknown"
        fallback = "other" if fate == "soft no" else ""
        said = {"lease": claim.until, "expires_at": self.bank.ends.get(reference), "fallback": fallback}
        if crash == "after call":
            self.told_late.append((reference, answer, said))
        else:
            self.sends(Record(reference, answer, self.now, **said))

    @precondition(lambda self: self.told_late)
    @rule(data=st.data())
    def hear_late(self, data):
        """From somebody who was slow, after the lease was over or not."""
        reference, answer, said = data.draw(st.sampled_from(self.told_late))
        self.sends(Record(reference, answer, self.now, **said))

    @rule(seconds=st.integers(1, int(SETTLE.total_seconds())))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(days=st.integers(1, 8))
    def leave_it(self, days):
        self.now += timedelta(days=days)

    @rule()
    def capture(self):
        """ReviewPassed may come twice, but only for what was authorised."""
        for event in [event for event in self.events if isinstance(event, PaymentAuthorized)]:
            self.sends(Capture(event.attempt, self.now))

    @precondition(lambda self: len(self.events) > 6)
    @rule(why=st.sampled_from(["denied", "cancelled"]))
    def stop(self, why):
        self.sends(Stop(why, ORDER, self.now))

    @precondition(lambda self: self.state.captured)
    @rule(amount=st.integers(1, 600), able=ABLE)
    def refund(self, amount, able):
        left = refundable(self.state)
        asked = self.sends(Refund(amount, "Too many came.", "agent:supervisor1", frozenset(able), self.now))
        assert not asked or amount <= left

    @precondition(lambda self: self.stuck())
    @rule(data=st.data())
    def retry(self, data):
        self.sends(Retry(data.draw(st.sampled_from(self.stuck())), "agent:supervisor1", self.now))

    def stuck(self):
        return sorted(reference for reference, operation in self.state.operations.items() if not operation.yes)

    @precondition(lambda self: any(pending.unknown for pending in self.state.work.values()))
    @rule(data=st.data())
    def record_outcome(self, data):
        """Somebody looked it up over there."""
        reference = data.draw(st.sampled_from(sorted(reference for reference, pending in self.state.work.items() if pending.unknown)))
        self.settle(reference)

    def settle(self, reference):
        outcome = "charged" if self.bank.said.get(reference) else "not-charged"
        return self.sends(RecordOutcome(reference, outcome, "Seen in its own list.", "agent:supervisor1", self.now))

    @precondition(lambda self: self.method == "echeck" and self.bank.yes("capture"))
    @rule(data=st.data())
    def come_back(self, data):
        capture = data.draw(st.sampled_from(self.bank.yes("capture")))
        given = any(each.captured == capture.reference for each in self.bank.yes("refund"))
        if not given and not any(each.captured == capture.reference for each in self.state.operations.values()):
            self.bank.returned[capture.reference] = capture.part.amount
            self.sends(Return(capture.reference, "R01", self.now))

    @invariant()
    def never_more_is_captured_than_was_submitted_last(self):
        captured = self.bank.yes("capture")
        assert len({capture.of for capture in captured}) == len(captured)
        if captured:
            assert {capture.attempt for capture in captured} == {self.attempt}
            assert self.bank.sum("capture") <= self.state.attempts[self.attempt].opened.submitted.amount

    @invariant()
    def never_more_is_given_back_than_was_captured(self):
        assert self.bank.sum("refund") <= self.bank.sum("capture") - sum(self.bank.returned.values())
        for capture in self.bank.yes("capture"):
            asked = [each for each in self.state.operations.values() if each.captured == capture.reference]
            assert sum(each.part.amount for each in asked if each.yes or each.reference in self.state.work) <= capture.part.amount

    @invariant()
    def an_attempt_has_one_outcome(self):
        outcomes = [event.attempt for event in self.events if isinstance(event, PaymentAuthorized | OrderDeclined)]
        assert len(outcomes) == len(set(outcomes))
        assert sum(attempt.status == "open" for attempt in self.state.attempts.values()) <= 1
        refunded = [event.number for event in self.events if isinstance(event, PaymentRefunded)]
        assert len(refunded) == len(set(refunded))

    @invariant()
    def views_say_the_same(self):
        row = self.row.data
        assert {id for id, document in self.work.items() if document.data} == set(self.state.work)
        if row and row["operations"]:
            sums = (self.state.captured, self.state.refunded, refundable(self.state))
            assert (row["captured"], row["refunded"], row["refundable"]) == sums
            pending = {each["reference"] for each in row["operations"] if each["status"] in ("open", "unknown")}
            assert pending == set(self.state.work)

    def teardown(self):
        """The gateways are well again, and the watchdog has time."""
        if not hasattr(self, "state"):
            return
        for _ in range(200):
            for reference, answer, said in self.told_late:
                self.sends(Record(reference, answer, self.now, **said))
            for reference in sorted(self.state.work):
                self.now = max(self.now, self.state.work[reference].until or self.now)
                self.do(reference, "yes")
            if not self.state.work:
                break
        assert not self.state.work
        self.check_the_end()

    def check_the_end(self):
        kept = {answered.reference for attempt in self.state.attempts.values() for answered in self.may_keep(attempt)}
        refused = {each.of for each in self.state.operations.values() if each.kind == "void" and not each.yes}
        reserved = self.bank.reserved(self.now)
        assert reserved <= kept | refused
        if reserved - kept:
            assert any(isinstance(event, PaymentVoidFailed) for event in self.events)
            assert self.row.data["attention"]
        assert not self.state.contradicted
        assert (self.state.captured, self.state.refunded) == (self.bank.sum("capture"), self.bank.sum("refund"))
        for event in self.events:
            if isinstance(event, PaymentCaptured):
                assert event.amount == self.bank.sum("capture")
        self.check_what_is_owed()

    def check_what_is_owed(self):
        """A stopped order's money goes back, or somebody looks after it; and so it is where a capture or refund was refused."""
        if self.state.stopped and refundable(self.state):
            assert any(isinstance(event, RefundRequested) for event in self.events)
            assert "refund-due" in {why for _, why, _ in alarms(self.row.data)}
        if any(attempt.status in ("capture-failed", "void-failed") for attempt in self.state.attempts.values()):
            assert self.row.data["attention"]

    def may_keep(self, attempt):
        """A live authorisation, or one whose capture failed and that waits for somebody; nothing once the order is stopped."""
        return attempt.authorized if not self.state.stopped and attempt.status in ("authorized", "capture-failed") else ()


Money.TestCase.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
TestMoney = Money.TestCase
