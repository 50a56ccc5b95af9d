"""A webhook of ours is believed by the Standard Webhooks library of another language, and what that one signs is believed here."""

import json
from datetime import UTC, datetime

import pytest

from tests import npm
from tests.fulfillment.endpoint import EXPORT, OLD, SECRET, deliver, endpoint, webhook
from tests.fulfillment.test_webhook import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_BOTH = {"secret": SECRET, "old_secret": OLD}
_VERIFIES = """
const { Webhook } = require("standardwebhooks");
const told = JSON.parse(require("fs").readFileSync(0));
const verified = told.calls.map(({ secret, body, headers }) => {
  try { return new Webhook(secret).verify(body, headers).data.export_id } catch (error) { return error.name }
});
const at = new Date();
const seconds = `${Math.floor(at / 1000)}`;
const made = told.answers.map((body) => ({
  body,
  headers: { "webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": new Webhook(told.secret).sign("msg_1", at, body) },
}));
console.log(JSON.stringify({ verified, made }));
"""


async def test_both_sides_believe_each_other():
    async with endpoint() as there:
        await deliver(there.url)
        await deliver(there.url, secrets=_BOTH)
    (_, one, body), (_, two, _) = there.got
    calls = [
        (SECRET, one, body),
        (OLD, one, body),
        (SECRET, two, body),
        (OLD, two, body),
        (SECRET, one, body + b" "),
        (SECRET, {**one, "webhook-id": "x"}, body),
    ]
    told = {
        "calls": [{"secret": secret, "headers": headers, "body": body.decode()} for secret, headers, body in calls],
        "answers": [json.dumps({"type": "shipment.shipped", "data": {"export_id": EXPORT, "carrier": "DHL", "tracking": "ß-1"}}, ensure_ascii=False)],
        "secret": SECRET,
    }
    answer = npm.run("standardwebhooks", "1.1.1", _VERIFIES, told)
    no = "WebhookVerificationError"
    assert answer["verified"] == [EXPORT, no, EXPORT, EXPORT, no, no]
    desk = Desk()
    for call in answer["made"]:
        reply = await webhook(clock=lambda: datetime.now(UTC)).asked("POST", {}, call["headers"], call["body"].encode(), {}, _BOTH, desk)
        assert reply.status == 200
    assert [each[:3] for each in desk.told] == [(EXPORT, "DHL", "ß-1")]
