"""Whatever agents, supervisors and the customer type, press and hear back: one charge is asked for at a time, for what the order costs; an
order is open on one page at a time; a link holds as long as it says; and the end is the end."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from services.cart.blocked import AllowRetry
from services.cart.changing import Reprice
from services.cart.lines import Wanted
from services.cart.links import Issue, Open, Revoke, live
from services.cart.order import Close, Place, Record, Reopen, Send, order
from services.cart.overrides import Approve, Ask, Refuse
from services.cart.partial import Complete, NoSale
from services.cart.trials import Tried
from services.cart.turns import refused_turn
from shared.contracts.cart import (
    CartUpdated,
    DraftLinkIssued,
    DraftLinkOpened,
    DraftLinkRevoked,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    OverrideApproved,
    OverrideRequested,
    PartialCreated,
    RecordingPaused,
    RecordingResumed,
    RetryAllowed,
)
from shared.contracts.catalog import Coupon, Offer, Settings, ShippingProfile, ShippingRule
from shared.contracts.order import Address, Attribution, Call, Person
from shared.contracts.payments import Instrument
from tests.cart.ringing import AGENT, CALL, HOME, PERSON, change, known, offered, submit
from tests.machine import Machine, runs
from tests.samples import ORDER

OFFERS = tuple(
    Offer(id=id, name=f"Pillow {id}", sku=f"RN-{id}", price=price, shipping_price=ship, gateway=gateway, max_quantity=5, min_price=least)
    for id, price, ship, gateway, least in (("1", 4995, 695, "simulator", 3000), ("2", 333, 0, "other", None), ("3", 0, 0, "simulator", None))
)
COUPONS = (
    Coupon(id="11", code="TEN", percent="10"),
    Coupon(id="12", code="LAST", kind="flat", amount=500, max_uses=1),
    Coupon(id="13", code="SHIP", on="shipping", percent="50", default=True),
)
PROFILES = (ShippingProfile(id="21", name="Standard", rules=(ShippingRule(id="1", region="TX", country="US", price=495),)),)
SETTINGS = Settings(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True}, price_adjustment=True)
PEOPLE = st.sampled_from([None, Person(), PERSON])
PLACES = st.sampled_from([None, HOME, HOME.model_copy(update={"region": "OR"}), Address()])
WANTED = st.builds(Wanted, st.integers(-1, 6), st.sampled_from([None, None, 0, 333, 4000]), st.none(), st.sampled_from(["", "Torn seam"]))
LINES = st.none() | st.dictionaries(st.sampled_from(["1", "2", "3", "9"]), WANTED, max_size=3)
CODES = st.none() | st.lists(st.sampled_from(["ten", "LAST", "NOPE"]), max_size=3).map(tuple)
CHOSEN = st.sampled_from([None, None, "", "21", "22"])
METHODS = st.sampled_from(["card", "external"])
BOSS = "agent:supervisor1"
KEPT = PERSON.model_copy(update={"phone": "+15125550142"})
WHO = st.sampled_from([AGENT, AGENT, "customer"])
HAD = (Tried("1", "Pillow 1", "7K2M9QX4TC", "2026-02-01T10:00:00+00:00"),)
LINKS = st.integers(0, 4)


class Orders(Machine):
    aggregate = order

    @initialize(retired=st.booleans(), rung_up=st.booleans())
    def started(self, retired, rung_up):
        sold = {"settings": SETTINGS, "coupons": COUPONS, "profiles": PROFILES, "max_coupons": 2, "checkout": True}
        self.catalog, self.retired = offered(*OFFERS, **sold), offered(*OFFERS, retired=retired, **sold)
        self.sends(change(self.catalog, campaign="restful", call=CALL))
        if rung_up:
            self.types_what_is_missing()

    def change(self, person, place, wanted, actor=AGENT, **changes):
        return change(self.catalog, wanted, actor=actor, now=self.now, customer=person, billing=place, **changes)

    def submit(self, method, catalog=None, redeemed=("LAST",), actor=AGENT, **more):
        return submit(catalog or self.catalog, method, self.now, redeemed=frozenset(redeemed), actor=actor, **more)

    def no_sale(self):
        return NoSale(ORDER, self.catalog.tariff.campaign, AGENT, self.now, "4000000001", "price")

    @rule(person=PEOPLE, place=PLACES, wanted=LINES, actor=WHO)
    def types(self, person, place, wanted, actor):
        self.sends(self.change(person, place, wanted, actor))

    @rule(override=st.booleans(), affiliate=st.sampled_from(["", "", "NOBODY"]))
    def types_other_information(self, override, affiliate):
        self.sends(change(self.catalog, now=self.now, trial_override=override, attribution=Attribution(affiliate=affiliate, dnis="8005550100")))

    @rule()
    def presses_no_sale(self):
        self.sends(self.no_sale())

    @rule(agent=st.sampled_from(["agent:agent1", "agent:agent2"]))
    def presses_complete_order(self, agent):
        call = Call(agent=agent, started_at=self.now)
        self.sends(Complete(Reprice(ORDER, self.catalog, known(), agent, self.now), call))

    @rule(lock=st.booleans(), hours=st.integers(1, 3))
    def sends_a_link(self, lock, hours):
        id, until = f"link-{len(self.all(DraftLinkIssued))}", self.now + timedelta(hours=hours)
        self.sends(Send(Issue(ORDER, self.catalog.tariff.campaign, AGENT, self.now, id, f"hash of {id}", until, lock), self.no_sale()))

    @precondition(lambda self: self.state.links)
    @rule(link=LINKS)
    def opens_a_link(self, link):
        self.sends(Open(ORDER, f"link-{link}", self.now))

    @precondition(lambda self: self.state.links)
    @rule(link=LINKS)
    def revokes_a_link(self, link):
        self.sends(Revoke(ORDER, f"link-{link}"))

    @precondition(lambda self: self.state.stage == "open" and self.state.customer == KEPT)
    @rule(method=METHODS)
    def presses_process_with_all_in_order(self, method):
        self.sends(self.submit(method))

    @precondition(lambda self: self.state.stage == "partial" or self.state.of == "customer")
    @rule(method=METHODS)
    def the_customer_pays(self, method):
        change = self.change(None, None, None, "customer")
        self.sends(Place(change, self.submit(method, actor="customer")))

    @rule(product=st.sampled_from(["1", "1", "2", "9"]), price=st.sampled_from([0, 2000, 2999, 3500, None]))
    def asks_for_a_price(self, product, price):
        self.sends(Ask(ORDER, self.catalog, product, price, None, "Torn seam", AGENT, self.now))

    @precondition(lambda self: self.state.asked)
    @rule(line=st.integers(1, 2), by=st.sampled_from([BOSS, BOSS, AGENT]))
    def approves_a_price(self, line, by):
        self.sends(Approve(ORDER, self.catalog, known(), line, by, self.now))

    @precondition(lambda self: self.state.asked)
    @rule(line=st.integers(1, 2))
    def refuses_a_price(self, line):
        self.sends(Refuse(ORDER, line, BOSS, ""))

    @precondition(lambda self: self.state.declines)
    @rule()
    def allows_another_try(self):
        self.sends(AllowRetry(ORDER, BOSS, self.now))

    @rule(paused=st.booleans())
    def pauses_the_recording(self, paused):
        self.sends(Record(ORDER, paused))

    @rule(coupons=CODES, profile=CHOSEN, uses=st.integers(0, 1))
    def enters_coupons(self, coupons, profile, uses):
        self.sends(change(self.catalog, coupons=coupons, profile=profile, knows=known(uses={"LAST": uses}), now=self.now))

    @rule()
    def types_what_is_missing(self):
        self.sends(self.change(PERSON, HOME, {"1": Wanted(2), "2": Wanted(1)}))

    @rule(method=METHODS, redeemed=st.sampled_from([(), ("LAST",)]), tried=st.sampled_from([(), (), HAD]))
    def presses_process(self, method, redeemed, tried):
        self.sends(self.submit(method, self.retired, redeemed, tried=tried))

    @rule(person=PEOPLE, place=PLACES, wanted=LINES, coupons=CODES, method=METHODS)
    def places_all_at_once(self, person, place, wanted, coupons, method):
        decided = self.sends(Place(self.change(person, place, wanted, coupons=coupons), self.submit(method)))
        assert not decided or isinstance(decided[-1], OrderSubmitted)

    @precondition(lambda self: self.state.stage == "submitted" or len(self.events) % 9 == 8)
    @rule(behind=st.integers(0, 2))
    def hears_a_decline(self, behind):
        """Of this attempt, or late of an earlier one."""
        attempt = self.state.attempt - behind
        self.sends(Reopen(ORDER, attempt, "do-not-honour", "Declined.", True, "another card", Instrument(), 1))

    @rule(why=st.sampled_from(["approved", "denied", "cancelled", "erased"]))
    @precondition(lambda self: self.state.attempt > 2 or len(self.events) > 25)
    def hears_the_end(self, why):
        self.sends(Close(ORDER, why))

    @rule(minutes=st.integers(1, 45))
    def waits(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def one_charge_at_a_time_and_only_after_a_decline(self):
        asked = [event for event in self.all(OrderSubmitted, OrderReopened) if not (isinstance(event, OrderReopened) and event.why == "completing")]
        assert all(isinstance(event, OrderReopened) == bool(n % 2) for n, event in enumerate(asked))
        assert [event.attempt for event in asked] == [n // 2 + 1 for n in range(len(asked))]

    @invariant()
    def it_is_open_on_one_page_and_changes_on_no_other(self):
        of, kept = "agent", False
        for event in self.events:
            if isinstance(event, OrderReopened) and event.why == "completing":
                of, kept = event.of, False
            assert not (kept and isinstance(event, CartUpdated | OrderSubmitted | PartialCreated | OverrideRequested))
            if isinstance(event, OrderSubmitted):
                assert (event.submitted.placed_by == "customer") == (of == "customer")
            kept = kept or isinstance(event, PartialCreated)
        if self.state.stage == "open":
            assert self.state.of == of
            assert (refused_turn(self.state, "customer") is None) != (refused_turn(self.state, AGENT) is None)

    @invariant()
    def the_customer_is_never_charged_nothing_for_something(self):
        for event in self.all(OrderSubmitted):
            assert event.submitted.method == "card" or event.submitted.placed_by == AGENT

    @invariant()
    def at_most_five_links_hold_and_each_is_opened_and_ended_once(self):
        assert sum(live(link, self.now) for link in self.state.links) <= 5
        for kind in (DraftLinkIssued, DraftLinkOpened):
            ids = [event.link_id for event in self.all(kind)]
            assert len(ids) == len(set(ids))
        ended = [event.link_id for event in self.all(DraftLinkRevoked) if event.why != "erased"]
        assert len(ended) == len(set(ended))

    @invariant()
    def what_is_approved_was_asked_for_by_somebody_else(self):
        asked = {}
        for event in self.all(OverrideRequested, OverrideApproved):
            if isinstance(event, OverrideRequested):
                asked[event.line] = event
            else:
                before = asked.pop(event.line)
                assert (before.price, before.quantity) == (event.price, event.quantity)
                assert before.by != event.supervisor

    @invariant()
    def a_price_below_its_limit_was_approved_for_that_quantity(self):
        agreed = {(event.line, event.quantity, event.price) for event in self.all(OverrideApproved)}
        for line in self.state.lines:
            if line.product == "1" and line.price is not None and line.price < 3000:
                assert (line.line, line.quantity, line.price) in agreed

    @invariant()
    def the_recording_pauses_and_goes_on_in_turn(self):
        said = self.all(RecordingPaused, RecordingResumed)
        assert all(isinstance(event, RecordingResumed) == bool(n % 2) for n, event in enumerate(said))

    @invariant()
    def what_is_charged_is_what_it_costs_to_the_cent(self):
        for event in self.all(OrderSubmitted):
            quoted = event.submitted.order.quote
            assert event.submitted.amount == quoted.total == sum(line.total for line in quoted.lines)
            assert quoted.total == quoted.price - quoted.discount + quoted.shipping - quoted.shipping_discount + quoted.tax
            if event.submitted.method == "card":
                assert sum(part.amount for part in event.parts) == quoted.total
                assert all(part.amount > 0 for part in event.parts)

    @invariant()
    def nothing_changes_while_it_is_charged_or_after_the_end(self):
        ended = charging = False
        for event in self.events:
            assert not ended or isinstance(event, OrderClosed | DraftLinkRevoked)
            assert not (charging and isinstance(event, CartUpdated | OrderSubmitted | PartialCreated | OverrideRequested | DraftLinkIssued))
            charging = isinstance(event, OrderSubmitted)
            ended = ended or isinstance(event, OrderClosed)

    @invariant()
    def a_line_keeps_its_number(self):
        numbers = {}
        for event in self.all(CartUpdated):
            for line in event.changes.lines or ():
                assert numbers.setdefault(line.line, line.product) == line.product

    @invariant()
    def not_more_than_five_are_declined_within_an_hour_but_by_a_supervisor(self):
        asked = []
        for event in self.all(OrderSubmitted, RetryAllowed):
            if isinstance(event, RetryAllowed):
                asked = []
                continue
            asked.append(event.submitted.submitted_at)
            assert all(later - earlier >= timedelta(hours=1) for earlier, later in zip(asked, asked[5:], strict=False))


TestOrders = runs(Orders)
