"""How long a session may be idle is one of the account's settings."""

import pytest
import pytest_asyncio

from services.gateway.idle import Idle
from tests.gateway.conftest import Clock
from tests.house.shop import until
from tests.samples import NOON


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest_asyncio.fixture(loop_scope="package")
async def minutes(ringup):
    """Changes the setting; back to what it was in the end."""
    catalog = ringup.all.house.clients["catalog"]
    before = (await catalog.request("GET", "/settings")).json()["settings"]

    async def setting(minutes):
        answer = await catalog.request("PUT", "/settings", json={**before, "session_idle_minutes": minutes})
        assert answer.status == 200, answer.json()

    yield setting
    await setting(before["session_idle_minutes"])
    await until(lambda: _is(ringup, before["session_idle_minutes"]))


async def _is(ringup, minutes):
    return ringup.gateway.door.idle().total_seconds() == minutes * 60


async def test_the_door_hears_of_it_when_it_is_changed(ringup, minutes):
    assert await _is(ringup, 15)
    await minutes(40)
    await until(lambda: _is(ringup, 40))


async def test_a_session_ends_as_the_settings_say(ringup, minutes, clock):
    await minutes(30)
    door = ringup.beside(clock=clock)
    assert await door.gateway.door.idle.read()
    agent = await door.signed_in("agent1")
    clock.forward(minutes=29)
    assert (await agent.get("/orders")).status_code == 200
    clock.forward(minutes=30, seconds=1)
    assert (await agent.get("/orders")).status_code == 401
    agent = await door.signed_in("agent1")
    await minutes(5)
    assert await door.gateway.door.idle.read()
    clock.forward(minutes=6)
    assert (await agent.get("/orders")).status_code == 401


class Away:
    async def request(self, method, path, *, json=None, headers=None):
        raise OSError


async def test_where_catalog_cannot_say_it_is_a_quarter_of_an_hour():
    idle = Idle({"catalog": Away()})
    assert not await idle.read()
    assert idle().total_seconds() == 15 * 60
