"""Views: read models folded from facts, document by document. Pure."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from shared.kernel.events import Event, Fact

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A row of a view. ``data`` None is a tombstone, which readers never see; ``versions`` has the newest version applied, a stream."""

    id: str
    data: Row | None
    versions: Mapping[str, int] = field(default_factory=dict)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """``key(fact)`` names the documents that a fact touches, ``apply(row, fact, id)`` says what each becomes (None drops it).

    ``apply`` must not change the row that it is given. ``types`` are the events it handles; empty means every event.
    """

    name: str
    number: int
    indexes: tuple[str, ...]
    types: frozenset[type[Event]]
    key: Callable[[Fact], str | Sequence[str]]
    apply: Callable[..., Row | None]
    opens: bool = False
    """Facts come with personal fields opened: for values derived from them, which the view drops on an erasure."""
    hashes: bool = False
    """``apply`` also takes ``hashed(text)``, which nobody can guess without the installation's key."""
    once: bool = False
    """Each document belongs to one fact alone, so that there is nothing to read before it is written, unless it comes again."""

    def handles(self, event_type: type[Event]) -> bool:
        return not self.types or event_type in self.types

    def keys(self, fact: Fact) -> Sequence[str]:
        key = self.key(fact)
        return (key,) if isinstance(key, str) else key


def collection(view: View) -> str:
    """Where the live build of a view is kept."""
    return f"{view.name}@{view.number}"


def event_types(function: Callable[..., Any]) -> frozenset[type[Event]]:
    """The event classes that a function's first parameter is annotated with; ``Event`` itself stands for all and gives none."""
    hints = get_type_hints(function)
    hint = next(iter(hints.values()))
    found = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return frozenset() if Event in found else frozenset(found)


def view(
    name: str, number: int, key: Callable[..., Any], apply: Callable[..., Row | None], indexes: Iterable[str] = (), *, opens: bool = False,
    once: bool = False,
) -> View:  # fmt: skip
    """``key(event: A | B)``, or ``key(event: A | B, fact)``, and ``apply(row, fact)``, or ``apply(row, fact, id)``, as a view;
    ``apply(row, fact, id, hashed)`` of one that keeps hashes of opened fields.

    The annotation of ``event`` says what it handles.
    """
    wants_fact = len(inspect.signature(key).parameters) == 2
    of_fact = (lambda fact: key(fact.event, fact)) if wants_fact else (lambda fact: key(fact.event))
    takes = len(inspect.signature(apply).parameters)
    with_id = apply if takes > 2 else lambda row, fact, id: apply(row, fact)
    return View(name, number, tuple(indexes), event_types(key), of_fact, with_id, opens, takes == 4, once)


def advance(view: View, document: Document, fact: Fact) -> Document:
    """The document after the fact; an equal or lower version of a stream is a repeat and changes nothing."""
    if fact.version <= document.versions.get(fact.stream, 0):
        return document
    versions = {**document.versions, fact.stream: fact.version}
    return Document(document.id, view.apply(document.data, fact, document.id), versions, document.revision)


def digest(documents: Iterable[Document]) -> str:
    """SHA-256 over the canonical JSON of content and versions, in the order given (by id)."""
    total = hashlib.sha256()
    for document in documents:
        total.update(content(document))
    return total.hexdigest()


def content(document: Document) -> bytes:
    """What two builds of a view must agree on: not the revision."""
    return canonical([document.id, document.data, dict(document.versions)])


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
