"""Kinds of plugins as packages bring them along."""

from importlib.metadata import EntryPoint, entry_points

import pytest

from services.fulfillment.plugins.installed import GROUP, installed
from services.fulfillment.plugins.kinds import Kind, Surroundings
from shared.service import utc_now

NO_KIND = "a text"
HALF = Kind("Half", make=lambda around: object())
UNMADE = Kind("Unmade", make=lambda around: 1 // 0)


def entry(name, value, module=__name__):
    return EntryPoint(name, f"{module}:{value}", GROUP)


@pytest.fixture
def around(settings):
    return Surroundings(settings, utc_now)


def test_ringup_brings_its_own(around):
    found = installed(entry_points(group=GROUP), around)
    assert {"csv", "webhook", "shipstation"} <= found.kinds.keys() == found.plugins.keys()
    assert found.broken == {}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Nothing", "cannot be loaded (AttributeError"),
        ("NO_KIND", "is no Kind"),
        ("HALF", "it lacks deliver, reconcile, cancel, erase, trouble"),
        ("UNMADE", "it cannot be made (ZeroDivisionError"),
    ],
)
def test_one_that_is_broken_is_said_so_and_stops_no_other(around, value, says):
    found = installed([entry("bad", value), entry("webhook", "KIND", "services.fulfillment.plugins.webhook")], around)
    assert list(found.kinds) == list(found.plugins) == ["webhook"]
    assert found.broken["bad"].startswith("The plugin kind bad cannot be used: ")
    assert says in found.broken["bad"]
