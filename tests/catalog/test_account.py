import pytest

from services.catalog.account import Change, account
from shared.contracts.catalog import AccountSettingsChanged, Settings
from tests.given import given

TEXAS = Settings(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True})


def changed(number, settings):
    return AccountSettingsChanged(number=number, settings=settings)


def test_every_change_has_its_number_and_no_change_is_none():
    given(account).when(Change(Settings())).then(changed(1, Settings()))
    given(account, changed(1, Settings())).when(Change(TEXAS)).then(changed(2, TEXAS))
    given(account, changed(1, Settings()), changed(2, TEXAS)).when(Change(TEXAS)).then_nothing()


@pytest.mark.parametrize("rate", ["0", "8.25", "100", "100.000000", "0.000001"])
def test_a_rate_is_a_percentage_with_at_most_six_decimals(rate):
    given(account).when(Change(Settings(tax_rates={"DE": rate}))).then_types(AccountSettingsChanged)


@pytest.mark.parametrize("rate", ["", "x", "-1", "100.000001", "0.0000001", "1e1", "NaN", "Infinity", " 8", "1_0", "8,25", "٨"])
def test_what_is_no_rate_is_refused_by_its_place(rate):
    refused = given(account).when(Change(Settings(tax_rates={"US-TX": "8", "DE": rate}))).then_refused("settings-invalid")
    assert (refused.field, refused.conflict) == ("tax_rates.DE", False)


@pytest.mark.parametrize("place", ["", "us-tx", "Texas", "US-", "US_TX", "US-TEXAS", "US-TX "])
def test_what_is_no_place_is_refused(place):
    for field, wrong in (("tax_rates", {"US-TX": "8", place: "8"}), ("shipping_taxable", {place: True})):
        refused = given(account).when(Change(Settings(**{field: wrong}))).then_refused("settings-invalid")
        assert refused.field == f"{field}.{place}"


@pytest.mark.parametrize(("seconds", "may"), [(-1, False), (0, True), (300, True), (301, False)])
def test_the_undo_window_is_up_to_five_minutes(seconds, may):
    decision = given(account).when(Change(Settings(undo_seconds=seconds)))
    if may:
        decision.then_types(AccountSettingsChanged)
    else:
        assert decision.then_refused("settings-invalid").field == "undo_seconds"
