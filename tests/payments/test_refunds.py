from services.payments.payment import Capture, Record, Refund, Retry, Stop, payment
from shared.contracts.payments import (
    CaptureClaimed,
    CaptureRequested,
    OperationRetried,
    PartCaptured,
    PartRefunded,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentStopped,
    RefundClaimed,
    RefundRequested,
)
from tests.given import given
from tests.payments.history import REF, authorized, captured, captured_in_two, claim, no, unknown, yes
from tests.samples import NOON, ORDER

FIRST, OTHER = f"{ORDER}-refund-1-1-1", f"{ORDER}-refund-1-1-2"
ABLE = frozenset(("simulator",))


def asks(history, amount, number=1, able=ABLE):
    """Without a key of its own a repeat is another refund, so it is not repeated here."""
    command = Refund(amount, "Too many came.", "agent:supervisor1", able, NOON)
    history.events += given(payment, *history.events).when(command).then_types(RefundRequested)
    assert history.last.number == number
    return history


def too_much(history, amount):
    return history.refuses(Refund(amount, "Too many came.", "agent:supervisor1", ABLE, NOON), "refund-too-much").data["refundable"]


class TestRefund:
    def test_all_of_it_comes_back_once(self):
        history = asks(captured(), 5690)
        assert [(part.reference, part.captured, part.part.amount) for part in history.last.parts] == [(FIRST, f"{REF}-capture", 5690)]
        history.does(claim(FIRST), RefundClaimed).does(yes(FIRST), PartRefunded, PaymentRefunded)
        assert (history.last.amount, history.last.refunded, history.last.captured, history.last.by) == (5690, 5690, 5690, "agent:supervisor1")
        assert too_much(history, 1) == 0

    def test_some_of_it_leaves_the_rest(self):
        history = asks(captured(), 1000).does(yes(FIRST), PartRefunded, PaymentRefunded)
        assert too_much(history, 4691) == 4690
        history = asks(history, 4690, number=2).does(yes(f"{ORDER}-refund-2-1-1"), PartRefunded, PaymentRefunded)
        assert (history.last.amount, history.last.refunded) == (4690, 5690)

    def test_one_that_is_under_way_counts(self):
        history = asks(captured(), 5000)
        assert too_much(history, 691) == 690
        history.does(claim(FIRST), RefundClaimed).does(unknown(FIRST), PartRefunded)
        assert too_much(history, 691) == 690
        assert history.does(no(FIRST), PartRefunded, PaymentRefundFailed).last.refunded == 0
        assert too_much(history, 5691) == 5690

    def test_parts_give_back_in_their_order(self):
        history = asks(captured_in_two(), 5001)
        assert [(part.reference, part.part.amount) for part in history.last.parts] == [(FIRST, 5000), (OTHER, 1)]
        history.does(yes(OTHER), PartRefunded).does(yes(FIRST), PartRefunded, PaymentRefunded)
        assert history.last.references == (FIRST, OTHER)
        (part,) = asks(history, 689, number=2).last.parts
        assert (part.reference, part.part.amount) == (f"{ORDER}-refund-2-1-2", 689)

    def test_what_other_parts_gave_back_counts_though_one_refused(self):
        history = asks(captured_in_two(), 5690).does(no(FIRST, "refund-window-over"), PartRefunded)
        history.does(yes(OTHER), PartRefunded, PaymentRefundFailed)
        assert (history.last.amount, history.last.refunded, history.last.reason) == (5690, 690, "refund-window-over")
        assert too_much(history, 5001) == 5000

    def test_nothing_is_given_back_of_what_was_not_taken(self):
        command = Refund(1, "Too many came.", "agent:supervisor1", ABLE, NOON)
        authorized().refuses(command, "nothing-captured")
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(claim(f"{REF}-capture"), CaptureClaimed)
        history.does(unknown(f"{REF}-capture"), PartCaptured).refuses(command, "nothing-captured")

    def test_an_amount_is_at_least_the_smallest_unit(self):
        assert too_much(captured(), 0) == 5690

    def test_a_gateway_that_cannot_is_named(self):
        refused = captured().refuses(Refund(1, "Too many came.", "agent:supervisor1", frozenset(), NOON), "refund-unsupported")
        assert "simulator" in refused.detail

    def test_a_yes_that_comes_again_changes_nothing(self):
        asks(captured(), 100).does(yes(FIRST), PartRefunded, PaymentRefunded).ignores(yes(FIRST)).ignores(unknown(FIRST)).ignores(claim(FIRST))


class TestStopped:
    def test_it_gives_back_what_is_left(self):
        history = asks(captured(), 1000).does(Stop("denied", ORDER, NOON), PaymentStopped, RefundRequested)
        assert (history.last.amount, history.last.reason) == (4690, "")
        history.does(yes(FIRST), PartRefunded, PaymentRefunded).does(yes(f"{ORDER}-refund-2-1-1"), PartRefunded, PaymentRefunded)
        assert history.last.refunded == 5690

    def test_a_refund_that_fails_then_may_be_tried_again(self):
        history = captured().does(Stop("cancelled", ORDER, NOON), PaymentStopped, RefundRequested)
        history.does(Record(FIRST, "declined", NOON, reason="refund-unsupported", asked=False), PartRefunded, PaymentRefundFailed)
        history.does(Retry(FIRST, "agent:supervisor1", NOON), OperationRetried).does(yes(f"{FIRST}-2"), PartRefunded, PaymentRefunded)
        assert (history.last.number, history.last.refunded) == (1, 5690)

    def test_an_unknown_capture_is_given_back_once_it_is_known(self):
        history = authorized().does(Capture(1, NOON), CaptureRequested).does(claim(f"{REF}-capture"), CaptureClaimed)
        history.does(unknown(f"{REF}-capture"), PartCaptured).does(Stop("cancelled", ORDER, NOON), PaymentStopped)
        history.does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured, RefundRequested)


def test_a_refund_is_not_tried_again_once_its_money_is_given_back_otherwise():
    history = asks(captured(), 5690).does(no(FIRST), PartRefunded, PaymentRefundFailed)
    asks(history, 1000, number=2)
    history.refuses(Retry(FIRST, "agent:supervisor1", NOON), "refund-too-much")
