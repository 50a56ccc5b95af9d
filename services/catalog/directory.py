"""Call centres, teams and affiliates: switched off, never removed, since orders name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.catalog.checks.problem import Problem, Problems, distinct, refused
from shared.contracts.catalog import DirectoryChanged
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Describe:
    """The whole directory as it shall be."""

    directory: DirectoryChanged


def decide(command: Describe, before: DirectoryChanged) -> Sequence[Event] | Refused:
    now = command.directory
    wrong = [*_named(now), *_placed(now), *_removed(before, now)]
    if wrong:
        return refused(wrong, "directory-invalid")
    return [] if now == before else [now]


def _named(now: DirectoryChanged) -> Problems:
    for section, name, what in _KEYS:
        values = [(f"{section}.{n}.{name}", getattr(row, name)) for n, row in enumerate(getattr(now, section))]
        yield from (Problem(field, "missing", f"{what} needs a {name}.") for field, value in values if not value)
        yield from distinct(((field, value.casefold()) for field, value in values if value), "twice", f"{what} “{{}}” is there already.")
    for n, affiliate in enumerate(now.affiliates):
        if not affiliate.name:
            yield Problem(f"affiliates.{n}.name", "missing", "An affiliate needs a name.")


_KEYS = (("call_centers", "name", "A call centre"), ("teams", "name", "A team"), ("affiliates", "code", "An affiliate"))


def _placed(now: DirectoryChanged) -> Problems:
    centers = {center.name: center.on for center in now.call_centers}
    for n, team in enumerate(now.teams):
        if team.call_center not in centers:
            yield Problem(f"teams.{n}.call_center", "unknown-call-center", f"There is no call centre “{team.call_center}”. Add it first.")
        elif team.on and not centers[team.call_center]:
            detail = f"The call centre {team.call_center} is switched off. Switch the team off too, or move it."
            yield Problem(f"teams.{n}.call_center", "call-center-off", detail)


def _removed(before: DirectoryChanged, now: DirectoryChanged) -> Iterator[Problem]:
    for section, name, what in _KEYS:
        left = {getattr(row, name) for row in getattr(now, section)}
        for row in getattr(before, section):
            if getattr(row, name) not in left:
                detail = f"{what} is switched off, never removed or renamed, and “{getattr(row, name)}” is missing: orders name it."
                yield Problem(section, "removed", detail)


def evolve(before: DirectoryChanged, event: Event) -> DirectoryChanged:
    return event if isinstance(event, DirectoryChanged) else before


directory: Aggregate[DirectoryChanged] = Aggregate("directory", DirectoryChanged(), decide, evolve, (Describe,), singleton=True)
