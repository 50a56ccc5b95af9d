"""What was reserved ends by itself, and is reserved again before it is taken."""

from datetime import timedelta

from services.payments.payment import Capture, Record, Retry, Stop
from services.payments.pending import LEASE, SETTLE
from shared.contracts.payments import (
    CaptureRequested,
    LateAuthorisationFound,
    PartAnswered,
    PartCaptured,
    PartRenewed,
    PartVoided,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentStopped,
    PaymentVoided,
    RenewalClaimed,
    RenewalRequested,
    VoidRequested,
)
from tests.payments.history import REF, SECOND, claim, no, opened, yes
from tests.samples import NOON, ORDER

WEEK = timedelta(days=7)
RENEWED = f"{REF}-r1"


def holds(reference=REF, until=NOON + WEEK):
    return Record(reference, "approved", NOON, gateway_reference="g1", expires_at=until)


def authorized():
    return opened().does(holds(), PartAnswered, PaymentAuthorized)


def renewing(now=NOON + WEEK):
    return authorized().does(Capture(1, now), RenewalRequested)


def test_what_still_holds_is_captured_at_once():
    authorized().does(Capture(1, NOON + WEEK - timedelta(hours=2)), CaptureRequested)


def test_what_ends_within_the_hour_is_made_again_and_then_captured():
    history = renewing(NOON + WEEK - timedelta(minutes=59)).does(claim(RENEWED), RenewalClaimed)
    history.does(yes(RENEWED), PartRenewed, CaptureRequested)
    assert [(part.reference, part.gateway_reference) for part in history.last.parts] == [(RENEWED, "g1")]
    history.does(yes(f"{RENEWED}-capture"), PartCaptured, PaymentCaptured)
    assert history.last.amount == 5690
    assert len([event for event in history.events if isinstance(event, PaymentAuthorized)]) == 1


def test_only_the_parts_that_end_are_made_again():
    history = opened(5000, 690).does(holds(), PartAnswered).does(holds(SECOND, None), PartAnswered, PaymentAuthorized)
    history.does(Capture(1, NOON + WEEK), RenewalRequested).does(yes(RENEWED), PartRenewed, CaptureRequested)
    assert [part.reference for part in history.last.parts] == [RENEWED, SECOND]


def test_a_no_needs_somebody_who_may_capture_all_the_same():
    history = renewing().does(no(RENEWED), PartRenewed, PaymentCaptureFailed)
    assert history.last.reason == "authorisation-expired"
    history.does(Retry(RENEWED, "agent:supervisor1", NOON + WEEK), CaptureRequested)
    assert [part.reference for part in history.last.parts] == [REF]
    history.does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured)


def test_never_heard_of_is_final_once_it_has_settled():
    history = renewing().does(claim(RENEWED), RenewalClaimed)
    history.does(Record(RENEWED, "never-heard", NOON, lease=NOON + LEASE), PartRenewed)
    assert history.last.ask_again_at == NOON + SETTLE
    history.does(claim(RENEWED, NOON + SETTLE), RenewalClaimed)
    history.does(Record(RENEWED, "never-heard", NOON + SETTLE, lease=NOON + SETTLE + LEASE), PartRenewed, PaymentCaptureFailed)
    history.does(yes(RENEWED), LateAuthorisationFound, VoidRequested)
    assert [part.reference for part in history.last.parts] == [RENEWED]
    history.does(yes(f"{RENEWED}-void"), PartVoided, PaymentVoided)
    assert history.last.stands


def test_a_stop_waits_for_it_and_gives_it_back():
    history = renewing().does(Stop("denied", ORDER, NOON + WEEK), PaymentStopped).does(yes(RENEWED), PartRenewed, VoidRequested)
    assert [part.reference for part in history.last.parts] == [RENEWED]
    history.does(yes(f"{RENEWED}-void"), PartVoided, PaymentVoided)
    assert not history.last.stands


def test_each_gateway_says_itself_how_long_a_request_may_be_on_its_way():
    history = renewing().does(claim(RENEWED), RenewalClaimed)
    slow = Record(RENEWED, "never-heard", NOON, lease=NOON + LEASE, settles=timedelta(hours=1))
    assert history.does(slow, PartRenewed).last.ask_again_at == NOON + timedelta(hours=1)
