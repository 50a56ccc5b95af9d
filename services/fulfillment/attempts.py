"""The delivery log: what was tried for each plugin, what was answered, and when it is tried next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    FulfillmentExported,
    FulfillmentFailed,
    PluginCancelAnswered,
    PluginCancelClaimed,
    PluginCancelRequested,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row

_ANSWERS = {"stopped": "stopped", "too-late": "too-late", "none": "failed", "unknown": "unknown"}


def attempts(facts: Iterable[Fact]) -> list[Row]:
    """Oldest first: ``{plugin, what: deliver or cancel, at, asked_first, ended_at, outcome, answer, next_at, by}``.

    ``outcome`` is exported, stopped, too-late, unknown, failed or given-up; empty while nobody has said, lost where the next one took it over.
    """
    found: list[Row] = []
    asked: dict[tuple[str, str], str] = {}
    for fact in facts:
        event: Any = fact.event
        match event:
            case DeliveryRequested() | PluginCancelRequested():
                asked[event.plugin, "deliver" if isinstance(event, DeliveryRequested) else "cancel"] = event.by
            case DeliveryClaimed() | PluginCancelClaimed():
                what = "deliver" if isinstance(event, DeliveryClaimed) else "cancel"
                for earlier in _open(found, event.plugin, what):
                    earlier["outcome"] = "lost"
                found.append(_begun(event, what, stamp(fact.time), asked.pop((event.plugin, what), "")))
            case FulfillmentFailed():
                _end(found, event.plugin, "deliver", fact, "given-up" if event.given_up else "failed", event.reason, event.retry_at)
            case FulfillmentExported():
                _end(found, event.plugin, "deliver", fact, "exported", event.their_id, None)
            case PluginCancelAnswered():
                _end(found, event.plugin, "cancel", fact, _ANSWERS[event.answer], event.reason, event.retry_at)
    return found


def _begun(event: DeliveryClaimed | PluginCancelClaimed, what: str, at: str, by: str) -> Row:
    return {
        "plugin": event.plugin, "export_id": event.export_id, "what": what, "at": at, "asked_first": event.takeover, "by": by,
        "ended_at": None, "outcome": "", "answer": "", "next_at": None,
    }  # fmt: skip


def _open(found: list[Row], plugin: str, what: str) -> list[Row]:
    return [row for row in found if row["plugin"] == plugin and row["what"] == what and not row["outcome"]]


def _end(found: list[Row], plugin: str, what: str, fact: Fact, outcome: str, answer: str, next_at: Any) -> None:
    for row in _open(found, plugin, what)[-1:]:
        again = stamp(next_at) if next_at and outcome == "failed" else None
        row.update(ended_at=stamp(fact.time), outcome=outcome, answer=answer, next_at=again)
