"""A decider: commands in, events or a refusal out; events fold into state. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.kernel.events import Event

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Refused:
    """No: a stable code, a sentence for people, and the field it is about where there is one.

    ``conflict`` refusals answer 409 (the state is not one in which this can be done), others 422 (the command is not right).
    """

    code: str
    detail: str
    field: str | None = None
    conflict: bool = True
    data: dict[str, Any] = dataclasses.field(default_factory=dict)


Decision = Sequence[Event] | Refused


@dataclass(frozen=True)
class Aggregate(Generic[S]):
    """One kind of stream: its streams are ``<name>-<id>``, or ``<name>`` alone for a singleton.

    ``commands`` are the command classes that ``decide`` takes. ``opens``: personal fields of its own events are opened
    when a stream is folded; without it they stay sealed and are carried on as they came.
    """

    name: str
    initial: S
    decide: Callable[[Any, S], Decision]
    evolve: Callable[[S, Any], S]
    commands: tuple[type, ...]
    singleton: bool = False
    opens: bool = False

    def stream(self, id: str) -> str:
        return self.name if self.singleton else f"{self.name}-{id}"
