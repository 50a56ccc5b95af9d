"""What a plugin that is asked from outside may look up and tell: of its own exports alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from services.fulfillment.commands import Ship, Stopped
from services.fulfillment.delivery import Dispatch, plain
from services.fulfillment.moments import happened
from services.fulfillment.plugins.protocol import Outgoing
from services.fulfillment.records import Record, Shipment
from services.fulfillment.shipment import shipment
from services.fulfillment.views import shipments, within
from shared.contracts.fulfillment import Parcel
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.ports import Range
from shared.service import Running

PAGE = 50
_LONGEST = 100


class OwnDesk:
    """Raises Unavailable."""

    def __init__(self, running: Running, plugin: str) -> None:
        self._running = running
        self._plugin = plugin
        self._dispatch = Dispatch(running, running.state["roster"])

    async def exports(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[tuple[Outgoing, str, datetime]], int]:
        """In the order of their names, so that what changes while pages are turned moves none from one to another."""
        own = within(self._plugin)
        where = {"plugin_out_at": Range(f"{own}{stamp(since)}", f"{own}{stamp(until)}")}
        pages = -(-await self._running.count(shipments, where) // PAGE)
        rows, cursor = await self._running.find(shipments, where, limit=PAGE, open_fields=False)
        for _ in range(page - 1):
            if not cursor:
                return [], pages
            rows, cursor = await self._running.find(shipments, where, limit=PAGE, cursor=cursor, open_fields=False)
        found = []
        for row in rows:
            state, record = await self._own(row["id"])
            if record:
                cancelling = (row.get("cancel") or {}).get("state") == "requested"
                changed = datetime.fromisoformat(row["updated_at"])
                found.append((await self._dispatch.outgoing(record, state), "Cancelling" if cancelling else row["status"], changed))
        return found, pages

    async def shipped(self, export_id: str, carrier: str, tracking: str, service: str, at: datetime) -> bool:
        _, record = await self._own(export_id)
        if record is None:
            return False
        at = happened(at, self._running.clock(), record.created.submitted.submitted_at)
        parcel = Parcel(carrier=plain(carrier, _LONGEST), tracking=plain(tracking, _LONGEST), service=plain(service, _LONGEST))
        return await self._tell(record, Ship(record.created.order_id, record.plugin, parcel, at, f"plugin:{self._plugin}"))

    async def stopped(self, export_id: str) -> bool:
        _, record = await self._own(export_id)
        if record is None or record.recall != "requested":
            return False
        return await self._tell(record, Stopped(record.export_id))

    async def _tell(self, record: Record, command: Ship | Stopped) -> bool:
        try:
            await self._running.send(record.created.order_id, command, uuid.uuid4().hex, f"plugin:{self._plugin}")
        except Refusal:
            return False
        return True

    async def _own(self, export_id: str) -> tuple[Shipment, Record | None]:
        order_id, _, plugin = export_id.partition("-")
        state: Shipment = (await self._running.load(shipment, order_id))[0]
        return state, state.of(export_id) if plugin == self._plugin else None
