import pytest
from pydantic import TypeAdapter, ValidationError

from shared.text import Id, Line, Note

line, note, id = TypeAdapter(Line), TypeAdapter(Note), TypeAdapter(Id)


@pytest.mark.parametrize("number", ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "378282246310005", "3782 822463 10005"])
def test_a_card_number_is_refused_wherever_people_type(number):
    for kind in (line, note):
        with pytest.raises(ValidationError, match="card number"):
            kind.validate_python(f"the card is {number}, thanks")


@pytest.mark.parametrize("text", ["4242424242424241", "+4917112345678901", "490154203237518", "1234567890123456", "42424242424242420"])
def test_other_numbers_may_be_typed(text):
    assert line.validate_python(text) == text


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
