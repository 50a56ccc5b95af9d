"""Who looks at which order right now: in this process's memory alone, and forgotten by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

LOOKS_FOR = timedelta(seconds=15)
"""Without another word from the page."""


class Looking:
    def __init__(self) -> None:
        self._until: dict[str, dict[str, datetime]] = {}

    def look(self, order_id: str, actor: str, now: datetime) -> bool:
        """Whether that is news."""
        news = actor not in self._here(order_id, now)
        self._until.setdefault(order_id, {})[actor] = now + LOOKS_FOR
        return news

    def leave(self, order_id: str, actor: str) -> bool:
        return self._until.get(order_id, {}).pop(actor, None) is not None

    def others(self, order_id: str, actor: str, now: datetime) -> list[str]:
        return sorted(name for name in self._here(order_id, now) if name != actor)

    def _here(self, order_id: str, now: datetime) -> dict[str, datetime]:
        for id, until in list(self._until.items()):
            self._until[id] = {name: end for name, end in until.items() if end > now}
            if not self._until[id]:
                del self._until[id]
        return self._until.get(order_id, {})
