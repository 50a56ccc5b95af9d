"""A gateway as the installation knows it: what it can do, whether it is on, and where its credentials lie; never those themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.order import Method
from shared.contracts.payments import GatewayConfigured
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

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
class Kind:
    """``always`` are capabilities that each gateway of the kind has, ``maybe`` those that one may have beside."""

    title: str
    always: frozenset[str]
    maybe: frozenset[str]
    spoken: bool
    """Ringup has an adapter that speaks with it."""


KINDS: Mapping[str, Kind] = {
    "simulator": Kind("Simulator", frozenset(("authorise", "capture", "void")), NOT_BY_PHONE | {"ach"}, True),
    "hosted-form": Kind("Hosted payment form", frozenset(("requires-form",)), frozenset(CAPABILITIES) - {"requires-form"}, False),
}


@dataclass(frozen=True, slots=True)
class Introduce:
    """As Configure, where nobody has configured it yet."""

    name: str
    kind: str
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configure:
    """``credentials`` is a reference; None leaves them as they are, empty takes them away."""

    name: str
    kind: str
    capabilities: tuple[str, ...]
    on: bool = True
    title: str = ""
    credentials: str | None = None


def decide(command: Introduce | Configure, known: GatewayConfigured | None) -> Sequence[Event] | Refused:
    if isinstance(command, Introduce):
        return [] if known else _configured(Configure(command.name, command.kind, command.capabilities), None)
    refused = _refusal(command, known)
    return refused or [event for event in _configured(command, known) if event != known]


def _refusal(command: Configure, known: GatewayConfigured | None) -> Refused | None:
    kind = KINDS.get(command.kind)
    if kind is None:
        return Refused("gateway-invalid", f"A gateway is of one of these kinds: {', '.join(KINDS)}.", field="kind", conflict=False)
    if known and known.kind != command.kind:
        detail = f"This gateway is a {known.kind}, and what it has reserved can be captured by one alone. Configure another gateway."
        return Refused("gateway-invalid", detail, field="kind", conflict=False)
    for name in command.capabilities:
        if name not in kind.always | kind.maybe:
            detail = f"A {kind.title.lower()} cannot have the capability {CAPABILITIES.get(name, name)}."
            return Refused("gateway-invalid", detail, field="capabilities", conflict=False)
    return None


def _configured(command: Configure, known: GatewayConfigured | None) -> Sequence[GatewayConfigured]:
    has = KINDS[command.kind].always | {*command.capabilities}
    kept = known.credentials if known else ""
    return [
        GatewayConfigured(
            name=command.name,
            kind=command.kind,
            capabilities=tuple(name for name in CAPABILITIES if name in has),
            on=command.on,
            title=command.title,
            credentials=kept if command.credentials is None else command.credentials,
        )
    ]


def evolve(known: GatewayConfigured | None, event: GatewayConfigured) -> GatewayConfigured | None:
    return event


def no_new_charge(known: GatewayConfigured | None, method: Method = "card") -> str:
    """Why nothing new may be charged on it, as a decline's reason; empty where it may. What it has reserved is captured and voided regardless."""
    kind = KINDS.get(known.kind) if known else None
    if known is None or kind is None or not kind.spoken or NOT_BY_PHONE & {*known.capabilities}:
        return "gateway-missing"
    if method == "echeck" and "ach" not in known.capabilities:
        return "no-ach"
    return "" if known.on else "gateway-off"


gateway: Aggregate[GatewayConfigured | None] = Aggregate("gateway", None, decide, evolve, (Introduce, Configure))
