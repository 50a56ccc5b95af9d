"""The account's settings; every change is an event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import available_timezones

from services.catalog.checks.problem import Problem, Problems, between, distinct, refused
from services.catalog.places import place_problem
from shared.contracts.catalog import AccountSettingsChanged, Settings
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""ISO 3166-1 alpha-2, or 3166-2."""
_RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


DEFAULT_PLUGIN = Settings().default_plugin
"""Comes with Ringup, whether or not fulfilment has said so yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """``plugins`` are those of fulfilment that there are, and of those ``off`` are switched off."""

    settings: Settings
    plugins: frozenset[str] = frozenset({DEFAULT_PLUGIN})
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    number: int = 0
    settings: Settings = Settings()  # noqa: RUF009 - frozen


def decide(command: Change, state: State) -> Sequence[Event] | Refused:
    settings = command.settings
    wrong = [*_taxes(settings), *_nexus(settings), *_times(settings), *_plugin(command, state)]
    if wrong:
        return refused(wrong, "settings-invalid")
    if state.number and settings == state.settings:
        return []
    return [AccountSettingsChanged(number=state.number + 1, settings=settings)]


def _taxes(settings: Settings) -> Problems:
    for field in ("tax_rates", "shipping_taxable"):
        for place in getattr(settings, field):
            wrong = _wrong_place(place)
            if wrong:
                yield Problem(f"{field}.{place}", "unknown-place", wrong)
    for place, rate in settings.tax_rates.items():
        if not is_rate(rate):
            yield Problem(f"tax_rates.{place}", "not-a-rate", f"{rate!r} is not a tax rate in percent, such as 8.25.")


def is_rate(text: str) -> bool:
    """A decimal string from 0 to 100 with at most six decimals."""
    return bool(_RATE.fullmatch(text)) and Decimal(text) <= 100


def _nexus(settings: Settings) -> Problems:
    """A rate may be there before tax is collected in its place: it waits."""
    places = [(f"tax_nexus.{n}", place) for n, place in enumerate(settings.tax_nexus or ())]
    for field, place in places:
        wrong = _wrong_place(place)
        if wrong:
            yield Problem(field, "unknown-place", wrong)
    yield from distinct(places, "twice", "{} is there twice.")


def _wrong_place(place: str) -> str:
    country, dash, region = place.partition("-")
    return place_problem(country, region) if bool(dash) == bool(region) else f"{place!r} is not a place, such as US-TX or DE."


def _times(settings: Settings) -> Problems:
    yield from between("undo_seconds", settings.undo_seconds, 0, 300, "The undo window in seconds")
    yield from between("session_idle_minutes", settings.session_idle_minutes, 1, 480, "The idle time of a session in minutes")
    if settings.time_zone not in time_zones():
        detail = f"{settings.time_zone!r} is no time zone. Use a name such as America/Chicago or Europe/Berlin."
        yield Problem("time_zone", "unknown-time-zone", detail)


def _plugin(command: Change, state: State) -> Problems:
    """One that is kept is not judged anew."""
    chosen = command.settings.default_plugin
    if chosen == state.settings.default_plugin:
        return
    if chosen in command.off:
        detail = f"The plugin {chosen} is switched off: orders would wait for it. Switch it on first."
        yield Problem("default_plugin", "plugin-off", detail)
    elif chosen not in command.plugins:
        yield Problem("default_plugin", "unknown-plugin", f"There is no fulfilment plugin {chosen!r}. Choose one of those that are set up.")


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """IANA names."""
    return frozenset(available_timezones())


def not_collected(settings: Settings) -> list[str]:
    """Places with a rate where no tax is collected, since the account has no nexus there."""
    nexus = settings.tax_nexus
    if nexus is None:
        return []
    return sorted(place for place in settings.tax_rates if place not in nexus and place.partition("-")[0] not in nexus)


def evolve(state: State, event: Event) -> State:
    return State(event.number, event.settings) if isinstance(event, AccountSettingsChanged) else state


account = Aggregate("account", State(), decide, evolve, (Change,), singleton=True)
