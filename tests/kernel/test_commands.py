"""The way of a command: decided on what is there, at most once a command id, and never in between two others."""

from dataclasses import dataclass, replace

import pytest

from shared.contracts.qa import ReviewClosed, ReviewUndone
from shared.contracts.registry import EVENTS
from shared.engines.embedded.engine import Engine
from shared.kernel.codec import Codec
from shared.kernel.commands import Commands, Envelope, Refusal
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.errors import Conflict, Corrupt
from tests.samples import NOON


@dataclass(frozen=True, slots=True)
class Undo:
    times: int = 1
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class Close: ...


def _decide(command, state):
    if state == "closed" and not getattr(command, "reopens", False):
        return [] if isinstance(command, Close) else Refused("closed", "Closed.")
    if isinstance(command, Close):
        return [ReviewClosed(order_id="1", why="voided")]
    return [ReviewUndone(order_id="1", reviewer="agent:qa1")] * command.times


def _evolve(state, event):
    return "closed" if isinstance(event, ReviewClosed) else 1 if state == "closed" else state + 1


review = Aggregate("review", 0, _decide, _evolve, (Undo, Close))


class Rival:
    """Streams before whose appends somebody else is quicker, so many times."""

    def __init__(self, streams, times):
        self.streams, self.left = streams, times

    def __getattr__(self, name):
        return getattr(self.streams, name)

    async def append(self, topic, events):
        if self.left:
            self.left -= 1
            await Commands(self.streams, Codec(EVENTS), None).execute(review, "1", Undo(), sent(f"rival {self.left}"))
        await self.streams.append(topic, events)


def sent(command_id, **more):
    return Envelope(command_id, "agent:qa1", NOON, **more)


@pytest.fixture
async def streams(settings):
    engine = Engine(settings)
    yield engine.ports("qa").streams
    await engine.close()


def commands(streams, lost=0):
    return Commands(Rival(streams, lost), Codec(EVENTS), None)


async def test_who_loses_twice_is_decided_anew_and_written_once(streams):
    outcome = await commands(streams, lost=2).execute(review, "1", Undo(), sent("c1"))
    assert (outcome.state, outcome.version) == (3, 3)
    assert [dict(event.headers)["commandid"] for event in await streams.load("review-1")] == ["rival 1", "rival 0", "c1"]


async def test_three_lost_races_are_a_conflict_and_nothing_is_written(streams):
    with pytest.raises(Conflict):
        await commands(streams, lost=3).execute(review, "1", Undo(), sent("c1"))
    assert "c1" not in [dict(event.headers)["commandid"] for event in await streams.load("review-1")]


async def test_a_command_that_names_a_version_is_not_decided_anew(streams):
    ours = commands(streams, lost=1)
    with pytest.raises(Refusal) as refusal:
        await ours.execute(review, "1", Undo(), sent("c1", version=0))
    assert (refusal.value.refused.code, refusal.value.refused.data) == ("stale", {"version": 1, "state": 1})


async def test_a_kept_state_leads_to_no_answer_but_an_append(streams):
    ours, theirs = commands(streams), commands(streams)
    await ours.execute(review, "1", Close(), sent("c1"))
    await theirs.execute(review, "1", Undo(reopens=True), sent("c2"))
    assert (await ours.execute(review, "1", Close(), sent("c3"))).version == 3
    await theirs.execute(review, "1", Undo(reopens=True), sent("c4"))
    assert (await ours.execute(review, "1", Undo(), sent("c5"))).version == 5
    await theirs.execute(review, "1", Close(), sent("c6"))
    with pytest.raises(Refusal, match="Closed"):
        await ours.execute(review, "1", Undo(), sent("c7"))


async def test_what_was_not_there_is_looked_for_again(streams):
    here, there = commands(streams), commands(streams)
    assert await here.seen(review, "1") == (0, 0)
    await there.execute(review, "1", Undo(), sent("1"))
    assert await here.seen(review, "1") == (1, 1)


async def test_a_repeat_is_answered_as_then_by_whoever_is_asked(streams):
    first, second = commands(streams), commands(streams)
    then = await first.execute(review, "1", Undo(times=2), sent("c1"))
    await first.execute(review, "1", Undo(), sent("c2"))
    for asked in (first, second):
        again = await asked.execute(review, "1", Undo(times=2), sent("c1"))
        assert (again.state, again.version, again.repeated) == (then.state, then.version, True) == (2, 2, True)
    assert len(await streams.load("review-1")) == 3


async def test_what_could_not_be_folded_afterwards_is_not_recorded(streams):
    broken = replace(review, evolve=lambda state, event: 1 / 0)
    with pytest.raises(Corrupt, match="review-1@1"):
        await commands(streams).execute(broken, "1", Undo(), sent("c1"))
    assert list(await streams.load("review-1")) == []


@pytest.mark.parametrize(("steps", "fits"), [((1, 2), True), ((2,), False), ((1,), False), ((), False), ((1, 2, 3), False), ((0, 1, 2), False)])
def test_every_older_schema_has_a_way_up_and_none_leads_nowhere(steps, fits):
    class Third(ReviewUndone, type="ringup.qa.Third", schema=3): ...

    upcasters = {("ringup.qa.Third", step): lambda payload: payload for step in steps}
    if fits:
        Codec({"ringup.qa.Third": Third}, upcasters)
    else:
        with pytest.raises(Corrupt, match=r"ringup\.qa\.Third"):
            Codec({"ringup.qa.Third": Third}, upcasters)
