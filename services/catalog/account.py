"""The account's settings; every change is an event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.contracts.catalog import AccountSettingsChanged, Settings
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""ISO 3166-1 alpha-2, or 3166-2."""
_RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Change:
    settings: Settings


@dataclass(frozen=True, slots=True)
class State:
    number: int = 0
    settings: Settings = Settings()  # noqa: RUF009 - frozen


def decide(command: Change, state: State) -> Sequence[Event] | Refused:
    settings = command.settings
    for field in ("tax_rates", "shipping_taxable"):
        for place in getattr(settings, field):
            if not _PLACE.fullmatch(place):
                return Refused("settings-invalid", f"{place!r} is not a place, such as US-TX or DE.", field=f"{field}.{place}", conflict=False)
    for place, rate in settings.tax_rates.items():
        if not _is_rate(rate):
            return Refused("settings-invalid", f"{rate!r} is not a tax rate in percent.", field=f"tax_rates.{place}", conflict=False)
    if not 0 <= settings.undo_seconds <= 300:
        return Refused("settings-invalid", "The undo window is between 0 and 300 seconds.", field="undo_seconds", conflict=False)
    if state.number and settings == state.settings:
        return []
    return [AccountSettingsChanged(number=state.number + 1, settings=settings)]


def _is_rate(text: str) -> bool:
    """A decimal string from 0 to 100 with at most six decimals."""
    return bool(_RATE.fullmatch(text)) and Decimal(text) <= 100


def evolve(state: State, event: Event) -> State:
    return State(event.number, event.settings) if isinstance(event, AccountSettingsChanged) else state


account = Aggregate("account", State(), decide, evolve, (Change,), singleton=True)
