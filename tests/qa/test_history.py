"""What is kept of orders that went before: hashes to find the same ones by, in whatever order the facts come, and nothing of the erased."""

import itertools

from services.qa.history import history
from shared.contracts.customers import CustomerErased
from shared.contracts.order import Address, Instrument, Person
from shared.contracts.payments import PaymentAuthorized
from shared.contracts.qa import OrderDenied
from shared.kernel.events import ERASED, Fact
from shared.kernel.views import Document, advance
from tests.samples import NOON, ORDER, submitted

CALLER = Person(first_name="Customer", last_name="A", phone="+1 512 555 0142")
HOME = Address(street="100 Example Street", city="Austin", postal="78701", region="TX", country="US")


def bought(customer=CALLER, shipping=HOME, **quoted):
    sent = submitted()
    (line,) = sent.order.quote.lines
    quote = sent.order.quote.model_copy(update={"lines": (line.model_copy(update=quoted),)})
    order = sent.order.model_copy(update={"customer": customer, "billing": HOME, "shipping": shipping, "quote": quote})
    card = Instrument(fingerprint="f1")
    return PaymentAuthorized(order_id=ORDER, attempt=1, parts=(), instrument=card, submitted=sent.model_copy(update={"order": order}))


def after(*facts):
    document = Document(ORDER, None)
    for n, (stream, event) in enumerate(facts, 1):
        fact = Fact(event, f"{stream}-{ORDER}", n, NOON, "x", ORDER, "", f"c{n}", "", event.TOPIC)
        document = advance(history_hashed, document, fact)
    return document.data


def hashed(text):
    return f"<{text}>"


def _apply(row, fact, id):
    return history.apply(row, fact, id, hashed)


history_hashed = type(history)("history", 1, (), history.types, history.key, _apply)


def test_the_same_person_is_found_however_they_are_spelt():
    row = after(("payment", bought()))
    spelt = after(("payment", bought(Person(phone="512-555-0142"), HOME.model_copy(update={"street": "100 EXAMPLE street."}))))
    assert (row["phone"], row["address"], row["card"]) == (spelt["phone"], spelt["address"], "f1")
    assert (row["email"], row["differs"], spelt["differs"]) == (None, False, False)


def test_what_was_changed_by_hand_is_told_by_the_deepest_cut():
    assert after(("payment", bought()))["cut"] is None
    assert after(("payment", bought(unit_rule="override", list_price=4995, unit_price=3996)))["cut"] == 2_000
    assert after(("payment", bought(shipping_rule="override")))["cut"] == 0
    assert after(("payment", bought(shipping=HOME.model_copy(update={"street": "1 Other Street"}))))["differs"]


def test_facts_of_several_topics_give_the_same_in_any_order():
    denied = OrderDenied(order_id=ORDER, attempt=1, reason="x", reviewer="r")
    erased = CustomerErased(customer_id="1", order_ids=(ORDER,), by="agent:s")
    gone = bought(Person(first_name=ERASED, last_name=ERASED))
    live = after(("payment", bought()), ("review", denied))
    assert live == after(("review", denied), ("payment", bought()))
    assert live["stopped"]
    for facts in itertools.permutations((("payment", gone), ("review", denied), ("customer", erased))):
        assert after(*facts) == {"erased": True}
    assert after(("payment", bought()), ("review", denied), ("customer", erased)) == {"erased": True}
