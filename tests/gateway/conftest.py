import asyncio
import contextlib
import re
from dataclasses import dataclass

import httpx
import pytest

from services.gateway.demo_accounts import PASSWORD
from services.server import Building, building
from shared.settings import Settings

BASE = "http://127.0.0.1:8000"


@dataclass
class Signed:
    """Somebody's browser, without the browser."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path, **kwargs):
        return await self.http.get(path, **kwargs)

    async def page(self, path):
        answer = await self.http.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    async def send(self, method, path, *, key="", **kwargs):
        headers = {"x-csrf-token": self.csrf, **kwargs.pop("headers", {})}
        if key:
            headers["idempotency-key"] = key
        return await self.http.request(method, path, headers=headers, **kwargs)

    async def post(self, path, json=None, *, key="test-key-0001", **kwargs):
        return await self.send("POST", path, key=key, json=json, **kwargs)

    async def form(self, path, **data):
        return await self.send("POST", path, data=data, headers={"hx-request": "true"})


class Rung:
    """The whole building, and whoever comes in through its door."""

    def __init__(self, all: Building, stack: contextlib.AsyncExitStack):
        self.all = all
        self._stack = stack

    async def nobody(self, client="127.0.0.1"):
        transport = httpx.ASGITransport(self.all.gateway.app, client=(client, 4711))
        return Signed(await self._stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=BASE)))

    async def sign_in(self, user, password=PASSWORD, client="127.0.0.1"):
        somebody = await self.nobody(client)
        answer = await somebody.http.post("/sign-in", data={"user": user, "password": password})
        assert answer.status_code == 303, answer.text
        page = await somebody.get("/api/docs")
        found = re.search(r'name="csrf" content="([^"]+)"', page.text)
        somebody.csrf = found[1]
        return somebody

    async def ask(self, service, path):
        return (await self.all.house.clients[service].request("GET", path)).json()


@contextlib.asynccontextmanager
async def rung(settings):
    async with contextlib.AsyncExitStack() as stack, building(settings) as all:
        yield Rung(all, stack)


@pytest.fixture(scope="module")
async def ringup(tmp_path_factory):
    """One building for the tests of a module: they look at it, or at orders of their own."""
    folder = tmp_path_factory.mktemp("ringup")
    async with rung(Settings(data=folder / "data", key_file=folder / "key", port=0)) as there:
        yield there


async def until(check, seconds=15):
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.01)
    return found
