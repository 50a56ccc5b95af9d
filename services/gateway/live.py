"""What happens, told to pages as it happens: the headers of every topic from the end, over server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog

from shared.kernel.errors import KernelError
from shared.kernel.ports import Stored

Notice = dict[str, str | int]
Tail = Callable[[], AsyncIterator[tuple[str, Stored]]]
_MOST_WAITING = 1_000
_AGAIN = 0.5

log = structlog.get_logger()


class Live:
    """One reader of the topics, any number of listeners; one that can't keep up is told to fetch everything again."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._listeners: set[asyncio.Queue[Notice]] = set()

    async def run(self) -> None:
        """Never ends: where the topics can't be read, listeners are told to fetch everything again, and it goes on from there."""
        while True:
            try:
                async for topic, stored in self._tail():
                    if self._listeners:
                        self._tell(_notice(topic, stored))
            except KernelError as error:
                log.warning("live.waits", error=str(error))
            await asyncio.sleep(_AGAIN)
            self._tell({"type": "missed"})

    def say(self, subject: str, type: str) -> None:
        """What is no event, to those who listen here: nobody who misses it needs to know later."""
        self._tell({"subject": subject, "type": type})

    def _tell(self, notice: Notice) -> None:
        for queue in self._listeners:
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait(notice)
            else:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"type": "missed"})

    async def listen(self) -> AsyncIterator[Notice]:
        queue: asyncio.Queue[Notice] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield {"type": "connected"}
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)


def _notice(topic: str, stored: Stored) -> Notice:
    type = next((value for name, value in stored.headers if name == "ce_type"), "")
    return {
        "subject": stored.stream.partition("-")[2] or stored.stream,
        "type": type.rpartition(".")[2],
        "topic": topic,
        "stream": stored.stream,
        "version": stored.version,
    }
