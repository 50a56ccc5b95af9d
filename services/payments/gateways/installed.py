"""Which kinds of gateways are installed here, and their adapters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from services.payments.gateways.kinds import CAPABILITIES, Kind, Surroundings
from services.payments.gateways.protocol import Gateway
from shared.installed import Unfit, found, made

GROUP = "ringup.gateways"
"""Each entry point's name is that of a kind, as gateways are configured with it, and its value a Kind."""
_ASKED_OF = ("authorise", "capture", "void", "refund", "lookup", "trouble", "listed", "hear", "idempotent", "askable", "settles")


@dataclass(frozen=True, slots=True)
class Installed:
    """By the name of the kind. ``gateways`` are the adapters of those that have one; nothing is charged on the gateways of those that are broken."""

    kinds: Mapping[str, Kind]
    gateways: dict[str, Gateway]
    broken: Mapping[str, str]


def installed(entries: Iterable[EntryPoint], around: Surroundings) -> Installed:
    """Raises Unavailable, Corrupt where an adapter finds its own store so."""

    def adapter(kind: Kind) -> Gateway | None:
        strange = sorted((kind.always | kind.maybe) - set(CAPABILITIES))
        if strange:
            raise Unfit(f"it names capabilities that there are not: {', '.join(strange)}. Mend or uninstall it.")
        return made(kind.make, around, "its adapter", _ASKED_OF) if kind.make else None

    there = found(entries, "gateway", Kind, adapter)
    return Installed(there.kinds, there.made, there.broken)
