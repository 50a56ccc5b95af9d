"""After a soft no another gateway is asked, within the same attempt."""

from services.payments.payment import Capture, Record, Stop
from shared.contracts.payments import (
    AttemptClaimed,
    CaptureRequested,
    LateAuthorisationFound,
    OrderDeclined,
    PartAnswered,
    PartRerouted,
    PartVoided,
    PaymentAuthorized,
    PaymentOutcomeUnknown,
    PaymentStopped,
    PaymentVoided,
    VoidRequested,
)
from tests.payments.history import REF, SECOND, claim, no, opened, unknown, yes
from tests.samples import NOON, ORDER

THIRD = f"{ORDER}-1-3"


def soft(reference=REF, fallback="other"):
    return Record(reference, "declined", NOON, reason="do-not-honour", fallback=fallback)


def rerouted():
    return opened().does(soft(), PartAnswered, PartRerouted)


def test_the_next_part_is_of_the_same_amount_at_the_other_gateway():
    history = rerouted()
    assert (history.last.part.number, history.last.part.gateway, history.last.part.amount, history.last.instead_of) == (2, "other", 5690, 1)
    history.does(claim(SECOND), AttemptClaimed).does(yes(SECOND), PartAnswered, PaymentAuthorized)
    assert [(part.reference, part.part.gateway) for part in history.last.parts] == [(SECOND, "other")]
    history.does(Capture(1, NOON), CaptureRequested)
    assert [part.reference for part in history.last.parts] == [SECOND]


def test_a_no_of_the_other_is_the_last_word():
    history = rerouted().does(Record(SECOND, "declined", NOON, reason="insufficient-funds", fallback="third"), PartAnswered, OrderDeclined)
    assert history.last.reason == "insufficient-funds"


def test_it_stands_in_its_place_among_several():
    history = opened(5000, 690).does(soft(), PartAnswered, PartRerouted).does(yes(SECOND), PartAnswered)
    history.does(yes(THIRD), PartAnswered, PaymentAuthorized)
    assert [part.reference for part in history.last.parts] == [THIRD, SECOND]


def test_a_no_of_a_stand_in_gives_the_others_back():
    history = opened(5000, 690).does(soft(SECOND), PartAnswered, PartRerouted).does(yes(), PartAnswered)
    history.does(no(THIRD), PartAnswered, OrderDeclined, VoidRequested)
    assert [part.reference for part in history.last.parts] == [REF]


def test_not_where_another_part_was_refused_anyway():
    opened(5000, 690).does(no(), PartAnswered).does(soft(SECOND), PartAnswered, OrderDeclined)


def test_not_to_itself_nor_after_a_stop_nor_while_unknown():
    opened().does(soft(fallback="simulator"), PartAnswered, OrderDeclined)
    opened().does(Stop("cancelled", ORDER, NOON), PaymentStopped).does(soft(), PartAnswered, OrderDeclined)
    opened().does(claim(), AttemptClaimed).does(unknown(), PaymentOutcomeUnknown).ignores(claim(SECOND))


def test_a_late_yes_of_the_first_is_given_back_and_the_attempt_goes_on():
    history = rerouted().does(yes(), LateAuthorisationFound, VoidRequested).does(yes(SECOND), PartAnswered, PaymentAuthorized)
    history.does(yes(f"{REF}-void"), PartVoided, PaymentVoided)
    assert history.last.stands
    history.does(Capture(1, NOON), CaptureRequested)


def test_a_stop_meanwhile_gives_the_stand_in_back():
    history = rerouted().does(Stop("denied", ORDER, NOON), PaymentStopped)
    history.does(yes(SECOND), PartAnswered, LateAuthorisationFound, VoidRequested).does(yes(f"{SECOND}-void"), PartVoided, PaymentVoided)
    assert not history.last.stands
