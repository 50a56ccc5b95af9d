"""The judge of the storm sees what it has to see."""

from collections import defaultdict

import pytest

from tests.chaos.load import Told
from tests.chaos.outside import Found, wrong
from tests.house.shop import BROKE, GOOD

ID = "7K2M9QX4TB"
REFERENCE = f"{ID}-1-1"
AUTHORISED = {"reference": REFERENCE, "kind": "authorize", "status": "approved", "amount": 100}
CAPTURED = {"reference": f"{REFERENCE}-capture", "authorization": REFERENCE, "kind": "capture", "status": "approved", "amount": 100}
REFUNDED = {**CAPTURED, "reference": f"{ID}-refund-1", "kind": "refund"}
SUBMITTED = {"method": "card", "amount": 100, "rules": {"skip_qa": False}}
EVENTS = {
    "OrderSubmitted": [{"submitted": SUBMITTED}],
    "OrderApproved": [{"by": "automatic"}],
    "PaymentCaptured": [{}],
    "FulfillmentRecordCreated": [{"plugin": "csv"}, {"plugin": "hook"}],
    "FulfillmentExported": [{"plugin": "csv"}, {"plugin": "hook"}],
}
INBOXES = {"csv": [f"{ID}-csv"], "hook": [f"{ID}-hook"]}


def said(told=None, ledger=(AUTHORISED, CAPTURED), inboxes=INBOXES, **changed):
    events = defaultdict(lambda: defaultdict(list))
    events[ID].update({**EVENTS, **changed})
    told = told or Told(GOOD, "key", ID, "ok")
    return list(wrong(Found(events, ledger, inboxes), [told], {"key": ID}))


def test_an_order_that_went_its_way_is_right():
    assert said() == []
    assert said(Told(GOOD, "key")) == [], "its client gave up"
    cancelled = {"OrderCancelled": [{}], "FulfillmentExported": []}
    assert said(Told("cancelled by card", "key", ID, "ok", "ok"), (AUTHORISED, CAPTURED, REFUNDED), {}, **cancelled) == []
    late, asked = Told("cancelled by card", "key", ID, "ok", "ok"), {"PluginCancelRequested": [{"plugin": "csv"}]}
    assert said(late, **asked) == [], "it had gone out"
    stopped = {"FulfillmentCancelled": [{"plugin": "csv"}, {"plugin": "hook"}], "FulfillmentExported": []}
    assert said(late, inboxes={}, **asked, **stopped) == [], "it had nearly gone out"


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"OrderSubmitted": []}, "accepted, and lost"),
        ({"told": Told(GOOD, "key", ID, "refused")}, "refused, and placed"),
        ({"told": Told(BROKE, "key", ID, "ok")}, "it is Complete"),
        ({"told": Told("cancelled by card", "key", ID, "ok", "ok")}, "it was cancelled, and is Complete"),
        ({"told": Told("cancelled by card", "key", ID, "ok", "refused"), "OrderCancelled": [{}]}, "its cancelling was refused, and was done"),
        ({"told": Told("denied", "key", ID, "ok", "ok")}, "it was denied, and is Complete"),
        ({"ledger": (AUTHORISED, {**CAPTURED, "amount": 101})}, "101 was captured of 100"),
        ({"ledger": (AUTHORISED, CAPTURED, {**CAPTURED, "reference": f"{REFERENCE}-again"})}, "200 was captured of 100"),
        ({"ledger": (AUTHORISED, CAPTURED, CAPTURED)}, "is 2 times in the ledger"),
        ({"ledger": (AUTHORISED, CAPTURED, REFUNDED)}, "it is Complete, and 100 was given back of 100"),
        ({"OrderCancelled": [{}]}, "it is Cancelled, and 0 was given back of 100"),
        ({"ledger": (AUTHORISED,)}, "was followed by nothing"),
        ({"ledger": (AUTHORISED, CAPTURED, {**AUTHORISED, "reference": f"{ID}-2-1"})}, "was followed by nothing"),
        ({"inboxes": {**INBOXES, "csv": []}}, "what csv ships is missing"),
        ({"inboxes": {"csv": INBOXES["csv"]}}, "what hook ships is missing"),
        ({"inboxes": {**INBOXES, "hook": [f"{ID}-hook", f"{ID}-hook-2"]}}, "hook has it as"),
        ({"inboxes": {**INBOXES, "hook": [f"{ID}-csv"]}}, "hook has it as"),
        ({"inboxes": {**INBOXES, "post": [f"{ID}-post"]}}, "post ships what nobody has recorded"),
        ({"FulfillmentExported": []}, "what csv ships is there, and no event says so"),
        ({"FulfillmentExported": [{"plugin": "csv"}, {"plugin": "csv"}, {"plugin": "hook"}]}, "it was exported 2 times to csv"),
        ({"PaymentCaptured": []}, "it was exported before the money was taken"),
        ({"OrderApproved": []}, "it was exported without an approval"),
        ({"OrderApproved": [{"by": "skip_qa"}]}, "it skipped quality assurance"),
        ({"OrderApproved": [{"by": "automatic"}] * 2}, "OrderApproved happened 2 times"),
    ],
)
def test_what_is_broken_is_named(broken, sentence):
    assert any(sentence in each for each in said(**broken)), said(**broken)
