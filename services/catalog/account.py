"""The account's settings; every change is an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shared.contracts.catalog import AccountSettingsChanged, Settings
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Change:
    settings: Settings


@dataclass(frozen=True, slots=True)
class State:
    number: int = 0
    settings: Settings = Settings()  # noqa: RUF009 - frozen


def decide(command: Change, state: State) -> Sequence[Event] | Refused:
    settings = command.settings
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
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return False
    exponent = rate.as_tuple().exponent
    return rate.is_finite() and 0 <= rate <= 100 and isinstance(exponent, int) and exponent >= -6


def evolve(state: State, event: Event) -> State:
    return State(event.number, event.settings) if isinstance(event, AccountSettingsChanged) else state


account = Aggregate("account", State(), decide, evolve, (Change,), singleton=True)
