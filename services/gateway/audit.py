"""What is changed about users and keys is written into ops' audit first: nothing takes effect that nobody wrote down."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from shared.clients import Caller, Clients, call
from shared.kernel.errors import KernelError, Unavailable

log = structlog.get_logger()


class Audit:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def user(self, by: str, name: str, did: str, what: Sequence[str] = ()) -> None:
        """Raises Unavailable."""
        await self._tell(by, "/audit/users", {"user": name, "did": did, "what": list(what)})

    async def key(self, by: str, name: str, did: str, what: Sequence[str] = ()) -> None:
        """Raises Unavailable."""
        await self._tell(by, "/audit/keys", {"key": name, "did": did, "what": list(what)})

    async def locked(self, name: str) -> None:
        """It is locked whether or not that can be written down."""
        try:
            await self.user("service:gateway", name, "locked")
        except KernelError as error:
            log.warning("audit.missed", user=name, did="locked", error=str(error))

    async def _tell(self, by: str, path: str, body: dict[str, object]) -> None:
        try:
            answer = await call(self._clients["ops"], Caller(by), "POST", path, body)
        except (OSError, TimeoutError) as error:
            raise Unavailable("ops does not answer, and nothing about users and keys is changed without an audit. Try again.") from error
        if answer.status >= 400:
            raise Unavailable(f"The audit could not be written: {answer.json().get('detail', answer.status)}")
