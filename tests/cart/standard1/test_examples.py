"""Every worked example of the rules, to the cent."""

from dataclasses import astuple
from pathlib import Path

import pytest

from services.cart.standard1.policy import price
from tests.cart.standard1.examples import EXAMPLES


def told(quote, decimals):
    amounts = (f"{amount // 10**decimals}.{amount % 10**decimals:0{decimals}}" if decimals else str(amount) for amount in astuple(quote.totals))
    return " / ".join(amounts)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_it_costs_what_the_example_says(example):
    quote = price(example.given)
    assert told(quote, example.decimals) == example.totals
    for name, wanted in example.lines.items():
        found = [getattr(line, name) for line in quote.lines]
        assert [list(map(tuple, each)) if isinstance(each, tuple) else each for each in found] == wanted, name
    if example.coupons:
        short = len(example.coupons[0]) == 2
        assert [(each.code, each.amount) if short else astuple(each) for each in quote.coupons] == example.coupons


def test_merchants_read_the_same_figures():
    document = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()
    rows = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in document.splitlines() if row.startswith("| E")]
    assert {row[0]: " / ".join(row[2:]) for row in rows} == {example.name: example.totals for example in EXAMPLES}
