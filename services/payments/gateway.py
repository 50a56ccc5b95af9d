"""A gateway as the installation knows it: what it can do, whether it is on, and where its credentials lie; never those themselves."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.payments.gateways.kinds import CAPABILITIES, NOT_BY_PHONE, Kind
from shared.contracts.order import Method
from shared.contracts.payments import GatewayConfigured
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Introduce:
    """As Configure, where nobody has configured it yet; one that is there learns what its kind can always do by now."""

    name: str
    kind: str
    kinds: Mapping[str, Kind] = field(repr=False)
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configure:
    """``credentials`` is a reference; None leaves them, and the ``fallback``, as they are, empty takes them away.

    ``kinds`` are those that there are, and ``others`` the gateways, by name, that are configured beside.
    """

    name: str
    kind: str
    capabilities: tuple[str, ...]
    kinds: Mapping[str, Kind] = field(repr=False)
    on: bool = True
    title: str = ""
    credentials: str | None = None
    fallback: str | None = None
    renews: bool | None = None
    others: Mapping[str, GatewayConfigured] = field(default_factory=dict, repr=False)


def decide(command: Introduce | Configure, known: GatewayConfigured | None) -> Sequence[Event] | Refused:
    if isinstance(command, Introduce):
        return _introduced(command, known)
    refused = _refusal(command, known) or _fallback_refusal(command, known)
    return refused or [event for event in _configured(command, known) if event != known]


def _introduced(command: Introduce, known: GatewayConfigured | None) -> Sequence[Event]:
    if known is None:
        return _configured(Configure(command.name, command.kind, command.capabilities, command.kinds), None)
    has = command.kinds[command.kind].always | {*known.capabilities}
    grown = known.model_copy(update={"capabilities": _in_order(has)})
    return [grown] if has > {*known.capabilities} else []


def _refusal(command: Configure, known: GatewayConfigured | None) -> Refused | None:
    kind = command.kinds.get(command.kind)
    if kind is None:
        return _invalid("kind", f"A gateway is of one of these kinds: {', '.join(command.kinds)}.")
    if known and known.kind != command.kind:
        detail = f"This gateway is a {known.kind}, and what it has reserved can be captured by one alone. Configure another gateway."
        return _invalid("kind", detail)
    for name in command.capabilities:
        if name not in kind.always | kind.maybe:
            return _invalid("capabilities", f"A {kind.title.lower()} cannot have the capability {CAPABILITIES.get(name, name)}.")
    return None


def _fallback_refusal(command: Configure, known: GatewayConfigured | None) -> Refused | None:
    """One that is kept is not judged anew: what is asked on it is judged when it is asked."""
    if not command.fallback or (known and command.fallback == known.fallback):
        return None
    other = command.others.get(command.fallback)
    if command.fallback == command.name:
        return _invalid("fallback", "A gateway cannot be its own fallback.")
    if other is None:
        return _invalid("fallback", f"There is no gateway {command.fallback}.")
    if other.fallback == command.name:
        return _invalid("fallback", f"{other.name} falls back to this gateway already, and not both can.")
    if no_new_charge(other, _spoken(command.kinds)):
        return _invalid("fallback", f"{other.name} cannot be charged: it must be on, and take cards without a form or 3-D Secure.")
    if no_new_charge(_configured(command, known)[0], _spoken(command.kinds)) == "gateway-missing":
        return _invalid("fallback", "Nothing is charged on this gateway from here, so that it needs no fallback.")
    return None


def _spoken(kinds: Mapping[str, Kind]) -> frozenset[str]:
    return frozenset(name for name, kind in kinds.items() if kind.spoken)


def _invalid(field: str, detail: str) -> Refused:
    return Refused("gateway-invalid", detail, field=field, conflict=False)


def _in_order(capabilities: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in CAPABILITIES if name in capabilities)


def _configured(command: Configure, known: GatewayConfigured | None) -> Sequence[GatewayConfigured]:
    kept = known or GatewayConfigured(name=command.name, kind=command.kind, capabilities=(), on=command.on)
    return [
        GatewayConfigured(
            name=command.name,
            kind=command.kind,
            capabilities=_in_order(command.kinds[command.kind].always | {*command.capabilities}),
            on=command.on,
            title=command.title,
            credentials=kept.credentials if command.credentials is None else command.credentials,
            fallback=kept.fallback if command.fallback is None else command.fallback,
            renews=kept.renews if command.renews is None else command.renews,
        )
    ]


def evolve(known: GatewayConfigured | None, event: GatewayConfigured) -> GatewayConfigured | None:
    return event


def no_new_charge(known: GatewayConfigured | None, spoken: Container[str], method: Method = "card") -> str:
    """Why nothing new may be charged on it, as a decline's reason; empty where it may. ``spoken`` are the kinds that there is an adapter of.

    What it has reserved is captured and voided regardless.
    """
    if known is None or known.kind not in spoken or NOT_BY_PHONE & {*known.capabilities} or "authorise" not in known.capabilities:
        return "gateway-missing"
    if method == "echeck" and "ach" not in known.capabilities:
        return "no-ach"
    return "" if known.on else "gateway-off"


gateway: Aggregate[GatewayConfigured | None] = Aggregate("gateway", None, decide, evolve, (Introduce, Configure))
