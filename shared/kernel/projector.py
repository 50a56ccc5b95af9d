"""Batches of facts into documents: grouped by document, read once, applied in memory, written once under a guard."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from shared.kernel.commands import opened
from shared.kernel.errors import Conflict
from shared.kernel.events import Fact
from shared.kernel.ports import Documents, Keyring, Progress
from shared.kernel.views import Document, Row, View, advance


class Poison(Exception):
    """A view cannot apply this fact."""

    def __init__(self, fact: Fact, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.fact = fact


@dataclass(frozen=True, slots=True)
class Build:
    """A view and the collection that holds this build of it."""

    view: View
    collection: str


_OPENED_AT_ONCE = 500
_HASHES = "hashes"


def hasher(keyring: Keyring) -> Callable[[str], str]:
    """What gives a text's keyed hash: the same for the whole life of the installation."""
    key = keyring.derived(_HASHES)
    return lambda text: hmac.digest(key, text.encode(), "sha256").hex()[:32]


def _with_hashes(build: Build, keyring: Keyring) -> Build:
    if not build.view.hashes:
        return build
    return replace(build, view=replace(build.view, apply=partial(_apply_hashing, build.view.apply, hasher(keyring))))


def _apply_hashing(apply: Callable[..., Row | None], hashed: Callable[[str], str], row: Row | None, fact: Fact, id: str) -> Row | None:
    return apply(row, fact, id, hashed)


async def project_all(
    documents: Documents, keyring: Keyring, builds: Sequence[Build], facts: Sequence[Fact], progress: Progress | None = None
) -> None:
    """Views that open personal fields get opened facts, and what they drop is gone from the store; all other builds are written at once."""
    openers = [_with_hashes(build, keyring) for build in builds if build.view.opens]
    if openers:
        wanted = [fact for fact in facts if any(build.view.handles(type(fact.event)) for build in openers)]
        for start in range(0, len(wanted), _OPENED_AT_ONCE):
            now = await project(openers, documents, await opened(wanted[start : start + _OPENED_AT_ONCE], keyring))
            if any(document.data is None for document in now):
                await documents.scrub()
    await project([build for build in builds if not build.view.opens], documents, facts, progress)


async def project(builds: Sequence[Build], documents: Documents, facts: Sequence[Fact], progress: Progress | None = None) -> list[Document]:
    """Apply facts, in the order given, to every build that handles them. Raises Poison, Unavailable; writes all or nothing.

    Returns the facts' documents as they are then, those that a repeat left as they were too.
    """
    read_first = False
    while True:
        touched = {build.collection: await _touched(build, documents, facts, read_first or not build.view.once) for build in builds}
        changes = {collection: changed for collection, pairs in touched.items() if (changed := [new for old, new in pairs if new != old])}
        now = [new for pairs in touched.values() for _, new in pairs]
        if not changes and progress is None:
            return now
        try:
            await documents.write(changes, progress)
        except Conflict:
            read_first = True
            continue
        return now


async def _touched(build: Build, documents: Documents, facts: Sequence[Fact], read_first: bool) -> list[tuple[Document | None, Document]]:
    """Each document before and after."""
    view = build.view
    touched: dict[str, list[Fact]] = {}
    for fact in facts:
        if view.handles(type(fact.event)):
            for id in _keys(view, fact):
                touched.setdefault(id, []).append(fact)
    if not touched:
        return []
    before = await documents.get_many(build.collection, list(touched)) if read_first else {}
    return [(before.get(id), _apply(view, before, id, mine)) for id, mine in touched.items()]


def _keys(view: View, fact: Fact) -> Sequence[str]:
    try:
        return view.keys(fact)
    except Exception as error:
        raise Poison(fact, error) from error


def _apply(view: View, before: Mapping[str, Document], id: str, facts: Sequence[Fact]) -> Document:
    document = before.get(id) or Document(id, None)
    for fact in facts:
        try:
            document = advance(view, document, fact)
        except Exception as error:
            raise Poison(fact, error) from error
    return document
