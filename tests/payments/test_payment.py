from datetime import timedelta

import pytest

from services.payments.gateway import Configure, gateway
from services.payments.payment import Capture, Claim, Open, Stop, payment
from services.payments.pending import ASK_AGAIN, LEASE, SETTLE
from shared.contracts.order import Part
from shared.contracts.payments import (
    AttemptClaimed,
    AttemptOpened,
    CaptureClaimed,
    CaptureRequested,
    ExternalPaymentPending,
    GatewayConfigured,
    LateAuthorisationFound,
    OrderDeclined,
    PartAnswered,
    PartCaptured,
    PartRefunded,
    PartVoided,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentOutcomeUnknown,
    PaymentRefunded,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
    RefundRequested,
    VoidClaimed,
    VoidRequested,
)
from tests.given import given
from tests.payments.history import REF, SECOND, History, authorized, authorized_in_two, claim, no, opened, unheard, unknown, yes
from tests.payments.kinds import KINDS
from tests.samples import NOON, ORDER, parts, submitted


class TestAuthorise:
    def test_all_parts_yes_reserves_the_money(self):
        assert [part.reference for part in authorized_in_two().last.parts] == [REF, SECOND]

    def test_one_no_declines_the_attempt_and_voids_the_others(self):
        history = opened(5000, 690).does(yes(), PartAnswered).does(no(SECOND), PartAnswered, OrderDeclined, VoidRequested)
        assert history.one(OrderDeclined).reason == "insufficient-funds"
        assert history.last.why == "other-part-declined"
        assert [part.reference for part in history.last.parts] == [REF]
        history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided)
        assert history.last.amount == 5000

    def test_a_no_before_the_other_yes_still_voids_it(self):
        opened(5000, 690).does(no(), PartAnswered).does(yes(SECOND), PartAnswered, OrderDeclined, VoidRequested)

    def test_two_noes_are_one_decline_and_the_first_part_names_the_reason(self):
        history = opened(5000, 690).does(no(SECOND, "wrong-cvv"), PartAnswered).does(no(), PartAnswered, OrderDeclined)
        assert history.last.reason == "insufficient-funds"

    def test_an_unknown_part_keeps_the_attempt_open_whatever_the_others_say(self):
        history = opened(5000, 690).does(claim(), AttemptClaimed).does(unknown(), PaymentOutcomeUnknown).does(no(SECOND), PartAnswered)
        history.does(yes(), PartAnswered, OrderDeclined, VoidRequested)

    def test_an_answered_part_is_neither_claimed_nor_answered_again(self):
        authorized().ignores(claim(now=NOON + LEASE)).ignores(yes()).ignores(unknown())

    def test_a_decline_says_what_helps(self):
        declined = opened().does(no(reason="wrong-cvv"), PartAnswered, OrderDeclined).last
        assert declined.retry
        assert "code" in declined.try_next

    @pytest.mark.parametrize(
        "wrong",
        [(), parts(5689), parts(5690, 1), parts(6000, -310), (Part(number=1, gateway="simulator", amount=2845),) * 2],
        ids=["none", "less", "more", "negative", "one number twice"],
    )
    def test_parts_that_are_not_the_amount_are_never_charged(self, wrong):
        history = History().does(Open("token", wrong, submitted(), NOON), AttemptOpened, OrderDeclined)
        assert history.last.reason == "amount-mismatch"
        history.ignores(claim())

    def test_nothing_is_claimed_before_it_is_submitted(self):
        History().ignores(claim()).ignores(yes()).ignores(Capture(1, NOON))


class TestAttempts:
    def test_a_second_attempt_waits_for_the_outcome_of_the_first(self):
        given(payment, *opened().events).when(Open("token", parts(5690), submitted(attempt=2), NOON)).then_refused("attempt-open")

    def test_a_second_attempt_has_references_of_its_own(self):
        history = opened().does(no(), PartAnswered, OrderDeclined).does(Open("other", parts(5690), submitted(attempt=2), NOON), AttemptOpened)
        history.does(yes(f"{ORDER}-2-1"), PartAnswered, PaymentAuthorized)
        history.does(Capture(2, NOON), CaptureRequested).ignores(Capture(1, NOON))
        assert [part.reference for part in history.last.parts] == [f"{ORDER}-2-1"]

    def test_a_declined_attempt_is_final(self):
        opened().does(no(), PartAnswered, OrderDeclined).ignores(Open("token", parts(5690), submitted(), NOON)).ignores(claim(now=NOON + LEASE))

    def test_an_external_payment_calls_nobody(self):
        history = History().does(Open("", (), submitted("external"), NOON), ExternalPaymentPending)
        history.ignores(claim()).ignores(yes()).ignores(Capture(1, NOON)).does(Stop("denied", ORDER, NOON), PaymentStopped)

    def test_an_external_payment_may_be_of_nothing(self):
        assert History().does(Open("", (), submitted("external", amount=0), NOON), ExternalPaymentPending).last.amount == 0

    @pytest.mark.parametrize("zero", [(), parts(0)])
    def test_nothing_to_pay_needs_no_gateway(self, zero):
        history = History().does(Open("token", zero, submitted(amount=0), NOON), AttemptOpened, PaymentAuthorized).ignores(claim())
        assert history.does(Capture(1, NOON), PaymentCaptured).last.amount == 0

    def test_nothing_to_pay_is_not_captured_once_it_is_stopped(self):
        history = History().does(Open("token", (), submitted(amount=0), NOON), AttemptOpened, PaymentAuthorized)
        history.does(Stop("denied", ORDER, NOON), PaymentStopped).ignores(Capture(1, NOON))


class TestUnknown:
    def test_it_is_asked_about_again_later_and_by_whoever_takes_it_over(self):
        history = opened().does(claim(), AttemptClaimed).does(unknown(), PaymentOutcomeUnknown).ignores(claim())
        assert history.does(claim(now=NOON + ASK_AGAIN), AttemptClaimed).last.takeover
        history.does(yes(now=NOON + ASK_AGAIN), PartAnswered, PaymentAuthorized)

    def test_every_time_it_waits_longer_but_never_more_than_a_quarter_of_an_hour(self):
        history, now, waits = opened(), NOON, []
        for _ in range(12):
            history.does(claim(now=now), AttemptClaimed).does(unknown(now=now), PaymentOutcomeUnknown)
            waits.append(history.last.ask_again_at - now)
            now = history.last.ask_again_at
        assert waits[:3] == [ASK_AGAIN, 2 * ASK_AGAIN, 4 * ASK_AGAIN]
        assert waits[-1] == timedelta(minutes=15)

    def test_what_the_gateway_never_heard_of_is_asked_once_more_when_it_has_settled_and_then_not_charged(self):
        history = opened().does(claim(), AttemptClaimed).does(unheard(), PaymentOutcomeUnknown)
        later = NOON + SETTLE
        history.ignores(claim(now=later - timedelta(seconds=1)))
        history.does(claim(now=later), AttemptClaimed).ignores(unheard(later, claimed=NOON))
        history.does(unheard(later), PartAnswered, OrderDeclined)
        assert history.last.reason == "not-charged"

    def test_an_unknown_answer_in_between_starts_the_settling_anew(self):
        later = NOON + SETTLE
        history = opened().does(claim(), AttemptClaimed).does(unheard(), PaymentOutcomeUnknown)
        history.does(claim(now=later), AttemptClaimed).does(unknown(now=later), PaymentOutcomeUnknown)
        history.does(claim(now=later + SETTLE), AttemptClaimed)
        history.does(unheard(later + SETTLE), PaymentOutcomeUnknown)

    @pytest.mark.parametrize("final", [no(), None], ids=["declined", "not-charged"])
    def test_a_yes_for_a_final_attempt_is_voided_and_never_an_authorisation(self, final):
        if final:
            history = opened().does(final, PartAnswered, OrderDeclined)
        else:
            history = opened().does(claim(), AttemptClaimed).does(unheard(), PaymentOutcomeUnknown)
            history.does(claim(now=NOON + SETTLE), AttemptClaimed)
            history.does(unheard(NOON + SETTLE), PartAnswered, OrderDeclined)
        history.does(yes(), LateAuthorisationFound, VoidRequested)
        assert history.last.why == "late"
        history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided).ignores(yes())
        assert not [event for event in history.events if isinstance(event, PaymentAuthorized)]

    def test_a_late_yes_joins_a_void_that_is_under_way(self):
        history = opened(5000, 690).does(yes(), PartAnswered).does(no(SECOND), PartAnswered, OrderDeclined, VoidRequested)
        history.does(yes(SECOND), LateAuthorisationFound, VoidRequested)
        history.does(yes(f"{REF}-void"), PartVoided).does(yes(f"{SECOND}-void"), PartVoided, PaymentVoided)
        assert history.last.amount == 5690

    def test_a_late_yes_while_a_second_attempt_is_open_leaves_that_alone(self):
        history = opened().does(no(), PartAnswered, OrderDeclined).does(Open("other", parts(5690), submitted(attempt=2), NOON), AttemptOpened)
        history.does(yes(), LateAuthorisationFound, VoidRequested).does(yes(f"{ORDER}-2-1"), PartAnswered, PaymentAuthorized)
        history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided).does(Capture(2, NOON), CaptureRequested)


class TestLease:
    def test_only_one_holds_the_work(self):
        history = opened().does(claim(), AttemptClaimed)
        assert not history.last.takeover
        history.ignores(Claim(REF, "you", NOON + LEASE - timedelta(seconds=1)))

    def test_whoever_takes_over_is_told_so(self):
        assert opened().does(claim(), AttemptClaimed).does(Claim(REF, "you", NOON + LEASE), AttemptClaimed).last.takeover

    def test_captures_and_voids_are_held_too(self):
        authorized().does(Capture(1, NOON), CaptureRequested).does(claim(f"{REF}-capture"), CaptureClaimed).ignores(claim(f"{REF}-void"))
        authorized().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested).does(claim(f"{REF}-void"), VoidClaimed)


class TestCapture:
    def test_it_settles_what_was_authorised_once(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured)
        assert (history.last.amount, history.last.references) == (5690, (f"{REF}-capture",))
        history.ignores(Capture(1, NOON))

    def test_nothing_is_captured_before_it_is_authorised(self):
        opened().ignores(Capture(1, NOON)).ignores(yes(f"{REF}-capture"))

    def test_a_refused_capture_settles_nothing(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(no(f"{REF}-capture", "expired"), PartCaptured, PaymentCaptureFailed)
        assert history.last.reason == "expired"
        history.ignores(Capture(1, NOON))

    def test_every_part_is_heard_before_a_capture_has_failed(self):
        history = authorized_in_two().does(Capture(1, NOON), CaptureRequested).does(no(f"{REF}-capture"), PartCaptured)
        history.does(yes(f"{SECOND}-capture"), PartCaptured, PaymentCaptureFailed)

    def test_an_unknown_capture_is_asked_about(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(claim(f"{REF}-capture"), CaptureClaimed)
        history.does(unknown(f"{REF}-capture"), PartCaptured)
        assert history.last.ask_again_at == NOON + ASK_AGAIN
        assert history.does(claim(f"{REF}-capture", NOON + ASK_AGAIN), CaptureClaimed).last.takeover
        history.does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured)


class TestStop:
    def test_a_denied_order_gives_its_money_back(self):
        history = authorized_in_two().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested)
        assert history.last.why == "denied"
        history.does(yes(f"{REF}-void"), PartVoided).does(yes(f"{SECOND}-void"), PartVoided, PaymentVoided).ignores(Capture(1, NOON))

    def test_every_part_is_heard_before_a_void_has_failed(self):
        history = authorized_in_two().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested)
        history.does(no(f"{REF}-void", "not-possible"), PartVoided).does(yes(f"{SECOND}-void"), PartVoided, PaymentVoidFailed)
        assert history.last.reason == "not-possible"

    def test_an_unknown_void_is_asked_about(self):
        history = authorized().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested).does(claim(f"{REF}-void"), VoidClaimed)
        history.does(unknown(f"{REF}-void"), PartVoided).does(claim(f"{REF}-void", NOON + ASK_AGAIN), VoidClaimed)
        history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided)

    def test_a_late_yes_for_a_stopped_order_ends_voided(self):
        history = opened().does(Stop("cancelled", ORDER, NOON), PaymentStopped).does(yes(), PartAnswered, LateAuthorisationFound, VoidRequested)
        history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided)

    def test_a_late_no_for_a_stopped_order_is_a_decline(self):
        opened().does(Stop("cancelled", ORDER, NOON), PaymentStopped).does(no(), PartAnswered, OrderDeclined)

    def test_a_stop_that_comes_first_charges_nothing(self):
        History().does(Stop("cancelled", ORDER, NOON), PaymentStopped).ignores(Open("token", parts(5690), submitted(), NOON))

    def test_a_capture_in_flight_is_waited_for_and_given_back(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(Stop("cancelled", ORDER, NOON), PaymentStopped)
        history.does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured, RefundRequested)
        assert (history.last.amount, history.last.by) == (5690, "service:payments")

    def test_what_a_stopped_capture_could_not_take_is_voided_and_what_it_took_is_given_back(self):
        history = authorized_in_two().does(Capture(1, NOON), CaptureRequested).does(Stop("cancelled", ORDER, NOON), PaymentStopped)
        history.does(yes(f"{REF}-capture"), PartCaptured)
        history.does(no(f"{SECOND}-capture"), PartCaptured, PaymentCaptureFailed, VoidRequested, RefundRequested)
        assert [part.reference for part in history.one(VoidRequested).parts] == [SECOND]
        assert [part.captured for part in history.last.parts] == [f"{REF}-capture"]

    def test_what_a_failed_capture_left_is_voided(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(no(f"{REF}-capture"), PartCaptured, PaymentCaptureFailed)
        history.does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested).does(yes(f"{REF}-void"), PartVoided, PaymentVoided)

    def test_what_is_captured_is_given_back(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured)
        history.does(Stop("cancelled", ORDER, NOON), PaymentStopped, RefundRequested)
        history.does(yes(f"{ORDER}-refund-1-1-1"), PartRefunded, PaymentRefunded)
        assert (history.last.refunded, history.last.captured) == (5690, 5690)


def test_a_gateway_is_published_when_it_changes():
    simulator = Configure("simulator", "simulator", ("authorise",), KINDS)
    (configured,) = given(gateway).when(simulator).then_types(GatewayConfigured)
    given(gateway, configured).when(simulator).then_nothing()
    given(gateway, configured).when(Configure("simulator", "simulator", ("authorise",), KINDS, on=False)).then_types(GatewayConfigured)
