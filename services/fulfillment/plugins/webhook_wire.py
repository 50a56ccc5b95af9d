"""One POST, sent once: whether anything of it may have arrived is always told. No redirect is followed, nothing is decompressed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import httpcore
import httpx

from services.fulfillment.plugins.webhook_guard import Forbidden, Guard

_CONNECTS = 5.0
"""Seconds until there is a connection, TLS and all."""
_ANSWERS = 15.0
"""Seconds from then until they say whether they have it."""
_READS = 3.0
"""Seconds for what they say beyond that."""
_MOST_BYTES = 64 * 1024
_PORTS = {"https": 443, "http": 80}
_LONGEST = 2000


class Unsent(Exception):
    """Nothing left this machine; the message says why, in words for people."""


class Unanswered(Exception):
    """It was sent, or some of it, and nobody knows what became of it; the message says more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` by names in small letters. ``body`` is None where it did not end, or was too long to read."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None = field(repr=False)


def address(text: str) -> httpx.URL:
    """Raises ValueError, in words for people."""
    if len(text) > _LONGEST or any(not letter.isprintable() or letter in " \\" for letter in text):
        raise ValueError(f"An address has no spaces, and at most {_LONGEST} characters.")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError("This is not an address, such as https://example.com/hooks.") from error
    if url.scheme not in _PORTS or not url.host or b"%" in url.raw_host or not 0 < (1 if url.port is None else url.port) < 65536:
        raise ValueError("This is not an address, such as https://example.com/hooks.")
    if url.userinfo:
        raise ValueError("An address has no name and password in it: each delivery is signed.")
    if url.fragment:
        raise ValueError("What comes after # is not sent.")
    return url


class Wire:
    """``patience`` are the seconds for all of it. ``trusted`` are certificates; by default those that are known, or SSL_CERT_FILE's."""

    def __init__(self, guard: Guard, patience: float = _ANSWERS, trusted: ssl.SSLContext | None = None) -> None:
        self._guard, self._patience, self._trusted = guard, patience, trusted

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        return self._trusted or httpx.create_ssl_context()

    async def post(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises Unsent, Unanswered."""
        stream = await self.connected(url)
        try:
            async with asyncio.timeout(self._patience):
                response = await _asked(stream, url, headers, body)
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, told, await _read(response, min(self._patience, _READS)))
        except TimeoutError as error:
            raise Unanswered("They did not answer in time.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise Unanswered("The connection broke before they answered.") from error
        finally:
            await stream.aclose()

    async def connected(self, url: httpx.URL) -> httpcore.AsyncNetworkStream:
        """Nothing is sent. Raises Unsent."""
        try:
            async with asyncio.timeout(min(self._patience, _CONNECTS)):
                return await self._connected(url)
        except Forbidden as error:
            raise Unsent(str(error)) from error
        except (TimeoutError, httpcore.ConnectTimeout) as error:
            raise Unsent("It cannot be reached: nobody answers there.") from error
        except httpcore.ConnectError as error:
            raise Unsent("It cannot be reached: nobody listens there.") from error
        except OSError as error:
            raise Unsent("There is no such name.") from error

    async def _connected(self, url: httpx.URL) -> httpcore.AsyncNetworkStream:
        encrypted = url.scheme == "https"
        host = url.raw_host.decode("ascii")
        stream = await self._guard.connect(host, url.port or _PORTS[url.scheme], encrypted)
        if not encrypted:
            return stream
        try:
            return await stream.start_tls(self._certificates, host)
        except (httpcore.ConnectError, ssl.SSLError, ValueError) as error:
            raise Unsent("It does not speak TLS, or has no certificate for this name that is trusted.") from error
        except BaseException:
            await stream.aclose()
            raise


async def _asked(stream: httpcore.AsyncNetworkStream, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> httpcore.Response:
    sent = {"host": url.netloc.decode("ascii"), "user-agent": "Ringup", "accept": "application/json", "connection": "close", **headers}
    origin = httpcore.Origin(url.raw_scheme, url.raw_host, url.port or _PORTS[url.scheme])
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    request = httpcore.Request("POST", target, headers=[*sent.items(), ("content-length", str(len(body)))], content=body)
    return await httpcore.AsyncHTTP11Connection(origin, stream).handle_async_request(request)


async def _read(response: httpcore.Response, patience: float) -> bytes | None:
    """Who answers has answered: what comes after the status, or does not, changes nothing of that."""
    read = b""
    try:
        async with asyncio.timeout(patience):
            async for part in response.aiter_stream():
                read += part
                if len(read) > _MOST_BYTES:
                    return None
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError):
        return None
    finally:
        await response.aclose()
    return read
