"""An order of a customer who is known already: whose it is, and whether they pay tax."""

import pytest

from services.cart.views import customers
from services.customers.search import search
from shared.contracts.customers import CustomerErased, CustomerUpdated, TaxExemptionChanged
from shared.contracts.order import Address, Person
from tests.customers.facts import CUSTOMER, folded, stream
from tests.house.shop import ORDER, Shop, until
from tests.samples import NOON

SUPERVISOR = "agent:supervisor1"


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    yield shop
    await shop.close()


async def known(shop):
    """Somebody who has ordered by invoice, and whom cart knows."""
    body = await shop.started()
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "external"})
    customer = body["state"]["customer_id"]

    async def there():
        return await shop.house.running["cart"].get(customers, customer) and (await shop.ask("customers", "GET", f"/customers/{customer}"))[0] == 200

    await until(there)
    return customer


async def exempt(shop, customer, exempt, certificate=""):
    body = {"exempt": exempt, "certificate": certificate}
    status, answer = await shop.ask("customers", "POST", f"/customers/{customer}/tax-exemption", body, actor=SUPERVISOR)
    if status == 200:
        await shop.house.running["cart"].get(customers, customer, f"customer-{customer}@{answer['version']}")
    return status, answer


async def again(shop, customer, **changes):
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful", "customer_id": customer})
    changes = {**{name: value for name, value in ORDER.items() if name != "campaign"}, **changes}
    status, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", changes)
    assert status == 200, body
    return body


async def test_an_order_is_theirs_from_its_start_to_its_submission(shop):
    customer = await known(shop)
    body = await again(shop, customer)
    assert body["state"]["customer_id"] == customer
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "external"})
    assert body["state"]["customer_id"] == customer
    _, placed = await shop.ask("cart", "POST", "/orders/place", {**ORDER, "customer_id": customer, "method": "external"})
    assert placed["state"]["customer_id"] == customer


@pytest.mark.parametrize("path", ["/orders", "/orders/place", "/orders/{id}/changes"])
async def test_nobody_is_somebody_whom_cart_does_not_know(shop, path):
    body = {"campaign": "restful"} if path == "/orders" else {**ORDER, "method": "external"} if path == "/orders/place" else {}
    order_id = (await shop.started())["order_id"]
    status, problem = await shop.ask("cart", "POST", path.format(id=order_id), {**body, "customer_id": "4000000009"})
    assert (status, problem["code"], problem["field"]) == (422, "unknown-customer", "customer_id")


async def test_who_is_exempt_pays_no_tax_until_they_are_not(shop):
    customer = await known(shop)
    assert (await again(shop, customer))["state"]["quote"]["tax"] == 939
    assert (await exempt(shop, customer, True))[1]["field"] == "certificate"
    status, answer = await exempt(shop, customer, True, "TX-01-339")
    assert status == 200
    quote = (await again(shop, customer))["state"]["quote"]
    assert (quote["tax"], quote["lines"][0]["tax_rule"]) == (0, "customer-exempt")
    _, row = await shop.ask("customers", "GET", f"/customers/{customer}?min_version=customer-{customer}@{answer['version']}")
    assert row["tax"] == {"exempt": True, "certificate": "TX-01-339"}
    assert (await exempt(shop, customer, False))[0] == 200
    assert (await again(shop, customer))["state"]["quote"]["tax"] == 939


async def test_choosing_them_later_prices_the_order_anew(shop):
    customer = await known(shop)
    await exempt(shop, customer, True, "TX-01-339")
    body = await shop.started()
    assert body["state"]["quote"]["tax"] == 939
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"customer_id": customer})
    assert body["state"]["quote"]["tax"] == 0
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"customer_id": ""})
    assert body["state"]["quote"]["tax"] == 939


async def test_only_a_customer_can_be_exempt(shop):
    assert (await exempt(shop, "4000000009", True, "TX-01-339"))[0] == 404


async def test_once_erased_the_certificate_reads_so_and_an_order_opened_for_them_takes_nothing_personal(shop):
    customer = await known(shop)
    await exempt(shop, customer, True, "TX-01-339")
    body = await again(shop, customer)
    await erased(shop, customer)

    async def reads_so():
        return (await shop.ask("customers", "GET", f"/customers/{customer}"))[1]["tax"]["certificate"] == "Erased"

    await until(reads_so)
    state = (await shop.stage(body["order_id"], "closed"))["state"]
    assert state["customer"]["first_name"] == "Erased"
    await until(lambda: _forgotten(shop, customer))
    status, problem = await shop.ask("cart", "POST", "/orders", {"campaign": "restful", "customer_id": customer})
    assert (status, problem["code"]) == (422, "unknown-customer")


async def test_whoever_was_chosen_by_mistake_is_erased_without_the_order(shop):
    customer = await known(shop)
    body = await again(shop, customer)
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"customer_id": ""})
    await erased(shop, customer)
    await until(lambda: _forgotten(shop, customer))
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"notes": "Ring twice"})
    assert (body["state"]["stage"], body["state"]["notes"], body["state"]["customer"]["first_name"]) == ("open", "Ring twice", "Customer")


async def gone_on_as(shop, other):
    """An order that was kept under a number of its own first: both."""
    order_id = (await shop.started())["order_id"]
    _, body = await shop.ask("cart", "POST", f"/orders/{order_id}/no-sale", {"disposition": "price"})
    customer = body["state"]["customer_id"]

    async def told():
        return (await shop.ask("customers", "GET", f"/customers/{customer}"))[0] == 200

    await until(told)
    await shop.ask("cart", "POST", f"/orders/{order_id}/complete", {})
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"customer_id": other})
    return order_id, customer


async def test_who_had_an_order_before_it_went_on_as_another_s_is_erased_with_it(shop):
    order_id, customer = await gone_on_as(shop, await known(shop))
    status, done = await shop.ask("customers", "POST", f"/customers/{customer}/erase", {}, actor=SUPERVISOR)
    assert status == 200, done
    _, profile = await shop.ask("customers", "GET", f"/customers/{customer}?min_version=customer-{customer}@{done['version']}")
    assert (profile["person"]["first_name"], profile["billing"]["street"]) == ("Erased", "Erased")
    assert (await shop.stage(order_id, "closed"))["state"]["customer"]["last_name"] == "Erased"


async def test_the_number_that_an_order_had_first_is_found_no_more_once_its_customer_is_erased(shop):
    other = await known(shop)
    _, customer = await gone_on_as(shop, other)
    await erased(shop, other)

    async def unfindable():
        return await shop.house.running["customers"].get(search, customer) is None

    await until(unfindable)


async def erased(shop, customer):
    """Once nothing of theirs is pending."""

    async def pending():
        _, found = await shop.ask("customers", "GET", f"/orders?customer_id={customer}")
        return [row["order_id"] for row in found["rows"] if row["status"] == "Pending"]

    (first,) = await until(pending)
    await shop.ask("qa", "POST", f"/reviews/{first}/decide", {"verdict": "deny", "reason": "not agreed"}, actor="agent:qa1")

    async def done():
        return (await shop.ask("customers", "POST", f"/customers/{customer}/erase", {}, actor=SUPERVISOR))[0] == 200

    await until(done)


async def _forgotten(shop, customer):
    return await shop.house.running["cart"].get(customers, customer) is None


def test_an_exemption_lasts_until_it_is_taken_away_or_they_are_erased():
    ordered = CustomerUpdated(customer_id=CUSTOMER, as_of=NOON, person=Person(), billing=Address(), shipping=Address())
    free, taxed = (TaxExemptionChanged(customer_id=CUSTOMER, exempt=exempt) for exempt in (True, False))
    for events, row in (
        ([ordered], {"exempt": False}),
        ([ordered, free], {"exempt": True}),
        ([ordered, free, ordered], {"exempt": True}),
        ([ordered, free, ordered, taxed], {"exempt": False}),
        ([ordered, free, CustomerErased(customer_id=CUSTOMER, order_ids=())], None),
    ):
        (document,) = folded(customers, stream(f"customer-{CUSTOMER}", *enumerate(events))).values()
        assert document.data == row
