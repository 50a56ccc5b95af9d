from __future__ import annotations

import asyncio
import uuid

import structlog

from services.payments.api import router
from services.payments.credentials import Credentials
from services.payments.effects import Desk, effects, in_use, spent
from services.payments.gateway import Introduce, gateway
from services.payments.gateways import TIMEOUT, SimulatorGateway
from services.payments.payment import payment
from services.payments.policies import capture, open_attempt, stop
from services.payments.simulator.app import simulator
from services.payments.vault import Card, Vault
from services.payments.views import erased_orders, payments_view, work
from shared.asgi import AsgiClient, Client, HttpClient
from shared.contracts.payments import GatewayConfigured
from shared.kernel.errors import Unavailable
from shared.service import Running, Service

log = structlog.get_logger()

_SWEEP_EVERY = 60.0
"""Seconds. The first comes so long after the start: what was submitted before a stop is charged first."""


def _simulator(running: Running) -> Client:
    if running.settings.simulator_url:
        return HttpClient(running.settings.simulator_url, TIMEOUT)
    path = running.settings.data / "simulator.jsonl"
    try:
        running.state["simulator"] = app = simulator(path)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}.") from error
    return AsgiClient(app)


async def _setup(running: Running) -> None:
    vault = Vault(running.blobs, running.keyring.derived("vault"), running.keyring.derived("fingerprint"))
    running.state["vault"] = vault
    running.state["credentials"] = credentials = Credentials(running.blobs, running.keyring.derived("credentials"))
    adapters = {"simulator": SimulatorGateway(_simulator(running))}

    async def configured(name: str) -> GatewayConfigured | None:
        state: GatewayConfigured | None = (await running.load(gateway, name))[0]
        return state

    running.state["desk"] = Desk(adapters, configured, credentials, vault, running.clock)
    await running.send("simulator", Introduce("simulator", "simulator"), uuid.uuid4().hex, "service:payments")
    running.spawn(_sweep(running))


async def _sweep(running: Running) -> None:
    while True:
        await asyncio.sleep(_SWEEP_EVERY)
        with running.watched("payments.sweep"):
            await sweep(running)


async def sweep(running: Running) -> None:
    """Forget the cards that nothing may be charged to any more."""
    vault: Vault = running.state["vault"]

    async def used(token: str, card: Card) -> bool:
        state, _ = await running.load(payment, card.order_id)
        return in_use(token, state)

    async def done(token: str, card: Card) -> bool:
        state, _ = await running.load(payment, card.order_id)
        return spent(token, state) or await running.get(erased_orders, card.order_id) is not None

    await vault.sweep(running.clock(), used, done)


payments = Service(
    "payments",
    aggregates=(payment, gateway),
    views=(work, payments_view, erased_orders),
    policies=(open_attempt, capture, stop),
    effects=effects,
    router=router,
    setup=_setup,
)
