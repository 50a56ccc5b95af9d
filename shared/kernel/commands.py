"""The way of a command: load, decide, append where the version is still the one that was read; at most once a command id."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.kernel.codec import Codec, Probe, open_sealed, sealed_under, sealer
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.errors import Conflict, Unreadable
from shared.kernel.events import Event, Fact
from shared.kernel.ports import Keyring, Stored, Streams

_TRIES = 3
_REMEMBERED = 1_000
_ERASED = Refused("erased", "This customer was erased. Nothing personal can be recorded here any more.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who asks for what and when. ``version`` is the one that the caller saw (If-Match); ``hash`` tells a repeat from another body."""

    command_id: str
    actor: str
    now: datetime
    role: str = ""
    version: int | None = None
    hash: str = ""
    causation: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    state: Any
    version: int
    events: Sequence[Event] = ()
    repeated: bool = False


class Refusal(Exception):
    """A refused command on its way to the answer."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.detail)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Folded:
    state: Any
    version: int
    commands: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Command id -> (hash, version after its last event)."""


class Commands:
    """Decides commands of one service's aggregates. ``appended`` hears every fact once it is on stable storage."""

    def __init__(
        self,
        streams: Streams,
        codec: Codec,
        keyring: Keyring,
        *,
        label: Callable[[Event], tuple[str, str] | None] = lambda event: None,
        appended: Callable[[Fact], None] = lambda fact: None,
    ) -> None:
        self._streams = streams
        self._codec = codec
        self._keyring = keyring
        self._label = label
        self._appended = appended
        self._cache: OrderedDict[str, Folded] = OrderedDict()

    async def load(self, aggregate: Aggregate[Any], id: str, *, confirmed: bool = False) -> tuple[Any, int]:
        """``confirmed``: as it is, for whoever destroys by it; otherwise the newest may be missing."""
        folded = await self._fold(aggregate, aggregate.stream(id), confirmed=confirmed)
        return folded.state, folded.version

    async def seen(self, aggregate: Aggregate[Any], id: str) -> tuple[Any, int]:
        """As it was when it was last folded here: others may have gone on. To prepare a command by, never to answer, but that it is there."""
        folded = self._cache.get(aggregate.stream(id))
        if folded is None or not folded.version:
            folded = await self._fold(aggregate, aggregate.stream(id))
        return folded.state, folded.version

    async def begun_by(self, aggregate: Aggregate[Any], id: str) -> str | None:
        """The command id of the stream's first event; None while there is none."""
        folded = await self._fold(aggregate, aggregate.stream(id))
        return next(iter(folded.commands), "") if folded.version else None

    async def execute(self, aggregate: Aggregate[Any], id: str, command: Any, sent: Envelope) -> Outcome:
        """Raises Refusal; Conflict after three lost races, when nothing is decided; Unavailable; Oversize."""
        stream = aggregate.stream(id)
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(aggregate, stream, command, sent)
            except Conflict as conflict:
                if attempt == _TRIES:
                    raise Conflict("Others are changing this at the same time. Try again.") from conflict
                await asyncio.sleep(random.uniform(0, 0.005) * attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("the last try returns or raises")

    async def _once(self, aggregate: Aggregate[Any], stream: str, command: Any, sent: Envelope) -> Outcome:
        folded = self._cache.get(stream) or await self._fold(aggregate, stream)
        decision = self._decide(aggregate, folded, command, sent)
        if not _appends(decision):
            folded = await self._fold(aggregate, stream, confirmed=True)
            decision = self._decide(aggregate, folded, command, sent)
        if isinstance(decision, Refused):
            raise Refusal(decision)
        if isinstance(decision, Outcome):
            return decision if decision.version == folded.version else await self._as_then(aggregate, stream, decision)
        if not decision:
            return Outcome(folded.state, folded.version)
        return await self._append(aggregate, stream, folded, decision, sent)

    def _decide(self, aggregate: Aggregate[Any], folded: Folded, command: Any, sent: Envelope) -> Sequence[Event] | Refused | Outcome:
        if sent.command_id in folded.commands:
            known, version = folded.commands[sent.command_id]
            if known != sent.hash:
                return Refused("key-reused", "This Idempotency-Key was used for another request.", conflict=False)
            return Outcome(folded.state, version, repeated=True)
        if sent.version is not None and sent.version != folded.version:
            return Refused("stale", "Somebody has changed this meanwhile.", data={"version": folded.version, "state": folded.state})
        return aggregate.decide(command, folded.state)

    async def _as_then(self, aggregate: Aggregate[Any], stream: str, outcome: Outcome) -> Outcome:
        folded = await self._fold(aggregate, stream, until=outcome.version)
        return Outcome(folded.state, outcome.version, repeated=True)

    async def _append(self, aggregate: Aggregate[Any], stream: str, folded: Folded, events: Sequence[Event], sent: Envelope) -> Outcome:
        for label in filter(None, map(self._label, events)):
            if await self._keyring.ensure(*label) is None:
                raise Refusal(_ERASED)
        facts = [self._fact(stream, folded.version + n, event, sent) for n, event in enumerate(events, 1)]
        after = _folded(aggregate, folded, facts)
        try:
            await self._streams.append(events[0].TOPIC, await self._encoded(stream, facts))
        except BaseException:
            self._cache.pop(stream, None)
            raise
        self._remember(stream, after)
        for fact in facts:
            self._appended(fact)
        return Outcome(after.state, after.version, events)

    async def _encoded(self, stream: str, facts: Sequence[Fact]) -> list[Stored]:
        """A stream gets a key with its first personal text, not before: most carry only what others have sealed."""
        probe = Probe()
        stored = [self._codec.encode(fact, probe) for fact in facts]
        if not probe.found:
            return stored
        key = await self._keyring.ensure(stream)
        if key is None:
            raise Refusal(_ERASED)
        return [self._codec.encode(fact, sealer(stream, key)) for fact in facts]

    def _fact(self, stream: str, version: int, event: Event, sent: Envelope) -> Fact:
        correlation = stream.partition("-")[2] or stream
        return Fact(
            event, stream, version, sent.now, sent.actor, correlation, sent.causation or sent.command_id, sent.command_id, sent.hash, event.TOPIC
        )

    async def _fold(self, aggregate: Aggregate[Any], stream: str, until: int | None = None, *, confirmed: bool = False) -> Folded:
        facts = [decode(self._codec, stored) for stored in await self._streams.load(stream, confirmed=confirmed)]
        if aggregate.opens:
            facts = await opened(facts, self._keyring)
        folded = _folded(aggregate, Folded(aggregate.initial, 0), [fact for fact in facts if until is None or fact.version <= until])
        if until is None:
            self._remember(stream, folded)
        return folded

    def _remember(self, stream: str, folded: Folded) -> None:
        known = self._cache.get(stream)
        if known is None or known.version <= folded.version:
            self._cache[stream] = folded
            self._cache.move_to_end(stream)
        if len(self._cache) > _REMEMBERED:
            self._cache.popitem(last=False)

    def forget(self) -> None:
        """Fold anew from now on: what was opened may be erased."""
        self._cache.clear()


def _appends(decision: object) -> bool:
    return not isinstance(decision, Refused | Outcome) and bool(decision)


def _folded(aggregate: Aggregate[Any], folded: Folded, facts: Sequence[Fact]) -> Folded:
    """Raises Unreadable for a fact that cannot follow what came before it."""
    state, commands = folded.state, dict(folded.commands)
    for fact in facts:
        try:
            state = aggregate.evolve(state, fact.event)
        except Exception as error:
            raise Unreadable(f"{fact.id}, {fact.event.TYPE}, cannot follow what came before it: {type(error).__name__}.") from error
        if fact.command_id:
            commands[fact.command_id] = (fact.command_hash, fact.version)
    return Folded(state, facts[-1].version if facts else folded.version, commands)


def decode(codec: Codec, stored: Stored) -> Fact:
    headers: Mapping[str, str] = dict(stored.headers)
    return codec.decode(headers, stored.data, position=stored.position)


async def opened(facts: Sequence[Fact], keyring: Keyring) -> list[Fact]:
    """The same facts with their personal fields opened, ``Erased`` where the key was dropped."""
    payloads = [fact.event.model_dump(mode="json") for fact in facts]
    keys = await keyring.find(sorted(set(sealed_under(payloads))))
    return [replace(fact, event=type(fact.event).model_validate(open_sealed(payload, keys))) for fact, payload in zip(facts, payloads, strict=True)]
