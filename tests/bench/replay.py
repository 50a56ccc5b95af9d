"""Replay events into a view: against a raw loop over the same log, and against the eventsourcing library into a dict."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from services.fulfillment.views import shipments, within
from shared.contracts.order import SubmittedOrder
from shared.contracts.registry import EVENTS
from shared.engines.embedded.documents import SqliteDocuments
from shared.engines.embedded.log import Log
from shared.kernel.codec import Codec, Probe, stamp
from shared.kernel.events import Event, Fact
from shared.kernel.ports import Prefix
from shared.kernel.projector import Build, project
from tests.bench.row import Row, by_turns
from tests.bench.samples import NOON, shipment

ORDERS, BATCH = 3_000, 500
EVENTS_EACH = 4
DURABILITY = "view in WAL, synchronous=NORMAL, a transaction for 500 events"
Row_ = dict[str, Any]


async def filled(log: Log) -> Log:
    codec = Codec(EVENTS)
    for n in range(ORDERS):
        facts = [Fact(e, f"shipment-{n:010d}", v, NOON, "policy:x", "1", "c1", f"c{v}", "") for v, e in enumerate(shipment(n), 1)]
        await log.append("fulfillment", [codec.encode(fact, Probe()) for fact in facts])
    return log


async def ours(log: Log, path: Path) -> float:
    codec, documents = Codec(EVENTS), SqliteDocuments(path)
    build = Build(shipments, "shipments@1")
    await documents.prepare(build.collection, shipments.indexes)
    begun, position = time.perf_counter(), 0
    while batch := log.read_now("fulfillment", position, BATCH):
        await project([build], documents, [codec.decode(dict(e.headers), e.data, "fulfillment", e.position) for e in batch])
        position = batch[-1].position + 1
    seconds = time.perf_counter() - begun
    _same(await documents.count(build.collection, {"status_at": Prefix(within("Pending Shipment"))}))
    documents.close()
    return ORDERS * EVENTS_EACH / seconds


def raw(events: Path, path: Path) -> float:
    """By hand: decode, validate, fold and upsert one event after the other, 500 to a transaction, with the same indexes."""
    log, db = sqlite3.connect(events), sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=normal"):
        db.execute(f"pragma {pragma}")
    db.execute("create table view(id text primary key, data text) without rowid")
    for field in shipments.indexes:
        db.execute(f"create index view_{field} on view(json_extract(data, '$.{field}'), id)")
    begun = time.perf_counter()
    for n, (headers, data) in enumerate(log.execute("select headers, data from events where topic = 'fulfillment' order by position")):
        if n % BATCH == 0:
            db.execute("begin")
        named = dict(json.loads(headers))
        validated = EVENTS[named["ce_type"]].model_validate_json(data)
        before = db.execute("select data from view where id = ?", (validated.order_id,)).fetchone()  # type: ignore[attr-defined]
        row = _folded(json.loads(before[0]) if before else None, validated, named["ce_time"])
        db.execute("insert or replace into view values(?,?)", (validated.order_id, json.dumps(row)))  # type: ignore[attr-defined]
        if n % BATCH == BATCH - 1:
            db.execute("commit")
    seconds = time.perf_counter() - begun
    _same(db.execute("select count(*) from view where json_extract(data, '$.status') = 'Pending Shipment'").fetchone()[0])
    db.close()
    log.close()
    return ORDERS * EVENTS_EACH / seconds


def _folded(row: Row_ | None, validated: Event, time: str) -> Row_:
    return shipments.apply(row, Fact(validated, "", 1, NOON, "", "", ""), "") or {}


class Shipment(Aggregate):
    @event("Created")
    def __init__(self, order_id: str, plugin: str, submitted: Row_, lines: list[int]) -> None:
        self.order_id = order_id

    @event("Released")
    def release(self, order_id: str, by: str, by_hand: bool, reason: str, plugins: list[str], at: str | None) -> None: ...

    @event("Requested")
    def request(self, order_id: str, plugin: str, export_id: str, due_at: str, by: str, reason: str) -> None: ...

    @event("Exported")
    def export(self, order_id: str, plugin: str, export_id: str, their_id: str) -> None: ...


def library(path: Path) -> Application:
    app = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})
    for n in range(ORDERS):
        created, released, requested, exported = ({**e.model_dump(mode="json")} for e in shipment(n))
        aggregate = Shipment(**created)
        aggregate.release(**released)
        aggregate.request(**requested)
        aggregate.export(**exported)
        app.save(aggregate)
    return app


def theirs(app: Application, *, validating: bool) -> float:
    view: dict[str, Row_] = {}
    begun, start = time.perf_counter(), 1
    while notifications := app.recorder.select_notifications(start, BATCH):
        for notification in notifications:
            happened = app.mapper.to_domain_event(notification)
            if validating and isinstance(happened, Shipment.Created):  # type: ignore[attr-defined]
                SubmittedOrder.model_validate(happened.submitted)
            _apply(view, happened)
        start = notifications[-1].id + 1
    seconds = time.perf_counter() - begun
    _same(sum(row["status"] == "Pending Shipment" for row in view.values()))
    return ORDERS * EVENTS_EACH / seconds


def _apply(view: dict[str, Row_], happened: Any) -> None:
    row = {**view.get(happened.order_id, {"status": "Hold"}), "updated_at": stamp(happened.timestamp)}
    match happened:
        case Shipment.Created():  # type: ignore[attr-defined]
            row |= {"plugin": happened.plugin, "submitted": happened.submitted}
        case Shipment.Requested():  # type: ignore[attr-defined]
            row |= {"status": "Pending", "export_id": happened.export_id}
        case Shipment.Exported():  # type: ignore[attr-defined]
            row |= {"status": "Pending Shipment", "exported_at": stamp(happened.timestamp), "their_id": happened.their_id}
    view[happened.order_id] = row


def _same(found: int) -> None:
    if found != ORDERS:
        raise RuntimeError(f"{ORDERS} orders were shipped, the view has {found}")


def _paths(folder: Path) -> Iterator[Path]:
    n = 0
    while True:
        n += 1
        yield folder / f"view-{n}.db"


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = _paths(folder)
        await (await filled(Log(folder / "events.db"))).stop()
        log, app = Log(folder / "events.db"), library(folder / "library.db")

        async def replayed() -> float:
            return await ours(log, next(paths))

        async def by_hand() -> float:
            return raw(folder / "events.db", next(paths))

        async def into_a_dict() -> float:
            return theirs(app, validating=False)

        async def into_a_dict_validated() -> float:
            return theirs(app, validating=True)

        first, hand = await by_turns(replayed, by_hand)
        second, dicts = await by_turns(replayed, into_a_dict)
        third, validated = await by_turns(replayed, into_a_dict_validated)
        await log.stop()
        app.close()
    return [
        Row("replay into a view", DURABILITY, "events/s", first, "raw loop: decode, validate, upsert one by one; the same", hand, 0.6),
        Row("replay into a view", DURABILITY, "events/s", second, "eventsourcing library into a dict; nothing kept, nothing validated", dicts, 0.8),
        Row("replay into a view", DURABILITY, "events/s", third, "the same, with the order in the event validated as ours is", validated),
    ]
