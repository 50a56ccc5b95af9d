import pytest

from services.catalog.account import Change, account, not_collected
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


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tax_nexus": ("US-TX", "ZZ")}, "tax_nexus.1"),
        ({"tax_nexus": ("US-ZZ",)}, "tax_nexus.0"),
        ({"tax_nexus": ("DE-BY",)}, "tax_nexus.0"),
        ({"tax_nexus": ("US-",)}, "tax_nexus.0"),
        ({"tax_nexus": ("us-tx",)}, "tax_nexus.0"),
        ({"tax_nexus": ("US-TX", "DE", "US-TX")}, "tax_nexus.2"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"session_idle_minutes": 0}, "session_idle_minutes"),
        ({"session_idle_minutes": 481}, "session_idle_minutes"),
    ],
)
def test_each_setting_is_checked_at_its_field(changes, field):
    assert given(account).when(Change(Settings(**changes))).then_refused("settings-invalid").field == field


def test_everything_that_is_wrong_is_named():
    wrong = Settings(undo_seconds=301, tax_rates={"US": "x", "?": "1"}, time_zone="?")
    refused = given(account).when(Change(wrong)).then_refused("settings-invalid")
    assert [error["field"] for error in refused.data["errors"]] == ["tax_rates.?", "tax_rates.US", "undo_seconds", "time_zone"]


def test_settings_of_a_business_in_texas():
    settings = Settings(tax_nexus=("US-TX", "DE"), time_zone="America/Chicago", session_idle_minutes=480, undo_seconds=0, price_adjustment=True)
    given(account).when(Change(settings)).then(changed(1, settings))


def test_a_rate_without_nexus_waits_and_is_told():
    rates = {"US-TX": "8.25", "US-NY": "8", "DE": "19", "GB": "20"}
    assert not_collected(Settings(tax_rates=rates, tax_nexus=("US-TX", "DE"))) == ["GB", "US-NY"]
    assert not_collected(Settings(tax_rates=rates, tax_nexus=("US",))) == ["DE", "GB"]
    assert not_collected(Settings(tax_rates=rates)) == []


def test_the_default_plugin_is_one_that_is_there_and_switched_on():
    toys, plugins = Settings(default_plugin="toys"), frozenset({"csv", "toys"})
    given(account).when(Change(toys, plugins)).then(changed(1, toys))
    off = Change(toys, plugins, off=frozenset({"toys"}))
    refused = given(account).when(off).then_refused("settings-invalid")
    assert [(each["field"], each["code"]) for each in refused.data["errors"]] == [("default_plugin", "plugin-off")]
    given(account, changed(1, toys)).when(off).then_nothing()
    refused = given(account).when(Change(toys)).then_refused("settings-invalid")
    assert [(each["field"], each["code"]) for each in refused.data["errors"]] == [("default_plugin", "unknown-plugin")]
