"""Policies: when that happens elsewhere, do this here. Pure."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from shared.kernel.events import Event, Fact
from shared.kernel.views import event_types

Commands = Iterable[tuple[str, Any]]
"""Pairs of (aggregate id, command); the command's class says which aggregate."""

_NAMESPACE = uuid.UUID("6f1c8f0e-0b1c-5f3a-9d65-2f1b7a3c9e10")


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    types: frozenset[type[Event]]
    react: Callable[[Fact], Commands]

    def command_id(self, fact: Fact, n: int) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self.name}/{fact.id}/{n}"))


def policy(function: Callable[..., Commands]) -> Policy:
    """Declare ``f(event: A | B)`` or ``f(event: A | B, fact)`` as a policy."""
    wants_fact = len(inspect.signature(function).parameters) > 1
    react = (lambda fact: function(fact.event, fact)) if wants_fact else (lambda fact: function(fact.event))
    return Policy(function.__name__, event_types(function), react)
