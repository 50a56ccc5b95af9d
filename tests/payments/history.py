"""A payment's events, command by command."""

from services.payments.payment import Capture, Claim, Open, Record, payment
from services.payments.pending import LEASE
from shared.contracts.payments import AttemptOpened, CaptureRequested, PartAnswered, PartCaptured, PaymentAuthorized, PaymentCaptured
from shared.kernel.decider import Refused
from tests.given import given
from tests.samples import NOON, ORDER, parts, submitted

REF, SECOND = f"{ORDER}-1-1", f"{ORDER}-1-2"


class History:
    """Runs commands one after the other and keeps what was decided. Every command comes twice and must write once."""

    def __init__(self):
        self.events = []

    def does(self, command, *types):
        self.events += given(payment, *self.events).when(command).then_types(*types)
        again = payment.decide(command, given(payment, *self.events).state)
        assert isinstance(again, Refused) or list(again) == []
        return self

    def refuses(self, command, code):
        return given(payment, *self.events).when(command).then_refused(code)

    def ignores(self, command):
        given(payment, *self.events).when(command).then_nothing()
        return self

    @property
    def last(self):
        return self.events[-1]

    def one(self, kind):
        (event,) = [event for event in self.events if isinstance(event, kind)]
        return event


def opened(*amounts, method="card"):
    amounts = amounts or (5690,)
    return History().does(Open("token", parts(*amounts), submitted(method, amount=sum(amounts)), NOON), AttemptOpened)


def authorized(method="card"):
    return opened(method=method).does(yes(), PartAnswered, PaymentAuthorized)


def authorized_in_two():
    return opened(5000, 690).does(yes(), PartAnswered).does(yes(SECOND), PartAnswered, PaymentAuthorized)


def captured(method="card"):
    history = authorized(method).does(Capture(1, NOON), CaptureRequested)
    return history.does(yes(f"{REF}-capture"), PartCaptured, PaymentCaptured)


def captured_in_two():
    history = authorized_in_two().does(Capture(1, NOON), CaptureRequested).does(yes(f"{REF}-capture"), PartCaptured)
    return history.does(yes(f"{SECOND}-capture"), PartCaptured, PaymentCaptured)


def yes(reference=REF, now=NOON):
    return Record(reference, "approved", now, gateway_reference="g1")


def no(reference=REF, reason="insufficient-funds"):
    return Record(reference, "declined", NOON, reason=reason)


def unknown(reference=REF, now=NOON):
    return Record(reference, "unknown", now, lease=now + LEASE)


def unheard(now=NOON, claimed=None):
    return Record(REF, "never-heard", now, lease=(claimed or now) + LEASE)


def claim(reference=REF, now=NOON):
    return Claim(reference, "me", now)
