"""Which orders the hold rules hold, and what they say."""

import pytest

from services.qa.holding import applying
from services.qa.rules import ChangeRules, holdrules
from shared.contracts.qa import HoldRule, HoldRulesChanged
from tests.given import given

ORDER = {
    "id": "7K2M9QX4TB", "at": "2026-03-01T12:00:00.000000Z", "method": "card", "amount": 50_000, "currency": "USD", "profile": "express", "cut": None,
    "differs": False, "customer_id": "1000000001", "phone": "p", "email": None, "address": "a", "card": "c",
}  # fmt: skip
EXPRESS = HoldRule(kind="new-customer-express", profiles=("express",))
VELOCITY = HoldRule(kind="velocity", orders=2, hours=24)


def order(**changed):
    return {**ORDER, **changed}


def past(id, **changed):
    nobody = {"customer_id": None, "phone": None, "email": None, "address": None, "card": None}
    return {**ORDER, **nobody, "id": id, "at": "2026-03-01T06:00:00.000000Z", **changed}


@pytest.mark.parametrize(
    ("rule", "changed", "before", "said"),
    [
        (HoldRule(kind="amount-over", amount=49_999), {}, [], "Over 499.99 USD"),
        (HoldRule(kind="amount-over", amount=50_000), {}, [], ""),
        (HoldRule(kind="amount-over", amount=10_000, currency="EUR"), {}, [], ""),
        (EXPRESS, {}, [], "New customer and express shipping"),
        (EXPRESS, {"profile": "standard"}, [], ""),
        (EXPRESS, {}, [past("A", phone="p")], ""),
        (EXPRESS, {}, [past("A", address="a")], "New customer and express shipping"),
        (EXPRESS, {}, [past("A", phone="p", stopped=True)], "New customer and express shipping"),
        (HoldRule(kind="price-override", percent=20), {"cut": 2_000}, [], "Price 20 % below the list"),
        (HoldRule(kind="price-override", percent=20), {"cut": 1_999}, [], ""),
        (HoldRule(kind="price-override"), {"cut": 0}, [], "Price or shipping changed by hand"),
        (HoldRule(kind="price-override"), {}, [], ""),
        (HoldRule(kind="address-mismatch"), {"differs": True}, [], "Shipping differs from billing"),
        (HoldRule(kind="address-mismatch"), {}, [], ""),
        (VELOCITY, {}, [past("A", card="c"), past("B", card="c")], "2 orders before by the same card within 24 h"),
        (VELOCITY, {}, [past("A", card="c"), past("B", phone="p")], ""),
        (VELOCITY, {}, [past("A", card="c"), past("B", card="c", at="2026-02-28T11:59:59.000000Z")], ""),
        (VELOCITY, {"card": None}, [past("A"), past("B")], ""),
        (HoldRule(kind="amount-over", on=False), {}, [], ""),
        (HoldRule(kind="amount-over"), {"method": "external"}, [], ""),
    ],
)
def test_a_rule_holds_what_it_says(rule, changed, before, said):
    assert applying((rule,), order(**changed), before) == ((said,) if said else ())


def test_every_rule_that_applies_is_said():
    rules = (HoldRule(kind="amount-over"), HoldRule(kind="address-mismatch"))
    assert len(applying(rules, order(differs=True), [])) == 2


def test_rules_say_what_is_missing_and_change_nothing_twice():
    refused = given(holdrules).when(ChangeRules((HoldRule(kind="address-mismatch"), HoldRule(kind="velocity", orders=1)), 30, "agent:s"))
    assert [each["field"] for each in refused.then_refused("invalid").data["errors"]] == ["rules.1.hours"]
    assert (
        given(holdrules).when(ChangeRules((HoldRule(kind="new-customer-express"),), 30, "agent:s")).then_refused("invalid").field
        == "rules.0.profiles"
    )
    changed = HoldRulesChanged(rules=(VELOCITY,), by="agent:s", target_minutes=10)
    given(holdrules).when(ChangeRules((VELOCITY,), 10, "agent:s")).then(changed)
    given(holdrules, changed).when(ChangeRules((VELOCITY,), 10, "agent:t")).then_nothing()
