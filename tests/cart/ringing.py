"""An order to ring up: a campaign with some of everything, and commands as the API makes them."""

from services.cart.changing import Change
from services.cart.lines import Wanted
from services.cart.pricing import Catalog, Circumstances, Gateway
from services.cart.submission import Submit
from services.cart.tariff import Tariff
from shared.contracts.cart import CartChanges
from shared.contracts.catalog import Campaign, Settings
from shared.contracts.order import Address, Call, Person
from tests.samples import NOON, ORDER

AGENT, TODAY = "agent:agent1", "2026-03-01"
CALL = Call(agent=AGENT, started_at=NOON)
PERSON = Person(first_name="Customer", last_name="A", phone="+1 512 555 0142")
HOME = Address(street="100 Example Street", city="Austin", postal="78701", region="TX", country="US")


def offered(*offers, settings=None, retired=False, gateways=None, affiliates=(), **campaign):
    """``gateways`` are capabilities by name, or None for one that is off."""
    whole = Campaign(id="restful", name="Restful Nights", offers=offers, **campaign)
    known = {name: Gateway(can is not None, frozenset(can or ())) for name, can in (gateways or {}).items()}
    return Catalog(Tariff(whole), 1, settings or Settings(), 1, retired, known, frozenset(affiliates))


def known(today=TODAY, **circumstances):
    """Whatever the order is about."""
    return lambda about: Circumstances(today, **circumstances)


def lines(**quantities):
    """By product, with its id after an underscore: a quantity, or what is wanted of it."""
    return {product.lstrip("_"): each if isinstance(each, Wanted) else Wanted(each) for product, each in quantities.items()}


def change(catalog, wanted=None, *, actor=AGENT, knows=None, now=NOON, **changes):
    return Change(ORDER, catalog, knows or known(), actor, now, CartChanges(**changes), wanted)


def begun(catalog, wanted=None, **changes):
    """The first change: with all that a submission needs, but for what is chosen."""
    return change(catalog, wanted, **{"campaign": "restful", "call": CALL, "customer": PERSON, "billing": HOME, **changes})


def submit(catalog, method="card", now=NOON, today=TODAY, actor=AGENT, **other):
    return Submit(ORDER, catalog, method, "tok_1", actor, "4000000001", now, today, **other)
