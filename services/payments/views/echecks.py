"""When which gateway was asked for an eCheck: its debit can come back for a while."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.payments import AttemptOpened
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view


def _key(event: AttemptOpened) -> Sequence[str]:
    checks = event.parts if event.submitted.method == "echeck" else ()
    return sorted({f"{part.gateway}|{event.order_id}" for part in checks})


def _echeck(row: Row | None, fact: Fact, id: str) -> Row:
    return {"gateway": id.partition("|")[0], "at": stamp(fact.time)}


echecks = view("echecks", 1, _key, _echeck, ["at", "gateway"])
