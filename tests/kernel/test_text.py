import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.text import Id, Line, Note, impersonal, without_cards

line, note, id = TypeAdapter(Line), TypeAdapter(Note), TypeAdapter(Id)


@pytest.mark.parametrize("number", ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "378282246310005", "3782 822463 10005"])
def test_a_card_number_is_refused_wherever_people_type(number):
    for kind in (line, note):
        with pytest.raises(ValidationError, match="card number"):
            kind.validate_python(f"the card is {number}, thanks")


CARDS = {
    "Visa": "4242424242424242",
    "Visa of 19 digits": "4242424242424242428",
    "Mastercard": "5555555555554444",
    "Mastercard of the second range": "2223003122003222",
    "American Express": "378282246310005",
    "Diners Club": "30569309025904",
    "Diners Club International": "36227206271667",
    "Discover": "6011111111111117",
    "JCB": "3566002020360505",
    "UnionPay": "6200000000000005",
    "Maestro": "6759649826438453",
    "Visa in full width": "\uff14\uff12" * 8,
}
SEPARATORS = st.characters(exclude_categories=("L", "N", "Cc", "Co", "Cs", "Cn"))


@given(number=st.sampled_from(list(CARDS.values())), data=st.data())
def test_a_card_number_is_refused_however_its_digits_are_parted(number, data):
    parts = [data.draw(st.just("") | SEPARATORS) for _ in number[1:]]
    typed = number[0] + "".join(f"{part}{digit}" for part, digit in zip(parts, number[1:], strict=True))
    with pytest.raises(ValidationError, match="card number"):
        note.validate_python(f"visa{typed} 08/29 123, thanks")


@pytest.mark.parametrize("separator", [".", "/", "\u00a0", "\u2009", "_", "\t", "\u2013", ","])
def test_a_card_number_is_refused_in_fours_and_in_pairs(separator):
    for size in (2, 4):
        typed = separator.join("4242424242424242"[n : n + size] for n in range(0, 16, size))
        with pytest.raises(ValidationError, match="card number"):
            note.validate_python(typed)


@given(st.from_regex(r"\+[1-9][0-9]{10,14}", fullmatch=True) | st.from_regex(r"\+[1-9]{2}( [1-9][0-9]{2}){2,4}", fullmatch=True))
def test_no_telephone_number_is_taken_for_a_card(phone):
    assert line.validate_python(phone) == phone


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=10, max_size=10))
def test_no_order_id_is_taken_for_a_card(order_id):
    for text in (order_id, f"{order_id}-csv"):
        assert line.validate_python(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",
        "+4917112345678901",
        "490154203237518",
        "1234567890123456",
        "42424242424242420",
        "4006381333931",
        "0049 171 1234567",
        "4242 4242\n4242 4242",
    ],
)
def test_other_numbers_may_be_typed(text):
    assert note.validate_python(text) == text


def test_a_name_that_another_system_gave_may_be_any_number():
    assert id.validate_python("4242424242424242") == "4242424242424242"


@pytest.mark.parametrize("text", ["a\x00b", "\ue000order-1 abcd", "a\ud800b", "a\x1bb"])
def test_what_cannot_be_stored_is_refused(text):
    for kind in (line, note, id):
        with pytest.raises(ValidationError):
            kind.validate_python(text)


def test_lines_are_one_line_and_notes_may_be_more():
    with pytest.raises(ValidationError, match="one line"):
        line.validate_python("a\nb")
    assert note.validate_python(" a\nb\tc ") == "a\nb\tc"


def test_a_card_number_in_a_log_is_masked_and_the_rest_stays():
    assert without_cards("card 4242 4242 4242 4242 of order 7K2M9QX4TB, +1 512 555 0142") == f"card {'•' * 19} of order 7K2M9QX4TB, +1 512 555 0142"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("+1 (512) 555-0142 takes nothing", "… takes nothing"),
        ("No mail reaches customer.a@example.com.", "No mail reaches …."),
        ("100 EXAMPLE street is not known to Miller", "… is not known to …"),
        ("Millers answered 503 after 30 seconds", "Millers answered 503 after 30 seconds"),
        ("4242 4242 4242 4242", "•" * 19),
    ],
)
def test_what_somebody_outside_says_is_kept_without_what_is_personal(said, kept):
    assert impersonal(said, ("Miller", "A", "", "100 Example Street")) == kept
