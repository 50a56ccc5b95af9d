"""What an order's row says of its money, event by event; the machine of test_money compares its sums with the payment itself."""

from datetime import timedelta

import pytest

from services.payments.payment import Capture, Record, RecordOutcome, Refund, Retry, Return, Stop, payment
from services.payments.pending import CANNOT_BE_ASKED, LEASE, SETTLE
from services.payments.views import payments_view, work
from services.payments.views.alarms import ALARM
from shared.contracts import payments as p
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Document, advance
from tests.given import given
from tests.payments.history import REF, SECOND, authorized, authorized_in_two, captured, captured_in_two, claim, no, opened, unknown, yes
from tests.samples import NOON, ORDER

CAPTURE, VOID, FIRST = f"{REF}-capture", f"{REF}-void", f"{ORDER}-refund-1-1-1"
STOP = Stop("cancelled", ORDER, NOON)
REFUND = Refund(1000, "Too many came.", "agent:supervisor1", frozenset(("simulator",)), NOON)


def row_of(history):
    return _folded(payments_view, history, ORDER)


def _folded(view, history, id):
    document = Document(id, None)
    for version, event in enumerate(history.events, 1):
        fact = Fact(event, f"payment-{ORDER}", version, NOON + timedelta(seconds=version), "agent:agent1", ORDER, "")
        if view.handles(type(event)) and id in view.keys(fact):
            document = advance(view, document, fact)
    return document.data


def part(history, number=1):
    return next(each for each in row_of(history)["attempts"][-1]["parts"] if each["part"] == number)


def alarm(history):
    row = row_of(history)
    return row["attention"], row["look_at"]


class TestParts:
    @pytest.mark.parametrize(
        ("history", "status"),
        [
            (opened(), "open"),
            (opened().does(no(), p.PartAnswered, p.OrderDeclined), "declined"),
            (authorized(), "authorized"),
            (captured(), "captured"),
            (authorized().does(STOP, p.PaymentStopped, p.VoidRequested), "authorized"),
            (authorized().does(STOP, p.PaymentStopped, p.VoidRequested).does(yes(VOID), p.PartVoided, p.PaymentVoided), "voided"),
            (captured().does(STOP, p.PaymentStopped, p.RefundRequested).does(yes(FIRST), p.PartRefunded, p.PaymentRefunded), "refunded"),
            (captured("echeck").does(Return(CAPTURE, "R01", NOON), p.PaymentReturned), "returned"),
            (opened().does(no(), p.PartAnswered, p.OrderDeclined).does(yes(), p.LateAuthorisationFound, p.VoidRequested), "authorized"),
        ],
    )
    def test_stand_as_their_operations_leave_them(self, history, status):
        assert part(history)["status"] == status

    def test_a_stand_in_is_one_more(self):
        soft = Record(REF, "declined", NOON, reason="do-not-honour", fallback="other")
        history = opened().does(soft, p.PartAnswered, p.PartRerouted).does(yes(SECOND), p.PartAnswered, p.PaymentAuthorized)
        assert [(each["gateway"], each["instead_of"], each["status"]) for each in row_of(history)["attempts"][0]["parts"]] == [
            ("simulator", 0, "declined"),
            ("other", 1, "authorized"),
        ]

    def test_what_was_given_back_of_a_part_that_stood_for_nothing_leaves_the_attempt(self):
        soft = Record(REF, "declined", NOON, reason="do-not-honour", fallback="other")
        history = opened().does(soft, p.PartAnswered, p.PartRerouted).does(yes(SECOND), p.PartAnswered, p.PaymentAuthorized)
        history.does(yes(), p.LateAuthorisationFound, p.VoidRequested).does(yes(VOID), p.PartVoided, p.PaymentVoided)
        assert row_of(history)["attempts"][0]["status"] == "authorized"


class TestMoney:
    def test_sums(self):
        history = captured_in_two()
        assert [row_of(history)[name] for name in ("captured", "refunded", "refundable", "currency")] == [5690, 0, 5690, "USD"]
        history.events += [refund_requested(history)]
        assert [row_of(history)[name] for name in ("captured", "refunded", "refundable")] == [5690, 0, 4690]
        history.does(yes(FIRST), p.PartRefunded, p.PaymentRefunded)
        assert [row_of(history)[name] for name in ("captured", "refunded", "refundable")] == [5690, 1000, 4690]
        (refund,) = row_of(history)["refunds"]
        assert (refund["number"], refund["amount"], refund["status"], refund["by"]) == (1, 1000, "refunded", "agent:supervisor1")

    def test_operations_in_the_order_in_which_they_were_asked_for(self):
        history = authorized_in_two().does(Capture(1, NOON), p.CaptureRequested)
        rows = [(each["kind"], each["part"], each["amount"], each["of"], each["status"]) for each in row_of(history)["operations"]]
        assert rows == [
            ("authorise", 1, 5000, "", "approved"),
            ("authorise", 2, 690, "", "approved"),
            ("capture", 1, 5000, REF, "open"),
            ("capture", 2, 690, SECOND, "open"),
        ]


def refund_requested(history):
    (event,) = given(payment, *history.events).when(REFUND).then_types(p.RefundRequested)
    return event


class TestAttention:
    def test_none_while_all_is_well(self):
        assert alarm(captured()) == ("", [])
        assert row_of(captured())["alarm_at"] is None

    def test_an_outcome_that_stays_unknown_from_its_first_time_on(self):
        history = opened().does(claim(), p.AttemptClaimed).does(unknown(), p.PaymentOutcomeUnknown)
        assert alarm(history) == ("outcome-unknown", [REF])
        assert row_of(history)["alarm_at"] == stamp(NOON + timedelta(seconds=3) + ALARM)
        assert row_of(history)["attempts"][0]["status"] == "unknown"

    def test_one_that_nobody_can_be_asked_about_at_once(self):
        said = Record(REF, "unknown", NOON, reason=CANNOT_BE_ASKED, lease=NOON + LEASE)
        history = opened().does(claim(), p.AttemptClaimed).does(said, p.PaymentOutcomeUnknown)
        assert (row_of(history)["attention"], row_of(history)["alarm_at"]) == ("outcome-unknown", stamp(NOON + timedelta(seconds=3)))

    def test_a_capture_that_failed_until_it_is_tried_again(self):
        history = authorized().does(Capture(1, NOON), p.CaptureRequested).does(no(CAPTURE), p.PartCaptured, p.PaymentCaptureFailed)
        assert alarm(history) == ("capture-failed", [CAPTURE])
        history.does(Retry(CAPTURE, "agent:supervisor1", NOON), p.OperationRetried)
        assert (alarm(history), row_of(history)["attempts"][0]["status"]) == (("", []), "authorized")
        history.does(no(f"{CAPTURE}-2"), p.PartCaptured, p.PaymentCaptureFailed)
        assert alarm(history) == ("capture-failed", [f"{CAPTURE}-2"])

    def test_a_void_that_failed_until_somebody_did_it_over_there(self):
        history = authorized().does(STOP, p.PaymentStopped, p.VoidRequested).does(no(VOID), p.PartVoided, p.PaymentVoidFailed)
        assert alarm(history) == ("void-failed", [VOID])
        done = RecordOutcome(VOID, "charged", "Seen in its list.", "agent:supervisor1", NOON)
        history.does(done, p.OutcomeRecorded, p.PartVoided, p.PaymentVoided)
        assert (alarm(history), row_of(history)["attempts"][0]["status"]) == (("", []), "voided")

    def test_money_of_a_stopped_order_that_could_not_be_given_back(self):
        history = captured().does(STOP, p.PaymentStopped, p.RefundRequested)
        assert alarm(history) == ("", [])
        history.does(Record(FIRST, "declined", NOON, reason="refund-unsupported", asked=False), p.PartRefunded, p.PaymentRefundFailed)
        assert alarm(history) == ("refund-due", [FIRST])

    def test_a_debit_that_came_back_until_somebody_has_dealt_with_it(self):
        history = captured("echeck").does(Return(CAPTURE, "R01", NOON), p.PaymentReturned)
        assert alarm(history) == ("payment-returned", [CAPTURE])
        assert [(each["code"], each["amount"]) for each in row_of(history)["returned"]] == [("R01", 5690)]
        assert row_of(history)["refundable"] == 0
        history.does(RecordOutcome(CAPTURE, "not-charged", "Will pay by card.", "agent:supervisor1", NOON), p.OutcomeRecorded)
        assert alarm(history) == ("", [])

    def test_an_answer_that_contradicts_until_it_is_settled(self):
        history = captured().does(no(CAPTURE), p.AnswerContradicted)
        assert alarm(history) == ("answer-contradicts", [CAPTURE])
        history.does(RecordOutcome(CAPTURE, "charged", "Seen in its list.", "agent:supervisor1", NOON), p.OutcomeRecorded)
        assert alarm(history) == ("", [])

    def test_what_is_reserved_from_when_it_ends_until_it_is_captured(self):
        history = opened().does(Record(REF, "approved", NOON, expires_at=NOON + timedelta(days=7)), p.PartAnswered, p.PaymentAuthorized)
        assert (row_of(history)["attention"], row_of(history)["alarm_at"]) == ("authorisation-expired", stamp(NOON + timedelta(days=7)))
        assert alarm(history.does(Capture(1, NOON), p.CaptureRequested)) == ("", [])


def test_work_is_due_until_it_is_answered_for_good():
    history = authorized().does(Capture(1, NOON), p.CaptureRequested)
    assert _folded(work, history, REF) is None
    assert _folded(work, history, CAPTURE)["kind"] == "capture"
    history.does(claim(CAPTURE), p.CaptureClaimed)
    assert _folded(work, history, CAPTURE)["due_at"] == stamp(NOON + LEASE)
    history.does(Record(CAPTURE, "never-heard", NOON, lease=NOON + LEASE), p.PartCaptured)
    assert _folded(work, history, CAPTURE)["due_at"] == stamp(NOON + SETTLE)
    assert _folded(work, history.does(yes(CAPTURE), p.PartCaptured, p.PaymentCaptured), CAPTURE) is None
