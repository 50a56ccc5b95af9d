"""What every adapter has to pass, passed by Stripe's."""

from datetime import UTC, datetime

from services.payments.gateways.conformance import Conformance
from services.payments.gateways.stripe import KIND, StripeGateway
from services.payments.gateways.stripe_wire import Wire
from services.payments.means import Card
from tests.payments.fake_stripe import GOOD, HOOK, KEY, Stripe, call


def now():
    return datetime.now(UTC)


class TestStripe(Conformance):
    kind, secrets = KIND, {"secret_key": KEY, "webhook_secret": HOOK}
    wrong_secrets = {"secret_key": "sk_test_wrong", "webhook_secret": "whsec_wrong"}

    def stand_in(self):
        return Stripe(now)

    def adapter(self, url, timeout):
        return StripeGateway(Wire(url, timeout), now, timeout)

    def means(self, wish):
        number = {"approved": GOOD, "declined": "4000000000009995"}.get(wish)
        return Card(number, "08/29", "739", "Customer A") if number else None

    def charges(self, sent):
        return sent.path == "/v1/payment_intents"

    def hook(self):
        intent = {"object": "payment_intent", "id": "pi_1", "status": "requires_capture", "amount": 5690, "currency": "usd"}
        data = {"object": {**intent, "metadata": {"reference": "A000000000-1-1"}, "latest_charge": "ch_1"}}
        event = {"id": "evt_1", "object": "event", "type": "payment_intent.amount_capturable_updated", "created": 1, "data": data}
        return call(event, now())
