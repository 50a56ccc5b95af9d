from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import entry_points

import structlog

from services.payments import rotation
from services.payments.api import router
from services.payments.credentials import Credentials
from services.payments.effects import Desk, effects, in_use, spent
from services.payments.gateway import Introduce, gateway
from services.payments.gateways.installed import GROUP, Installed, installed
from services.payments.gateways.kinds import Surroundings
from services.payments.gateways.protocol import TIMEOUT
from services.payments.health import Watch
from services.payments.instruments import instruments
from services.payments.limits import limit, limits, tries
from services.payments.limits_door import Limits
from services.payments.news import Listening
from services.payments.payment import Payment, payment
from services.payments.policies import capture, open_attempt, stop
from services.payments.pre_auth import PreAuths, pre_auth
from services.payments.pre_auth_work import Asking, pre_auth_effects
from services.payments.records import Records
from services.payments.simulator.app import simulator
from services.payments.vault import LIFETIME, Vault
from services.payments.vault_keys import vault_keys
from services.payments.views import authorisations, echecks, erased_orders, payments_view, pre_auth_list, pre_auth_work, to_erase, work
from services.payments.wallet import Wallet
from shared.aliases import aliases
from shared.asgi import AsgiClient, Client, HttpClient
from shared.contracts.payments import GatewayConfigured, OutcomeRecorded, RefundRequested
from shared.kernel.commands import Refusal
from shared.kernel.effects import Effect
from shared.kernel.errors import Unavailable
from shared.kernel.events import Event
from shared.service import Running, Service
from shared.settings import SettingsError

log = structlog.get_logger()

_VAULT = "payments.vault"
_ERASE_EVERY = 1.0
_CHECK_EVERY = 10.0
_SWEEP_EVERY = 60.0
"""Seconds. The first comes so long after the start: what was submitted before a stop is charged first."""


def _simulator(running: Running) -> Client:
    if running.settings.simulator_url:
        return HttpClient(running.settings.simulator_url, TIMEOUT)
    path = running.settings.data / "simulator.jsonl"
    try:
        running.state["simulator"] = app = simulator(path, clock=running.clock)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}.") from error
    return AsgiClient(app)


async def _setup(running: Running) -> None:
    derived = running.keyring.derived
    await rotation.first_key(running)
    before = {"tokens": derived("vault"), "vault": derived("vault"), "credentials": derived("credentials")}
    running.state["records"] = records = Records(running.blobs, running.keyring, lambda: rotation.current(running), before)
    running.state["rotation"] = rotation.Work()
    running.state["vault"] = vault = Vault(records, derived("fingerprint"))
    running.state["credentials"] = credentials = Credentials(records, derived("credentials"))
    around = Surroundings(running.settings, running.clock, lambda: _simulator(running))
    running.state["installed"] = found = installed(entry_points(group=GROUP), around)
    running.warnings.update(found.broken)

    async def configured(name: str) -> GatewayConfigured | None:
        state: GatewayConfigured | None = (await running.load(gateway, name))[0]
        return state

    async def pre_auths(order_id: str) -> PreAuths:
        state: PreAuths = (await running.load(pre_auth, order_id))[0]
        return state

    running.state["limits"] = Limits(running, derived("limits"))
    running.state["wallet"] = wallet = Wallet(running, vault)
    running.state["watch"] = watch = Watch(running)
    running.state["desk"] = Desk(found.gateways, configured, credentials, vault, wallet, pre_auths, running.clock, running.opened, watch.over)
    await _introduce(running, found)
    with running.watched(_VAULT):
        await records.check()
    running.spawn(_every(_CHECK_EVERY, running, _VAULT, lambda running: records.check()))
    running.state["listening"] = listening = Listening(running)
    running.spawn(listening.watch())
    running.spawn(_every(_SWEEP_EVERY, running, "payments.sweep", sweep))
    running.spawn(_every(_ERASE_EVERY, running, "payments.erase", erase))


async def _introduce(running: Running, found: Installed) -> None:
    if "simulator" in found.kinds:
        introduced = Introduce("simulator", "simulator", found.kinds, ("ach",))
        await running.send("simulator", introduced, uuid.uuid4().hex, "service:payments")
    elif "simulator" not in found.broken:
        raise SettingsError("Ringup's own gateways are not known to this Python: install it again (pip install -e . in a checkout).")


async def _every(seconds: float, running: Running, name: str, work: Callable[[Running], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        with running.watched(name):
            await work(running)


async def sweep(running: Running) -> None:
    """Forget the cards that nothing may be charged to any more, and the keys that no record needs."""
    await rotation.drop_older(running, running.state["records"])
    vault: Vault = running.state["vault"]
    desk: Desk = running.state["desk"]
    for token, kept in await vault.tokens():
        if kept is None:
            await vault.forget(token)
            continue
        paid, _ = await running.load(payment, kept.order_id)
        asked = await desk.pre_auths(kept.order_id)
        if in_use(token, paid, asked):
            if running.clock() > kept.expires_at + LIFETIME:
                await vault.without_code(token, kept)
            continue
        if spent(token, paid, asked):
            await desk.put_away(token, paid)
        elif running.clock() > kept.expires_at or await running.get(erased_orders, kept.order_id) is not None:
            await vault.forget(token)


async def erase(running: Running) -> None:
    """Forget what is stored for customers who were erased."""
    rows, _ = await running.find(to_erase, {"due": "yes"})
    for row in rows:
        with contextlib.suppress(Refusal):  # something was kept meanwhile: next time
            await running.state["wallet"].erase(row["id"])


def _effects(running: Running) -> Sequence[Effect]:
    async def paid(order_id: str) -> Payment:
        state: Payment = (await running.load(payment, order_id))[0]
        return state

    return (*effects(running), *pre_auth_effects(Asking(running.state["desk"], paid)))


def _label(event: Event) -> tuple[str, str] | None:
    """Whose the words are that somebody typed about an order's money."""
    if isinstance(event, RefundRequested | OutcomeRecorded) and event.customer_id:
        return payment.stream(event.order_id), event.customer_id
    return None


payments = Service(
    "payments",
    aggregates=(payment, gateway, pre_auth, instruments, tries, limit, vault_keys),
    views=(work, payments_view, erased_orders, pre_auth_work, pre_auth_list, echecks, authorisations, to_erase, limits, aliases),
    policies=(open_attempt, capture, stop),
    effects=_effects,
    router=router,
    setup=_setup,
    label=_label,
)
