"""What every plugin has to pass, passed by the webhook with any 2xx as a yes, by one that wants more, and by ShipStation's store."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.fulfillment.plugins import shipstation, webhook
from services.fulfillment.plugins.conformance import Asking, Conformance
from services.fulfillment.plugins.protocol import Item
from services.fulfillment.plugins.shipstation import ShipStation
from services.fulfillment.plugins.webhook import Webhook
from services.fulfillment.plugins.webhook_guard import Guard, networks
from services.fulfillment.plugins.webhook_wire import Wire
from shared.webhooks import is_signed, secret_of, signed
from tests.fulfillment.endpoint import OLD, SECRET


def now():
    return datetime.now(UTC)


class Warehouse:
    """Ships what is signed, each export once, and stops what it has not heard of as well."""

    def __init__(self):
        self.shipping, self.stopped = {}, set()
        self.app = Starlette(routes=[Route("/hooks", self.called, methods=["POST"])])

    async def called(self, request):
        body = await request.body()
        if not is_signed(secret_of(SECRET), request.headers, body, now()):
            return JSONResponse({"error": "signature"}, 401)
        call = json.loads(body)
        data, export = call["data"], call["data"]["export_id"]
        if any(item["sku"] == "UNKNOWN" for item in data.get("items", ())):
            return JSONResponse({"error": "no such product"}, 422)
        if call["type"] == "shipment.cancel_requested":
            self.stopped.add(export)
            return JSONResponse({"stopped": True})
        return JSONResponse({"id": self.shipping.setdefault(export, f"W-{len(self.shipping) + 1}"), "export_id": export})


class TestWebhook(Conformance):
    kind, secrets, wrong_secrets = webhook.KIND, {"secret": SECRET}, {"secret": OLD}
    any_2xx_is_yes = True
    more = {}

    def stand_in(self):
        self.warehouse = Warehouse()
        return self.warehouse.app

    def plugin(self, url, timeout):
        return Webhook(Wire(Guard(networks("127.0.0.0/8")), timeout), now)

    def options_for(self, url):
        return {"url": f"{url}/hooks", "cancels": "yes", **self.more}

    async def to_ship(self, line):
        return [export for export in self.warehouse.shipping if export not in self.warehouse.stopped]

    def unwanted(self, outgoing):
        return replace(outgoing, items=(Item(1, "UNKNOWN", "Unknown", 1, 100),))

    def asking(self):
        body = json.dumps({"type": "shipment.seen", "data": {}}).encode()
        return Asking("POST", {}, signed(secret_of(SECRET), "msg_1", int(now().timestamp()), body), body)


class TestWebhookThatWantsTheExportId(TestWebhook):
    any_2xx_is_yes = False
    more = {"answer": "export-id"}


class TestShipStation(Conformance):
    kind, secrets = shipstation.KIND, {"username": "store-7f3a", "password": "long enough for anybody"}

    def stand_in(self):
        return None

    def plugin(self, url, timeout):
        return ShipStation(now)

    async def to_ship(self, line):
        """What a label can be made for."""
        return list(line.desk.taken)

    def asking(self):
        since, until = (each.strftime("%m/%d/%Y %H:%M") for each in (now() - timedelta(hours=1), now() + timedelta(minutes=1)))
        credentials = base64.b64encode(":".join(self.secrets.values()).encode()).decode()
        return Asking("GET", {"action": "export", "start_date": since, "end_date": until, "page": "1"}, {"authorization": f"Basic {credentials}"})
