"""No Sale keeps what is known, Complete Order goes on with it, and a link lets the customer do so."""

from datetime import timedelta

import pytest

from services.cart.changing import Reprice
from services.cart.links import Issue, Open, Revoke, live, status
from services.cart.order import Close, Place, Reopen, Send, order
from services.cart.partial import Complete, NoSale, StartPartial
from services.cart.second_fact import TryFact
from shared.contracts.cart import (
    CartChanges,
    CartUpdated,
    DraftLinkIssued,
    DraftLinkOpened,
    DraftLinkRevoked,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    PartialCreated,
    SecondFactTried,
)
from shared.contracts.catalog import CustomField, Offer, ShippingProfile, Variant
from shared.contracts.order import Attribution, Call, FieldValue, Instrument, Particulars, Person
from tests.cart.ringing import AGENT, CALL, HOME, PERSON, begun, change, known, lines, offered, submit
from tests.given import given
from tests.samples import NOON, ORDER

PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
TOPPER = Offer(id="3", name="Foam topper", sku="RN-TOP", price=10000, variants=(Variant(id="31", sku="Q"),))
SHOP = offered(PILLOW, TOPPER, checkout=True)
ASKS = offered(PILLOW, fields=(CustomField(id="1", label="Size of the bed", kind="text"),))
DEARER = offered(PILLOW.model_copy(update={"price": 5995}), TOPPER, checkout=True)
LATER = NOON + timedelta(hours=1)
OTHER_CALL = Call(agent="agent:agent2", started_at=LATER)
ABOUT = Attribution(dnis="8005550100", ani="5125550142", custom1="Coffee")
KEPT = PERSON.model_copy(update={"phone": "+15125550142"})
THEY = Particulars(birth_date="1970-12-31", gender="female", sms_consent=True)


def no_sale(campaign=SHOP, actor=AGENT, customer_id="4000000001", disposition="call-back", note=""):
    return NoSale(ORDER, campaign.tariff.campaign, actor, NOON, customer_id, disposition, note)


def complete(catalog=SHOP, call=OTHER_CALL, now=LATER):
    return Complete(Reprice(ORDER, catalog, known(), call.agent, now), call)


def send(link_id="link-1", catalog=SHOP, hours=72, now=NOON, **more):
    issue = Issue(ORDER, catalog.tariff.campaign, AGENT, now, link_id, f"hash of {link_id}", now + timedelta(hours=hours), **more)
    return Send(issue, no_sale(catalog))


def rung_up(*commands, catalog=SHOP, **changes):
    """As it is after these commands."""
    made = given(order)
    for command in (begun(catalog, lines(_1=2), **changes), *commands):
        decided = made.when(command).decision
        assert isinstance(decided, list), decided
        made = given(order, *made.events, *decided)
    return made


def by_customer(catalog=SHOP, wanted=None, now=LATER, **changes):
    return change(catalog, wanted, actor="customer", now=now, **changes)


def test_no_sale_keeps_everything_but_the_payment():
    history = rung_up(attribution=ABOUT, particulars=THEY, notes="Asks at home.")
    (event,) = history.when(no_sale(note="Wants to sleep on it")).then_types(PartialCreated)
    assert (event.disposition, event.note, event.source, event.made_by) == ("call-back", "Wants to sleep on it", "phone", AGENT)
    kept = event.order
    assert (kept.customer, kept.billing, kept.notes, kept.attribution, kept.customer_id) == (KEPT, HOME, "Asks at home.", ABOUT, "4000000001")
    assert (kept.quote.total, event.customer.particulars) == (2 * (4995 + 695), THEY)


@pytest.mark.parametrize(
    ("person", "fields"),
    [
        (Person(), ["customer.first_name", "customer.last_name", "customer.phone"]),
        (Person(first_name="Customer", last_name="A"), ["customer.phone"]),
        (Person(first_name="Customer", phone="+15125550142"), ["customer.last_name"]),
        (Person(first_name="Customer", last_name="A", email="customer.a@example.com"), []),
    ],
)
def test_it_needs_both_names_and_a_phone_or_an_email(person, fields):
    when = rung_up(customer=person).when(no_sale())
    if fields:
        assert [error["field"] for error in when.then_refused("incomplete").data["errors"]] == fields
    else:
        when.then_types(PartialCreated)


def test_a_partial_is_not_changed_before_it_is_completed():
    history = rung_up(no_sale())
    for command in (change(SHOP, lines(_1=1)), submit(SHOP), no_sale(), Reprice(ORDER, SHOP, known(), AGENT, NOON)):
        history.when(command).then_refused("partial")


def test_complete_order_opens_it_with_a_new_call_and_the_prices_of_now():
    opened, updated = rung_up(no_sale()).when(complete(DEARER)).then_types(OrderReopened, CartUpdated)
    assert (opened.why, opened.of, opened.call) == ("completing", "agent", OTHER_CALL)
    assert (updated.repriced_from, updated.quote.total) == (2 * (4995 + 695), 2 * (5995 + 695))
    history = rung_up(no_sale(), complete(DEARER))
    assert (history.state.stage, history.state.of, history.state.call, history.state.repriced_from) == ("open", "agent", OTHER_CALL, 11380)
    assert rung_up(no_sale(), complete(DEARER), change(DEARER, notes="Ring twice")).state.repriced_from is None
    rung_up(no_sale()).when(complete()).then_types(OrderReopened)
    (sent,) = history.when(submit(DEARER, actor="agent:agent2")).then_types(OrderSubmitted)
    assert sent.submitted.order.call == OTHER_CALL


def test_complete_order_of_one_that_is_open_changes_nothing():
    rung_up().when(complete(DEARER)).then_nothing()
    rung_up(submit(SHOP)).when(complete()).then_refused("being-charged")


@pytest.mark.parametrize("shop", [offered(PILLOW, TOPPER, retired=True), offered(PILLOW.model_copy(update={"max_quantity": 1}), TOPPER)])
def test_one_that_cannot_be_priced_anew_can_still_be_looked_at(shop):
    history = rung_up(no_sale())
    after = given(order, *history.events, *history.when(complete(shop)).then_types(OrderReopened))
    assert (after.state.stage, after.state.quote) == ("open", history.state.quote)


def test_circumstances_of_another_order_are_asked_for_again():
    reprice = Reprice(ORDER, SHOP, lambda about: None, OTHER_CALL.agent, LATER)
    rung_up(no_sale()).when(Complete(reprice, OTHER_CALL)).then_refused("busy")


def test_start_and_no_sale_in_one():
    first = begun(SHOP, lines(_1=1), call=None, source="lander")
    _, kept = given(order).when(StartPartial(first, no_sale(actor="key:lander", disposition=""))).then_types(CartUpdated, PartialCreated)
    assert (kept.source, kept.disposition, kept.order.call) == ("lander", "", None)
    given(order).when(StartPartial(change(SHOP, campaign="restful"), no_sale())).then_refused("incomplete")


def test_a_link_is_no_sale_first():
    kept, link = rung_up().when(send(price_lock=True, channel="email", to="customer.a@example.com")).then_types(PartialCreated, DraftLinkIssued)
    assert (link.customer_id, link.expires_at, link.to) == (kept.order.customer_id, NOON + timedelta(hours=72), "customer.a@example.com")
    assert (link.campaign, link.campaign_name, link.first_name, link.total, link.currency) == ("restful", "Restful Nights", "Customer", 11380, "USD")
    history = rung_up(send())
    assert history.state.stage == "partial"
    history.when(send()).then_nothing()
    history.when(send("link-2", channel="sms")).then_types(DraftLinkIssued)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (send(catalog=offered(PILLOW)), "no-checkout"),
        (send(channel="email"), "missing"),
        (send(channel="email", to="nobody"), "to"),
        (send(channel="sms", to="0142"), "to"),
    ],
)
def test_a_link_that_leads_nowhere_or_cannot_be_sent_is_refused(command, code):
    rung_up().when(command).then_refused(code)
    rung_up(submit(SHOP)).when(send()).then_refused("being-charged")


def test_a_link_goes_where_the_customer_said_or_where_the_agent_typed():
    for more, to in (({"channel": "sms"}, "+15125550142"), ({"channel": "sms", "to": "(512) 555-0199"}, "+15125550199"), ({"to": "x"}, "")):
        assert rung_up().when(send(**more)).decision[-1].to == to


def test_at_most_five_links_hold_at_once():
    history = rung_up(*[send(f"link-{n}", hours=n + 1) for n in range(5)])
    history.when(send("one more")).then_refused("too-many-links")
    history.when(send("one more", now=NOON + timedelta(hours=1))).then_types(DraftLinkIssued)
    given(order, *history.events, *history.when(Revoke(ORDER, "link-3")).decision).when(send("one more")).then_types(DraftLinkIssued)


def test_a_link_is_opened_once_and_ends_by_its_time_or_by_hand():
    history = rung_up(send(hours=2))
    (opened,) = history.when(Open(ORDER, "link-1", LATER)).then_types(DraftLinkOpened)
    again = given(order, *history.events, opened)
    again.when(Open(ORDER, "link-1", LATER)).then_nothing()
    assert status(again.state.links[0], LATER) == "opened"
    again.when(Open(ORDER, "link-1", NOON + timedelta(hours=2))).then_refused("link-expired")
    revoked = given(order, *again.events, *again.when(Revoke(ORDER, "link-1")).then_types(DraftLinkRevoked))
    revoked.when(Revoke(ORDER, "link-1")).then_nothing()
    revoked.when(Open(ORDER, "link-1", LATER)).then_refused("link-revoked")
    history.when(Open(ORDER, "link-9", LATER)).then_refused("unknown-link")


def test_the_customer_s_first_change_opens_the_order_by_the_prices_of_now():
    opened, updated = rung_up(send()).when(by_customer(DEARER, terms_agreed=True)).then_types(OrderReopened, CartUpdated)
    assert (opened.of, opened.call, updated.quote.price) == ("customer", None, 2 * 5995)
    history = rung_up(send(), by_customer(DEARER))
    assert history.state.of == "customer"
    history.when(by_customer(DEARER)).then_nothing()
    history.when(change(SHOP, notes="x")).then_refused("with-customer")
    history.when(no_sale()).then_refused("with-customer")


def test_complete_order_takes_it_over_from_the_customer_and_ends_the_links():
    history = rung_up(send(), by_customer())
    ended, opened = history.when(complete()).then_types(DraftLinkRevoked, OrderReopened)
    assert (ended.why, opened.of) == ("taken-over", "agent")
    after = given(order, *history.events, ended, opened)
    after.when(by_customer(terms_agreed=True)).then_refused("with-agent")
    assert not any(live(link, LATER) for link in after.state.links)


def test_what_only_an_agent_changes():
    history = rung_up(send(), by_customer())
    for changes in ({"notes": "x"}, {"trial_override": True}, {"customer_id": "1"}, {"attribution": ABOUT}, {"call": CALL}):
        assert history.when(by_customer(**changes)).then_refused("not-yours").field == next(iter(changes))
    free = {"1": lines(_1=2)["1"].__class__(2, 0, None, "because")}
    assert history.when(by_customer(wanted=free)).then_refused("not-yours").field == "lines.1.price"
    refused = history.when(submit(SHOP, "external", actor="customer")).then_refused("incomplete")
    assert [error["field"] for error in refused.data["errors"]] == ["method"]


def test_the_customer_pays_what_was_kept_as_it_is():
    place = Place(by_customer(), submit(SHOP, actor="customer", now=LATER))
    _, sent = rung_up(send()).when(place).then_types(OrderReopened, OrderSubmitted)
    assert (sent.submitted.placed_by, sent.submitted.amount) == ("customer", 11380)
    moved = Place(by_customer(DEARER), submit(DEARER, actor="customer", now=LATER))
    assert rung_up(send()).when(moved).then_refused("repriced").data == {"total": 13380}
    seen = Place(by_customer(DEARER), submit(DEARER, actor="customer", now=LATER, total=13380))
    rung_up(send()).when(seen).then_types(OrderReopened, CartUpdated, OrderSubmitted)


def test_a_customer_s_declined_order_stays_on_their_page_and_their_link_holds_on():
    paid = rung_up(send(), by_customer(), submit(SHOP, actor="customer", now=LATER))
    assert status(paid.state.links[0], LATER) == "completed"
    paid.when(Open(ORDER, "link-1", LATER)).then_refused("link-completed")
    (declined,) = paid.when(Reopen(ORDER, 1, "do-not-honour", "Declined.", True, "another card", Instrument(), 1)).then_types(OrderReopened)
    assert declined.of == "customer"
    history = given(order, *paid.events, declined)
    assert status(history.state.links[0], LATER) == "issued"
    history.when(change(SHOP, notes="x")).then_refused("with-customer")
    history.when(complete()).then_types(DraftLinkRevoked, OrderReopened)


def test_one_that_begins_on_the_checkout_page_is_the_customer_s():
    first = begun(SHOP, lines(_1=1), actor="customer", call=None, source="checkout", attribution=ABOUT)
    history = given(order, *given(order).when(first).then_types(CartUpdated))
    assert (history.state.of, history.state.source, history.state.attribution) == ("customer", "checkout", ABOUT)
    history.when(change(SHOP, notes="x")).then_refused("with-customer")
    history.when(submit(SHOP, actor="customer")).then_types(OrderSubmitted)


def test_the_second_fact_is_the_postal_code_or_the_end_of_the_phone_number():
    history = rung_up(no_sale())
    for fact in ("78701", " 787 01 ", "0142"):
        history.when(TryFact(ORDER, fact)).then(SecondFactTried(order_id=ORDER, matched=True))
    for fact in ("", "142", "0143", "1234", "78702", "5125550142"):
        history.when(TryFact(ORDER, fact)).then(SecondFactTried(order_id=ORDER, matched=False))


def test_after_five_wrong_facts_only_a_link_helps():
    history = rung_up(no_sale(), *[TryFact(ORDER, "00000")] * 5)
    history.when(TryFact(ORDER, "78701")).then_refused("too-many-tries")


def test_an_erased_customer_s_links_are_gone():
    by_mail = send("link-2", channel="email", to="customer.a@example.com", price_lock=True)
    history = rung_up(send(), Revoke(ORDER, "link-1"), by_mail)
    first, second, closed = history.when(Close(ORDER, "erased")).then_types(DraftLinkRevoked, DraftLinkRevoked, OrderClosed)
    assert (first.why, second.why, closed.why) == ("erased", "erased", "erased")
    after = given(order, *history.events, first, second, closed)
    after.when(Close(ORDER, "erased")).then_nothing()
    after.when(Open(ORDER, "link-2", NOON)).then_refused("unknown-link")
    assert [(link.to, link.held) for link in after.state.links] == [("", None), ("Erased", None)]


def test_what_is_known_of_the_call_and_of_an_erased_customer_reads_erased():
    history = rung_up(attribution=ABOUT, particulars=THEY, fields=(FieldValue(field="1", value="Queen"),), catalog=ASKS)
    (closed,) = history.when(Close(ORDER, "erased")).then_types(OrderClosed)
    state = given(order, *history.events, closed).state
    assert state.attribution == Attribution(dnis="8005550100", ani="Erased", custom1="Erased")
    assert state.particulars == Particulars(birth_date="Erased", gender="Erased", sms_consent=True)
    assert [answer.value for answer in state.fields] == ["Erased"]


def test_attribution_and_particulars_go_where_they_belong():
    history = rung_up(attribution=ABOUT, particulars=THEY, trial_override=True)
    (sent,) = history.when(submit(SHOP)).then_types(OrderSubmitted)
    assert (sent.submitted.order.attribution, sent.submitted.order.trial_override, sent.customer.particulars) == (ABOUT, True, THEY)
    assert "1970" not in sent.submitted.model_dump_json()
    (again,) = history.when(change(SHOP, attribution=Attribution(voice_log="7"))).then_types(CartUpdated)
    assert again.changes == CartChanges(attribution=Attribution(voice_log="7"))


def test_what_a_re_pricing_takes_out_is_named_and_a_delivery_is_chosen_anew():
    express, standard = ShippingProfile(id="122", name="Express"), ShippingProfile(id="121", name="Standard", default=True)
    before = offered(PILLOW, TOPPER, profiles=(standard, express))
    now = offered(PILLOW, profiles=(standard,))
    made = rung_up(change(before, lines(_1=2, _31=1), profile="122"), no_sale(before), complete(now), catalog=before)
    assert (made.state.gone, made.state.delivery_was) == (("Foam topper",), "122"), made.state.gone
    assert made.when(submit(now, now=LATER)).then_refused("incomplete").field == "profile"
    chosen = change(now, profile="121")
    made = given(order, *made.events, *made.when(chosen).decision)
    assert (made.state.gone, made.state.delivery_was) == ((), "")
    made.when(submit(now, now=LATER)).then_types(OrderSubmitted)


def test_a_campaign_without_deliveries_asks_for_none():
    before = offered(PILLOW, profiles=(ShippingProfile(id="122", name="Express", default=True),))
    made = rung_up(no_sale(before), complete(offered(PILLOW)), catalog=before)
    assert made.state.delivery_was == "122"
    made.when(submit(offered(PILLOW), now=LATER)).then_types(OrderSubmitted)
