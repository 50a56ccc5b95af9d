import pytest

from services.gateway.app import ROUTES
from services.house import House
from shared.engines.embedded.engine import Engine


@pytest.fixture
async def answers(settings):
    """Whether one of the eight processes answers a path."""
    engine = Engine(settings)
    clients = House(settings, engine.ports).clients

    async def answered(name, path):
        if name == "gateway":
            return path in {route.path for route in ROUTES}
        return (await clients[name].request("GET", path)).status in (200, 503)

    yield answered
    await engine.close()
