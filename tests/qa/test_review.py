from datetime import timedelta

from services.qa.review import Close, Decide, Open, Settle, TakeEffect, Undo, review
from shared.contracts.qa import OrderApproved, OrderDenied, QualityReviewRequested, ReviewClosed, ReviewDecided, ReviewPassed, ReviewUndone
from tests.given import given
from tests.samples import NOON, ORDER, submitted

UNDO = timedelta(seconds=10)
CARD, EXTERNAL = submitted(), submitted("external")


def requested(order=EXTERNAL, why="external"):
    return QualityReviewRequested(order_id=ORDER, why=why, submitted=order)


def decided(verdict="approve", reason=""):
    return ReviewDecided(order_id=ORDER, verdict=verdict, reviewer="agent:qa1", reason=reason, effective=NOON + UNDO)


def passed(by="automatic"):
    return ReviewPassed(order_id=ORDER, attempt=1, by=by, submitted=CARD)


def closed(why="cancelled"):
    return ReviewClosed(order_id=ORDER, why=why)


def decision(verdict="approve", reviewer="agent:qa1", reason="", own=False, undo=UNDO):
    return Decide(verdict, reviewer, reason, own, NOON, undo)


def test_a_card_order_that_nobody_holds_passes_at_once():
    given(review).when(Open(CARD, external=False)).then(passed())


def test_an_external_payment_waits():
    given(review).when(Open(EXTERNAL, external=True)).then(requested())


def test_an_external_payment_skips_the_review_where_the_stamped_setting_says_so():
    (approved,) = given(review).when(Open(submitted("external", skip_qa=True), external=True)).then_types(OrderApproved)
    assert approved.by == "skip_qa"
    assert [(line.sku, line.quantity) for line in approved.lines] == [("RN-PIL-01", 1)]


def test_skip_qa_is_not_for_cards():
    given(review).when(Open(submitted(skip_qa=True, qa_share=100), external=False)).then_types(QualityReviewRequested)


def test_a_share_of_all_holds_every_card_order_and_a_share_of_none_none():
    given(review).when(Open(submitted(qa_share=100), external=False)).then_types(QualityReviewRequested)
    given(review).when(Open(submitted(qa_share=0), external=False)).then_types(ReviewPassed)


def test_whoever_asks_for_a_review_gets_one():
    for order, external in ((submitted(force_qa=True), False), (submitted("external", force_qa=True, skip_qa=True), True)):
        (asked,) = given(review).when(Open(order, external, rules=("a rule",))).then_types(QualityReviewRequested)
        assert (asked.why, asked.rules) == ("forced", ("a rule",))


def test_a_hold_rule_that_applies_holds_and_is_said():
    (asked,) = given(review).when(Open(submitted(qa_share=100), external=False, rules=("Over 1.00 USD",))).then_types(QualityReviewRequested)
    assert (asked.why, asked.rules) == ("rule", ("Over 1.00 USD",))


def test_nobody_reviews_an_order_that_they_placed():
    given(review, requested()).when(decision(reviewer="agent:agent1")).then_refused("own-order")
    given(review, requested()).when(decision(reviewer="agent:agent1", own=True)).then_types(ReviewDecided)


def test_a_denial_needs_a_reason():
    given(review, requested()).when(decision("deny")).then_refused("reason-missing")


def test_a_decision_takes_effect_after_the_undo_window():
    waiting = given(review, requested(), decided())
    waiting.when(TakeEffect(NOON + timedelta(seconds=9))).then_nothing()
    waiting.when(TakeEffect(NOON + UNDO)).then_types(OrderApproved)


def test_without_an_undo_window_it_takes_effect_at_once():
    given(review, requested()).when(decision("deny", reason="not agreed", undo=timedelta())).then_types(ReviewDecided, OrderDenied)


def test_an_undone_decision_has_no_effect():
    given(review, requested(), decided()).when(Undo("agent:qa1", NOON)).then_types(ReviewUndone)
    given(review, requested(), decided(), ReviewUndone(order_id=ORDER, reviewer="agent:qa1")).when(TakeEffect(NOON + UNDO)).then_nothing()


def test_undo_comes_too_late_once_the_window_has_passed():
    given(review, requested(), decided()).when(Undo("agent:qa1", NOON + UNDO)).then_refused("too-late")


def test_an_approved_card_order_is_captured_before_it_is_approved():
    given(review, requested(CARD, "share"), decided()).when(TakeEffect(NOON + UNDO)).then(passed("agent:qa1"))
    (approved,) = given(review, passed("agent:qa1")).when(Settle(1)).then_types(OrderApproved)
    assert approved.by == "agent:qa1"


def test_the_settlement_of_another_attempt_approves_nothing():
    given(review, passed()).when(Settle(2)).then_nothing()


def test_a_cancelled_order_is_never_approved_whichever_fact_comes_first():
    given(review).when(Close(ORDER)).then(closed("cancelled"))
    for history in ((closed(),), (requested(), closed()), (passed(), closed())):
        stopped = given(review, *history)
        for command in (Open(CARD, external=False), Settle(1), TakeEffect(NOON + UNDO), Close(ORDER)):
            stopped.when(command).then_nothing()


def test_only_a_void_of_this_attempt_closes():
    given(review, passed()).when(Close(ORDER, 2)).then_nothing()
    given(review, passed()).when(Close(ORDER, 1)).then(closed("voided"))


def test_a_repeated_fact_changes_nothing():
    given(review, requested()).when(Open(EXTERNAL, external=True)).then_nothing()
    given(review, passed(), OrderDenied(order_id=ORDER, attempt=1, reason="x", reviewer="r")).when(Settle(1)).then_nothing()


def test_deciding_twice_is_refused_and_says_who_was_first():
    refused = given(review, requested(), decided()).when(decision()).then_refused("not-waiting")
    assert refused.detail == "qa1 has approved this order already."


def test_undo_after_it_took_effect_says_that_it_is_too_late():
    given(review, requested(CARD, "share"), decided(), passed("agent:qa1")).when(Undo("agent:qa1", NOON)).then_refused("too-late")
