"""A line to somebody outside that can be made to behave badly: whoever asks is pointed at its ``url``, and who answers stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Sent:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Came:
    status: int
    type: str
    body: bytes


_TLS = b"\x16"
Fault = Callable[["Wire", Sent, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """``sent`` and ``came`` are what went through so far, and the answers."""

    def __init__(self, behind: ASGIApp | str) -> None:
        transport, url = (None, behind) if isinstance(behind, str) else (httpx.ASGITransport(app=behind), "http://behind.test")
        self._behind = httpx.AsyncClient(transport=transport, base_url=url, timeout=30, trust_env=False)
        self._open: set[asyncio.Task[None]] = set()
        self.fault: Fault = passed
        self.sent: list[Sent] = []
        self.came: list[Came] = []

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._behind.aclose()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._served(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            await self.fault(self, await _request(reader), writer)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def forward(self, sent: Sent) -> Came:
        self.sent.append(sent)
        kept = {name: value for name, value in sent.headers.items() if name not in ("host", "connection", "content-length", "accept-encoding")}
        answer = await self._behind.request(sent.method, sent.path, content=sent.body, headers=kept)
        came = Came(answer.status_code, answer.headers.get("content-type", ""), answer.content)
        self.came.append(came)
        return came


async def _request(reader: asyncio.StreamReader) -> Sent:
    """Raises ValueError for what is no request, such as the beginning of TLS."""
    first = await reader.readexactly(1)
    if first == _TLS:
        raise ValueError("TLS")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.strip().split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Sent(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def answer(writer: asyncio.StreamWriter, came: Came, *, missing: int = 0) -> None:
    """``missing`` bytes are promised and never come."""
    head = f"HTTP/1.1 {came.status} Said\r\ncontent-type: {came.type}\r\ncontent-length: {len(came.body) + missing}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + came.body)
    await writer.drain()


async def passed(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
    await answer(writer, await wire.forward(sent))


async def hang(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
    """Byte after byte, so that somebody who waits for the next one alone waits for ever."""
    await answer(writer, Came(200, "application/json", b"{"), missing=1_000_000)
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def saying(status: int, type: str, body: bytes, *, missing: int = 0) -> Fault:
    """Nobody behind it gets the request."""

    async def said(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
        await answer(writer, Came(status, type, body), missing=missing)

    return said


def after(fault: Fault) -> Fault:
    """What is asked is done, and then this."""

    async def done(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
        await wire.forward(sent)
        await fault(wire, sent, writer)

    return done


def only(which: Callable[[Sent], bool], fault: Fault) -> Fault:
    """All other requests pass."""

    async def chosen(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
        await (fault if which(sent) else passed)(wire, sent, writer)

    return chosen


async def twice(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
    await wire.forward(sent)
    await answer(writer, await wire.forward(sent))


def instead(came: Came) -> Fault:
    """What is asked is done, and the answer to something else comes back."""
    return after(saying(came.status, came.type, came.body))


def doctored(change: Callable[[bytes], bytes]) -> Fault:
    async def done(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
        came = await wire.forward(sent)
        await answer(writer, Came(came.status, came.type, change(came.body)))

    return done


_HTML = b"<!doctype html><html><body><h1>It works!</h1></body></html>"
FAULTS: Mapping[str, Fault] = {
    "it hangs": hang,
    "it drips": drip,
    "it resets the connection": reset,
    "it resets the connection once it is done": after(reset),
    "it answers 500": saying(500, "application/json", b'{"error": {"message": "internal"}}'),
    "it answers 500 once it is done": after(saying(500, "text/plain", b"Internal Server Error")),
    "it answers 502 as a page": saying(502, "text/html", _HTML),
    "it answers a page": saying(200, "text/html", _HTML),
    "it answers a page once it is done": after(saying(200, "text/html", _HTML)),
    "it answers a page of a proxy that knows no such address": saying(404, "text/html", _HTML),
    "it answers an empty object": saying(200, "application/json", b"{}"),
    "it answers a list": saying(200, "application/json", b"[1, null]"),
    "it answers nothing": saying(200, "application/json", b""),
    "it answers half": after(saying(200, "application/json", b'{"id": "x", "status": "appr', missing=20)),
    "it answers what is no text": saying(200, "application/json", b"\xff\xfe\x00\x01"),
    "it sends elsewhere": saying(302, "text/html", b""),
    "it answers 503": saying(503, "application/json", b"{}"),
}
"""What may become of a request, in words."""
