"""What our events say of a gateway's day beside what the gateway lists of it, and where the two differ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Query

from services.payments.desk import At, Desk
from services.payments.gateway import gateway
from services.payments.gateways.protocol import Listed, NoList, Operation
from services.payments.references import parsed
from services.payments.views import payments_view, pre_auth_list
from shared.http import RunningService
from shared.ids import PluginName
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.kernel.views import Row
from shared.service import Running

log = structlog.get_logger()
router = APIRouter(prefix="/gateways")

_PAGE = 500
_NEAR = timedelta(hours=2)
"""Around midnight what is asked on one day may be done on the other."""

Why = Literal["missing-here", "missing-there", "amount", "status"]


@dataclass(frozen=True, slots=True)
class Ours:
    """``sure`` to be listed where it was approved: a gateway may know nothing of an eCheck before its debit."""

    reference: str
    kind: Operation
    amount: int
    currency: str
    status: str
    theirs: str
    at: datetime
    gateway: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    reference: str
    kind: Operation
    ours: Ours | None
    theirs: Listed | None
    why: Why


def differences(
    gateway: str, day: Sequence[Ours], known: Mapping[str, Ours], theirs: Iterable[Listed], elsewhere: Iterable[Listed] = ()
) -> list[Difference]:
    """``day`` are ours of this gateway's day, ``known`` all that could be meant, by reference; ``elsewhere`` is listed on the days beside.

    A row of theirs is ours by our reference, or else by theirs, which may be one for all that was done about an authorisation. One of another of our
    gateways is left alone: two of them may be one account over there.
    """
    by_id = {(each.kind, each.theirs): each for each in known.values() if each.theirs}
    found: list[Difference] = []
    seen: set[str] = set()
    for row in theirs:
        mine = known.get(row.reference) or by_id.get((row.operation, row.theirs))
        if mine:
            seen.add(mine.reference)
        why = _why(mine, row)
        if why and (mine is None or mine.gateway == gateway):
            found.append(Difference(mine.reference if mine else row.reference or row.theirs, row.operation, mine, row, why))
    for row in elsewhere:
        mine = known.get(row.reference) or by_id.get((row.operation, row.theirs))
        seen |= {mine.reference} if mine else set()
    missing = (each for each in day if each.status == "approved" and each.sure and each.reference not in seen)
    return [*found, *(Difference(each.reference, each.kind, each, None, "missing-there") for each in missing)]


def _why(ours: Ours | None, theirs: Listed) -> Why | None:
    if ours is None:
        return "missing-here" if theirs.approved else None
    if theirs.approved != (ours.status == "approved"):
        return "status"
    if not theirs.approved or theirs.operation == "void":
        return None
    return None if (theirs.amount, theirs.currency or ours.currency) == (ours.amount, ours.currency) else "amount"


@router.get("/{name}/reconcile")
async def reconcile(name: PluginName, service: RunningService, day: date = Query()) -> dict[str, Any]:  # noqa: B008
    """``day`` in UTC. ``ours`` and ``theirs`` count what was approved; a row is what differs."""
    known, _ = await service.load(gateway, name)
    if known is None:
        raise NotFound("There is no such gateway.")
    desk: Desk = service.state["desk"]
    at = await desk.at(name)
    theirs = await _listed(at, day)
    ours = {each.reference: each async for each in _since(service, day)}
    of_day = [each for each in ours.values() if each.at.date() == day and each.gateway == name]
    ours |= {each.reference: each for order in _orders(theirs, ours) async for each in _of_order(service, order)}
    beside = [row for other in _beside(of_day, theirs, day) for row in await _listed(at, other)]
    rows = differences(name, of_day, ours, theirs, beside)
    count = {"ours": sum(each.status == "approved" for each in of_day), "theirs": sum(row.approved for row in theirs)}
    return {"gateway": name, "day": day.isoformat(), **count, "rows": [_row(each) for each in rows]}


def _row(found: Difference) -> Row:
    ours = {"amount": found.ours.amount, "currency": found.ours.currency, "status": found.ours.status} if found.ours else None
    theirs = None
    if found.theirs:
        said = {"amount": found.theirs.amount, "currency": found.theirs.currency, "status": "approved" if found.theirs.approved else "declined"}
        theirs = {**said, "id": found.theirs.theirs}
    return {"reference": found.reference, "kind": found.kind, "ours": ours, "theirs": theirs, "why": found.why}


# Theirs


async def _listed(at: At, day: date) -> list[Listed]:
    """Raises Refusal."""
    try:
        if at.gateway is None:
            raise NoList("Ringup cannot speak with gateways of this kind, so it has no list of theirs.")
        return [row async for row in at.gateway.listed(day, at.secrets)]
    except NoList as none:
        raise Refusal(Refused("no-list", str(none), conflict=False)) from none
    except Exception as error:
        log.warning("gateway.list.failed", error=type(error).__name__)
        raise Refusal(Refused("no-list", "The gateway's list could not be read.", conflict=False)) from error


def _beside(ours: Sequence[Ours], theirs: Sequence[Listed], day: date) -> Iterable[date]:
    """The days beside, where something of ours close to them is not on this one."""
    listed = {row.reference for row in theirs}
    missing = [each.at for each in ours if each.status == "approved" and each.reference not in listed]
    midnight = datetime.combine(day, time(), UTC)
    if any(at < midnight + _NEAR for at in missing):
        yield day - timedelta(days=1)
    if any(at > midnight + timedelta(days=1) - _NEAR for at in missing):
        yield day + timedelta(days=1)


def _orders(theirs: Iterable[Listed], ours: Mapping[str, Ours]) -> Iterable[str]:
    """Those of which something is listed that the day's own events do not say."""
    return dict.fromkeys(row.reference.partition("-")[0] for row in theirs if row.reference and row.reference not in ours)


# Ours


async def _since(service: Running, day: date) -> AsyncIterator[Ours]:
    """Of every order whose payment has changed since this day began."""
    since = Range(stamp(datetime.combine(day, time(), UTC)), None)
    for view, index in ((payments_view, "updated_at"), (pre_auth_list, "at")):
        cursor: str | None = None
        while True:
            rows, cursor = await service.find(view, {index: since}, sort=index, limit=_PAGE, cursor=cursor, open_fields=False)
            for each in (each for row in rows for each in _operations(row)):
                yield each
            if cursor is None:
                break


async def _of_order(service: Running, order_id: str) -> AsyncIterator[Ours]:
    row = await service.get(payments_view, order_id, opened=False)
    pre_auths, _ = await service.find(pre_auth_list, {"order_id": order_id}, open_fields=False)
    for each in (each for found in (row, *pre_auths) if found for each in _operations(found)):
        yield each


def _operations(row: Row) -> Iterable[Ours]:
    methods = {attempt["attempt"]: attempt["method"] for attempt in row.get("attempts", ())}
    voids = {f"{each['reference']}-void": each["gateway_reference"] for each in row["operations"]}
    for each in row["operations"]:
        kind: Operation = "authorise" if each["kind"] == "renew" else each["kind"]
        about, reference = {**row, **each}, parsed(each["reference"])
        ours = Ours(
            each["reference"],
            kind,
            about["amount"],
            row["currency"],
            each["status"],
            each["gateway_reference"] or voids.get(each["reference"], ""),
            datetime.fromisoformat(about["at"]),
            about["gateway"],
        )
        check = reference is not None and methods.get(reference.attempt) == "echeck"
        yield replace(ours, sure=not check or kind in ("capture", "refund"))
