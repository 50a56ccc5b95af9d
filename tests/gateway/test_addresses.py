"""What is read out of an address in one line, and what never is."""

import contextlib

import pytest

from services.gateway.addresses import Address, Unreadable, parts, read_line

READ = {
    "100 Example Street, Apt 4, Austin, TX 78701": Address("100 Example Street", "Apt 4", "Austin", "TX", "78701"),
    "100 Example St Austin TX 78701": Address("100 Example St", "", "Austin", "TX", "78701"),
    "100 Example Street Apt 4\nAustin, Texas 78701-1234\nUSA": Address("100 Example Street", "Apt 4", "Austin", "TX", "78701-1234"),
    "  100 Example St.,  #4,  Austin  TX,  787011234 ": Address("100 Example St.", "#4", "Austin", "TX", "78701-1234"),
    "PO Box 12 Albany NY 12207": Address("PO Box 12", "", "Albany", "NY", "12207"),
    "12 N Main St SW Suite 5 New York, N.Y. 10001, United States": Address("12 N Main St SW", "Suite 5", "New York", "NY", "10001"),
    "5 Court Street Road, Charleston, West Virginia 25301": Address("5 Court Street Road", "", "Charleston", "WV", "25301"),
    "7 Example Ave St. Paul mn 55102": Address("7 Example Ave", "", "St. Paul", "MN", "55102"),
    "1600 Example Ave NW, Washington, District of Columbia 20500": Address("1600 Example Ave NW", "", "Washington", "DC", "20500"),
}
NOT_READ = {
    "": "No ZIP",
    "hello": "No ZIP",
    "100 Example St, Austin, TX": "No ZIP",
    "100 Example St, Austin 78701": "No state",
    "100 Example St, Austin, NY 78701": "The ZIP 78701 is not in New York",
    "Broadway Austin TX 78701": "cannot be told",
    "1600 Example Trail of the Oak Ave Washington DC 20500": "cannot be told",
    "100 Example St, TX 78701": "The city is missing",
    "100 Example St, 12, TX 78701": "The city is missing",
    "१०० Example, Austin, TX ७८७०१": "No ZIP",
    "x" * 501: "too long",
}


@pytest.mark.parametrize("line", READ)
def test_an_address_in_one_line_is_read(line):
    assert read_line(line) == READ[line]


@pytest.mark.parametrize("line", NOT_READ)
def test_what_could_be_meant_otherwise_is_not_guessed(line):
    with pytest.raises(Unreadable, match=NOT_READ[line]):
        read_line(line)


@pytest.mark.parametrize("line", ["1 " + "a-" * 240, "1 " * 240, "st " * 160 + "TX 78701", "," * 490, "1 a st " + "#1 " * 150 + "x TX 78701"])
def test_a_line_that_could_be_cut_in_many_ways_is_read_or_refused_at_once(line):
    with contextlib.suppress(Unreadable):
        assert read_line(line).postal


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("US", ["street", "unit", "city", "postal", "region"]),
        ("DE", ["street", "unit", "postal", "city"]),
        ("JP", ["postal", "region", "street", "unit"]),
        ("SG", ["street", "unit", "postal"]),
        ("", ["street", "unit", "city", "postal", "region"]),
        ("ZZ", ["street", "unit", "city", "postal", "region"]),
    ],
)
def test_an_address_has_the_fields_of_its_country_in_its_order(country, names):
    assert [part.name for part in parts(country)] == names


def test_fields_are_called_as_people_there_call_them():
    assert {part.name: part.label for part in parts("GB")} == {"street": "Street", "unit": "Unit", "city": "Post town", "postal": "Postal code"}
    assert {part.label for part in parts("IE") if not part.required} == {"Unit", "Eircode", "County"}
