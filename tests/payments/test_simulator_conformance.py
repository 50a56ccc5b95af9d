"""The simulator's adapter passes what every adapter has to."""

import json
import time

import pytest

from services.payments.gateways.conformance import Conformance
from services.payments.gateways.simulator import KIND, SimulatorGateway
from services.payments.means import Account, Card
from services.payments.simulator.app import simulator
from services.payments.simulator.magic import value
from shared.asgi import HttpClient
from shared.webhooks import secret_of, signed

HOOK = "whsec_" + "c2ltdWxhdG9yLWNvbmZvcm1hbmNlLWtpdA=="


class TestSimulator(Conformance):
    kind, secrets, wrong_secrets = KIND, {"password": "right-canary", "hook": HOOK}, {"password": "wrong-canary", "hook": HOOK}

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def stand_in(self):
        return simulator(self.folder / "simulator.jsonl", "right-canary")

    def adapter(self, url, timeout):
        return SimulatorGateway(HttpClient(url, timeout), timeout)

    def means(self, wish):
        card = {"approved": "4242424242424242", "declined": value("card", "decline")}
        if number := card.get(wish):
            return Card(number, "08/39", "7392", "Customer A")
        number = {"account": "000123456789", "declined-account": value("account", "decline")}[wish]
        return Account("011000015", number, "checking", "Customer A")

    def hook(self):
        body = json.dumps({"type": "debit.returned", "data": {"reference": "A-1-1-capture", "code": "R01", "amount": 5690}}).encode()
        return signed(secret_of(HOOK), "msg-1", int(time.time()), body), body
