"""NMI passes what every adapter has to pass."""

from services.payments.gateways.conformance import Conformance
from services.payments.gateways.nmi import KIND, SECURITY_KEY, WEBHOOK_KEY, NmiGateway
from services.payments.gateways.protocol import Account, Card
from shared.asgi import HttpClient
from tests.payments.fake_nmi import APPROVED, BAD_ROUTING, KEY, SIGNING_KEY, FakeNmi

_MEANS = {
    "approved": Card(APPROVED, "10/99", "937", "Customer A"),
    "declined": Card("4000000000009995", "10/99", "937", "Customer A"),
    "account": Account("011000015", "998877665544", "checking", "Customer A"),
    "declined-account": Account(BAD_ROUTING, "998877665544", "checking", "Customer A"),
}


class TestNmi(Conformance):
    kind = KIND
    secrets = {SECURITY_KEY: KEY, WEBHOOK_KEY: SIGNING_KEY}
    wrong_secrets = {SECURITY_KEY: "another", WEBHOOK_KEY: SIGNING_KEY}

    def stand_in(self):
        return FakeNmi().app

    def adapter(self, url, timeout):
        return NmiGateway(HttpClient(url, timeout), timeout)

    def means(self, wish):
        return _MEANS[wish]

    def hook(self):
        action = {"type": "auth", "amount": "56.90", "code": "100", "text": "SUCCESS"}
        about = {"transaction_id": "10000000001", "transaction_type": "cc", "condition": "pending", "order_id": "0123456789-1-1", "currency": "USD"}
        return FakeNmi().told("transaction.auth.success", {**about, "actions": [action]})
