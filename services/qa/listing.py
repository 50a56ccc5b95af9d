"""Reviews as lists ask for them: one range of one index, what else was asked for looked at on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from services.qa.informing import called
from services.qa.review import Why
from services.qa.rules import TARGET_MINUTES
from services.qa.views import CHOSEN_BY, hold_rules, queue, within
from shared.kernel.codec import stamp
from shared.kernel.ports import Prefix, Range, Where
from shared.kernel.views import Row
from shared.service import Running

Stage = Literal["waiting", "done", "decided", "passed", "approved", "denied", "closed"]
MOST = 1_000
"""Orders of one decision."""
_MOST_FOUND = 200


@dataclass(frozen=True)
class Asked:
    """``over``: of a greater amount, in whole units of whatever currency. ``customers``: ids whose orders a search also finds."""

    stage: Stage = "waiting"
    why: Why | None = None
    campaign: str = ""
    agent: str = ""
    over: Decimal | None = None
    q: str = ""
    customers: tuple[str, ...] = ()


async def page(service: Running, asked: Asked, cursor: str | None, limit: int = 50, *, open_fields: bool = True) -> tuple[list[Row], str | None]:
    """Oldest first while waiting, newest first afterwards. What a search finds is one page."""
    if asked.q or asked.customers:
        return await _searched(service, asked, open_fields=open_fields), None
    where, sort = _where(asked)
    newest_first = asked.stage != "waiting"
    return await service.find(queue, where, sort=sort, descending=newest_first, limit=limit, cursor=cursor, open_fields=open_fields)


async def counts(service: Running) -> dict[str, Any]:
    """``waiting``, and of those ``late``, which have waited longer than they should."""
    kept = await service.get(hold_rules, "account", opened=False)
    minutes = kept["target_minutes"] if kept else TARGET_MINUTES
    since = stamp(service.clock() - timedelta(minutes=minutes))
    late = Range(within("waiting"), f"{within('waiting')}{since}")
    waiting = await service.count(queue, {"place": Prefix(within("waiting"))})
    return {"waiting": waiting, "late": await service.count(queue, {"place": late}), "target_minutes": minutes, "late_since": since}


def _coarse(stage: Stage) -> str:
    return "waiting" if stage == "waiting" else "done"


def _chosen(asked: Asked) -> dict[str, str]:
    chosen = {"by_agent": asked.agent, "by_campaign": asked.campaign, "by_why": asked.why or ""}
    return {name: value for name, value in chosen.items() if value}


def _where(asked: Asked) -> tuple[Where, str]:
    """The first that is chosen by says the range, the others are looked at in each document within it."""
    where: dict[str, Any] = {}
    sort, *others = [*_chosen(asked), "place"]
    where[sort] = Prefix(within(_coarse(asked.stage), _chosen(asked).get(sort, "")))
    where |= {CHOSEN_BY[name]: _chosen(asked)[name] for name in others if name != "place"}
    if asked.stage not in ("waiting", "done"):
        where["stage"] = asked.stage
    if asked.over is not None:
        where["size"] = Range(_thousandths(asked.over) + 1, None)
    return where, sort


def _thousandths(amount: Decimal) -> int:
    return int(amount * 1000)


async def _searched(service: Running, asked: Asked, *, open_fields: bool) -> list[Row]:
    ids = {*await called(service, asked.q), asked.q.upper()} if asked.q else set()
    found = {row["id"]: row for id in ids if (row := await service.get(queue, id, opened=False))}
    for customer in asked.customers:
        theirs = Prefix(within(_coarse(asked.stage), customer))
        rows, _ = await service.find(queue, {"by_customer": theirs}, limit=_MOST_FOUND, open_fields=False)
        found.update({row["id"]: row for row in rows})
    rows = sorted((row for row in found.values() if _fits(asked, row)), key=_age, reverse=asked.stage != "waiting")[:_MOST_FOUND]
    return await service.opened(rows) if open_fields else rows


def _age(row: Row) -> tuple[str, str]:
    return row["opened_at"], row["id"]


def _fits(asked: Asked, row: Row) -> bool:
    stage = row["stage"] == asked.stage or (asked.stage == "done" and row["stage"] != "waiting")
    chosen = all(row[CHOSEN_BY[name]] == value for name, value in _chosen(asked).items())
    return stage and chosen and (asked.over is None or row["size"] > _thousandths(asked.over))


async def these(service: Running, order_ids: Sequence[str]) -> list[Row]:
    """Of the orders named those that are known, in the order given."""
    found = await service.many(queue, order_ids, opened=False)
    return [found[order_id] for order_id in order_ids if order_id in found]


def summed(rows: Sequence[Row], actor: str, *, own_allowed: bool) -> dict[str, Any]:
    """What approving them all would mean; ``own`` are those that somebody else has to review."""
    waiting = [row for row in rows if row["stage"] == "waiting"]
    own = [row["id"] for row in waiting if row["agent"] == actor and not own_allowed]
    orders = [row for row in waiting if row["id"] not in own]
    sums: dict[str, int] = {}
    for row in orders:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount"]
    told = [{"currency": currency, "amount": amount} for currency, amount in sorted(sums.items())]
    return {"order_ids": [row["id"] for row in orders], "sums": told, "own": own, "gone": [row["id"] for row in rows if row["stage"] != "waiting"]}
