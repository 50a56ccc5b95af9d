"""Kinds of something that packages bring along under a group of entry points. One that is broken is said so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Generic, TypeVar

import structlog

from shared.kernel.errors import Corrupt, Unavailable

log = structlog.get_logger()

Kind = TypeVar("Kind")
Made = TypeVar("Made")
Around = TypeVar("Around")


class Unfit(Exception):
    """Says, for people, what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Kind, Made]):
    """By the name of the kind. ``made`` are those that there was something to make of, ``broken`` says why one cannot be used and what helps."""

    kinds: Mapping[str, Kind]
    made: dict[str, Made]
    broken: Mapping[str, str]


def found(entries: Iterable[EntryPoint], noun: str, sort: type[Kind], make: Callable[[Kind], Made | None]) -> Found[Kind, Made]:
    """What cannot be loaded, is none of this sort, is brought along twice, or of which ``make`` raises Unfit is broken."""
    named: dict[str, dict[str, EntryPoint]] = {}
    for entry in entries:
        named.setdefault(entry.name, {})[entry.value] = entry
    kinds: dict[str, Kind] = {}
    all_made: dict[str, Made] = {}
    broken: dict[str, str] = {}
    for name, by_value in sorted(named.items()):
        try:
            kind = _loaded(by_value, sort)
            made = make(kind)
        except Unfit as unfit:
            broken[name] = f"The {noun} kind {name} cannot be used: {unfit}"
            log.error(f"{noun}.kind.broken", kind=name, error=str(unfit), exc_info=unfit.__cause__)
        else:
            kinds[name] = kind
            if made is not None:
                all_made[name] = made
    return Found(kinds, all_made, broken)


def _loaded(by_value: Mapping[str, EntryPoint], sort: type[Kind]) -> Kind:
    if len(by_value) > 1:
        raise Unfit(f"there are {len(by_value)} of it ({', '.join(sorted(by_value))}). Uninstall all but one.")
    ((value, entry),) = by_value.items()
    try:
        kind = entry.load()
    except (Exception, SystemExit) as error:
        raise Unfit(f"{value} cannot be loaded ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    if not isinstance(kind, sort):
        raise Unfit(f"{value} is no Kind. Mend or uninstall it.")
    return kind


def made(make: Callable[[Around], Made], around: Around, called: str, asked_of: Iterable[str]) -> Made:
    """``asked_of``: what it has to have. Raises Unfit; Unavailable, Corrupt where it finds its own store so: that is no fault of the program."""
    try:
        it = make(around)
    except (Unavailable, Corrupt):
        raise
    except (Exception, SystemExit) as error:
        raise Unfit(f"{called} cannot be made ({type(error).__name__}: {error}). Mend or uninstall it.") from error
    missing = [name for name in asked_of if getattr(it, name, None) is None]
    if missing:
        raise Unfit(f"{called} lacks {', '.join(missing)}. Mend or uninstall it.")
    return it
