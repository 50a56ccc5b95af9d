"""Which cards and bank accounts of a customer the vault keeps. The numbers lie in the vault alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from shared.contracts.cards import InstrumentForgotten, InstrumentKept, InstrumentsErased
from shared.contracts.order import Instrument
from shared.kernel.decider import Aggregate, Refused


@dataclass(frozen=True, slots=True)
class Keep:
    """``instrument`` has its id, which is the same for the same card or account of the same customer."""

    customer_id: str
    order_id: str
    instrument: Instrument
    kind: Literal["card", "account"]


@dataclass(frozen=True, slots=True)
class Forget:
    customer_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Erase:
    customer_id: str


@dataclass(frozen=True, slots=True)
class Instruments:
    """By id, oldest first. ``gone`` are the ids of what was forgotten."""

    kept: Mapping[str, InstrumentKept] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    erased: bool = False


def decide(command: Keep | Forget | Erase, state: Instruments) -> Sequence[InstrumentKept | InstrumentForgotten | InstrumentsErased] | Refused:
    match command:
        case Keep(customer_id, order_id, instrument, kind):
            if state.erased:
                return Refused("erased", "This customer was erased. Nothing is kept for them any more.")
            known = state.kept.get(instrument.id)
            if known and known.instrument == instrument:
                return []
            return [InstrumentKept(customer_id=customer_id, order_id=order_id, instrument=instrument, kind=kind)]
        case Forget(customer_id, id):
            return [InstrumentForgotten(customer_id=customer_id, id=id)] if id in state.kept else []
        case Erase(customer_id):
            return [] if state.erased else [InstrumentsErased(customer_id=customer_id)]


def evolve(state: Instruments, event: InstrumentKept | InstrumentForgotten | InstrumentsErased) -> Instruments:
    match event:
        case InstrumentKept():
            return replace(state, kept={**state.kept, event.instrument.id: event}, gone=state.gone - {event.instrument.id})
        case InstrumentForgotten():
            return replace(state, kept={id: kept for id, kept in state.kept.items() if id != event.id}, gone=state.gone | {event.id})
        case InstrumentsErased():
            return Instruments(erased=True)


instruments = Aggregate("instruments", Instruments(), decide, evolve, (Keep, Forget, Erase))
