"""Which kinds of fulfilment plugins are installed here. One that is broken is said so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import structlog

from services.fulfillment.plugins.kinds import Kind, Surroundings
from services.fulfillment.plugins.protocol import Plugin
from shared.kernel.errors import Corrupt, Unavailable

log = structlog.get_logger()

GROUP = "ringup.fulfillment"
"""Each entry point's name is that of a kind, as plugins are configured with it, and its value a Kind."""
_ASKED_OF = ("deliver", "reconcile", "cancel", "erase", "trouble")


class _Unfit(Exception):
    """Says, for people, what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """By the name of the kind. ``broken`` says why one cannot be used and what helps."""

    kinds: Mapping[str, Kind]
    plugins: Mapping[str, Plugin]
    broken: Mapping[str, str]


def installed(entries: Iterable[EntryPoint], around: Surroundings) -> Installed:
    """What cannot be imported or made, is no kind, or is brought along twice is broken: what its plugins are to ship waits.

    Raises Unavailable, Corrupt where a plugin finds its own store so: that is no fault of the program.
    """
    named: dict[str, dict[str, EntryPoint]] = {}
    for entry in entries:
        named.setdefault(entry.name, {})[entry.value] = entry
    kinds: dict[str, Kind] = {}
    plugins: dict[str, Plugin] = {}
    broken: dict[str, str] = {}
    for name, by_value in sorted(named.items()):
        try:
            kind = _kind(by_value)
            plugins[name] = _made(kind.make, around)
        except _Unfit as unfit:
            broken[name] = f"The plugin kind {name} cannot be used: {unfit}"
            log.error("plugin.kind.broken", kind=name, error=str(unfit), exc_info=unfit.__cause__)
        else:
            kinds[name] = kind
    return Installed(kinds, plugins, broken)


def _kind(by_value: Mapping[str, EntryPoint]) -> Kind:
    if len(by_value) > 1:
        raise _Unfit(f"there are {len(by_value)} of it ({', '.join(sorted(by_value))}). Uninstall all but one.")
    ((value, entry),) = by_value.items()
    try:
        kind = entry.load()
    except (Exception, SystemExit) as error:
        raise _Unfit(f"{value} cannot be loaded ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    if not isinstance(kind, Kind):
        raise _Unfit(f"{value} is no Kind. Mend or uninstall it.")
    return kind


def _made(make: Callable[[Surroundings], Plugin], around: Surroundings) -> Plugin:
    try:
        plugin = make(around)
    except (Unavailable, Corrupt):
        raise
    except (Exception, SystemExit) as error:
        raise _Unfit(f"it cannot be made ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    missing = [name for name in _ASKED_OF if not callable(getattr(plugin, name, None))]
    if missing:
        raise _Unfit(f"it lacks {', '.join(missing)}. Mend or uninstall it.")
    return plugin
