"""``ringup streams verify``: every stream whole, every topic the same as its streams, every group within its topics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from services.cli.connect import Failed, ask
from shared.asgi import Client
from shared.streams import chained

Known = tuple[int, str]
"""Newest version, and the digest of the stream up to it."""
_PAGE = 500


@dataclass
class Walk:
    """Streams first: what is on a topic and not among them was appended since, or has no stream. ``passed(n)`` hears of events read."""

    client: Client
    passed: Callable[[int], None]
    streams: dict[str, Known] = field(default_factory=dict)
    topics: dict[str, Known] = field(default_factory=dict)
    events: int = 0
    wrong: list[dict[str, str]] = field(default_factory=list)

    def found(self, where: str, what: str) -> None:
        self.wrong.append({"where": where, "what": what})

    async def run(self) -> None:
        services = await ask(self.client, "GET", "/ends")
        for service in services:
            await self._walk_streams(service)
        ends = await ask(self.client, "GET", "/ends")
        for service, end in ends.items():
            await self._walk_topic(service, end["parts"])
            await self._compare(service, end["waiting"])
            for group in end["groups"]:
                if group["offset"] > group["end"]:
                    self.found(group["group"], f"has read {group['part']} up to {group['offset']}, but that ends at {group['end']}")
            self.streams, self.topics = {key: known for key, known in self.streams.items() if not key.startswith(f"{service}/")}, {}

    async def _walk_streams(self, service: str) -> None:
        after: str | None = ""
        while after is not None:
            page = await ask(self.client, "GET", f"/digests/{service}", after=after, limit=_PAGE)
            for row in page["rows"]:
                self.streams[f"{service}/{row['stream']}"] = (row["version"], row["digest"])
                for what in row["wrong"]:
                    self.found(row["stream"], what)
            after = page["next"]

    async def _walk_topic(self, service: str, until: dict[str, int]) -> None:
        async for row in read(self.client, service, dict.fromkeys(until, 0), until, "digest"):
            self.events += 1
            self.passed(self.events)
            self._pass(service, row)

    def _pass(self, service: str, row: Any) -> None:
        stream, version = row["stream"], row["version"]
        newest, digest = self.topics.get(stream, (0, ""))
        at = f"position {row['position']} of {row['part']}"
        if row["wrong"]:
            self.found(stream, f"{at}: {row['wrong']}")
        if version <= newest:
            return
        if version != newest + 1:
            self.found(stream, f"{at} has version {version} after {newest}")
        digest = chained(digest, row["digest"])
        self.topics[stream] = (version, digest)
        if (version, digest) != self.streams.get(f"{service}/{stream}", (version, digest)) and version == self.streams[f"{service}/{stream}"][0]:
            self.found(stream, f"up to version {version} its topic is not what the stream is")

    async def _compare(self, service: str, waiting: int) -> None:
        """What one has and the other has not."""
        for stream, (version, digest) in self.topics.items():
            walked, _ = self.streams.get(f"{service}/{stream}", (0, ""))
            if version > walked and digest != await self._digest(service, stream, version):
                self.found(stream, f"the topic of {service} has it up to version {version}, the stream is not there or another")
        for key, (version, _) in self.streams.items():
            owner, _, stream = key.partition("/")
            on_topic = self.topics.get(stream, (0, ""))[0]
            if owner == service and on_topic < version and not waiting:
                self.found(stream, f"its topic ends at version {on_topic}, the stream at {version}")

    async def _digest(self, service: str, stream: str, until: int) -> str:
        """Of a stream as it is now; empty where there is none."""
        try:
            return str((await ask(self.client, "GET", f"/digests/{service}/{quote(stream, safe='')}", until=until))["digest"])
        except Failed:
            return ""


async def read(client: Client, service: str, following: dict[str, int], until: dict[str, int] | None, form: str) -> AsyncIterator[Any]:
    """The events of a service's topic from there on; ``following`` moves on with what was given."""
    while until is None or following != until:
        page = await ask(client, "POST", f"/events/{service}", {"next": following, "until": until, "limit": _PAGE, "form": form})
        for row in page["rows"]:
            yield row
        if until is None and following == page["next"]:
            return
        following.update(page["next"])
