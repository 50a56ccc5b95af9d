from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.card import brand_of, luhn, problems

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", "Visa"),
        ("5555555555554444", "Mastercard"),
        ("2223003122003222", "Mastercard"),
        ("378282246310005", "American Express"),
        ("6011111111111117", "Discover"),
        ("3530111333300000", "Card"),
    ],
)
def test_a_good_card_has_a_brand_and_no_problem(number, brand):
    assert brand_of(number) == brand
    assert not list(problems(number, "03/26", "1234" if brand == "American Express" else "123", TODAY))


@pytest.mark.parametrize(
    ("number", "expiry", "cvv", "codes"),
    [
        ("4242424242424241", "08/29", "123", ["number-invalid"]),
        ("", "08/29", "123", ["number-invalid"]),
        ("0" * 11, "08/29", "123", ["number-invalid"]),
        ("0" * 16, "08/29", "123", ["number-invalid"]),
        ("1000000000000008", "08/29", "123", ["number-invalid"]),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "08/29", "123", ["number-invalid"]),
        ("4242\x004242424242", "08/29", "123", ["number-invalid"]),
        ("4242424242424242", "02/26", "123", ["expired"]),
        ("4242424242424242", "13/29", "123", ["expiry-invalid"]),
        ("4242424242424242", "0829", "123", ["expiry-invalid"]),
        ("4242424242424242", "²²/29", "123", ["expiry-invalid"]),
        ("4242424242424242", "08/29", "1234", ["cvv-invalid"]),
        ("378282246310005", "08/29", "123", ["cvv-invalid"]),
        ("😀", "", "", ["number-invalid", "expiry-invalid", "cvv-invalid"]),
    ],
)
def test_every_field_that_is_wrong_is_named(number, expiry, cvv, codes):
    assert [problem.code for problem in problems(number, expiry, cvv, TODAY)] == codes


@settings(max_examples=50)
@given(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_luhn_finds_every_single_wrong_digit(digits, at, by):
    good = next(digits + check for check in "0123456789" if luhn(digits + check))
    at %= len(digits)
    assert not luhn(good[:at] + str((int(good[at]) + by) % 10) + good[at + 1 :])
