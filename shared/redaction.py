"""What operators see of an event: personal fields sealed, and no card number, whatever somebody put where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, PlainSerializer

from shared.contracts.registry import EVENTS
from shared.kernel.codec import MARK
from shared.kernel.events import ERASED
from shared.text import without_cards

SEALED = "sealed"


def payload(type_name: str, data: bytes) -> Any:
    """None for bytes that are not JSON."""
    try:
        return redacted(json.loads(data), personal(type_name))
    except (ValueError, RecursionError):
        return None


def redacted(value: Any, names: frozenset[str], name: str = "") -> Any:
    """What belongs into a personal field reads as sealed, also where somebody recorded it in the clear."""
    match value:
        case dict():
            return {without_cards(key): redacted(part, names, key) for key, part in value.items()}
        case list():
            return [redacted(part, names, name) for part in value]
        case str() if value.startswith(MARK) or (value and value != ERASED and name in names):
            return SEALED
        case str():
            return without_cards(value)
        case int() if not isinstance(value, bool) and without_cards(str(value)) != str(value):
            return without_cards(str(value))
    return value


@lru_cache(maxsize=256)
def personal(type_name: str) -> frozenset[str]:
    """Names of an event's personal fields; of all that there are for a type that nobody has published."""
    known = EVENTS.get(type_name)
    return frozenset(name for event in ([known] if known else EVENTS.values()) for name in _fields(event, set()))


def _fields(model: type[BaseModel], seen: set[type]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        if any(isinstance(each, PlainSerializer) for each in field.metadata):
            yield name
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _fields(part, seen)
            elif any(isinstance(each, PlainSerializer) for each in getattr(part, "__metadata__", ())):
                yield name


def _parts(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from _parts(part)
