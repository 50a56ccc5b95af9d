"""Whatever comes in whatever order: the gate opens once, and only for what passed and is settled."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.qa.review import Close, Decide, Open, Settle, TakeEffect, Undo, review
from shared.contracts.qa import OrderApproved, OrderDenied, QualityReviewRequested, ReviewClosed, ReviewDecided, ReviewPassed, ReviewUndone
from tests.machine import Machine, runs
from tests.samples import ORDER, submitted

REVIEWERS = st.sampled_from(["agent:agent1", "agent:qa1", "agent:qa2"])


class Gate(Machine):
    aggregate = review

    @initialize(
        external=st.booleans(), share=st.sampled_from([0, 100]), skip=st.booleans(), own=st.booleans(), force=st.booleans(), ruled=st.booleans()
    )
    def order(self, external, share, skip, own, force, ruled):
        self.external, self.own, self.settled = external, own, set()
        method = "external" if external else "card"
        self.submitted = submitted(method, qa_share=share, skip_qa=skip, force_qa=force)
        self.rules = ("a rule",) if ruled else ()

    @rule()
    def opened(self):
        self.sends(Open(self.submitted, self.external, self.rules))

    @rule(reviewer=REVIEWERS, verdict=st.sampled_from(["approve", "deny"]), undo=st.sampled_from([0, 10]))
    def decided(self, reviewer, verdict, undo):
        self.sends(Decide(verdict, reviewer, "a reason", self.own, self.now, timedelta(seconds=undo)))

    @rule(reviewer=REVIEWERS)
    def undone(self, reviewer):
        self.sends(Undo(reviewer, self.now))

    @rule()
    def falls_due(self):
        self.sends(TakeEffect(self.now))

    @rule(seconds=st.integers(1, 15))
    def waits(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(attempt=st.sampled_from([1, 2]))
    def captured(self, attempt):
        if self.all(ReviewPassed):
            self.settled.add(attempt)
        self.sends(Settle(attempt))

    @rule(attempt=st.sampled_from([None, 1, 2]))
    def closed(self, attempt):
        self.sends(Close(ORDER, attempt))

    @invariant()
    def there_is_one_end_and_nothing_after_it(self):
        ends = self.all(OrderApproved, OrderDenied, ReviewClosed)
        assert len(ends) <= 1
        assert not ends or self.events[-1] is ends[0]

    @invariant()
    def the_gate_opens_only_for_what_passed_and_is_settled(self):
        if self.all(OrderApproved) and self.external:
            assert self.submitted.rules.skip_qa or self.last_verdict() == "approve"
        elif self.all(OrderApproved):
            assert self.all(ReviewPassed)
            assert 1 in self.settled

    @invariant()
    def what_was_held_passes_only_by_a_verdict_whose_time_has_come(self):
        outcome = self.all(ReviewPassed, OrderDenied) or (self.external and self.all(OrderApproved))
        if self.all(QualityReviewRequested) and outcome:
            decided = self.standing()
            assert decided
            assert self.now >= decided.effective
            assert (decided.verdict == "deny") == isinstance(outcome[0], OrderDenied)

    @invariant()
    def what_somebody_asked_to_see_is_never_let_through_unseen(self):
        passed = self.all(ReviewPassed, OrderApproved)
        if passed and (self.submitted.rules.force_qa or (self.rules and not self.external)):
            assert passed[0].by.startswith("agent:")

    @invariant()
    def nobody_reviews_an_order_of_their_own(self):
        assert self.own or "agent:agent1" not in {event.reviewer for event in self.all(ReviewDecided)}

    def standing(self):
        """The last decision, unless it was undone."""
        last = self.all(ReviewDecided, ReviewUndone)
        return last[-1] if last and isinstance(last[-1], ReviewDecided) else None

    def last_verdict(self):
        decided = self.standing()
        return decided and decided.verdict


TestGate = runs(Gate)
