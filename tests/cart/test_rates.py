"""T3 and T4: which row of a tax table counts for an address."""

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from services.cart.rates import OPEN, Rate, Rates

TODAY = "2026-03-01"


def rate(percent, postal="", to="", *, table="texas", country="US", region="TX", tax_class="standard", since="", until=""):
    return Rate(table, 3, country, region, postal, to, tax_class, percent, since, until)


def found(*rows, postal="75201", region="TX", country="US", today=TODAY):
    return {(row["class"], row["rate"]) for row in Rates(rows, today).of(country, region, postal)}


def percents(*rows, **where):
    return sorted(percent for _, percent in found(*rows, **where))


def test_a_range_that_covers_the_address_is_a_row_with_its_postal_code():
    (row,) = Rates([rate("8.25", "75200", "75299", since="2026-01-01")], TODAY).of("US", "TX", "75201-1234")
    assert row == {
        "id": "texas@3 US-TX 75200-75299", "country": "US", "region": "TX", "postal": "75201", "class": "standard", "rate": "8.25",
        "from": "2026-01-01", "until": None,
    }  # fmt: skip
    (row,) = Rates([rate("1", region="", until="2026-12-31")], TODAY).of("US", "TX", "75201")
    assert (row["id"], row["region"], row["postal"], row["from"], row["until"]) == ("texas@3 US", None, None, OPEN, "2026-12-31")


@pytest.mark.parametrize(
    ("postal", "percent"),
    [("75199", []), ("75200", ["8"]), ("75201", ["9"]), ("75210", ["8"]), ("75299", ["8"]), ("75300", []), ("7520", []), ("", [])],
)
def test_both_ends_are_in_it_and_the_narrowest_counts(postal, percent):
    assert percents(rate("8", "75200", "75299"), rate("9", "75201"), postal=postal) == percent


def test_of_overlapping_ranges_the_one_with_fewer_codes():
    assert percents(rate("8", "75190", "75209"), rate("9", "75201", "75249")) == ["8"]
    assert percents(rate("8", "75199", "75201"), rate("9", "75201", "75210")) == ["8"]


def test_each_class_and_with_and_without_region_and_postal_code_for_itself():
    rows = (rate("1", "75201"), rate("2", "75201", tax_class="food"), rate("3", "75201", region=""), rate("4"), rate("5", region=""))
    assert percents(*rows) == ["1", "2", "3", "4", "5"]
    assert percents(*rows, region="CA") == ["3", "5"]
    assert percents(*rows, region="") == ["3", "5"]
    assert percents(*rows, country="DE") == []


def test_what_does_not_hold_today_is_not_among_them():
    rows = (rate("1", "75201", until="2026-02-28"), rate("2", "75201", since="2026-03-02"), rate("3", "75000", "75999"))
    assert percents(*rows) == ["3"]
    assert percents(*rows, today="2026-02-28") == ["1"]
    assert percents(*rows, today="2026-03-02") == ["2"]


def test_of_equal_ranges_the_latest_then_that_of_the_first_table():
    assert percents(rate("1", "75201", since="2026-01-01"), rate("2", "75201", since="2026-02-01")) == ["2"]
    assert percents(rate("1", since="2026-02-01"), rate("2", since="2026-01-01")) == ["1"]
    assert percents(rate("1", "75201", table="b"), rate("2", "75201", table="a")) == ["2"]
    assert percents(rate("1", table="b"), rate("2", table="a")) == ["2"]


def test_a_range_covers_codes_as_long_as_its_ends():
    assert percents(rate("19", "1000", "1999", country="BE", region=""), country="BE", region="", postal="10115") == []
    assert percents(rate("20", "SW1A1AA", "SW1A9ZZ", country="GB", region=""), country="GB", region="", postal="sw1a 2ab") == ["20"]
    assert percents(rate("20", "SW1A", country="GB", region=""), country="GB", region="", postal="SW1A 2AB") == []


@pytest.mark.parametrize(
    ("rows", "first", "last"),
    [
        ((), OPEN, "9999-12-31"),
        ((rate("1", since="2026-01-01"), rate("1", until="2026-12-31")), "2026-01-01", "2026-12-31"),
        ((rate("1", since="2026-04-01"), rate("1", until="2025-12-31")), "2026-01-01", "2026-03-31"),
        ((rate("1", since=TODAY, until=TODAY),), TODAY, TODAY),
    ],
)
def test_from_when_to_when_they_are_the_same(rows, first, last):
    rates = Rates(rows, TODAY)
    assert (rates.first, rates.last) == (first, last)


CODES = st.integers(0, 30).map(lambda n: f"{75200 + n}")
RANGES = st.builds(
    lambda low, high, percent, since, until: rate(str(percent), *sorted((low, high)), since=since, until=until),
    CODES, CODES, st.integers(0, 50), st.sampled_from(["", "2026-02-01", "2026-03-02"]), st.sampled_from(["", "", "2026-02-28"]),
)  # fmt: skip


def size(row):
    return int(row.postal_to) - int(row.postal)


@forall(st.lists(RANGES, max_size=12), CODES)
@settings(deadline=None, max_examples=300)
def test_it_is_the_one_that_is_found_by_looking_at_each(rows, postal):
    holding = [row for row in rows if row.since <= TODAY <= (row.until or "9") and row.postal <= postal <= row.postal_to]
    narrow = [row for row in holding if not any(size(other) < size(row) for other in holding)]
    latest = {row.rate for row in narrow if not any(other.since > row.since for other in narrow)}
    told = percents(*rows, postal=postal)
    assert len(told) == bool(holding)
    assert set(told) <= latest
