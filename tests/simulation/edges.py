"""Where the running code touches what would differ from run to run, and what it gets instead.

What it takes as a parameter it is given: clocks, ports, settings, clients. The rest is put in its place here, for as long as one run lasts:
random bytes (of which ``uuid4`` is made too), numbers and jitter come from the seed; the ledger of the simulator gateway and the plugins'
inbox are kept in memory; watchdogs look less often, since hours have to pass at no cost, and the relay takes little at a time.

There is no other clock, and no thread: the loop refuses them. Garbage is collected between runs alone.
"""

import contextlib
import gc
from functools import cache
from importlib.metadata import entry_points

import pytest
import structlog

from services.payments.simulator.ledger import Ledger
from tests.simulation.gateway import MemoryOutbox

POLL = 10.0


class MemoryLedger(Ledger):
    """As the simulator's own, without its file."""

    def __init__(self, path):
        self.entries, self._follow_ups = {}, {}

    async def add(self, entry):
        if entry["reference"] not in self.entries:
            self._know(entry)
        return self.entries[entry["reference"]]

    async def find(self, reference):
        return self.entries.get(reference)


@contextlib.contextmanager
def edges(chance, *, simulator, idempotent, packages, said):
    """``simulator()`` is the way to the gateway, ``packages()`` what is installed where it is asked; ``said(event, fields)`` hears the logs."""
    logging = structlog.get_config()
    with pytest.MonkeyPatch.context() as instead, _no_garbage():
        instead.setattr("os.urandom", chance.randbytes)
        instead.setattr("secrets.randbelow", chance.randrange)
        instead.setattr("random.uniform", chance.uniform)
        instead.setattr("services.payments.simulator.app.Ledger", MemoryLedger)
        instead.setattr("services.payments.service._simulator", lambda running: simulator())
        instead.setattr("services.payments.gateways.simulator.SimulatorGateway.idempotent", idempotent)
        instead.setattr("services.fulfillment.service.entry_points", lambda group: packages())
        mails = MemoryOutbox()
        instead.setattr("services.customers.mail.Outbox", lambda folder: mails)
        instead.setattr("services.payments.service.entry_points", _entry_points)
        instead.setattr("services.fulfillment.health.LOOKS", 30 * POLL)
        for module in ("shared.kernel.runner", "shared.retries", "shared.rebuild", "shared.engines.cluster.relay", "services.ops.jobs"):
            instead.setattr(f"{module}._POLL", POLL)
        instead.setattr("shared.engines.cluster.relay._PAGE", 5)
        instead.setattr("shared.engines.cluster.relay._BATCH_BYTES", 4_000)
        structlog.configure(processors=[_heard(said)])
        try:
            yield
        finally:
            structlog.configure(**logging)


@cache
def _entry_points(group):
    """Nobody installs anything between two runs."""
    return tuple(entry_points(group=group))


def _heard(said):
    def processor(logger, level, fields):
        said(fields.pop("event"), fields)
        raise structlog.DropEvent

    return processor


@contextlib.contextmanager
def _no_garbage():
    """What is collected ends generators, at moments that no seed decides. What is left of earlier runs is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
