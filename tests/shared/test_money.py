import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import MOST, formatted, parsed


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("49.95", "USD", 4995),
        ("49", "USD", 4900),
        ("49.5", "USD", 4950),
        (" 1,064.00 ", "USD", 106400),
        ("0", "USD", 0),
        ("0.00", "USD", 0),
        ("12.345", "KWD", 12345),
        ("100", "JPY", 100),
    ],
)
def test_what_people_type_is_minor_units(text, currency, amount):
    assert parsed(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("49.955", "USD", "USD has two decimals."),
        ("49.950", "USD", "USD has two decimals."),
        ("100.5", "JPY", "JPY has no decimals."),
        ("12.3456", "KWD", "KWD has three decimals."),
        ("10000000.01", "USD", "The most is 10,000,000.00."),
    ],
)
def test_what_the_currency_does_not_have_is_named(text, currency, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        parsed(text, currency)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", "1.", ".5", "1,00", "1,0000", "10,00.00", "1 000", "$5", "x", "NaN", "1.2.3", "٤٩", "0x10", "1_000", "9" * 400]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match=r"Enter an amount, such as 49\.95\."):
        parsed(text, "USD")


@given(st.integers(0, MOST), st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_is_shown_can_be_typed(amount, currency):
    assert parsed(formatted(amount, currency), currency) == amount
