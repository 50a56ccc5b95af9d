"""Whose word counts for where a request comes from."""

import pytest
from pydantic import ValidationError

from services.gateway.throttle import ADDRESS
from shared.settings import Settings
from tests.http import Connection
from tests.site import site

pytestmark = pytest.mark.slow


async def seen(shop, times, by=""):
    """Statuses of as many looks at a link that leads nowhere, each from elsewhere as it says; ``by`` is what a proxy wrote behind that."""
    connection = await Connection("127.0.0.1", shop.port).open()
    found = []
    for n in range(times):
        said = {"x-forwarded-for": f"198.51.100.{n + 1}{by}", "x-forwarded-proto": "https"}
        found.append((await connection.request("GET", "/checkout/2?link=nothing", headers=said))[0])
    connection.close()
    return found


async def test_a_trusted_proxy_says_who_asks(tmp_path):
    async with site(tmp_path) as shop:
        assert set(await seen(shop, ADDRESS["open"] + 5)) == {404}


async def test_what_the_client_wrote_before_the_proxy_does_not_count(tmp_path):
    async with site(tmp_path) as shop:
        assert await seen(shop, ADDRESS["open"] + 1, ", 203.0.113.9") == [404] * ADDRESS["open"] + [429]


async def test_nobody_elses_word_counts(tmp_path):
    async with site(tmp_path, RINGUP_TRUSTED_PROXIES="10.0.0.0/8") as shop:
        assert await seen(shop, ADDRESS["open"] + 1) == [404] * ADDRESS["open"] + [429]


@pytest.mark.parametrize("text", ["", "127.0.0.1", "10.0.0.0/8, ::1", "fc00::/7"])
def test_proxies_are_addresses_and_networks(text):
    assert Settings(trusted_proxies=text).trusted_proxies == text


@pytest.mark.parametrize("text", ["*", "proxy.example", "10.0.0.1/8", "1.2.3"])
def test_a_proxy_is_named_by_its_address(text):
    with pytest.raises(ValidationError, match="Addresses and networks"):
        Settings(trusted_proxies=text)
