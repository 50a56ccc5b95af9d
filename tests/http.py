"""A small HTTP/1.1 client for load: one connection, one request at a time, no more work than that."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Connection:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    def close(self) -> None:
        self._writer.close()

    async def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        named = {"host": f"{self._host}:{self._port}", "content-length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        answered = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        return int(status.split()[1]), answered, await self._reader.readexactly(int(answered.get("content-length", "0")))

    async def post(self, path: str, value: Any, headers: dict[str, str]) -> tuple[int, Any]:
        status, _, body = await self.request("POST", path, json.dumps(value).encode(), {"content-type": "application/json", **headers})
        return status, json.loads(body)
