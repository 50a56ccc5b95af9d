"""Whatever gateways, processes and clocks do: their ledger equals our events. ``make sim-payments`` runs 50,000 attempts, CI some of them."""

from collections import Counter

import pytest

from tests.simulation.payments.planted import PLANTED
from tests.simulation.payments.run import simulate

SEEDS, _AT_ONCE = 60, 6
"""Some 200 attempts each."""


def kept(seeds):
    for seed in seeds:
        run = simulate(seed)
        assert not run.findings, run.report()
        yield run


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("first", range(0, SEEDS, _AT_ONCE))
def test_the_ledger_of_the_gateway_equals_our_events(first):
    assert sum(run.attempts for run in kept(range(first, first + _AT_ONCE))) > 100 * _AT_ONCE


def test_a_seed_is_one_run():
    assert simulate(4, orders=40).steps == simulate(4, orders=40).steps
    assert simulate(4, orders=40).digest != simulate(5, orders=40).digest


FAULTS = {
    "crash", "kill", "stall", "outage", "jump", "killed before the call", "killed after the call", "takeover",
    "gateway no name", "gateway bad certificate", "gateway refused", "gateway reset before", "gateway reset after", "gateway 500 before",
    "gateway 500 after", "gateway html before", "gateway html after", "gateway silent before", "gateway silent after", "gateway half", "gateway slow",
    "gateway late", "gateway twice", "gateway another's", "gateway other amount",
}  # fmt: skip
ENDS = {
    "ExternalPaymentPending", "InstrumentKept", "LateAuthorisationFound", "OrderDeclined", "PaymentAuthorized", "PaymentCaptured",
    "PaymentCaptureFailed", "PaymentOutcomeUnknown", "PaymentRefunded", "PaymentRefundFailed", "PaymentStopped", "PaymentVoided", "PaymentVoidFailed",
    "PartRenewed", "PartRerouted", "OperationRetried", "PreAuthDeclined", "PreAuthUnanswered", "PreAuthVoided",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_runs_see_what_they_are_for():
    seen = sum((run.seen for run in kept(range(1_000, 1_020))), Counter())
    assert (FAULTS | ENDS) - seen.keys() == set()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)
    assert any(simulate(seed).findings for seed in range(SEEDS))
