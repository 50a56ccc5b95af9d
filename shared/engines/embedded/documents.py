"""One service's documents in one SQLite file: a table a collection, content as JSON, expression indexes."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from shared.engines.cursor import cursor as next_cursor
from shared.engines.cursor import read_cursor
from shared.engines.embedded.sqlite import BUSY_TIMEOUT, checkpoint, connect, transaction, translated
from shared.kernel.errors import Conflict
from shared.kernel.ports import Page, Prefix, Progress, Range, Where
from shared.kernel.views import Document

_NAME = re.compile(r"^[a-z_][a-z0-9_.@]*$")
_PAGE = 500


class SqliteDocuments:
    """Views and the offsets up to which they were read, in one transaction. NORMAL: the log refills what a power cut took.

    Tables with a rowid: documents of some kilobytes are rewritten often, and inside the index of ids that costs almost twice as much.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = connect(path, durable=False)
        with translated(path):
            self._db.execute("pragma secure_delete=on")
            self._db.execute("create table if not exists offsets(grp text, topic text, next integer, primary key(grp, topic)) without rowid")

    def close(self) -> None:
        self._db.close()

    async def prepare(self, collection: str, indexes: Sequence[str]) -> None:
        table = _quoted(collection)
        with translated(self.path):
            self._db.execute(f"create table if not exists {table}(id text primary key, revision integer, versions text, data text)")
            for index in set(indexes) - self._indexed(collection):
                self._db.execute(f'create index "{_quoted(index)[1:-1]} {secrets.token_hex(8)}" on {table}({_field(index)}, id)')

    def _indexed(self, collection: str) -> set[str]:
        """A renamed collection takes its indexes with it, so their names say the field and are otherwise random."""
        names = self._db.execute("select name from sqlite_master where type = 'index' and tbl_name = ?", (collection,))
        return {name.partition(" ")[0] for (name,) in names}

    async def get(self, collection: str, id: str) -> Document | None:
        found = (await self.get_many(collection, (id,))).get(id)
        return found if found and found.data is not None else None

    async def get_many(self, collection: str, ids: Sequence[str]) -> Mapping[str, Document]:
        found = {}
        with translated(self.path):
            for start in range(0, len(ids), _PAGE):
                some = ids[start : start + _PAGE]
                marks = ",".join("?" * len(some))
                rows = self._db.execute(f"select id, revision, versions, data from {_quoted(collection)} where id in ({marks})", some)
                found.update({row[0]: _document(row) for row in rows})
        return found

    async def write(self, changes: Mapping[str, Sequence[Document]], progress: Progress | None = None) -> None:
        with translated(self.path), transaction(self._db):
            for collection, documents in changes.items():
                self._put(_quoted(collection), documents)
            if progress:
                self._save_offsets(progress.group, progress.offsets)

    def _put(self, table: str, documents: Sequence[Document]) -> None:
        new = [_row(document) for document in documents if document.revision == 0]
        self._db.executemany(f"insert into {table}(id, revision, versions, data) values(?,1,?,?)", new)
        changed = [(d.revision + 1, *_row(d)[1:], d.id, d.revision) for d in documents if d.revision]
        if changed:
            cursor = self._db.executemany(f"update {table} set revision = ?, versions = ?, data = ? where id = ? and revision = ?", changed)
            if cursor.rowcount != len(changed):
                raise Conflict("A document has changed since it was read.")

    async def begin_where(self, group: str, before: str) -> None:
        """There is one process, and so one version."""

    def hold(self, group: str) -> AbstractAsyncContextManager[None]:
        """No other process has this file."""
        return nullcontext()

    def offset(self, group: str, topic: str) -> int | None:
        with translated(self.path):
            row = self._db.execute("select next from offsets where grp = ? and topic = ?", (group, topic)).fetchone()
        return row[0] if row else None

    def save_offsets(self, group: str, offsets: Mapping[str, int]) -> None:
        with translated(self.path), transaction(self._db):
            self._save_offsets(group, offsets)

    def _save_offsets(self, group: str, offsets: Mapping[str, int]) -> None:
        keep = "insert into offsets values(?,?,?) on conflict do update set next = max(next, excluded.next)"
        self._db.executemany(keep, [(group, topic, offset) for topic, offset in offsets.items()])

    async def find(
        self, collection: str, where: Where | None = None, *, sort: str = "", descending: bool = False, limit: int = 50, cursor: str | None = None
    ) -> Page:
        key, order = _field(sort) if sort else "id", "desc" if descending else "asc"
        conditions, values = _conditions(where)
        rows: list[Any] = []
        named = sort in (where or {}) and (where or {})[sort] is not None
        for condition, bounds in _sections(key, descending, read_cursor(cursor) if cursor else None, named):
            found = f"select id, revision, versions, data, {key} from {_quoted(collection)} where {' and '.join([*conditions, condition])}"
            query = f"{found} order by {key} {order}, id {order} limit ?"
            with translated(self.path):
                rows += self._db.execute(query, (*values, *bounds, limit + 1 - len(rows))).fetchall()
        following = next_cursor(rows[limit - 1][4], rows[limit - 1][0]) if len(rows) > limit else None
        return Page([_document(row[:4]) for row in rows[:limit]], following)

    async def count(self, collection: str, where: Where | None = None, *, most: int | None = None) -> int:
        conditions, values = _conditions(where)
        counted = f"select 1 from {_quoted(collection)} where {' and '.join(conditions)} limit ?"
        with translated(self.path):
            row = self._db.execute(f"select count(*) from ({counted})", (*values, -1 if most is None else most)).fetchone()
        return int(row[0])

    async def totals(self, collection: str, group_by: Sequence[str], sums: Sequence[str], where: Where | None = None) -> Sequence[Mapping[str, Any]]:
        conditions, values = _conditions(where)
        columns = [_field(name) for name in group_by] + ["count(*)"] + [f"coalesce(sum({_field(name)}), 0)" for name in sums]
        grouping = f" group by {', '.join(str(n + 1) for n in range(len(group_by)))} order by 1" if group_by else ""
        with translated(self.path):
            rows = self._db.execute(
                f"select {', '.join(columns)} from {_quoted(collection)} where {' and '.join(conditions)}{grouping}", values
            ).fetchall()
        return [dict(zip((*group_by, "count", *sums), row, strict=True)) for row in rows]

    async def scan(self, collection: str) -> AsyncIterator[Document]:
        after = ""
        while True:
            with translated(self.path):
                rows = self._db.execute(
                    f"select id, revision, versions, data from {_quoted(collection)} where id > ? order by id limit ?", (after, _PAGE)
                ).fetchall()
            for row in rows:
                yield _document(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    async def rename(self, collection: str, to: str) -> None:
        with translated(self.path), transaction(self._db):
            self._db.execute(f"drop table if exists {_quoted(to)}")
            self._db.execute(f"alter table {_quoted(collection)} rename to {_quoted(to)}")

    async def drop(self, collection: str) -> None:
        with translated(self.path):
            self._db.execute(f"drop table if exists {_quoted(collection)}")

    async def scrub(self) -> None:
        with translated(self.path):
            self._db.execute("pragma busy_timeout=0")
            try:
                checkpoint(self._db, self.path)
            finally:
                self._db.execute(f"pragma busy_timeout={BUSY_TIMEOUT}")

    async def collections(self) -> Sequence[str]:
        with translated(self.path):
            rows = self._db.execute("select name from sqlite_master where type = 'table' and name <> 'offsets' order by name").fetchall()
        return [row[0] for row in rows]


def _quoted(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not a collection or field name")
    return f'"{name}"'


def _field(name: str) -> str:
    return "id" if name == "id" else f"json_extract(data, '$.{_quoted(name)[1:-1]}')"


def _conditions(where: Where | None) -> tuple[list[str], list[Any]]:
    conditions, values = _kept(where or {}), []
    for name, wanted in (where or {}).items():
        field = _field(name)
        match wanted:
            case Range(low, high):
                conditions += [f"{field} {sign} ?" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
                values += [bound for bound in (low, high) if bound is not None]
            case Prefix(text):
                conditions += [f"{field} >= ?", f"{field} < ?"]
                values += [text, text + "\U0010ffff"]
            case tuple():
                conditions.append(f"{field} in ({','.join('?' * len(wanted))})")
                values += wanted
            case None:
                conditions.append(f"{field} is null")
            case _:
                conditions.append(f"{field} = ?")
                values.append(wanted)
    return conditions, values


def _kept(where: Where) -> list[str]:
    """Tombstones have no fields: where a value of one is asked for they are out already, and an index alone can tell how many there are."""
    asked = (wanted for name, wanted in where.items() if name != "id" and wanted is not None)
    return ["true"] if any(wanted != Range(None, None) for wanted in asked) else ["data is not null"]


_Section = tuple[str, tuple[Any, ...]]


def _sections(key: str, descending: bool, after: tuple[Any, str] | None, named: bool) -> list[_Section]:
    """What is left after the cursor, part by part, each in the order of an index: documents without the field come lowest.

    Where a value of the field is asked for (``named``) they are not looked through: tombstones have no field, and are most of what there is.
    """
    sign = "<" if descending else ">"
    without: _Section = (f"{key} is null", ())
    with_key: _Section = (f"{key} is not null", ())
    if key == "id":
        return [(f"id {sign} ?", (after[1],))] if after else [("true", ())]
    if named:
        return [(f"({key}, id) {sign} (?, ?)", after)] if after else [with_key]
    if after is None:
        return [with_key, without] if descending else [without, with_key]
    if after[0] is None:
        rest: _Section = (f"{key} is null and id {sign} ?", (after[1],))
        return [rest] if descending else [rest, with_key]
    rest = (f"({key}, id) {sign} (?, ?)", after)
    return [rest, without] if descending else [rest]


def _row(document: Document) -> tuple[str, str, str | None]:
    data = None if document.data is None else to_json(document.data).decode()
    return document.id, to_json(document.versions).decode(), data


def _document(row: Sequence[Any]) -> Document:
    id, revision, versions, data = row
    return Document(id, None if data is None else from_json(data), from_json(versions), revision)
