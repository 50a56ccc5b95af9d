"""Which kinds of fulfilment plugins are installed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from services.fulfillment.plugins.kinds import Kind, Surroundings
from services.fulfillment.plugins.protocol import Plugin
from shared.installed import found, made

GROUP = "ringup.fulfillment"
"""Each entry point's name is that of a kind, as plugins are configured with it, and its value a Kind."""
_ASKED_OF = ("deliver", "reconcile", "cancel", "erase", "trouble")


@dataclass(frozen=True, slots=True)
class Installed:
    """By the name of the kind. ``broken`` says why one cannot be used and what helps: what its plugins are to ship waits."""

    kinds: Mapping[str, Kind]
    plugins: Mapping[str, Plugin]
    broken: Mapping[str, str]


def installed(entries: Iterable[EntryPoint], around: Surroundings) -> Installed:
    """Raises Unavailable, Corrupt where a plugin finds its own store so."""
    there = found(entries, "plugin", Kind, lambda kind: made(kind.make, around, "it", _ASKED_OF))
    return Installed(there.kinds, there.made, there.broken)
