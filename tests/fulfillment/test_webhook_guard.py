"""Where a webhook may not lead, however its address is written."""

import asyncio
import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.fulfillment.plugins.kinds import Surroundings
from services.fulfillment.plugins.protocol import Refused, Taken
from services.fulfillment.plugins.webhook import KIND
from services.fulfillment.plugins.webhook_guard import Forbidden, Guard, is_public, names, networks
from services.fulfillment.plugins.webhook_wire import address
from shared.settings import Settings
from tests.fulfillment.endpoint import deliver, endpoint, said, webhook

HERE = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "127。0。0。1",
    "localhost", "LOCALHOST",
    "0", "0.0.0.0",  # noqa: S104 - in the place of an address
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]",
)  # fmt: skip
"""This machine, in other words."""
INSIDE = (
    "10.0.0.1", "10.255.255.255", "167772161", "172.16.0.1", "172.31.255.254", "192.168.1.1", "0xc0a80101",
    "169.254.169.254", "0xa9fea9fe",
    "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[::127.0.0.1]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[2001:db8::1]", "metadata.example.com",
    "both.example.com", "sixth.example.com",
)  # fmt: skip
NONE = (
    "https://name:password@127.0.0.1/", "https://127.0.0.1\\@example.com/", "https://127.0.0.1#@example.com/", "https://①②⑦.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://example.com/", "javascript:alert(1)", "//127.0.0.1/", "https://", "https:///hooks",
    "https://example.com:0/", "https://example.com:99999/", "https://example.com/\r\nx-more: 1", "https://example.com/a b", "https://[::1",
    "", "hooks",
    f"https://example.com/{'a' * 2000}", "https://exam\u202eple.com/", "https://[fe80::1%25lo]/", "https://[fe80::1%lo]/",
)  # fmt: skip
"""Nothing that webhooks are sent to."""
NAMES = {"metadata.example.com": ["169.254.169.254"], "both.example.com": ["1.1.1.1", "127.0.0.1"], "sixth.example.com": ["2606:4700::1111", "::1"]}
by_machine = names()


async def lookup(host, port):
    return NAMES.get(host) or await by_machine(host, port)


def test_there_are_more_than_forty():
    assert len({*HERE, *INSIDE, *NONE}) > 70


@pytest.mark.parametrize("host", HERE)
async def test_this_machine_is_never_called_in_whatever_words(host):
    async with endpoint() as there:
        said = await deliver(f"https://{host}:{there.port}/", webhook(""))
        assert isinstance(said, Refused)
        assert "not a public address" in said.reason or "not an address" in said.reason
        assert there.connections == 0


async def test_it_would_be_there():
    """So that the test above can fail."""
    async with endpoint() as there:
        for host in ("127.1", "2130706433", "0x7f.1", "017700000001", "127。0。0。1", "localhost", "[::ffff:127.0.0.1]"):
            assert isinstance(await deliver(f"http://{host}:{there.port}/", webhook("127.0.0.0/8,::1")), Taken), host


@pytest.mark.parametrize("host", INSIDE)
async def test_nothing_inside_is_called_in_whatever_words(host):
    """One address of several is enough."""
    url = address(f"https://{host}/")
    with pytest.raises(Forbidden, match="not a public address"):
        await Guard((), lookup).addresses(url.raw_host.decode(), 443, True)


@pytest.mark.parametrize("text", NONE)
async def test_what_is_no_address_is_refused_where_it_is_typed_in_and_not_called_either(text):
    problems = KIND.check({"url": text})
    assert set(problems) == {"url"}
    said = await deliver(text, webhook(""))
    assert isinstance(said, Refused)
    assert said.reason == problems["url"]


async def test_public_addresses_are_called_by_tls_alone():
    guard = Guard(networks("10.1.0.0/16"))
    for host in ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "10.1.2.3", "::ffff:10.1.2.3"):
        assert await guard.addresses(host, 443, True)
    assert await guard.addresses("10.1.2.3", 80, False), "what is ours may be called without"
    with pytest.raises(Forbidden, match="https"):
        await guard.addresses("1.1.1.1", 80, False)
    with pytest.raises(Forbidden, match="not a public address"):
        await guard.addresses("10.2.0.1", 443, True)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6, network="2000::/3"), st.ip_addresses(v=6)))
def test_nothing_that_the_registries_call_private_is_public(address):
    assert address.is_global or not is_public(address)


async def test_a_name_is_looked_up_once_and_what_was_judged_is_called():
    """It leads to another machine the moment after."""
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]

    async def moving(host, port):
        assert host == "hooks.example.com"
        return answers.pop(0)

    plugin = webhook("127.0.0.1", lookup=moving)
    async with endpoint() as there, endpoint("127.0.0.2") as inside:
        there.answer = said(200)
        first = await deliver(f"http://hooks.example.com:{there.port}/", plugin)
        assert (type(first), len(there.got), len(answers)) == (Taken, 1, 2)
        second = await deliver(f"http://hooks.example.com:{inside.port}/", plugin)
        assert (type(second), inside.connections, len(answers)) == (Refused, 0, 1)


async def test_the_next_address_is_tried_where_one_does_not_answer():
    async def two(host, port):
        return ["127.0.0.3", "127.0.0.1"]

    async with endpoint() as there:
        assert isinstance(await deliver(f"http://hooks.example.com:{there.port}/", webhook("127.0.0.0/8", lookup=two)), Taken)


async def test_a_name_server_that_is_silent_is_given_up():
    async def silent(host, port):
        await asyncio.Event().wait()

    said = await deliver("https://hooks.example.com/", webhook(lookup=silent, patience=0.05))
    assert isinstance(said, Refused)
    assert "nobody answers" in said.reason


async def test_a_name_that_is_none_is_said_so():
    async def nowhere(host, port):
        raise OSError("no such name")

    for url, plugin in (("https://hooks.example.com/", webhook(lookup=nowhere)), (f"https://{'a' * 70}.example.com/", webhook())):
        said = await deliver(url, plugin)
        assert (said.reason, said.again) == ("There is no such name.", True)


async def test_the_setting_says_what_may_be_called():
    async with endpoint() as there:
        for allowed, answer in (("", Refused), ("10.0.0.0/8", Refused), ("10.0.0.0/8, 127.0.0.1", Taken)):
            made = KIND.make(Surroundings(Settings(webhook_private=allowed), lambda: datetime.now(UTC)))
            assert isinstance(await deliver(there.url, made), answer)
    with pytest.raises(ValidationError, match="networks separated by commas"):
        Settings(webhook_private="everything")


def test_networks_are_lists_with_commas():
    assert networks(" 10.0.0.0/8, ::1 ,") == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
