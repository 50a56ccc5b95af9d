"""What the author of a plugin gives to the kit, and how the kit asks."""

from __future__ import annotations

import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from starlette.types import ASGIApp

from services.fulfillment.plugins.kinds import Kind, Surroundings
from services.fulfillment.plugins.protocol import (
    TIMEOUT,
    Address,
    Item,
    Known,
    NoAnswer,
    Options,
    Outgoing,
    Plugin,
    Refused,
    Secrets,
    Stopped,
    Taken,
)  # fmt: skip
from shared.settings import Settings
from shared.wire import FAULTS, Fault, Wire

CANARY = "Canary7c1"
"""In everything personal that the kit sends: it is looked for afterwards where it may not be."""
Said = TypeVar("Said", bound=Taken | Refused | NoAnswer | Stopped)
PAGE = 2
"""Exports on one page of the kit's desk."""


class Board:
    """The desk of a plugin that is asked from outside: what it took is to be shipped. ``told`` is what it was told of parcels."""

    def __init__(self) -> None:
        self.taken: dict[str, Outgoing] = {}
        self.told: list[tuple[str, str, str]] = []

    async def exports(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[tuple[Outgoing, str, datetime]], int]:
        rows = [(outgoing, "Pending Shipment", outgoing.approved_at) for outgoing in self.taken.values() if since <= outgoing.approved_at <= until]
        return rows[(page - 1) * PAGE : page * PAGE], max(1, -(-len(rows) // PAGE))

    async def shipped(self, export_id: str, carrier: str, tracking: str, service: str, at: datetime) -> bool:
        if export_id not in self.taken:
            return False
        self.told.append((export_id, carrier, tracking))
        return True

    async def stopped(self, export_id: str) -> bool:
        """Nobody here has asked for it."""
        return False


@dataclass(frozen=True)
class Asking:
    """A request at a plugin's door, ``headers`` by names in small letters."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Line:
    """A plugin, the wire that it sends over, where it does, and the desk that it may look at."""

    plugin: Plugin
    options: Options
    secrets: Secrets
    desk: Board
    over: Wire | None

    @property
    def wire(self) -> Wire:
        """Skips the test of a plugin that sends over none."""
        if self.over is None:
            pytest.skip("it sends nothing over a wire")
        return self.over

    async def deliver(self, outgoing: Outgoing) -> Taken | Refused | NoAnswer:
        said = await self.plugin.deliver(outgoing, self.options, self.secrets)
        assert isinstance(said, Taken | Refused | NoAnswer), f"deliver answers {said!r}"
        if isinstance(said, Taken):
            self.desk.taken[outgoing.export_id] = outgoing
        return sound(said)

    async def reconcile(self, outgoing: Outgoing) -> Known:
        said = await self.plugin.reconcile(outgoing, self.options, self.secrets)
        assert said is None or isinstance(said, Taken | NoAnswer), f"reconcile answers {said!r}"
        return said if said is None else sound(said)

    async def cancel(self, outgoing: Outgoing, their_id: str = "") -> Stopped | Refused | NoAnswer:
        said = await self.plugin.cancel(outgoing, their_id, self.options, self.secrets)
        assert isinstance(said, Stopped | Refused | NoAnswer), f"cancel answers {said!r}"
        if isinstance(said, Stopped):
            self.desk.taken.pop(outgoing.export_id, None)
        return sound(said)

    async def taken(self) -> tuple[Outgoing, str]:
        """Something that they have, and what they call it."""
        wanted = outgoing()
        said = await self.deliver(wanted)
        assert isinstance(said, Taken), f"a good delivery is answered {said!r}"
        return wanted, said.their_id


class Rig(ABC):
    """``wrong_secrets`` are refused by the stand-in; None: it does not look. ``folder`` is the data folder of ``around``, empty at first."""

    kind: Kind
    options: Options = {}
    secrets: Secrets = {}
    wrong_secrets: Secrets | None = None
    any_2xx_is_yes = False
    """They say yes by the status alone, whatever else they answer."""
    compares = False
    """``reconcile`` sees what they have, and knows whether it is this order's."""
    folder: Path

    @pytest.fixture(autouse=True)
    def _own_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @abstractmethod
    def stand_in(self) -> ASGIApp | str | None:
        """What behaves like the other side: an ASGI app, or the address of one that runs; asked for once a test. None: it sends over no wire."""

    @abstractmethod
    def plugin(self, url: str, timeout: float) -> Plugin:
        """A new one, as after a restart, that waits for ``timeout`` seconds. ``url`` is where the stand-in is, where options do not say so."""

    @abstractmethod
    async def to_ship(self, line: Line) -> Sequence[str]:
        """Export ids of all that the other side would ship by now: one that it would ship twice is there twice."""

    def options_for(self, url: str) -> Options:
        return self.options

    def unwanted(self, outgoing: Outgoing) -> Outgoing | None:
        """The same, changed to something that the stand-in refuses for good; None: it takes everything."""
        return None

    def asking(self) -> Asking | None:
        """A good request at its door, with all that shows who asks; None: it has no door."""
        return None

    @property
    def around(self) -> Surroundings:
        return Surroundings(Settings(data=self.folder, key_file=self.folder / "master.key"), lambda: datetime.now(UTC))

    @contextlib.asynccontextmanager
    async def line(self, patience: float = TIMEOUT) -> AsyncIterator[Line]:
        behind = self.stand_in()
        if behind is None:
            yield Line(self.plugin("", patience), self.options_for(""), self.secrets, Board(), None)
            return
        async with Wire(behind) as wire:
            yield Line(self.plugin(wire.url, patience), self.options_for(wire.url), self.secrets, Board(), wire)

    def restarted(self, line: Line, patience: float = TIMEOUT) -> Line:
        return replace(line, plugin=self.plugin(line.over.url if line.over else "", patience))

    async def taken_over(self, line: Line, wanted: Outgoing) -> None:
        """As Ringup goes on where a delivery was cut off: it asks first, and sends only what they have never heard of."""
        line = self.restarted(line)
        known = await line.reconcile(wanted) or await line.deliver(wanted)
        assert isinstance(known, Taken), f"after a crash it is answered {known!r}"
        assert known.same, "what went out before the crash is taken for somebody else's"


def sound(said: Said) -> Said:
    """What every answer must be, whatever was asked."""
    if isinstance(said, Refused | NoAnswer):
        assert said.reason, "it does not say why"
        assert CANARY not in said.reason, "a reason is kept for good, and this one has something personal in it"
    return said


def outgoing(**changed: Any) -> Outgoing:
    """A new one, of which everything personal has CANARY in it."""
    order = uuid.uuid4().hex[:10].upper()
    there = Address(street=f"1 {CANARY} Lane", unit="Apt 4", city=f"{CANARY}ville", postal="80202", region="CO", country="US")
    made = Outgoing(
        export_id=f"{order}-mine",
        order_id=order,
        campaign="Restful Nights (phone)",
        approved_at=datetime.now(UTC).replace(microsecond=0),
        items=(Item(1, "PILLOW-2", "Pillow", 2, 4995), Item(3, "TOPPER-Q", "Topper, queen", 1, 19900)),
        currency="USD",
        total=32145,
        shipping=1390,
        tax=865,
        first_name="Customer",
        last_name=CANARY,
        phone="+12025550147",
        email=f"{CANARY}@example.com",
        ship_to=there,
        bill_to=there,
        notes=f"Ring twice, says {CANARY}",
    )
    return replace(made, **changed)


def impatient(fault: str) -> float:
    """Seconds that a plugin is given where this happens: a short while where nothing will come."""
    return 0.4 if FAULTS[fault] in _SILENT else TIMEOUT


_SILENT: frozenset[Fault] = frozenset((FAULTS["it hangs"], FAULTS["it drips"]))
