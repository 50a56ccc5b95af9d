"""Whatever the gateway does, and however often and late we are told: what is captured is what was submitted, the rest is given back."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.payments.payment import Capture, Claim, Open, Payment, Record, Stop, payment
from services.payments.pending import SETTLE
from services.payments.references import claimed, parsed
from shared.contracts.payments import LateAuthorisationFound, OrderDeclined, PaymentAuthorized, PaymentCaptured, PaymentVoidFailed
from shared.kernel.decider import Refused
from tests.samples import NOON, ORDER, parts, submitted

FATES = st.sampled_from(["yes", "no", "yes, unheard", "no, unheard", "nothing"])


class Bank:
    """A gateway that knows each reference once and tells the truth to whoever asks."""

    def __init__(self):
        self.said = {}

    def charge(self, reference, fate):
        """The answer as it arrives here; None when it gets lost."""
        if fate != "nothing":
            self.said.setdefault(reference, self._possible(reference) and fate.startswith("yes"))
        return None if fate == "nothing" or fate.endswith("unheard") else self.lookup(reference)

    def lookup(self, reference):
        if reference not in self.said:
            return "never-heard"
        return "approved" if self.said[reference] else "declined"

    def _possible(self, reference):
        authorisation, _, kind = reference.rpartition("-")
        other = {"capture": "void", "void": "capture"}.get(kind)
        return other is None or (self.said.get(authorisation, False) and not self.said.get(f"{authorisation}-{other}", False))

    def reserved(self):
        """Authorisations that were neither taken nor given back."""
        return {
            reference
            for reference, yes in self.said.items()
            if yes and parsed(reference)[2] == "authorise" and not self.said.get(f"{reference}-capture") and not self.said.get(f"{reference}-void")
        }

    def captured(self):
        return {reference.removesuffix("-capture") for reference, yes in self.said.items() if yes and reference.endswith("-capture")}


class Money(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.state, self.events, self.bank, self.now = Payment(), [], Bank(), NOON
        self.amounts, self.told_late, self.attempt = {}, [], 0

    def sends(self, command):
        decided = payment.decide(command, self.state)
        if isinstance(decided, Refused):
            return []
        for event in decided:
            self.state = payment.evolve(self.state, event)
            self.events.append(event)
        again = payment.decide(command, self.state)
        assert isinstance(again, Refused) or list(again) == [], (command, again)
        return decided

    @rule(amounts=st.lists(st.integers(1, 500), min_size=1, max_size=3))
    def submit(self, amounts):
        """Cart submits again only after a decline."""
        declined = {event.attempt for event in self.events if isinstance(event, OrderDeclined)}
        if self.attempt and self.attempt not in declined:
            return
        self.attempt += 1
        wanted = parts(*amounts)
        self.amounts |= {f"{ORDER}-{self.attempt}-{part.number}": part.amount for part in wanted}
        self.sends(Open(f"token{self.attempt}", wanted, submitted(amount=sum(amounts), attempt=self.attempt), self.now))

    @precondition(lambda self: self.state.work)
    @rule(data=st.data(), fate=FATES, crash=st.sampled_from(["", "after claim", "after call"]), resend=st.booleans())
    def work(self, data, fate, crash, resend):
        reference = data.draw(st.sampled_from(sorted(self.state.work)))
        self.now = max(self.now, self.state.work[reference].until or self.now)
        self.do(reference, fate, crash, resend)

    def do(self, reference, fate, crash="", resend=True):
        (claim,) = self.sends(Claim(reference, "me", self.now))
        assert claimed(claim) == reference
        if crash == "after claim":
            return
        answer = self.bank.lookup(reference) if claim.takeover else None
        if not claim.takeover or (answer == "never-heard" and (resend or parsed(reference)[2] != "authorise")):
            answer = self.bank.charge(reference, fate) or "unknown"
        if crash == "after call":
            self.told_late.append((reference, answer, claim.until))
        else:
            self.sends(Record(reference, answer, self.now, lease=claim.until))

    @precondition(lambda self: self.told_late)
    @rule(data=st.data())
    def hear_late(self, data):
        """From somebody who was slow, after the lease was over or not."""
        reference, answer, lease = data.draw(st.sampled_from(self.told_late))
        self.sends(Record(reference, answer, self.now, lease=lease))

    @rule(seconds=st.integers(1, int(SETTLE.total_seconds())))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def capture(self):
        """ReviewPassed may come twice, but only for what was authorised."""
        for event in [event for event in self.events if isinstance(event, PaymentAuthorized)]:
            self.sends(Capture(event.attempt, self.now))

    @rule(why=st.sampled_from(["denied", "cancelled"]))
    def stop(self, why):
        self.sends(Stop(why, ORDER, self.now))

    @invariant()
    def never_more_is_captured_than_was_submitted_last(self):
        captured = self.bank.captured()
        assert len({parsed(reference)[0] for reference in captured}) <= 1
        if captured:
            assert {parsed(reference)[0] for reference in captured} == {self.attempt}
            assert sum(self.amounts[reference] for reference in captured) <= self.state.attempts[self.attempt].opened.submitted.amount

    @invariant()
    def an_attempt_has_one_outcome(self):
        outcomes = [event.attempt for event in self.events if isinstance(event, PaymentAuthorized | OrderDeclined)]
        assert len(outcomes) == len(set(outcomes))
        late = {event.attempt for event in self.events if isinstance(event, LateAuthorisationFound)}
        assert not late & {event.attempt for event in self.events if isinstance(event, PaymentAuthorized)}

    def teardown(self):
        """The gateway is well again, and the watchdog has time."""
        if not hasattr(self, "state"):
            return
        for _ in range(200):
            for reference, answer, lease in self.told_late:
                self.sends(Record(reference, answer, self.now, lease=lease))
            for reference in sorted(self.state.work):
                self.now = max(self.now, self.state.work[reference].until or self.now)
                self.do(reference, "yes")
            if not self.state.work:
                break
        assert not self.state.work
        self.check_the_end()

    def check_the_end(self):
        kept = {f"{ORDER}-{number}-{answered.part.number}" for number, a in self.state.attempts.items() for answered in self.may_keep(a)}
        refused = {reference for reference in self.bank.reserved() if self.bank.said.get(f"{reference}-void") is False}
        assert self.bank.reserved() <= kept | refused
        assert bool(refused) <= any(isinstance(event, PaymentVoidFailed) for event in self.events)
        for event in self.events:
            if isinstance(event, PaymentCaptured):
                assert event.amount == sum(self.amounts[reference] for reference in self.bank.captured())

    def may_keep(self, attempt):
        """A live authorisation, or one whose capture failed and that waits for somebody; nothing once the order is stopped."""
        return attempt.authorized if not self.state.stopped and attempt.status in ("authorized", "capture-failed") else ()


Money.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestMoney = Money.TestCase
