"""What the rows say of how a delivery does, whatever comes in between."""

from datetime import timedelta

import pytest

from services.fulfillment.attempts import attempts
from services.fulfillment.commands import (
    Cancel,
    Claim,
    ClaimCancel,
    Create,
    Delivered,
    Erase,
    Failed,
    HoldByHand,
    LetGo,
    Release,
    Resend,
    Stopped,
    TooLate,
)
from services.fulfillment.records import LEASE
from services.fulfillment.shipment import shipment
from services.fulfillment.views import deliveries, shipments
from shared.kernel.decider import Refused
from shared.kernel.events import Fact
from tests.samples import NOON, ORDER, order_of, submitted

CSV = f"{ORDER}-csv"
BY = "agent:supervisor1"


def at(minutes):
    return NOON + timedelta(minutes=minutes)


class Told:
    """Commands in the order of their minutes; ``rows`` are of the view by export id."""

    def __init__(self, *commands):
        self.state, self.facts, self.rows, self.pending = shipment.initial, [], {}, {}
        self.tell(*commands)

    def tell(self, *commands):
        for minute, command in commands:
            decided = shipment.decide(command, self.state)
            assert not isinstance(decided, Refused), decided
            for event in decided:
                self.state = shipment.evolve(self.state, event)
                fact = Fact(event, f"shipment-{ORDER}", len(self.facts) + 1, at(minute), "x", ORDER, "")
                self.facts.append(fact)
                for view, rows in ((shipments, self.rows), (deliveries, self.pending)):
                    if view.handles(type(event)):
                        rows.update({key: view.apply(rows.get(key), fact, key) for key in view.keys(fact)})
        return self

    @property
    def row(self):
        return self.rows[CSV]


APPROVED = ((0, Create(submitted(), NOON)), (0, Release(ORDER, "qa1", NOON)))
CLAIMED = (1, Claim(CSV, "me", at(1)))
LEASED = at(1) + LEASE
CANCEL = Cancel(ORDER, "Changed their mind.", BY, at(3))
HOLD = HoldByHand(ORDER, BY, "The address looks odd.")


def refused(**said):
    return Failed(CSV, "No such SKU.", at(2), LEASED, unknown=False, **said)


@pytest.mark.parametrize(
    "rest",
    [
        ((2, refused(again=False)),),
        ((2, refused()), (3, CANCEL)),
        ((2, Failed(CSV, "No answer.", at(2), LEASED)), (3, CANCEL)),
        ((1, CANCEL), (2, Failed(CSV, "No answer.", at(2), LEASED))),
        ((1, CANCEL), (1, Stopped(CSV)), (2, Failed(CSV, "No answer.", at(2), LEASED))),
        ((2, refused()), (3, HOLD)),
        ((1, HOLD), (2, refused())),
        ((2, refused()), (3, Erase(at(3)))),
        ((1, Erase(at(1))), (2, refused())),
    ],
)
def test_what_nobody_tries_again_does_not_count_against_its_plugin(rest):
    told = Told(*APPROVED, CLAIMED, *rest)
    assert (told.row["failing_since"], told.row["retry_at"]) == (None, None)


def test_what_is_tried_again_counts_since_it_first_failed():
    told = Told(*APPROVED, CLAIMED, (2, refused()))
    again = told.state.records["csv"].delivery.until
    told.tell((9, Claim(CSV, "me", again)), (10, Failed(CSV, "Full.", at(10), again + LEASE)))
    assert told.row["failing_since"].startswith(at(2).isoformat()[:16])
    told.tell((11, HOLD), (12, LetGo(ORDER, BY, "It is right.", at(12))))
    later = told.state.records["csv"].delivery.until
    told.tell((13, Claim(CSV, "me", later)), (14, Failed(CSV, "Full.", at(14), later + LEASE)))
    assert told.row["failing_since"].startswith(at(14).isoformat()[:16])


LATE, STOPPED = TooLate(CSV, "packed"), Stopped(CSV)


@pytest.mark.parametrize("end", [((2, Delivered(CSV, "1")),), ((2, CANCEL),), ((2, CANCEL), (4, LATE)), ((2, CANCEL), (4, STOPPED))])
def test_a_hold_shows_only_while_something_is_still_to_go_out(end):
    told = Told(*APPROVED, CLAIMED, (1, HOLD))
    assert told.row["held"]
    assert told.state.on_hold
    told.tell(*end)
    assert (told.row["held"], told.state.on_hold) == (None, False)


def test_what_was_to_be_sent_once_more_when_it_could_not_be_stopped_is_sent_when_somebody_asks_again():
    resend = Resend(ORDER, "csv", BY, "They lost it.", at(3))
    told = Told(*APPROVED, CLAIMED, (2, Delivered(CSV, "1")), (3, resend), (3, CANCEL), (4, LATE))
    assert told.pending[CSV] is None
    told.tell((5, resend))
    assert told.pending[CSV]
    told.tell((6, Claim(CSV, "me", at(6))), (6, Delivered(CSV, "1")))
    assert told.row["worked_at"].startswith(at(6).isoformat()[:16])


def test_each_try_says_who_asked_for_it():
    told = Told((0, Create(order_of(ORDER, "aa", "bb"), NOON)), (0, Release(ORDER, "qa1", NOON)), (1, Claim(f"{ORDER}-aa", "me", at(1))))
    told.tell((1, Delivered(f"{ORDER}-aa", "1")), (2, Resend(ORDER, "aa", BY, "They lost it.", at(2))), (2, Claim(f"{ORDER}-bb", "me", at(2))))
    told.tell((2, Delivered(f"{ORDER}-bb", "1")), (3, Claim(f"{ORDER}-aa", "me", at(3))), (3, Delivered(f"{ORDER}-aa", "1")))
    told.tell((4, CANCEL), (5, ClaimCancel(f"{ORDER}-aa", "me", at(9))))
    assert [(row["plugin"], row["what"], row["by"]) for row in attempts(told.facts)] == [
        ("aa", "deliver", ""), ("bb", "deliver", ""), ("aa", "deliver", BY), ("aa", "cancel", BY),
    ]  # fmt: skip


def test_an_approval_is_of_each_plugin_s_record():
    told = Told((0, Create(order_of(ORDER, "aa", "bb"), NOON)), (1, HoldByHand(ORDER, BY, "Odd.")), (2, Release(ORDER, "qa1", at(2))))
    assert {row["updated_at"][:16] for row in told.rows.values() if row} == {at(2).isoformat()[:16]}


def test_when_it_went_out_first_stays_and_what_went_well_last_is_known():
    told = Told(*APPROVED, CLAIMED, (2, Delivered(CSV, "1")), (90, Resend(ORDER, "csv", BY, "They lost it.", at(90))))
    told.tell((91, Claim(CSV, "me", at(91))), (92, Delivered(CSV, "1")))
    assert [told.row[name][:16] for name in ("exported_at", "worked_at")] == [at(minute).isoformat()[:16] for minute in (2, 92)]


def test_a_try_that_fails_once_it_is_to_be_stopped_is_tried_by_nobody():
    told = Told(*APPROVED, CLAIMED, (1, CANCEL), (2, Failed(CSV, "No answer.", at(2), LEASED)))
    assert not told.pending.get(CSV)
