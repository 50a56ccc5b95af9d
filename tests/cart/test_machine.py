"""Whatever an agent types, presses and hears back: one charge is asked for at a time, for what the order costs, and the end is the end."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from services.cart.order import Catalog, Change, Close, Place, Reopen, Submit, order
from shared.contracts.cart import CartChanges, CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Campaign, Offer, Settings
from shared.contracts.order import Address, Call, Person
from shared.contracts.payments import Instrument
from tests.machine import Machine, runs
from tests.samples import NOON, ORDER

OFFERS = tuple(
    Offer(id=id, name=f"Pillow {id}", sku=f"RN-{id}", price=price, shipping_price=ship, gateway=gateway, max_quantity=5)
    for id, price, ship, gateway in (("1", 4995, 695, "simulator"), ("2", 333, 0, "other"), ("3", 0, 0, "simulator"))
)
SETTINGS = Settings(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True})
HOME = Address(street="100 Example Street", city="Austin", postal="78701", region="TX", country="US")
PEOPLE = st.sampled_from([None, Person(), Person(first_name="Customer", last_name="A", phone="+1 512 555 0142")])
PLACES = st.sampled_from([None, HOME, HOME.model_copy(update={"region": "OR"}), Address()])
QUANTITIES = st.none() | st.dictionaries(st.sampled_from(["1", "2", "3", "9"]), st.integers(-1, 6), max_size=3)
METHODS = st.sampled_from(["card", "external"])


class Orders(Machine):
    aggregate = order

    @initialize(retired=st.booleans())
    def started(self, retired):
        campaign = Campaign(id="restful", name="Restful Nights", offers=OFFERS)
        self.catalog = Catalog(campaign, 1, SETTINGS, 1)
        self.retired = Catalog(campaign, 1, SETTINGS, 1, retired)
        call = Call(agent="agent:agent1", started_at=NOON)
        self.sends(Change(ORDER, self.catalog, CartChanges(campaign="restful", call=call)))

    def change(self, person, place, quantities):
        return Change(ORDER, self.catalog, CartChanges(customer=person, billing=place), quantities)

    def submit(self, method, catalog=None):
        return Submit(ORDER, catalog or self.catalog, method, "tok_1", "agent:agent1", "4000000001", self.now)

    @rule(person=PEOPLE, place=PLACES, quantities=QUANTITIES)
    def types(self, person, place, quantities):
        self.sends(self.change(person, place, quantities))

    @rule()
    def types_what_is_missing(self):
        self.sends(self.change(Person(first_name="Customer", last_name="A", phone="+1 512 555 0142"), HOME, {"1": 2, "2": 1}))

    @rule(method=METHODS)
    def presses_process(self, method):
        self.sends(self.submit(method, self.retired))

    @rule(person=PEOPLE, place=PLACES, quantities=QUANTITIES, method=METHODS)
    def places_all_at_once(self, person, place, quantities, method):
        decided = self.sends(Place(self.change(person, place, quantities), self.submit(method)))
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
            assert quoted.total == quoted.price + quoted.shipping + quoted.tax
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
