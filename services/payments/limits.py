"""How many cards may be tried at a door, and by whom: the pre-authorisation and the public checkout page, where stolen cards are tried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.contracts.cards import CardTried, Counted, Dimension, Door, LimitReleased, LimitTripped
from shared.kernel.codec import stamp
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

WINDOW = timedelta(hours=1)
_DAY = timedelta(days=1)
MOST: Mapping[Door, Mapping[Dimension, int]] = {
    "pre-auth": {"fingerprint": 6, "bin": 40, "customer": 10, "agent": 20},
    "checkout": {"fingerprint": 6, "bin": 40, "customer": 10, "address": 25},
}
"""Cards in an hour. An agent is known by name and shares the address with the whole call centre; a customer has an address and no name."""
OF_LAST, DECLINED = 50, 30
"""The breaker: so many of the last cards at a door declined."""
IN_FLIGHT = timedelta(minutes=2)
"""So long a card without an answer may yet be declined, and counts as if it were; later, nobody asks about it any more."""


def closes_for(dimension: Dimension) -> timedelta:
    """The first time; each further time within a day it is twice as long, up to a day."""
    return timedelta(minutes=15) if dimension == "declines" else WINDOW


# Cards that were let through, in a stream a door and hour, so that none grows for ever


@dataclass(frozen=True, slots=True)
class Judged:
    """One dimension of a card. What came up to ``since`` does not count; ``closed_until`` is set where the limit has been tripped."""

    counted: Counted
    since: datetime | None = None
    closed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TryCard:
    """``before`` are those of the hour before; ``answers`` says which of all were approved, those without an answer are absent."""

    door: Door
    order_id: str
    payment: str
    judged: tuple[Judged, ...]
    before: tuple[CardTried, ...]
    answers: Mapping[tuple[str, str], bool]
    now: datetime


Tries = tuple[CardTried, ...]


def _try(command: TryCard, state: Tries) -> Sequence[CardTried] | Refused:
    tried = [*command.before, *state]
    for each in command.judged:
        dimension = each.counted.dimension
        if each.closed_until:
            return Refused("limit-tripped", "", data={"dimension": dimension, "until": each.closed_until})
        count, most = _count(each, tried, command), DECLINED if dimension == "declines" else MOST[command.door][dimension]
        if count >= most:
            return Refused("limit-reached", "", data={"dimension": dimension, "count": count})
        if dimension == "declines" and count + _in_flight(each, tried, command) >= most:
            return Refused("limit-crowded", "", data={"dimension": dimension})
    counted = tuple(each.counted for each in command.judged)
    return [CardTried(door=command.door, order=command.order_id, payment=command.payment, at=command.now, counted=counted)]


def _count(judged: Judged, tried: Sequence[CardTried], command: TryCard) -> int:
    counting = [each for each in tried if _counts(each, judged, command.now)]
    if judged.counted.dimension == "declines":
        return sum(command.answers.get((each.order, each.payment)) is False for each in counting[-OF_LAST:])
    return len(counting)


def _in_flight(judged: Judged, tried: Sequence[CardTried], command: TryCard) -> int:
    counting = [each for each in tried if _counts(each, judged, command.now)][-OF_LAST:]
    return sum((each.order, each.payment) not in command.answers and command.now - each.at < IN_FLIGHT for each in counting)


def _counts(tried: CardTried, judged: Judged, now: datetime) -> bool:
    return judged.counted in tried.counted and now - tried.at < WINDOW and (judged.since is None or tried.at > judged.since)


tries: Aggregate[Tries] = Aggregate("tries", (), _try, lambda state, event: (*state, event), (TryCard,))


def hour(door: Door, now: datetime) -> str:
    return f"{door}-{now:%Y%m%d%H}"


# Limits that were tripped


@dataclass(frozen=True, slots=True)
class Trip:
    door: Door
    counted: Counted
    shown: str
    count: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Release:
    by: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """``trips`` are the times of those that nobody released."""

    tripped: LimitTripped | None = None
    released: LimitReleased | None = None
    trips: tuple[datetime, ...] = ()

    @property
    def since(self) -> datetime | None:
        return self.released.at if self.released else self.tripped.until if self.tripped else None

    def closed_until(self, now: datetime) -> datetime | None:
        return self.tripped.until if self.tripped and self.released is None and now < self.tripped.until else None


def _limit(command: Trip | Release, state: Limit) -> Sequence[LimitTripped | LimitReleased] | Refused:
    if isinstance(command, Release):
        tripped = state.tripped
        if tripped is None:
            return Refused("not-tripped", "This limit holds nobody back.")
        if state.closed_until(command.now) is None:
            return []
        of = tripped.model_dump(include={"limit", "door", "dimension", "subject"})
        return [LimitReleased(**of, by=command.by, reason=command.reason, at=command.now)]
    if state.closed_until(command.now):
        return []
    dimension, subject = command.counted.dimension, command.counted.subject
    again = sum(command.now - at < _DAY for at in state.trips)
    return [
        LimitTripped(
            limit=named(command.door, command.counted),
            door=command.door,
            dimension=dimension,
            subject=subject,
            shown=command.shown,
            count=command.count,
            at=command.now,
            until=command.now + min(closes_for(dimension) * float(2 ** min(again, 10)), _DAY),
        )
    ]


def named(door: Door, counted: Counted) -> str:
    return f"{door}-{counted.dimension}-{counted.subject}"


def _evolve(state: Limit, event: LimitTripped | LimitReleased) -> Limit:
    if isinstance(event, LimitReleased):
        return replace(state, released=event, trips=state.trips[:-1])
    return Limit(event, None, (*(at for at in state.trips if event.at - at < _DAY), event.at))


limit: Aggregate[Limit] = Aggregate("limit", Limit(), _limit, _evolve, (Trip, Release))


def _key(event: LimitTripped | LimitReleased) -> str:
    return event.limit


def _row(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    if not isinstance(event, LimitTripped):
        return None
    told = event.model_dump(include={"door", "dimension", "shown", "count"})
    return {**told, "tripped_at": stamp(event.at), "until": stamp(event.until)}


limits = view("limits", 1, _key, _row, ["until"])
"""What was tripped and not released, one row a limit; over after ``until``."""
