import pytest

from tests.house.shop import Shop


class Catalog:
    """The catalog of a shop, as a supervisor's requests reach it."""

    def __init__(self, shop):
        self.shop = shop

    async def __call__(self, method, path, body=None, **headers):
        return await self.shop.ask("catalog", method, path, body, actor="agent:supervisor1", **headers)

    async def text(self, path):
        response = await self.shop.house.clients["catalog"].request("GET", path)
        assert response.status == 200, response.body
        return response.body

    async def draft(self, kind="phone", **sections):
        """The id and version of a new draft with these sections."""
        status, made = await self("POST", "/campaigns", {"kind": kind, "name": "Restful Nights"})
        assert status == 201, made
        if not sections:
            return made["id"], made["version"]
        status, edited = await self("PATCH", f"/campaigns/{made['id']}/draft", sections)
        assert status == 200, edited
        return made["id"], edited["version"]


@pytest.fixture
async def catalog(settings):
    shop = await Shop(settings).open()
    yield Catalog(shop)
    await shop.close()
