"""Which kinds of gateways are installed here, and their adapters. One that is broken is said so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import structlog

from services.payments.gateways.kinds import CAPABILITIES, Kind, Surroundings
from services.payments.gateways.protocol import Gateway
from shared.kernel.errors import Corrupt, Unavailable

log = structlog.get_logger()

GROUP = "ringup.gateways"
"""Each entry point's name is that of a kind, as gateways are configured with it, and its value a Kind."""
_ASKED_OF = ("authorise", "capture", "void", "refund", "lookup", "trouble", "listed", "hear", "idempotent", "askable", "settles")


class _Unfit(Exception):
    """Says, for people, what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """By the name of the kind. ``gateways`` are the adapters of those that have one, ``broken`` says why one cannot be used and what helps."""

    kinds: Mapping[str, Kind]
    gateways: dict[str, Gateway]
    broken: Mapping[str, str]


def installed(entries: Iterable[EntryPoint], around: Surroundings) -> Installed:
    """What cannot be imported or made, is no kind, or is brought along twice is broken: nothing is charged on its gateways.

    Raises Unavailable, Corrupt where an adapter finds its own store so: that is no fault of the program.
    """
    named: dict[str, dict[str, EntryPoint]] = {}
    for entry in entries:
        named.setdefault(entry.name, {})[entry.value] = entry
    kinds: dict[str, Kind] = {}
    gateways: dict[str, Gateway] = {}
    broken: dict[str, str] = {}
    for name, by_value in sorted(named.items()):
        try:
            kind = _kind(by_value)
            if kind.make:
                gateways[name] = _made(kind.make, around)
        except _Unfit as unfit:
            broken[name] = f"The gateway kind {name} cannot be used: {unfit}"
            log.error("gateway.kind.broken", kind=name, error=str(unfit), exc_info=unfit.__cause__)
        else:
            kinds[name] = kind
    return Installed(kinds, gateways, broken)


def _kind(by_value: Mapping[str, EntryPoint]) -> Kind:
    if len(by_value) > 1:
        raise _Unfit(f"there are {len(by_value)} of it ({', '.join(sorted(by_value))}). Uninstall all but one.")
    ((value, entry),) = by_value.items()
    try:
        kind = entry.load()
    except Exception as error:
        raise _Unfit(f"{value} cannot be loaded ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    if not isinstance(kind, Kind):
        raise _Unfit(f"{value} is no Kind. Mend or uninstall it.")
    strange = sorted((kind.always | kind.maybe) - set(CAPABILITIES))
    if strange:
        raise _Unfit(f"{value} names capabilities that there are not: {', '.join(strange)}. Mend or uninstall it.")
    return kind


def _made(make: Callable[[Surroundings], Gateway], around: Surroundings) -> Gateway:
    try:
        gateway = make(around)
    except (Unavailable, Corrupt):
        raise
    except Exception as error:
        raise _Unfit(f"its adapter cannot be made ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    missing = [name for name in _ASKED_OF if not hasattr(gateway, name)]
    if missing:
        raise _Unfit(f"its adapter lacks {', '.join(missing)}. Mend or uninstall it.")
    return gateway
