"""Which of a customer's submissions count as a trial that they had: those that stand, until they are erased."""

from dataclasses import replace

import pytest

from services.cart.trials import trials
from shared.contracts.cart import OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.contracts.order import Person
from shared.contracts.payments import PaymentRefunded
from shared.kernel.codec import stamp
from shared.kernel.views import Document, advance
from tests.customers.facts import stream
from tests.samples import NOON, ORDER, submitted

COMPLETING = OrderReopened(order_id=ORDER, why="completing")
DECLINED = OrderReopened(order_id=ORDER, why="declined", attempt=1, reason="", say="", retry=True, try_next="")


def sent(trial="spray", attempt=1, phone="+1 512 555 0142"):
    whole = submitted(attempt=attempt)
    lines = tuple(line.model_copy(update={"trial": trial, "name": "Lavender spray"}) for line in whole.order.quote.lines[:1])
    quote = whole.order.quote.model_copy(update={"lines": lines})
    body = whole.order.model_copy(update={"quote": quote, "customer": Person(first_name="Customer", phone=phone), "customer_id": "4000000001"})
    return OrderSubmitted(order_id=ORDER, attempt=attempt, payment="", parts=(), submitted=whole.model_copy(update={"order": body}))


def closed(why):
    return OrderClosed(order_id=ORDER, why=why)


def known(*facts):
    view = replace(trials, apply=lambda row, fact, id: trials.apply(row, fact, id, lambda text: f"#{text}"))
    document = Document(ORDER, None)
    for fact in facts:
        document = advance(view, document, fact)
    return document.data


def ordered(*events):
    return stream(f"order-{ORDER}", *((1, event) for event in events))


def test_a_trial_is_known_by_its_customer_and_by_hashes_of_how_they_are_reached():
    row = known(*ordered(sent()))
    assert row == {
        "trials": {"spray": "Lavender spray"}, "ordered_at": stamp(NOON), "customer_id": "4000000001", "phone": "#phone 5125550142", "email": None,
    }  # fmt: skip
    assert known(*ordered(sent(trial=""))) is None


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        ((), True),
        ((closed("approved"),), True),
        ((closed("approved"), closed("cancelled")), False),
        ((closed("denied"),), False),
        ((closed("cancelled"),), False),
        ((closed("erased"),), False),
        ((DECLINED,), False),
        ((DECLINED, COMPLETING), False),
        ((DECLINED, sent(attempt=2)), True),
        ((DECLINED, sent(trial="", attempt=2)), False),
    ],
)
def test_only_submissions_that_stand_count(after, counts):
    assert (known(*ordered(sent(), *after)) is not None) == counts


def test_of_an_erased_customer_none_is_known_however_it_arrives():
    erased = stream("customer-4000000001", (1, CustomerErased(customer_id="4000000001", order_ids=(ORDER,))))
    assert list(trials.keys(erased[0])) == [ORDER]
    assert known(*ordered(sent()), *erased) is None
    assert known(*erased, *ordered(sent(phone="Erased"))) is None


def refunded(whole):
    event = PaymentRefunded(
        order_id=ORDER, number=1, amount=100, references=(), refunded=100, captured=100 if whole else 5690, by="agent:supervisor1"
    )
    return stream(f"payment-{ORDER}", (2, event))


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_refunded_whole_counts_no_more_whichever_topic_comes_first(whole):
    order = ordered(sent(), closed("approved"))
    for arriving in ([*order, *refunded(whole)], [*refunded(whole), *order], [order[0], *refunded(whole), order[1]]):
        row = known(*arriving)
        assert row["customer_id"] == (None if whole else "4000000001")
        assert bool(row["trials"]) is not whole


def test_a_refund_of_what_was_no_trial_is_no_trial_either():
    assert known(*ordered(sent(trial="")), *refunded(whole=False)) is None
