"""docs/plugins.md shows the code that is run, and no other."""

from tests.fulfillment.plugins_page import PAGE, written


def test_the_page_shows_the_code_as_it_is():
    text = PAGE.read_text()
    assert written(text) == text, "python -m tests.fulfillment.plugins_page writes it anew"
