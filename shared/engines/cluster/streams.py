"""Streams on MongoDB: one document a commit, so that an append is one insert and its duplicate key the conflict."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from bson import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.read_concern import ReadConcern

from shared.engines.cluster.mongo import Database, translated
from shared.kernel.errors import Conflict, Oversize, Unwritable
from shared.kernel.ports import LARGEST, Stored

COMMITS = "commits"
_KNOWN = 20_000
_INDEXES = [
    IndexModel([("stream", ASCENDING), ("version", DESCENDING)], unique=True, name="stream"),
    IndexModel([("stream", ASCENDING), ("version", ASCENDING)], partialFilterExpression={"relayed": False}, name="unrelayed"),
]


class MongoStreams:
    """``{stream, version of its first event, last, topic, events, relayed}``. ``appended`` hears that there is something to relay."""

    def __init__(self, database: Database, appended: Callable[[], None]) -> None:
        self._place = f"{database.name}.{COMMITS}"
        self._commits = database.get_collection(COMMITS)
        self._confirmed = self._commits.with_options(read_concern=ReadConcern("linearizable"))
        self._appended = appended
        self._newest: OrderedDict[str, int] = OrderedDict()

    async def prepare(self) -> None:
        with translated(self._place):
            await self._commits.create_indexes(_INDEXES)

    async def load(self, stream: str, after: int = 0, *, confirmed: bool = False) -> Sequence[Stored]:
        """A primary that was deposed without noticing may answer with less, unless it has to confirm that it is one."""
        with translated(self._place):
            commits = (
                await (self._confirmed if confirmed else self._commits)
                .find({"stream": stream, "last": {"$gt": after}})
                .sort("version", ASCENDING)
                .to_list(None)
            )
        if commits:
            self._remember(stream, commits[-1]["last"])
        return [event for commit in commits for event in events_of(commit) if event.version > after]

    async def append(self, topic: str, events: Sequence[Stored]) -> None:
        for event in events:
            if len(event.data) > LARGEST:
                raise Oversize(f"An event of {event.stream} is {len(event.data)} bytes; at most {LARGEST} can be recorded.")
        stream, first = events[0].stream, events[0].version
        last = first + len(events) - 1
        if [event.version for event in events] != list(range(first, last + 1)) or await self._version(stream, first - 1) != first - 1:
            raise Conflict(f"{stream} is not at version {first - 1}.")
        commit = {"stream": stream, "version": first, "last": last, "topic": topic, "events": [_kept(event) for event in events], "relayed": False}
        try:
            with translated(self._place):
                await self._commits.insert_one(commit)
        except Unwritable as error:
            raise Oversize(f"What was to be recorded in {stream} at once is too large.") from error
        finally:
            self._newest.pop(stream, None)
        self._remember(stream, last)
        self._appended()

    async def _version(self, stream: str, expected: int) -> int:
        """What is known may be old, but commits leave no gap: if the stream has grown, one begins right behind it and the insert fails."""
        if self._newest.get(stream) == expected:
            return expected
        with translated(self._place):
            newest = await self._commits.find_one({"stream": stream}, {"last": 1}, sort=[("version", DESCENDING)])
        return int(newest["last"]) if newest else 0

    def _remember(self, stream: str, version: int) -> None:
        self._newest[stream] = version
        self._newest.move_to_end(stream)
        if len(self._newest) > _KNOWN:
            self._newest.popitem(last=False)

    async def names(self, prefix: str = "", after: str = "", limit: int = 100) -> Sequence[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        wanted = {"stream": {"$gt": after, "$gte": prefix, "$lt": prefix + "\U0010ffff"}}
        order = [("stream", ASCENDING), ("version", DESCENDING)]
        with translated(self._place):
            async for commit in self._commits.find(wanted, {"stream": 1, "last": 1}, sort=order, batch_size=4 * limit + 1):
                if not found or found[-1][0] != commit["stream"]:
                    if len(found) == limit:
                        break
                    found.append((commit["stream"], commit["last"]))
        return found


def _kept(event: Stored) -> dict[str, Any]:
    return {"headers": [list(pair) for pair in event.headers], "data": Binary(event.data)}


def events_of(commit: dict[str, Any]) -> list[Stored]:
    return [
        Stored(commit["stream"], commit["version"] + n, tuple((name, value) for name, value in event["headers"]), bytes(event["data"]))
        for n, event in enumerate(commit["events"])
    ]
