"""Limited coupons: their uses, which of them are held and go back, and which of a customer's codes count."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from services.cart.coupon import Keep, Redeem, Return, coupon
from services.cart.held import give_back, held, not_sold
from services.cart.order import order
from services.cart.policies import keep
from services.cart.used import hashes, used
from shared.contracts.cart import (
    CartChanges,
    CartUpdated,
    CouponRedeemed,
    CouponReturned,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    PartialCreated,
)
from shared.contracts.customers import CustomerErased
from shared.contracts.order import CouponVerdict, Person
from shared.kernel.codec import stamp
from shared.kernel.views import Document, advance
from tests.customers.facts import folded, stream
from tests.given import given
from tests.samples import NOON, ORDER, submitted

OTHER = "7K2M9QX4TC"
MINE, THEIRS = ({"campaign": "restful", "code": "LAST", "order_id": id} for id in (ORDER, OTHER))
TAKEN = CouponRedeemed(**MINE)
BACK = CouponReturned(**MINE, why="not-submitted")


def test_each_order_takes_one_use_until_none_is_left():
    given(coupon).when(Redeem(**MINE, limit=1)).then(TAKEN)
    given(coupon, TAKEN).when(Redeem(**MINE, limit=1)).then_nothing()
    refused = given(coupon, TAKEN).when(Redeem(**THEIRS, limit=1)).then_refused("coupon-exhausted")
    assert (refused.field, "LAST" in refused.detail, refused.conflict) == ("coupons", True, False)
    given(coupon, TAKEN).when(Redeem(**THEIRS, limit=2)).then(CouponRedeemed(**THEIRS))
    given(coupon).when(Redeem(**MINE, limit=0)).then_refused("coupon-exhausted")


def test_what_went_back_can_be_taken_again():
    given(coupon, TAKEN).when(Return(**MINE, why="not-submitted")).then(BACK)
    given(coupon, TAKEN, BACK).when(Return(**MINE, why="not-submitted")).then_nothing()
    given(coupon, TAKEN, BACK).when(Redeem(**THEIRS, limit=1)).then(CouponRedeemed(**THEIRS))
    given(coupon).when(Return(**MINE, why="denied")).then_nothing()


def test_an_order_that_was_submitted_keeps_its_use_whatever_happened_a_moment_before():
    given(coupon, TAKEN, BACK, CouponRedeemed(**THEIRS)).when(Keep(**MINE)).then(TAKEN)
    given(coupon, TAKEN).when(Keep(**MINE)).then_nothing()
    given(coupon).when(Keep(**MINE)).then_nothing()


def sent(*codes, order_id=ORDER, attempt=1, campaign="restful", phone="+1 512 555 0142", email=""):
    whole = submitted(attempt=attempt)
    verdicts = tuple(CouponVerdict(code=code, verdict="applied", amount=100) for code in codes)
    verdicts += (CouponVerdict(code="NOUGHT", verdict="applied"), CouponVerdict(code="OLD", verdict="expired"))
    quote = whole.order.quote.model_copy(update={"coupons": verdicts})
    person = Person(first_name="Customer", phone=phone, email=email)
    order = whole.order.model_copy(update={"order_id": order_id, "campaign": campaign, "quote": quote, "customer": person})
    return OrderSubmitted(
        order_id=order_id, attempt=attempt, payment="", parts=(), submitted=whole.model_copy(update={"order": order, "order_id": order_id})
    )


def reopened():
    return OrderReopened(order_id=ORDER, why="declined", attempt=1, reason="", say="", retry=True, try_next="")


def closed(why):
    return OrderClosed(order_id=ORDER, why=why)


def kept():
    whole = submitted().order
    return PartialCreated(
        order_id=ORDER, disposition="price", source="phone", made_by="agent:agent1", created_at=NOON, campaign_version=1, order=whole
    )


def completed():
    return OrderReopened(order_id=ORDER, why="completing")


def test_a_submission_keeps_every_coupon_that_took_something():
    (fact,) = stream(f"order-{ORDER}", (0, sent("LAST", "TEN")))
    assert list(keep.react(fact)) == [(f"restful-{code}", Keep("restful", code, ORDER)) for code in ("LAST", "TEN")]


def due(*timed, coupons=((0, TAKEN),)):
    """In minutes from noon, and what is done then."""
    (document,) = folded(held, [*stream("coupon-restful-LAST", *coupons), *stream(f"order-{ORDER}", *timed)]).values()
    row = document.data
    if not row or row["due_at"] is None:
        return None
    minutes = next(minute for minute in range(60) if stamp(NOON + timedelta(minutes=minute)) == row["due_at"])
    return minutes, give_back({**row, "id": ORDER}, NOON)[1].why


@pytest.mark.parametrize(
    ("timed", "wanted"),
    [
        ((), (10, "not-submitted")),
        (((1, sent("LAST")),), None),
        (((1, sent("OTHER")),), (10, "not-submitted")),
        (((1, sent()),), (10, "not-submitted")),
        (((1, sent("LAST")), (3, reopened())), (13, "not-submitted")),
        (((1, sent("LAST")), (3, reopened()), (5, sent("LAST", attempt=2))), None),
        (((1, sent("LAST")), (3, reopened()), (5, sent(attempt=2))), (10, "not-submitted")),
        (((1, sent("LAST")), (3, closed("approved"))), None),
        (((1, sent("LAST")), (3, closed("approved")), (4, closed("erased"))), None),
        (((1, sent("LAST")), (2, closed("erased"))), None),
        (((1, sent("LAST")), (2, closed("erased")), (3, closed("denied"))), (3, "denied")),
        (((1, sent("LAST")), (2, closed("erased")), (3, closed("approved"))), None),
        (((1, sent("LAST")), (3, closed("denied"))), (3, "denied")),
        (((1, sent("LAST")), (3, closed("cancelled"))), (3, "cancelled")),
        (((1, sent("LAST")), (3, closed("approved")), (4, closed("cancelled"))), (4, "cancelled")),
        (((1, sent("LAST")), (2, reopened()), (3, closed("erased"))), (3, "not-submitted")),
        (((1, sent("LAST")), (2, reopened()), (3, kept())), (3, "no-sale")),
        (((1, sent("LAST")), (2, reopened()), (3, kept()), (4, completed())), (14, "not-submitted")),
        (((1, kept()),), (10, "not-submitted")),
    ],
)
def test_when_a_use_goes_back(timed, wanted):
    assert due(*timed) == wanted


def test_what_went_back_goes_back_once_and_what_is_taken_again_waits_anew():
    timed = ((1, sent("LAST")), (3, closed("denied")))
    assert due(*timed, coupons=((0, TAKEN), (4, BACK))) is None
    assert due(coupons=((0, TAKEN), (10, BACK))) is None
    assert due(coupons=((0, TAKEN), (10, BACK), (20, TAKEN))) == (30, "not-submitted")
    assert due(*timed, coupons=((0, TAKEN), (4, BACK), (5, TAKEN))) == (5, "denied")


def test_an_order_without_coupons_leaves_no_document():
    (document,) = folded(held, stream(f"order-{ORDER}", (0, sent()), (1, closed("approved")))).values()
    assert document.data is None


ORDER_EVENTS = st.lists(
    st.sampled_from([sent("LAST"), sent("TEN"), sent(), reopened(), kept(), completed(), *map(closed, ("denied", "approved", "cancelled"))]),
    max_size=4,
)


@forall(ORDER_EVENTS, st.integers(0, 3), st.integers(0, 2), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200)
def test_in_whatever_order_the_streams_arrive_the_document_is_the_same(events, last, ten, chance):
    streams = [
        stream(f"order-{ORDER}", *enumerate(events)),
        stream("coupon-restful-LAST", *enumerate([TAKEN, BACK, TAKEN][:last])),
        stream("coupon-restful-TEN", *enumerate([each.model_copy(update={"code": "TEN"}) for each in (TAKEN, BACK)][:ten])),
    ]
    whole = folded(held, [fact for each in streams for fact in each])
    left = [list(each) for each in streams]
    mixed = []
    while any(left):
        mixed.append(chance.choice([each for each in left if each]).pop(0))
    assert {id: document.data for id, document in folded(held, mixed).items()} == {id: document.data for id, document in whole.items()}


def hashed(text):
    return f"#{text}"


def uses(*facts):
    document = Document(ORDER, None)
    for fact in facts:
        document = advance(_bound(), document, fact)
    return document.data


def _bound():
    return replace(used, apply=lambda row, fact, id: used.apply(row, fact, id, hashed))


def test_codes_that_took_something_count_by_phone_and_email():
    assert uses(*stream(f"order-{ORDER}", (0, sent("LAST", "TEN", email=" Customer.A@example.com ")))) == {
        "campaign": "restful", "codes": ["LAST", "TEN"], "phone": "#phone 5125550142", "email": "#email customer.a@example.com",
    }  # fmt: skip
    assert uses(*stream(f"order-{ORDER}", (0, sent()))) is None
    assert hashes("512.555.0142", "", hashed) == {"phone": "#phone 5125550142", "email": None}
    assert hashes("", "", hashed) == {"phone": None, "email": None}


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        ((closed("approved"), closed("cancelled")), False),
        ((), True),
        ((reopened(),), False),
        ((reopened(), sent("LAST", attempt=2)), True),
        ((reopened(), sent(attempt=2)), False),
        ((closed("approved"),), True),
        ((closed("denied"),), False),
        ((closed("cancelled"),), False),
        ((closed("erased"),), False),
    ],
)
def test_only_orders_that_stand_count(after, counts):
    assert (uses(*stream(f"order-{ORDER}", (0, sent("LAST")), *((1, event) for event in after))) is not None) == counts


def test_what_was_derived_from_an_erased_customer_is_gone_however_it_arrives():
    orders = stream(f"order-{ORDER}", (0, sent("LAST")))
    erased = stream("customer-4000000001", (1, CustomerErased(customer_id="4000000001", order_ids=(ORDER,))))
    assert uses(*orders, *erased) is None
    assert uses(*erased, *stream(f"order-{ORDER}", (0, sent("LAST", phone="Erased")))) is None
    assert list(used.keys(erased[0])) == [ORDER]


@pytest.mark.parametrize(
    ("history", "back"),
    [
        ((), True),
        ((sent("LAST"),), False),
        ((sent("OTHER"),), True),
        ((sent("LAST"), reopened()), True),
        ((sent("LAST"), reopened(), sent("LAST", attempt=2)), False),
        ((sent("LAST"), closed("denied")), True),
        ((sent("LAST"), closed("approved")), False),
        ((sent("LAST"), closed("approved"), closed("cancelled")), True),
        ((sent("LAST"), closed("approved"), closed("erased")), False),
        ((closed("erased"),), True),
    ],
)
async def test_before_it_goes_back_the_order_s_own_stream_is_asked(history, back):
    """The view may be behind: it has been closed for ten minutes, or the stream waits for somebody."""
    quote = next((event.submitted.order.quote for event in reversed(history) if isinstance(event, OrderSubmitted)), None)
    begun = CartUpdated(order_id=ORDER, changes=CartChanges(), quote=quote, campaign_version=1)
    state = given(order, begun, *history).state

    async def load(aggregate, id):
        return {(order.name, ORDER): (state, len(history) + 1)}[aggregate.name, id]

    assert await not_sold(load, {"id": ORDER, "next": {"code": "LAST"}}) == back
