"""Documents in memory, as the ports want them."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from pydantic_core import from_json, to_json

from shared.engines.cursor import cursor as next_cursor
from shared.engines.cursor import read_cursor
from shared.kernel.errors import Conflict, KernelError, Unavailable
from shared.kernel.ports import Page, Prefix, Range
from shared.kernel.views import Document

LEASE = 60
"""Seconds that a group stays held by somebody who has died."""


@dataclass
class Shelf:
    """What one service keeps: ``offsets`` by group and part, ``held`` by group: who holds it, and until when."""

    collections: dict = field(default_factory=dict)
    offsets: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)

    def is_free(self, group, token=None):
        holder, until = self.held.get(group, (token, 0))
        return holder is token or until <= asyncio.get_running_loop().time()

    def hold(self, group, token):
        if not self.is_free(group, token):
            raise Unavailable(f"{group} is held by somebody else.")
        self.held[group] = (token, asyncio.get_running_loop().time() + LEASE)

    def release(self, group, token):
        if self.held.get(group, (None,))[0] is token:
            del self.held[group]


class MemoryDocuments:
    """``line`` lies between this process and the shelf."""

    def __init__(self, shelf, line):
        self._shelf = shelf
        self._line = line

    def _in(self, collection):
        try:
            return self._shelf.collections[collection]
        except KeyError as error:
            raise Unavailable(f"There is no collection {collection}.") from error

    async def prepare(self, collection, indexes):
        await self._line.ask("documents.prepare", lambda: self._shelf.collections.setdefault(collection, {}))

    async def get(self, collection, id):
        found = (await self.get_many(collection, (id,))).get(id)
        return found if found and found.data is not None else None

    async def get_many(self, collection, ids):
        def found():
            kept = self._in(collection)
            return {id: _document(id, *kept[id]) for id in ids if id in kept}

        return await self._line.read("documents.get", found)

    async def write(self, changes, progress=None):
        await self._line.ask(
            "documents.write",
            lambda: self._write(changes, progress),
            [f"{collection}/{d.id}" for collection, documents in changes.items() for d in documents],
        )

    def _write(self, changes, progress):
        """All of it or nothing; without progress whatever is not in conflict."""
        if progress and not self._shelf.is_free(progress.group):
            raise Unavailable(f"{progress.group} waits while a build is compared.")
        fitting = {collection: [d for d in documents if self._fits(collection, d)] for collection, documents in changes.items()}
        conflict = any(len(fitting[collection]) < len(documents) for collection, documents in changes.items())
        if not (conflict and progress):
            for collection, documents in fitting.items():
                self._in(collection).update({document.id: _row(document) for document in documents})
        if conflict:
            raise Conflict("A document has changed since it was read.")
        if progress:
            self._save(progress)

    def _fits(self, collection, document):
        return self._in(collection).get(document.id, (0,))[0] == document.revision

    def _save(self, progress):
        for part, offset in progress.offsets.items():
            place = (progress.group, part)
            self._shelf.offsets[place] = max(offset, self._shelf.offsets.get(place, 0))

    async def begin_where(self, group, before):
        await self._line.ask("documents.begin_where", lambda: self._begin_where(group, before))

    def _begin_where(self, group, before):
        groups = {}
        for (name, part), offset in self._shelf.offsets.items():
            if name.startswith(before):
                groups.setdefault(name, {})[part] = offset
        if groups and group not in groups:
            furthest = max(groups.values(), key=lambda offsets: sum(offsets.values()))
            self._shelf.offsets.update({(group, part): offset for part, offset in furthest.items()})

    @contextlib.asynccontextmanager
    async def hold(self, group):
        """Whoever holds it says so again and again, and whoever dies holds it a while longer."""
        token = object()
        await self._line.ask("documents.hold", lambda: self._shelf.hold(group, token))
        keeping = asyncio.create_task(self._keep(group, token))
        try:
            yield
        finally:
            keeping.cancel()
            self._shelf.release(group, token)

    async def _keep(self, group, token):
        while True:
            await asyncio.sleep(LEASE / 4)
            with contextlib.suppress(KernelError):
                await self._line.ask("documents.hold", lambda: self._shelf.hold(group, token))

    async def find(self, collection, where=None, *, sort="", descending=False, limit=50, cursor=None):
        after = read_cursor(cursor) if cursor else None
        rows = sorted(await self._matching(collection, where), key=lambda document: _place(document, sort), reverse=descending)
        if after:
            end = _ranked(after[0] if sort else "", after[1])
            rows = [document for document in rows if (_place(document, sort) < end if descending else _place(document, sort) > end)]
        more = len(rows) > limit
        return Page(rows[:limit], next_cursor(_value(rows[limit - 1], sort), rows[limit - 1].id) if more else None)

    async def _matching(self, collection, where):
        def found():
            documents = (_document(id, *row) for id, row in self._in(collection).items() if row[2] is not None)
            return [document for document in documents if all(_fits(_value(document, name), wanted) for name, wanted in (where or {}).items())]

        return await self._line.read("documents.find", found)

    async def count(self, collection, where=None, *, most=None):
        return len((await self._matching(collection, where))[:most])

    async def totals(self, collection, group_by, sums, where=None):
        groups = {} if group_by else {(): []}
        for document in await self._matching(collection, where):
            groups.setdefault(tuple(document.data.get(name) for name in group_by), []).append(document.data)
        return [
            dict(zip(group_by, group, strict=True)) | {"count": len(rows)} | {name: sum(row[name] for row in rows) for name in sums}
            for group, rows in sorted(groups.items())
        ]

    async def scan(self, collection):
        for document in await self._line.read("documents.scan", lambda: [_document(id, *row) for id, row in sorted(self._in(collection).items())]):
            yield document

    async def rename(self, collection, to):
        def renamed():
            self._shelf.collections[to] = self._in(collection)
            del self._shelf.collections[collection]

        await self._line.ask("documents.rename", renamed)

    async def drop(self, collection):
        await self._line.ask("documents.drop", lambda: self._shelf.collections.pop(collection, None))

    async def scrub(self):
        """Memory has nothing to overwrite."""

    async def collections(self):
        return await self._line.read("documents.collections", lambda: sorted(self._shelf.collections))


def _row(document):
    """As bytes: nobody may change what another one reads."""
    return document.revision + 1, to_json(document.versions), None if document.data is None else to_json(document.data)


def _document(id, revision, versions, data):
    return Document(id, None if data is None else from_json(data), from_json(versions), revision)


def _value(document, name):
    return document.id if name in ("", "id") else document.data.get(name)


def _place(document, sort):
    return _ranked(_value(document, sort) if sort else "", document.id)


def _ranked(value, id):
    """Documents without the field are lowest."""
    return (0, id) if value is None else (1, value, id)


def _fits(value, wanted):
    match wanted:
        case Range(low, high):
            return value is not None and (low is None or value >= low) and (high is None or value <= high)
        case Prefix(text):
            return isinstance(value, str) and value.startswith(text)
        case tuple():
            return value in wanted
    return value == wanted
