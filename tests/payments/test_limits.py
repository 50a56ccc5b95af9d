"""The figures of the limits, as they are promised."""

from pathlib import Path

from services.payments.limits import DECLINED, MOST, OF_LAST

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
ROWS = {"fingerprint": "one card", "bin": "cards alike", "customer": "one customer", "agent": "one agent", "address": "one address"}


def test_the_page_for_operators_has_the_figures_that_hold():
    said = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:4]] for line in PAGE.splitlines() if line.startswith("| ")}
    for dimension, begins in ROWS.items():
        (figures,) = (cells for name, cells in said.items() if name.startswith(begins))
        assert figures == [str(MOST[door].get(dimension, "")) for door in ("pre-auth", "checkout")]
    assert said[f"declined of the last {OF_LAST}"] == [str(DECLINED)] * 2


def test_no_limit_lets_more_than_sixty_cards_through():
    assert all(most <= 60 for figures in MOST.values() for most in figures.values())
    assert DECLINED <= 60
