"""What a supervisor does about money that is stuck; and what is heard of it later."""

from datetime import timedelta

import pytest

from services.payments.gateways.protocol import TIMEOUT
from services.payments.payment import Capture, RecordOutcome, Retry, Return, Stop
from services.payments.pending import ASK_AGAIN, LEASE
from services.payments.settling import MOST_TRIES
from shared.contracts.payments import (
    AnswerContradicted,
    AttemptClaimed,
    CaptureClaimed,
    CaptureRequested,
    LateAuthorisationFound,
    OperationRetried,
    OrderDeclined,
    OutcomeRecorded,
    PartAnswered,
    PartCaptured,
    PartVoided,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentOutcomeUnknown,
    PaymentReturned,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
    RefundRequested,
    VoidRequested,
)
from tests.payments.history import REF, SECOND, authorized, authorized_in_two, captured, claim, no, opened, unheard, unknown, yes
from tests.samples import NOON, ORDER

CAPTURE, VOID = f"{REF}-capture", f"{REF}-void"


def retry(reference, now=NOON):
    return Retry(reference, "agent:supervisor1", now)


def found(reference, outcome, now=NOON):
    return RecordOutcome(reference, outcome, "Seen in the gateway's list.", "agent:supervisor1", now)


def not_captured():
    return authorized().does(Capture(1, NOON), CaptureRequested).does(no(CAPTURE), PartCaptured, PaymentCaptureFailed)


def asked():
    return opened().does(claim(), AttemptClaimed).does(unknown(), PaymentOutcomeUnknown)


def capture_unknown():
    history = authorized().does(Capture(1, NOON), CaptureRequested).does(claim(CAPTURE), CaptureClaimed)
    return history.does(unknown(CAPTURE), PartCaptured)


class TestRetry:
    def test_a_refused_capture_is_asked_for_under_the_next_reference(self):
        history = not_captured().does(retry(CAPTURE), OperationRetried)
        assert (history.last.of, history.last.reference, history.last.by) == (CAPTURE, f"{CAPTURE}-2", "agent:supervisor1")
        history.does(claim(f"{CAPTURE}-2"), CaptureClaimed).does(yes(f"{CAPTURE}-2"), PartCaptured, PaymentCaptured)
        assert history.last.references == (f"{CAPTURE}-2",)

    def test_only_the_last_of_them_and_only_so_often(self):
        history, reference = not_captured(), CAPTURE
        for again in range(2, MOST_TRIES + 1):
            history.does(retry(reference), OperationRetried)
            reference = f"{CAPTURE}-{again}"
            history.does(no(reference), PartCaptured, PaymentCaptureFailed).refuses(retry(CAPTURE), "not-to-retry")
        history.refuses(retry(reference), "too-many-tries")

    def test_parts_that_were_captured_are_not_captured_again(self):
        history = authorized_in_two().does(Capture(1, NOON), CaptureRequested).does(yes(CAPTURE), PartCaptured)
        history.does(no(f"{SECOND}-capture"), PartCaptured, PaymentCaptureFailed).refuses(retry(CAPTURE), "not-to-retry")
        history.does(retry(f"{SECOND}-capture"), OperationRetried).does(yes(f"{SECOND}-capture-2"), PartCaptured, PaymentCaptured)
        assert (history.last.amount, history.last.references) == (5690, (CAPTURE, f"{SECOND}-capture-2"))

    def test_a_refused_void_is_tried_again(self):
        history = authorized().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested)
        history.does(no(VOID), PartVoided, PaymentVoidFailed).does(retry(VOID), OperationRetried)
        history.does(yes(f"{VOID}-2"), PartVoided, PaymentVoided)
        assert history.last.amount == 5690

    def test_a_void_of_several_counts_each_once(self):
        history = authorized_in_two().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested)
        history.does(no(VOID), PartVoided).does(yes(f"{SECOND}-void"), PartVoided, PaymentVoidFailed)
        history.does(retry(VOID), OperationRetried).does(yes(f"{VOID}-2"), PartVoided, PaymentVoided)
        assert history.last.amount == 5690

    def test_a_capture_of_a_stopped_order_is_not(self):
        not_captured().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested).refuses(retry(CAPTURE), "not-to-retry")

    def test_neither_what_was_approved_nor_a_decline_nor_what_nobody_asked_for(self):
        captured().refuses(retry(CAPTURE), "not-to-retry")
        opened().does(no(), PartAnswered, OrderDeclined).refuses(retry(REF), "not-to-retry")
        opened().refuses(retry(f"{ORDER}-9-1"), "unknown-reference")

    def test_what_is_unknown_is_asked_about_now(self):
        history = asked().does(retry(REF, NOON + timedelta(seconds=1)), OperationRetried)
        assert history.last.reference == history.last.of
        assert history.does(claim(now=NOON + timedelta(seconds=1)), AttemptClaimed).last.takeover
        history.ignores(retry(REF, NOON + timedelta(seconds=2)))

    def test_what_is_on_its_way_needs_no_asking(self):
        opened().ignores(retry(REF)).does(claim(), AttemptClaimed).ignores(retry(REF))


class TestOutcome:
    def test_charged_is_an_authorisation(self):
        history = asked().does(found(REF, "charged"), OutcomeRecorded, PartAnswered, PaymentAuthorized)
        history.refuses(found(REF, "not-charged"), "not-open")

    def test_not_charged_is_a_decline_and_a_yes_afterwards_is_given_back(self):
        history = asked().does(found(REF, "not-charged"), OutcomeRecorded, PartAnswered, OrderDeclined)
        assert history.last.reason == "not-charged"
        history.does(yes(), LateAuthorisationFound, VoidRequested).does(yes(VOID), PartVoided, PaymentVoided)

    def test_a_no_after_charged_needs_somebody(self):
        history = asked().does(found(REF, "charged"), OutcomeRecorded, PartAnswered, PaymentAuthorized)
        history.does(no(), AnswerContradicted).ignores(no()).does(found(REF, "charged"), OutcomeRecorded)

    def test_it_is_not_recorded_before_the_gateway_could_say_it(self):
        opened().refuses(found(REF, "charged"), "being-asked")
        asked().does(claim(now=NOON + ASK_AGAIN), AttemptClaimed).refuses(found(REF, "charged", NOON + ASK_AGAIN), "being-asked")
        history = asked().does(claim(now=NOON + ASK_AGAIN), AttemptClaimed)
        history.does(found(REF, "charged", NOON + ASK_AGAIN + LEASE), OutcomeRecorded, PartAnswered, PaymentAuthorized)

    def test_of_a_capture(self):
        capture_unknown().does(found(CAPTURE, "charged"), OutcomeRecorded, PartCaptured, PaymentCaptured)
        capture_unknown().does(found(CAPTURE, "not-charged"), OutcomeRecorded, PartCaptured, PaymentCaptureFailed)

    def test_a_capture_that_was_made_after_all_is_settled_on_evidence(self):
        history = capture_unknown().does(found(CAPTURE, "not-charged"), OutcomeRecorded, PartCaptured, PaymentCaptureFailed)
        history.does(yes(CAPTURE), AnswerContradicted)
        history.does(found(CAPTURE, "charged"), OutcomeRecorded, PartCaptured, PaymentCaptured)

    def test_of_a_stopped_order_a_capture_that_was_made_is_given_back(self):
        history = capture_unknown().does(Stop("cancelled", ORDER, NOON), PaymentStopped)
        history.does(found(CAPTURE, "charged"), OutcomeRecorded, PartCaptured, PaymentCaptured, RefundRequested)

    def test_what_was_refused_here_and_done_over_there(self):
        history = authorized().does(Stop("denied", ORDER, NOON), PaymentStopped, VoidRequested)
        history.does(no(VOID), PartVoided, PaymentVoidFailed)
        history.does(found(VOID, "charged"), OutcomeRecorded, PartVoided, PaymentVoided).refuses(found(VOID, "charged"), "not-open")

    def test_a_reference_that_nobody_used(self):
        assert asked().refuses(found(f"{ORDER}-1-9", "charged"), "unknown-reference").field == "reference"


class TestReturn:
    def test_it_counts_once_and_is_not_refunded(self):
        history = captured("echeck").does(Return(CAPTURE, "R01", NOON), PaymentReturned)
        assert (history.last.amount, history.last.reason) == (5690, "insufficient-funds")
        history.ignores(Return(CAPTURE, "R10", NOON)).does(Stop("cancelled", ORDER, NOON), PaymentStopped)

    def test_of_a_capture_whose_answer_is_not_known_it_says_that_it_was_made(self):
        history = authorized("echeck").does(Capture(1, NOON), CaptureRequested)
        history.does(Return(CAPTURE, "R02", NOON), PartCaptured, PaymentReturned, PaymentCaptured)

    def test_a_stopped_order_gives_nothing_back_that_came_back(self):
        history = authorized("echeck").does(Capture(1, NOON), CaptureRequested).does(Stop("cancelled", ORDER, NOON), PaymentStopped)
        history.does(Return(CAPTURE, "R02", NOON), PartCaptured, PaymentReturned, PaymentCaptured)

    def test_somebody_has_dealt_with_it(self):
        history = captured("echeck").does(Return(CAPTURE, "R01", NOON), PaymentReturned)
        history.refuses(found(CAPTURE, "charged"), "not-open")
        history.does(found(CAPTURE, "not-charged"), OutcomeRecorded).refuses(found(CAPTURE, "not-charged"), "not-open")

    @pytest.mark.parametrize("reference", [REF, VOID, f"{ORDER}-1-2-capture"])
    def test_only_of_what_was_captured(self, reference):
        captured("echeck").ignores(Return(reference, "R01", NOON))

    def test_not_of_a_card(self):
        captured().ignores(Return(CAPTURE, "R01", NOON))


def test_what_is_not_known_there_yet_may_still_arrive():
    history = opened().does(claim(), AttemptClaimed).does(unheard(), PaymentOutcomeUnknown)
    history.does(retry(REF), OperationRetried).does(claim(), AttemptClaimed).ignores(unheard(claimed=NOON))


def test_no_more_comes_back_than_was_captured():
    history = captured("echeck").does(Return(CAPTURE, "R01", NOON, 5690 * 2), PaymentReturned)
    assert history.last.amount == 5690


def test_nobody_takes_over_while_the_gateway_may_still_answer():
    assert timedelta(seconds=TIMEOUT) < LEASE
