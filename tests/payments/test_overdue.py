"""After an outage much is overdue: all of it gets done, and nothing new waits behind it."""

import asyncio
from datetime import timedelta

import pytest

from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Card
from services.payments.payment import Open
from services.payments.service import payments
from services.payments.views import work
from shared.kernel import runner
from tests.house.shop import Shop, until
from tests.samples import parts, submitted

CUSTOMER = "4000000001"
OVERDUE = [f"{n:010}" for n in range(1, 3 * runner._OVERDUE_AT_ONCE)]
NEW = "7K2M9QX4TB"


class Held(SimulatorGateway):
    """Answers nothing about orders of before until it is let go."""

    def __init__(self, client):
        super().__init__(client)
        self.let_go, self.waiting = asyncio.Event(), 0

    async def authorise(self, charge, secrets):
        if charge.order_id != NEW:
            self.waiting += 1
            await self.let_go.wait()
        return await super().authorise(charge, secrets)


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, services=(payments,)).open()
    yield shop
    await shop.close()


@pytest.fixture
async def gateway(shop):
    kept = shop.house.running["payments"].state["desk"].gateways
    kept["simulator"] = Held(kept["simulator"]._client)
    return kept["simulator"]


async def opened(shop, order_id, before=timedelta()):
    running = shop.house.running["payments"]
    card = Card("4242424242424242", "12/49", "", "Customer A")
    payment = running.state["vault"].reference(CUSTOMER, card)
    await running.state["vault"].store(payment, card)
    order = submitted()
    body = order.order.model_copy(update={"order_id": order_id, "customer_id": CUSTOMER})
    wanted = order.model_copy(update={"order_id": order_id, "order": body})
    await running.send(order_id, Open(payment, parts(wanted.amount), wanted, running.clock() - before), f"open-{order_id}", "agent:agent1")


async def test_what_is_new_does_not_wait_for_what_is_overdue(shop, gateway):
    running = shop.house.running["payments"]
    running._runner, before = None, running._runner
    for order_id in OVERDUE:
        await opened(shop, order_id, timedelta(minutes=1))
    running._runner = before
    await until(lambda: is_busy(gateway))
    await opened(shop, NEW)
    await until(lambda: status(shop, NEW, "authorized"))
    assert gateway.waiting == runner._OVERDUE_AT_ONCE, "more was taken up at once than there are slots"
    gateway.let_go.set()
    for order_id in OVERDUE:
        await until(lambda order_id=order_id: status(shop, order_id, "authorized"))
    assert not await running.count(work)


async def is_busy(gateway):
    return gateway.waiting == runner._OVERDUE_AT_ONCE


async def status(shop, order_id, wanted):
    code, body = await shop.ask("payments", "GET", f"/orders/{order_id}")
    return code == 200 and body["attempts"][0]["status"] == wanted


async def test_a_watchdog_asks_once_for_all_effects_of_a_view(shop, monkeypatch):
    running, asked = shop.house.running["payments"], []
    find = running.find

    async def noted(view, *about, **options):
        asked.append(view.name)
        return await find(view, *about, **options)

    monkeypatch.setattr(running, "find", noted)
    await until(lambda: asyncio.sleep(0.01, asked.count("work") > 2))
    assert asked.count("pre_auth_work") - asked.count("work") in (-1, 0, 1)
