"""Published versions of campaigns, as cart knows them. One never changes, so that each is asked for once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from services.gateway.door import Services

_MOST = 50


class Versions:
    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Mapping[str, Any]] = {}

    async def find(self, services: Services, id: str, number: int) -> Mapping[str, Any]:
        """The campaign. Raises Failed."""
        key = id, number
        if key not in self._known:
            row = await services.get("cart", f"/campaigns/{quote(id, safe='')}/{number}")
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[key] = row["campaign"]
        return self._known[key]
