"""Kinds of gateways: what each can do, what it wants to be told in secret, and how its adapter is made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.payments.gateways.protocol import Gateway
from shared.asgi import Client
from shared.settings import Settings

CAPABILITIES: Mapping[str, str] = {
    "authorise": "Authorise",
    "capture": "Capture",
    "void": "Void",
    "refund": "Refund",
    "ach": "eCheck (ACH)",
    "requires-3ds": "Needs 3-D Secure",
    "requires-form": "Needs a hosted form",
}
NOT_BY_PHONE = frozenset(("requires-3ds", "requires-form"))
"""What only the customer can do, in a browser of their own."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One thing to type in; ``hint`` says what it looks like or where it is found."""

    name: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where an adapter works. ``simulator`` is the way to the simulator of this installation, which is started when it is asked for."""

    settings: Settings
    clock: Callable[[], datetime]
    simulator: Callable[[], Client]


@dataclass(frozen=True, slots=True)
class Kind:
    """``always`` are capabilities that each gateway of the kind has, ``maybe`` those that one may have beside.

    ``declines``: from the gateway's own codes to our reasons. Without ``make`` there is no adapter: such gateways can be configured and offers name
    them, and nothing is charged on them from here.
    """

    title: str
    always: frozenset[str]
    maybe: frozenset[str] = frozenset()
    secrets: tuple[Secret, ...] = ()
    declines: Mapping[str, str] = field(default_factory=dict)
    make: Callable[[Surroundings], Gateway] | None = None

    @property
    def spoken(self) -> bool:
        """Ringup has an adapter that speaks with it."""
        return self.make is not None


HOSTED_FORM = Kind(
    "Hosted payment form",
    frozenset(("requires-form",)),
    frozenset(CAPABILITIES) - {"requires-form"},
    (Secret("password", "Credentials", "The key or password that the gateway gave you."),),
)
