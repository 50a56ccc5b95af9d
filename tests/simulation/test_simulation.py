"""Every promise holds for every seed; a seed is one run, again and again; and the runs see what they are for."""

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import chain
from typing import get_args

import pytest

from shared.contracts.qa import RuleKind
from tests.simulation.planted import PLANTED
from tests.simulation.run import simulate

SEEDS = 300
_AT_ONCE = 20


@cache
def kept(first):
    """What was seen in each of some runs, which kept every promise."""
    runs = [simulate(seed) for seed in range(first, first + _AT_ONCE)]
    for run in runs:
        assert not run.findings, run.report()
    return [run.seen for run in runs]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("first", range(0, SEEDS, _AT_ONCE))
def test_no_promise_is_broken(first):
    assert len(kept(first)) == _AT_ONCE


def test_a_seed_is_one_run():
    assert simulate(4).steps == simulate(4).steps
    assert simulate(4).digest != simulate(5).digest


def test_a_seed_is_the_same_run_in_another_process_with_another_hash_seed():
    code = "from tests.simulation.run import simulate; print(simulate(4).digest)"
    digests = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hash}, capture_output=True, text=True, check=True).stdout
        for hash in ("1", "2")
    ]
    assert {digest.strip() for digest in digests} == {simulate(4).digest}


FAULTS = {
    "crash",
    "kill",
    "stall",
    "outage",
    "rebalance",
    "fault relay.mark",
    "gateway lost",
    "gateway late",
    "gateway unheard",
    "gateway twice",
    "poison",
    "plugin missing",
    "plugin refused",
    "plugin lost",
    "plugin unheard",
    "plugin twice",
}
ENDS = {
    "ringup.cart.OrderReopened", "ringup.customers.CustomerErased", "ringup.fulfillment.ExportErased", "ringup.fulfillment.FulfillmentExported",
    "ringup.fulfillment.FulfillmentFailed", "ringup.fulfillment.OrderCancelled", "ringup.payments.OrderDeclined",
    "ringup.payments.PaymentCaptured", "ringup.payments.PaymentOutcomeUnknown", "ringup.payments.PaymentVoided",
    "ringup.payments.PaymentRefunded", "ringup.qa.OrderDenied",
    "ringup.qa.ReviewUndone", "ringup.customers.CustomersMerged", "ringup.fulfillment.FulfillmentHeld",
    "ringup.fulfillment.FulfillmentCancelled", "ringup.fulfillment.FulfillmentReturned", "ringup.fulfillment.FulfillmentShipped",
    "ringup.fulfillment.PluginCancelAnswered",
}  # fmt: skip
HELD = {f"held by {kind}" for kind in get_args(RuleKind)}
ANSWERS = {
    "told submit 202",
    "told submit 0",
    "told submit 409 being-charged",
    "told change 409 stale",
    "told cancel 200",
    "told place 202",
    "told erase 200",
    "told refund 202",
    "told refund 422 refund-too-much",
    "told approve all 200",
    "told undo 409 too-late",
    "told resend 200",
    "takeover",
}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_runs_see_what_they_are_for():
    seen = sum(chain.from_iterable(map(kept, range(0, SEEDS, _AT_ONCE))), Counter())
    assert (FAULTS | ENDS | HELD | ANSWERS) - seen.keys() == set()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)
    assert any(simulate(seed).findings for seed in range(SEEDS))
