"""How the gateway and ops call the services: saying who asks, with a key for repeats and the version that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shared.asgi import Client, Response

Clients = Mapping[str, Client]
"""A client for each service, by its name."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, such as ``agent:agent1`` with the role ``supervisor``."""

    actor: str
    role: str = ""


async def call(
    client: Client, caller: Caller, method: str, path: str, json: Any = None, *, query: Mapping[str, Any] | None = None, key: str = "",
    version: int | None = None, more: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """``key`` is the command's Idempotency-Key, ``version`` the one that the caller saw, ``more`` are further headers. Query values that are None
    are left out.

    Raises OSError or TimeoutError when nobody answered.
    """
    headers = {**(more or {}), "x-ringup-actor": caller.actor, "x-ringup-role": caller.role}
    if key:
        headers["idempotency-key"] = key
    if version is not None:
        headers["if-match"] = f'"{version}"'
    asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
    return await client.request(method, f"{path}?{asked}" if asked else path, json=json, headers=headers)
