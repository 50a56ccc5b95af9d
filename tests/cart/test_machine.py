"""Whatever an agent types, presses and hears back: one charge is asked for at a time, for what the order costs, and the end is the end."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from services.cart.lines import Wanted
from services.cart.order import Close, Place, Reopen, order
from shared.contracts.cart import CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Coupon, Offer, Settings, ShippingProfile, ShippingRule
from shared.contracts.order import Address, Person
from shared.contracts.payments import Instrument
from tests.cart.ringing import CALL, HOME, PERSON, change, known, offered, submit
from tests.machine import Machine, runs
from tests.samples import ORDER

OFFERS = tuple(
    Offer(id=id, name=f"Pillow {id}", sku=f"RN-{id}", price=price, shipping_price=ship, gateway=gateway, max_quantity=5)
    for id, price, ship, gateway in (("1", 4995, 695, "simulator"), ("2", 333, 0, "other"), ("3", 0, 0, "simulator"))
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


class Orders(Machine):
    aggregate = order

    @initialize(retired=st.booleans())
    def started(self, retired):
        sold = {"settings": SETTINGS, "coupons": COUPONS, "profiles": PROFILES, "max_coupons": 2}
        self.catalog, self.retired = offered(*OFFERS, **sold), offered(*OFFERS, retired=retired, **sold)
        self.sends(change(self.catalog, campaign="restful", call=CALL))

    def change(self, person, place, wanted, **changes):
        return change(self.catalog, wanted, customer=person, billing=place, **changes)

    def submit(self, method, catalog=None, redeemed=("LAST",)):
        return submit(catalog or self.catalog, method, self.now, redeemed=frozenset(redeemed))

    @rule(person=PEOPLE, place=PLACES, wanted=LINES)
    def types(self, person, place, wanted):
        self.sends(self.change(person, place, wanted))

    @rule(coupons=CODES, profile=CHOSEN, uses=st.integers(0, 1))
    def enters_coupons(self, coupons, profile, uses):
        self.sends(change(self.catalog, coupons=coupons, profile=profile, knows=known(uses={"LAST": uses})))

    @rule()
    def types_what_is_missing(self):
        self.sends(self.change(PERSON, HOME, {"1": Wanted(2), "2": Wanted(1)}))

    @rule(method=METHODS, redeemed=st.sampled_from([(), ("LAST",)]))
    def presses_process(self, method, redeemed):
        self.sends(self.submit(method, self.retired, redeemed))

    @rule(person=PEOPLE, place=PLACES, wanted=LINES, coupons=CODES, method=METHODS)
    def places_all_at_once(self, person, place, wanted, coupons, method):
        decided = self.sends(Place(self.change(person, place, wanted, coupons=coupons), self.submit(method)))
        assert not decided or isinstance(decided[-1], OrderSubmitted)

    @precondition(lambda self: self.state.attempt)
    @rule(behind=st.integers(0, 2))
    def hears_a_decline(self, behind):
        """Of this attempt, or late of an earlier one."""
        attempt = self.state.attempt - behind
        self.sends(Reopen(ORDER, attempt, "do-not-honour", "Declined.", True, "another card", Instrument(), 1))

    @rule(why=st.sampled_from(["approved", "denied", "cancelled", "erased"]))
    @precondition(lambda self: self.state.attempt > 2)
    def hears_the_end(self, why):
        self.sends(Close(ORDER, why))

    @rule(minutes=st.integers(1, 45))
    def waits(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def one_charge_at_a_time_and_only_after_a_decline(self):
        asked = self.all(OrderSubmitted, OrderReopened)
        assert all(isinstance(event, OrderReopened) == bool(n % 2) for n, event in enumerate(asked))
        assert [event.attempt for event in asked] == [n // 2 + 1 for n in range(len(asked))]

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
            assert not ended or isinstance(event, OrderClosed)
            assert not (charging and isinstance(event, CartUpdated | OrderSubmitted))
            charging = isinstance(event, OrderSubmitted)
            ended = ended or isinstance(event, OrderClosed)

    @invariant()
    def a_line_keeps_its_number(self):
        numbers = {}
        for event in self.all(CartUpdated):
            for line in event.changes.lines or ():
                assert numbers.setdefault(line.line, line.product) == line.product

    @invariant()
    def not_more_than_five_are_declined_within_an_hour(self):
        asked = [event.submitted.submitted_at for event in self.all(OrderSubmitted)]
        assert all(later - earlier >= timedelta(hours=1) for earlier, later in zip(asked, asked[5:], strict=False))


TestOrders = runs(Orders)
