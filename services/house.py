"""All services in one process, or some of them, over any engine that gives each its ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.routing import Mount

from services.cart.service import cart
from services.catalog.service import catalog
from services.customers.service import customers
from services.fulfillment.service import fulfillment
from services.ops.service import ops
from services.payments.service import payments
from services.qa.service import qa
from shared.app import service_app
from shared.asgi import AsgiClient, Client
from shared.metrics import Metrics
from shared.service import Ports, Running, Service, utc_now
from shared.settings import Settings

SERVICES: Sequence[Service] = (catalog, cart, payments, qa, fulfillment, customers, ops)


class House:
    """``clients`` call the services by name, those ``elsewhere`` too. Subscribe the running services to a broker before that is started."""

    def __init__(
        self, settings: Settings, ports: Callable[[str], Ports], clock: Callable[[], datetime] = utc_now, services: Sequence[Service] = SERVICES,
        elsewhere: Mapping[str, Client] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.settings = settings
        self.clock = clock
        metrics = Metrics()
        self.clients: dict[str, Client] = dict(elsewhere)
        self.running = {
            service.name: Running(service, ports(service.name), settings, clock, metrics, self.clients if service is ops else None)
            for service in services
        }
        self.apps = {name: service_app(running) for name, running in self.running.items()}
        self.clients.update({name: AsgiClient(app) for name, app in self.apps.items()})

    @property
    def app(self) -> Starlette:
        """All services behind one door for operators: ``/<service>/...``."""
        return Starlette(routes=[Mount(f"/{name}", app) for name, app in self.apps.items()])

    async def open(self) -> None:
        """Everything can be asked, nothing acts."""
        for running in self.running.values():
            await running.open()

    async def start(self) -> None:
        for running in self.running.values():
            await running.start()

    async def stop(self) -> None:
        for running in self.running.values():
            await running.stop()
