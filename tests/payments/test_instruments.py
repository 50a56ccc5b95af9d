from services.payments.instruments import Erase, Forget, Keep, instruments
from shared.contracts.cards import InstrumentForgotten, InstrumentKept, InstrumentsErased
from shared.contracts.order import Instrument
from tests.given import given
from tests.samples import ORDER

CUSTOMER = "1234567890"
VISA = Instrument(brand="Visa", last4="4242", expiry="08/29", fingerprint="f1", id="ins_1")


def keep(instrument=VISA):
    return Keep(CUSTOMER, ORDER, instrument, "card")


def kept():
    return given(instruments).when(keep()).then_types(InstrumentKept)


def test_what_is_kept_is_kept_once_and_again_when_its_expiry_is_another():
    given(instruments, *kept()).when(keep()).then_nothing()
    given(instruments, *kept()).when(keep(VISA.model_copy(update={"expiry": "08/32"}))).then_types(InstrumentKept)


def test_what_is_forgotten_is_forgotten_once_and_may_be_kept_again():
    forgotten = given(instruments, *kept()).when(Forget(CUSTOMER, "ins_1")).then_types(InstrumentForgotten)
    after = given(instruments, *kept(), *forgotten)
    assert (after.state.kept, after.state.gone) == ({}, {"ins_1"})
    after.when(Forget(CUSTOMER, "ins_1")).then_nothing()
    again = after.when(keep()).then_types(InstrumentKept)
    assert given(instruments, *kept(), *forgotten, *again).state.gone == frozenset()
    given(instruments).when(Forget(CUSTOMER, "ins_1")).then_nothing()


def test_nothing_is_kept_for_who_was_erased():
    erased = given(instruments, *kept()).when(Erase(CUSTOMER)).then_types(InstrumentsErased)
    after = given(instruments, *kept(), *erased)
    assert after.state.kept == {}
    after.when(keep()).then_refused("erased")
    after.when(Erase(CUSTOMER)).then_nothing()
    given(instruments).when(Erase(CUSTOMER)).then_types(InstrumentsErased)
