"""One service's documents in one SQLite file: a table a collection, content as canonical JSON, expression indexes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.engines.embedded.sqlite import connect, translated
from shared.kernel.errors import Conflict
from shared.kernel.ports import Page, Prefix, Progress, Range, Where
from shared.kernel.views import Document, canonical

_NAME = re.compile(r"^[a-z_][a-z0-9_.@]*$")
_PAGE = 500


class SqliteDocuments:
    """Views and the offsets up to which they were read, in one transaction. NORMAL: the log refills what a power cut took."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = connect(path, durable=False)
        with translated(path):
            self._db.execute("create table if not exists offsets(grp text, topic text, next integer, primary key(grp, topic)) without rowid")

    def close(self) -> None:
        self._db.close()

    async def prepare(self, collection: str, indexes: Sequence[str]) -> None:
        table = _quoted(collection)
        with translated(self.path):
            self._db.execute(f"create table if not exists {table}(id text primary key, revision integer, versions text, data text) without rowid")
            known = self._db.execute("select sql from sqlite_master where type = 'index' and tbl_name = ? and sql is not null", (collection,))
            indexed = [row[0] for row in known]
            for index in indexes:
                if any(sql.endswith(f"({_field(index)}, id)") for sql in indexed):
                    continue
                name = _quoted(f"{collection}.{index}")
                self._db.execute(f"create index if not exists {name} on {table}({_field(index)}, id)")

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
        with translated(self.path):
            self._db.execute("begin immediate")
            try:
                for collection, documents in changes.items():
                    self._put(_quoted(collection), documents)
                if progress:
                    rows = [(progress.group, topic, offset) for topic, offset in progress.offsets.items()]
                    self._db.executemany("insert or replace into offsets values(?,?,?)", rows)
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback") if self._db.in_transaction else None
                raise

    def _put(self, table: str, documents: Sequence[Document]) -> None:
        new = [_row(document) for document in documents if document.revision == 0]
        self._db.executemany(f"insert into {table}(id, revision, versions, data) values(?,1,?,?)", new)
        changed = [(d.revision + 1, *_row(d)[1:], d.id, d.revision) for d in documents if d.revision]
        if changed:
            cursor = self._db.executemany(f"update {table} set revision = ?, versions = ?, data = ? where id = ? and revision = ?", changed)
            if cursor.rowcount != len(changed):
                raise Conflict("A document has changed since it was read.")

    def offset(self, group: str, topic: str) -> int | None:
        with translated(self.path):
            row = self._db.execute("select next from offsets where grp = ? and topic = ?", (group, topic)).fetchone()
        return row[0] if row else None

    def save_offsets(self, group: str, offsets: Mapping[str, int]) -> None:
        with translated(self.path):
            self._db.executemany("insert or replace into offsets values(?,?,?)", [(group, topic, offset) for topic, offset in offsets.items()])

    async def find(
        self, collection: str, where: Where | None = None, *, sort: str = "", descending: bool = False, limit: int = 50, cursor: str | None = None
    ) -> Page:
        key = _field(sort) if sort else "id"
        conditions, values = _conditions(where)
        if cursor:
            after, id = _read_cursor(cursor)
            sign = "<" if descending else ">"
            conditions += [f"({key}, id) {sign} (?, ?)"]
            values += [after, id]
        order = "desc" if descending else "asc"
        found = f"select id, revision, versions, data, {key} from {_quoted(collection)} where {' and '.join(conditions)}"
        query = f"{found} order by {key} {order}, id {order} limit ?"
        with translated(self.path):
            rows = self._db.execute(query, (*values, limit + 1)).fetchall()
        following = _cursor(rows[limit - 1][4], rows[limit - 1][0]) if len(rows) > limit else None
        return Page([_document(row[:4]) for row in rows[:limit]], following)

    async def count(self, collection: str, where: Where | None = None) -> int:
        conditions, values = _conditions(where)
        with translated(self.path):
            row = self._db.execute(f"select count(*) from {_quoted(collection)} where {' and '.join(conditions)}", values).fetchone()
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
        with translated(self.path):
            self._db.execute("begin immediate")
            try:
                self._db.execute(f"drop table if exists {_quoted(to)}")
                self._db.execute(f"alter table {_quoted(collection)} rename to {_quoted(to)}")
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback") if self._db.in_transaction else None
                raise

    async def drop(self, collection: str) -> None:
        with translated(self.path):
            self._db.execute(f"drop table if exists {_quoted(collection)}")

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
    conditions, values = ["data is not null"], []
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


def _row(document: Document) -> tuple[str, str, str | None]:
    data = None if document.data is None else canonical(document.data).decode()
    return document.id, canonical(dict(document.versions)).decode(), data


def _document(row: Sequence[Any]) -> Document:
    id, revision, versions, data = row
    return Document(id, None if data is None else json.loads(data), json.loads(versions), revision)


def _cursor(value: Any, id: str) -> str:
    return base64.urlsafe_b64encode(canonical([value, id])).decode()


def _read_cursor(cursor: str) -> tuple[Any, str]:
    try:
        value, id = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError as error:
        raise ValueError("the cursor is not one of ours") from error
    return value, str(id)
