import pytest

from services.payments.account import problems, routed


@pytest.mark.parametrize("routing", ["011000015", "021000021", "121000358", "091000019", "111000025"])
def test_a_routing_number_whose_check_digit_is_right(routing):
    assert routed(routing)
    assert list(problems(routing, "000123456789", "Customer A")) == []


def test_every_mistyped_digit_is_found():
    good = "121000358"
    for place, digit in ((place, digit) for place in range(9) for digit in "0123456789" if digit != good[place]):
        assert not routed(good[:place] + digit + good[place + 1 :])


@pytest.mark.parametrize("length", [4, 17])
def test_account_numbers_have_from_four_to_seventeen_digits(length):
    assert list(problems("011000015", "1" * length, "A")) == []
    wrong = "1" * (3 if length == 4 else 18)
    (found,) = problems("011000015", wrong, "A")
    assert (found.field, wrong in found.detail) == ("account", False)


def test_everything_that_is_wrong_is_named_at_once():
    assert [found.field for found in problems("1", "x", "")] == ["routing", "account", "holder"]
