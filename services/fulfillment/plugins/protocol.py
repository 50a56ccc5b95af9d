"""What a fulfilment plugin has to do, and what it is told and answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from shared.contracts.order import Address

__all__ = [
    "TIMEOUT",
    "Address",
    "Desk",
    "Door",
    "Item",
    "Known",
    "NoAnswer",
    "Options",
    "Outgoing",
    "Plugin",
    "Refused",
    "Reply",
    "Secrets",
    "Stopped",
    "Taken",
]

TIMEOUT = 30.0
"""Seconds after which a plugin is given up on: nobody knows whether it took the export. The lease of a claim is longer."""

Options = Mapping[str, str]
"""By name of the kind's options, as they were configured; what was left empty is not in it."""
Secrets = Mapping[str, str]
"""By name of the kind's secrets, as they were typed in. Never logged."""


@dataclass(frozen=True, slots=True)
class Item:
    """``price`` of one unit, in minor units of the order's currency."""

    line: int
    sku: str
    name: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one plugin is to ship of one order. ``export_id`` is the same on every resend: whoever knows it already has this shipment.

    Personal: everything that is not shown by ``repr``.
    """

    export_id: str
    order_id: str
    campaign: str
    approved_at: datetime
    items: Sequence[Item]
    currency: str
    total: int
    """Of the whole order, minor units; ``shipping`` and ``tax`` are in it."""
    shipping: int = 0
    tax: int = 0
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    ship_to: Address = field(default=Address(), repr=False)
    bill_to: Address = field(default=Address(), repr=False)
    notes: str = field(default="", repr=False)
    resend: bool = False
    """Somebody wants it sent once more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """They have it. ``their_id`` is what they call it, where they say so. ``same`` is said by ``reconcile``: what they have is this order's."""

    their_id: str = ""
    same: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """This time they did not take it, for certain. ``again``: another try may help, not before ``after``.

    ``reason`` is kept for good: nothing personal. ``gone``: they want nothing any more, of whatever order, so that the plugin is switched off.
    """

    reason: str
    again: bool = True
    after: timedelta | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody knows whether they have it: asked by ``reconcile`` before it is sent again, not before ``after``. An exception is this, too."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """It is not shipped any more."""


Known = Taken | NoAnswer | None
"""None: they never heard of it, for certain."""


@runtime_checkable
class Plugin(Protocol):
    """One object serves every configured plugin of its kind. No answer is raised; nothing personal is logged."""

    async def deliver(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Taken | Refused | NoAnswer:
        """Sends it. Whatever is sent under an export id that they know must not be shipped twice."""

    async def reconcile(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Known:
        """Whether they have it. One that cannot be asked answers None where a second ``deliver`` of the same export id does no harm."""

    async def cancel(self, outgoing: Outgoing, their_id: str, options: Options, secrets: Secrets) -> Stopped | Refused | NoAnswer:
        """Stops what was delivered. Refused without ``again``: too late, or they cannot; which does not say that they have it."""

    async def erase(self, export_id: str, options: Options) -> None:
        """What lies here of it goes. Raises Unavailable."""

    async def trouble(self, options: Options, secrets: Secrets) -> str:
        """Why it cannot be used, in words for people; empty: as far as can be known without sending anything, it works."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to whoever asks at a plugin's door."""

    status: int
    body: bytes = field(default=b"", repr=False)
    type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Desk(Protocol):
    """What a plugin that is asked from outside may look up and tell: of its own exports alone."""

    async def exports(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[tuple[Outgoing, str, datetime]], int]:
        """Those that were exported, or changed, in that time: each with its status and when that changed; and of how many pages this is one.

        The status is one of domain.md, or Cancelling: whoever ships it is to stop it, and has not said that they do. What changes while pages are
        turned keeps its place among them.
        """

    async def shipped(self, export_id: str, carrier: str, tracking: str, service: str, at: datetime) -> bool:
        """False: there is no such export. The same parcel again changes nothing.

        Raises ValueError, in words for people, for a time before the order was placed, or that is still to come.
        """

    async def stopped(self, export_id: str) -> bool:
        """Whoever ships it does not ship it any more. False: nobody asked for that."""


@runtime_checkable
class Door(Protocol):
    """A plugin that others ask, rather than the other way round, has this as well: ``/hooks/plugins/<name>``."""

    async def asked(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, options: Options, secrets: Secrets, desk: Desk
    ) -> Reply:
        """``headers`` by names in small letters."""
