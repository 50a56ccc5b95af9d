import pytest

from services.gateway.app import ROUTES
from services.house import House
from shared.engines.embedded.engine import Engine


@pytest.fixture
async def paths(settings):
    """What each of the eight processes answers."""
    engine = Engine(settings)
    apps = House(settings, engine.ports).apps
    yield {name: {route.path for route in app.routes} for name, app in apps.items()} | {"gateway": {route.path for route in ROUTES}}
    await engine.close()
