"""Golden samples: one of every event type at every schema ever published, every field filled; the shape of contracts; what views make of it all.

``python -m tests.contracts.publish`` adds the samples of new types and schemas, and new fields to the others, writes
``shapes.txt`` anew, and adds the new numbers of views to ``views.txt``. What is published is never changed.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from shared.contracts.registry import EVENTS
from shared.kernel.codec import Codec, sealer
from shared.kernel.events import Fact, Value
from tests.contracts import views

GOLDEN = Path(__file__).parent / "golden"
SHAPES, VIEWS = GOLDEN / "shapes.txt", GOLDEN / "views.txt"
STREAM, KEY = "golden-1", b"golden samples are sealed with.."
TIME = datetime(2026, 3, 1, 12, 30, 15, 123456, UTC)


def sample_path(event_type, schema=None):
    return GOLDEN / f"{event_type.TYPE}.{schema or event_type.SCHEMA}.json"


def filled(kind, name=""):
    """A value of a type, every field and element of it there."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return inner[-1]
    if origin is Annotated:
        return filled(inner[0], name)
    if origin in (Union, UnionType):
        return filled(next(part for part in inner if part is not type(None)), name)
    if origin is tuple:
        return (filled(inner[0], name),)
    if origin is dict:
        return {f"{name} key": filled(inner[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind(**{field: filled(info.annotation, field) for field, info in kind.model_fields.items()})
    return {str: f"a {name}", int: 7, bool: True, datetime: TIME}[kind]


def bare(event_type):
    """One that says no more than it must, as those did that were recorded before its other fields came."""
    return event_type(**{field: filled(info.annotation, field) for field, info in event_type.model_fields.items() if info.is_required()})


def encoded(event_type):
    fact = Fact(filled(event_type), STREAM, 1, TIME, "agent:agent1", "1", "c1", "c1", "0" * 32)
    stored = Codec(EVENTS).encode(fact, sealer(STREAM, KEY))
    return {"headers": dict(stored.headers), "data": json.loads(stored.data)}


def shapes():
    """Every contract's fields, types and defaults, one a line."""
    known = {}
    for event_type in EVENTS.values():
        _collect(event_type, known)
    return "".join(f"{line}\n" for name in sorted(known) for line in known[name])


def _collect(kind, known):
    name = f"{kind.TYPE} schema {kind.SCHEMA}" if getattr(kind, "TYPE", "") else kind.__name__
    if name in known:
        return
    known[name] = [name]
    for field, info in kind.model_fields.items():
        default = "" if info.is_required() else f" = {info.default!r}"
        known[name].append(f"    {field}: {'personal ' if info.metadata else ''}{_named(info.annotation, known)}{default}")


def _named(kind, known):
    inner = get_args(kind)
    if get_origin(kind) is Annotated:
        return f"personal {_named(inner[0], known)}"
    if isinstance(kind, type) and issubclass(kind, Value):
        _collect(kind, known)
        return kind.__name__
    if get_origin(kind) is Literal:
        return " | ".join(repr(value) for value in inner)
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(_named(part, known) for part in inner)
    if inner:
        return f"{get_origin(kind).__name__}[{', '.join('...' if part is ... else _named(part, known) for part in inner)}]"
    return "None" if kind is type(None) else kind.__name__


def view_digests():
    samples = [make(EVENTS[name]) for name in sorted(EVENTS) for make in (bare, filled)]
    return views.digests(samples, TIME)


def published_views():
    return dict(line.split() for line in VIEWS.read_text().splitlines())


def grown(old, new):
    """What was published as it is, with the fields that came since."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {name: grown(old[name], new[name]) if name in old else new[name] for name in [*new, *(old.keys() - new.keys())]}
    if isinstance(old, list) and isinstance(new, list):
        return [grown(*pair) for pair in zip(old, new, strict=True)]
    return old


def publish():
    for event_type in EVENTS.values():
        path, sample = sample_path(event_type), encoded(event_type)
        if path.exists():
            sample = grown(json.loads(path.read_text()), sample)
        path.write_text(json.dumps(sample, indent=1, ensure_ascii=False) + "\n")
    SHAPES.write_text(shapes())
    known = published_views()
    VIEWS.write_text("".join(f"{name} {known.get(name, digest)}\n" for name, digest in sorted(view_digests().items())))


if __name__ == "__main__":
    publish()
