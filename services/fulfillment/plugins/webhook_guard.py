"""Connections that lead nowhere inside: a name is looked up once, every address of it is judged, and one of those very addresses is connected to.

Whoever may type in where webhooks go could otherwise reach what only this machine can: neighbours, the cloud's own data, loopback.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, the best first. Raises OSError."""

_INSIDE = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT, and metadata of a cloud
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's own machines, behind an address that looks public
            "169.254.0.0/16",  # link-local, and metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",  # Teredo and other tunnels
            "2001:db8::/32",
            "2002::/16",  # 6to4, which hides an IPv4 address
            "3fff::/20",
        ),
    )
)
"""IANA's registries of special-purpose addresses, and what clouds keep to themselves."""
_GLOBAL = IPv6Network("2000::/3")
"""No other IPv6 address is anybody's who is not here."""
_NAT64 = IPv6Network("64:ff9b::/96")
_THREADS = 32
_EACH = 2.0
"""Seconds for one address of several."""


class Forbidden(Exception):
    """Where it leads must not be called; the message says why, in words for people."""


def networks(text: str) -> tuple[Network, ...]:
    """Of a list with commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(address: Address) -> bool:
    """By the IPv4 address where one is inside, as NAT64 and mapped ones have it."""
    address = _plain(address)
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    return not any(address in network for network in _INSIDE)


def _plain(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def names() -> Lookup:
    """By the machine's own way, in threads apart from all others: a name server that is silent keeps its thread for a while."""
    threads = ThreadPoolExecutor(_THREADS, "lookup")

    async def looked_up(host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(threads, _looked_up, host, port)
        return list(dict.fromkeys(found))

    return looked_up


def _looked_up(host: str, port: int) -> list[str]:
    try:
        return [str(where[0]) for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError as error:
        raise OSError("not a name") from error


class Guard:
    """``allowed``: networks of our own that may be called all the same, and those alone without TLS."""

    def __init__(self, allowed: Iterable[Network] = (), lookup: Lookup | None = None) -> None:
        self._allowed = tuple(allowed)
        self._lookup = lookup or names()

    async def addresses(self, host: str, port: int, encrypted: bool) -> Sequence[Address]:
        """All of them may be called. Raises Forbidden where one may not; OSError."""
        found = [ip_address(each) for each in await self._lookup(host, port)]
        if not found:
            raise OSError("no address")
        for address in found:
            self._judge(address, encrypted)
        return found

    def _judge(self, address: Address, encrypted: bool) -> None:
        if any(_plain(address) in network for network in self._allowed):
            return
        if not is_public(address):
            raise Forbidden(f"It leads to {address}, which is not a public address, and none that RINGUP_WEBHOOK_PRIVATE allows.")
        if not encrypted:
            raise Forbidden("It must begin with https://, since names and addresses of customers are not said in the clear.")

    async def connect(self, host: str, port: int, encrypted: bool) -> httpcore.AsyncNetworkStream:
        """To the first address that answers: the name is not looked up again. Raises Forbidden, OSError, what httpcore raises."""
        failed: Exception = OSError("no address")
        for address in await self.addresses(host, port, encrypted):
            try:
                return await httpcore.AnyIOBackend().connect_tcp(str(address), port, _EACH)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed
