"""Who can sign in to an installation that is new, a demonstration, or one no more."""

import httpx
import pytest

from services.gateway.accounts import ACCOUNTS, PASSWORD
from services.server import building
from shared.settings import Settings


@pytest.fixture
def opened(tmp_path):
    def with_demo(demo):
        return building(Settings(data=tmp_path / "data", key_file=tmp_path / "key", demo=demo))

    return with_demo


async def names(all):
    return [user.name for user in await all.gateway.door.users.all()]


async def signed_in(all, user, password):
    transport = httpx.ASGITransport(all.gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
        answer = await http.post("/sign-in", data={"user": user, "password": password})
        return answer.status_code == 303, http.cookies


@pytest.mark.asyncio(loop_scope="function")
async def test_without_a_demo_one_account_is_made_and_told_once(opened):
    async with opened(False) as all:
        assert await names(all) == ["admin"]
        assert (await signed_in(all, "admin", all.first_password))[0]
        assert not (await signed_in(all, "admin1", PASSWORD))[0]
    async with opened(False) as all:
        assert all.first_password is None
        assert await names(all) == ["admin"]


@pytest.mark.asyncio(loop_scope="function")
async def test_accounts_of_a_demo_end_with_it_and_so_do_their_sessions(opened):
    async with opened(True) as all:
        assert set(await names(all)) == {name for name, _, _ in ACCOUNTS}
        _, cookies = await signed_in(all, "admin1", PASSWORD)
    async with opened(False) as all:
        assert await names(all) == ["admin"]
        assert not (await signed_in(all, "admin1", PASSWORD))[0]
        assert await all.gateway.door.sessions.find(cookies["ringup"]) is None


@pytest.mark.asyncio(loop_scope="function")
async def test_a_demo_makes_no_accounts_beside_real_ones(opened):
    async with opened(False):
        pass
    async with opened(True) as all:
        assert await names(all) == ["admin"]
