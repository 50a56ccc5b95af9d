"""What runs plugins: hands over, asks first where an earlier try may have got there, recalls, erases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from services.fulfillment.commands import (
    Claim,
    ClaimCancel,
    ClaimErasure,
    Delivered,
    Erased,
    Failed,
    Stopped,
    TooLate,
    Unanswered,
    Unstoppable,
)
from services.fulfillment.plugins import protocol
from services.fulfillment.plugins.asked import Broken, asked, believed
from services.fulfillment.plugins.protocol import Item, Known, NoAnswer, Outgoing, Refused, Taken
from services.fulfillment.records import Record, Shipment
from services.fulfillment.roster import At, Roster
from services.fulfillment.views import cancellations, deliveries, erasures
from shared.contracts.fulfillment import DeliveryRequested, ErasureRequested, PluginCancelRequested
from shared.contracts.order import Address
from shared.kernel.effects import Effect, Work
from shared.kernel.errors import KernelError, Unavailable
from shared.kernel.events import Event
from shared.service import Running
from shared.text import impersonal

log = structlog.get_logger()

_LONGEST_REASON = 300
_LONGEST_ID = 200
Said = TypeVar("Said")


class Dispatch:
    def __init__(self, running: Running, roster: Roster) -> None:
        self._running = running
        self._roster = roster

    async def deliver(self, work: Work, state: Shipment) -> Delivered | Failed:
        record, at = await self._to_do(work, state)
        if at.plugin is None or at.why:
            return self._failed(record, at.why, unknown=record.doubted)
        return await self._hand_over(record, at, at.plugin, await self.outgoing(record, state))

    async def ask(self, work: Work, state: Shipment) -> Delivered | Failed:
        """Whether they have it already; one that is to be sent once more, they have."""
        record, at = await self._to_do(work, state)
        if at.plugin is None or at.why:
            return self._failed(record, at.why, unknown=record.doubted)
        outgoing = await self.outgoing(record, state)
        known: Known = None
        if not record.resend:
            known = await self._asked(record, outgoing, (Taken, NoAnswer, type(None)), at.plugin.reconcile, at.options, at.secrets)
        match known:
            case NoAnswer(reason, after):
                return self._failed(record, reason, unknown=record.doubted, after=after)
            case Taken(same=False):
                detail = f"{record.plugin} has {record.export_id} already, and it says something else than this order."
                return self._failed(record, detail, again=False)
            case Taken(their_id):
                return Delivered(record.export_id, plain(their_id, _LONGEST_ID))
        return await self._hand_over(record, at, at.plugin, outgoing)

    async def _hand_over(self, record: Record, at: At, plugin: protocol.Plugin, outgoing: Outgoing) -> Delivered | Failed:
        """A no is about this try: an earlier one may have got there all the same."""
        said = await self._asked(record, outgoing, (Taken, Refused, NoAnswer), plugin.deliver, at.options, at.secrets)
        match said:
            case Taken(their_id):
                return Delivered(record.export_id, plain(their_id, _LONGEST_ID))
            case Refused(reason, gone=True):
                await self._roster.switch_off(record.plugin, f"They want nothing any more: {plain(reason, _LONGEST_REASON)}")
                return self._failed(record, reason, unknown=record.doubted)
            case Refused(reason, again, after):
                return self._failed(record, reason, again=again, unknown=record.doubted, after=after)
        return self._failed(record, said.reason, after=said.after)

    def _failed(self, record: Record, reason: str, *, again: bool = True, unknown: bool = True, after: timedelta | None = None) -> Failed:
        lease = record.delivery.lease
        return Failed(record.export_id, plain(reason, _LONGEST_REASON), self._running.clock(), lease, again, after, unknown)

    async def recall(self, work: Work, state: Shipment) -> Stopped | TooLate | Unstoppable | Unanswered:
        """That they cannot stop it does not say that they have it."""
        record, at = await self._to_do(work, state)
        if at.plugin is None or at.why:
            return self._unanswered(record, at.why)
        outgoing, their_id, theirs = await self.outgoing(record, state), record.their_id, record.exported
        if not record.exported:
            known = await self._asked(record, outgoing, (Taken, NoAnswer, type(None)), at.plugin.reconcile, at.options, at.secrets)
            if isinstance(known, NoAnswer):
                return self._unanswered(record, known.reason, known.after)
            their_id, theirs = (plain(known.their_id, _LONGEST_ID), True) if known else ("", False)
        answers = (protocol.Stopped, Refused, NoAnswer)
        said = await self._asked(record, outgoing, answers, at.plugin.cancel, their_id, at.options, at.secrets)
        match said:
            case protocol.Stopped():
                return Stopped(record.export_id)
            case Refused(reason, again=False) if theirs:
                return TooLate(record.export_id, plain(reason, _LONGEST_REASON), their_id)
            case Refused(reason, again=False):
                return Unstoppable(record.export_id, plain(reason, _LONGEST_REASON), self._running.clock())
        return self._unanswered(record, said.reason, said.after)

    def _unanswered(self, record: Record, reason: str, after: timedelta | None = None) -> Unanswered:
        return Unanswered(record.export_id, plain(reason, _LONGEST_REASON), self._running.clock(), record.recalling.lease, after)

    async def erase(self, work: Work, state: Shipment) -> Erased:
        """Raises Unavailable."""
        record = _record(work, state)
        at = await self._roster.at(record.plugin, on=False)
        if at.plugin is None:
            raise Unavailable(f"The export {record.export_id} could not be erased: {at.why}")
        try:
            await asked(at.plugin.erase, record.export_id, at.options)
        except Unavailable:
            raise
        except (Broken, KernelError) as error:
            raise Unavailable(f"The export {record.export_id} could not be erased: {error}") from error
        return Erased(record.export_id)

    async def _to_do(self, work: Work, state: Shipment) -> tuple[Record, At]:
        record = _record(work, state)
        return record, await self._roster.at(record.plugin)

    async def outgoing(self, record: Record, state: Shipment) -> Outgoing:
        """With its personal fields opened. Raises Unavailable."""
        submitted = await self._running.opened(record.created.submitted.model_dump(mode="json"))
        approved = state.approved.at if state.approved else None
        return outgoing(record, submitted, approved or record.created.submitted.submitted_at)

    async def _asked(
        self, record: Record, outgoing: Outgoing, answers: tuple[type, ...], ask: Callable[..., Awaitable[Said]], *about: Any
    ) -> Said | NoAnswer:
        """Whatever goes wrong over there, nobody knows what they did. Reasons are kept for good: they say nothing personal."""
        try:
            said = believed(await asked(ask, outgoing, *about), answers)
        except Broken as broken:
            detail = str(broken)
        except KernelError as error:
            detail = f"The plugin failed ({type(error).__name__})."
        else:
            return replace(said, reason=_impersonal(said.reason, outgoing)) if isinstance(said, Refused | NoAnswer) else said
        log.error("plugin.failed", plugin=record.plugin, export_id=record.export_id, error=detail)
        return NoAnswer(detail)


def _record(work: Work, state: Shipment) -> Record:
    record = state.of(work.reference)
    if record is None:
        raise LookupError(f"{work.reference} has no record of what to send")
    return record


def plain(text: str, longest: int) -> str:
    """What a plugin says is kept: one line of what can be printed."""
    return " ".join("".join(each if each.isprintable() else " " for each in str(text)[: 2 * longest]).split())[:longest]


def _impersonal(reason: str, about: Outgoing) -> str:
    places = [getattr(place, name) for place in (about.ship_to, about.bill_to) for name in ("street", "unit", "city", "postal")]
    return impersonal(plain(reason, 2 * _LONGEST_REASON), (about.first_name, about.last_name, about.phone, about.email, *places))


def outgoing(record: Record, submitted: dict[str, Any], approved_at: datetime) -> Outgoing:
    """``submitted`` is a SubmittedOrder as JSON with its personal fields opened."""
    order, quote = submitted["order"], submitted["order"]["quote"]
    lines = [line for line in quote["lines"] if not record.created.lines or line["line"] in record.created.lines]
    return Outgoing(
        export_id=record.export_id,
        order_id=submitted["order_id"],
        campaign=order["campaign_name"] or order["campaign"],
        approved_at=approved_at,
        items=[Item(line["line"], line["sku"], line["name"], line["quantity"], line["unit_price"]) for line in lines],
        currency=submitted["currency"],
        total=quote["total"],
        shipping=quote["shipping"],
        tax=quote["tax"],
        **{name: order["customer"][name] for name in ("first_name", "last_name", "phone", "email")},
        ship_to=Address(**order["shipping"]),
        bill_to=Address(**order["billing"]),
        notes=order["notes"],
        resend=record.resend,
    )


def effects(running: Running) -> Sequence[Effect]:
    roster: Roster = running.state["roster"]
    dispatch = Dispatch(running, roster)
    usable = roster.usable
    return (
        Effect("deliver", _wanted, deliveries, _claim, dispatch.deliver, dispatch.ask, lane=_plugin_of, lanes=usable),
        Effect("recall", _to_recall, cancellations, _claim_recall, dispatch.recall, dispatch.recall, lane=_plugin_of, lanes=usable),
        Effect("erase", _to_erase, erasures, _claim_erasure, dispatch.erase, dispatch.erase),
    )


def _plugin_of(work: Work) -> str:
    return work.reference.partition("-")[2]


def _wanted(event: Event) -> Iterable[Work]:
    return (Work(event.order_id, event.export_id),) if isinstance(event, DeliveryRequested) else ()


def _claim(work: Work, holder: str, now: datetime) -> Claim:
    return Claim(work.reference, holder, now)


def _to_recall(event: Event) -> Iterable[Work]:
    return (Work(event.order_id, event.export_id),) if isinstance(event, PluginCancelRequested) else ()


def _claim_recall(work: Work, holder: str, now: datetime) -> ClaimCancel:
    return ClaimCancel(work.reference, holder, now)


def _to_erase(event: Event) -> Iterable[Work]:
    return (Work(event.order_id, event.export_id),) if isinstance(event, ErasureRequested) else ()


def _claim_erasure(work: Work, holder: str, now: datetime) -> ClaimErasure:
    return ClaimErasure(work.reference, holder, now)
