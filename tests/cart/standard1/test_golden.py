"""A published quote never changes."""

import json

import pytest

from tests.cart.standard1.publish import GOLDEN, golden, sets

FILES = sorted(GOLDEN.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_quoted_as_it_was(path):
    text = path.read_text()
    assert golden(json.loads(text)["snapshot"]) == text


def test_each_is_published():
    assert {path.stem for path in FILES} >= {name for name, _ in sets()}


def test_every_rule_that_a_quote_can_name_is_among_them():
    lines = [line for path in FILES for line in json.loads(path.read_text())["quote"]["lines"]]
    assert {line["shipping_rule"] for line in lines} == {
        "own", "rule", "override", "upsell-excluded", "not-dearest", "entire-order", "free", "none",
    }  # fmt: skip
    assert {line["tax_rule"] for line in lines} >= {"rate", "override", "customer-exempt", "no-address", "no-nexus", "class-exempt", "none"}
