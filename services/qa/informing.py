"""What the gate knows of an order from its views: which hold rules apply, and which orders are like it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.qa.history import SAME, by_email, by_phone, by_voice_log, history
from services.qa.holding import applying, looks_back
from services.qa.review import Open
from services.qa.views import hold_rules
from shared.contracts.qa import HoldRule
from shared.kernel.errors import Unavailable
from shared.kernel.events import Fact
from shared.kernel.ports import Range
from shared.kernel.projector import hasher
from shared.kernel.views import Row
from shared.service import Running

_MOST_BEFORE = 200
_MOST_TESTED = 1_000
_SHOWN = 20
_SIMILAR = 20
UNKNOWN = "The hold rules could not be tried: its history is not known"


async def inform(service: Running, fact: Fact, command: Any) -> Any:
    """One whose history cannot be known is held: nobody lets through what nobody has looked at. Raises Unavailable while it is only late."""
    if not isinstance(command, Open) or command.external:
        return command
    rules = await current(service)
    if not any(rule.on for rule in rules):
        return command
    order = await _known(service, command.submitted.order_id, fact)
    said = applying(rules, order, await _before(service, rules, order)) if order else (UNKNOWN,)
    return replace(command, rules=said)


async def current(service: Running) -> tuple[HoldRule, ...]:
    kept = await service.get(hold_rules, "account", opened=False)
    return tuple(HoldRule.model_validate(rule) for rule in kept["rules"]) if kept else ()


async def _known(service: Running, order_id: str, fact: Fact) -> Row | None:
    """None where nobody will ever know it: erased, or behind what the history cannot read. Raises Unavailable while it is behind."""
    try:
        row = await service.get_since(history, order_id, fact.id, opened=False)
    except Unavailable:
        if (fact.part, fact.position) in await service.parking.left_out(service.service.views_group):
            return None
        raise
    return row if row and "at" in row else None


async def _before(service: Running, rules: Sequence[HoldRule], order: Row) -> list[Row]:
    return await earlier(service, order) if any(map(looks_back, rules)) else []


async def earlier(service: Running, order: Row, most: int = _MOST_BEFORE) -> list[Row]:
    """Those submitted before it that share customer, phone, e-mail, address or card with it: the newest of each, each once."""
    found: dict[str, Row] = {}
    for name in ("customer_id", *SAME):
        if order[name]:
            rows, _ = await service.find(
                history, {name: order[name], "at": Range(None, order["at"])}, sort="at", descending=True, limit=most, open_fields=False
            )
            found.update({row["id"]: row for row in rows if row["id"] != order["id"]})
    return list(found.values())


async def similar(service: Running, order_id: str) -> list[Row]:
    """Other orders with the same phone, e-mail, address or card, newest first, and what is the same."""
    order = await service.get(history, order_id, opened=False)
    if order is None or "at" not in order:
        return []
    found: dict[str, Row] = {}
    for name in SAME:
        if order[name]:
            rows, _ = await service.find(history, {name: order[name]}, sort="at", descending=True, limit=_SIMILAR + 1, open_fields=False)
            found.update({row["id"]: row for row in rows if row["id"] != order_id})
    newest = sorted(found.values(), key=lambda row: str(row["at"]), reverse=True)[:_SIMILAR]
    return [_like(order, row) for row in newest]


def _like(order: Row, row: Row) -> Row:
    same = [said for name, said in SAME.items() if order[name] and order[name] == row[name]]
    told = {name: row[name] for name in ("at", "amount", "currency", "method")}
    return {"order_id": row["id"], "same": same, "stopped": bool(row.get("stopped")), **told}


async def tested(service: Running, rule: HoldRule) -> dict[str, Any]:
    """The rule, on or off, on the newest orders that were paid by card or eCheck, each judged by what was known then."""
    rows, _ = await service.find(history, {"at": Range("", None)}, sort="at", descending=True, limit=_MOST_TESTED, open_fields=False)
    charged = [row for row in rows if row["method"] != "external"]
    tried, held = rule.model_copy(update={"on": True}), []
    for row in charged:
        said = applying((tried,), row, await _before(service, (tried,), row))
        if said:
            held.append({"order_id": row["id"], "at": row["at"], "amount": row["amount"], "currency": row["currency"], "why": said[0]})
        await asyncio.sleep(0)
    return {"tested": len(charged), "held": len(held), "rows": held[:_SHOWN]}


async def called(service: Running, text: str) -> tuple[str, ...]:
    """Orders whose phone, e-mail or voice log number somebody typed."""
    hashed = hasher(service.keyring)
    found: set[str] = set()
    for name, known in (("phone", by_phone(text)), ("email", by_email(text)), ("voice_log", by_voice_log(text))):
        if known:
            rows, _ = await service.find(history, {name: hashed(known)}, limit=100, open_fields=False)
            found.update(row["id"] for row in rows)
    return tuple(sorted(found))
