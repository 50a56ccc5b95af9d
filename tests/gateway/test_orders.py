"""The list of orders as a file, views of it that somebody keeps, and an order rung up again."""

import csv
import io
import re

import pytest
import pytest_asyncio

from services.customers import status
from services.gateway.pages.order_filters import MARKS, Filters
from services.gateway.saved import MOST, SavedViews
from shared.engines.embedded.blobs import SqliteBlobs
from shared.kernel.commands import Refusal
from tests.gateway.conftest import EXTERNAL
from tests.gateway.test_users import key
from tests.house.shop import until

NOTHING = dict.fromkeys(Filters.__slots__, "")


@pytest_asyncio.fixture(loop_scope="package")
async def supervisor(ringup):
    return await ringup.sign_in("supervisor1")


async def placed(ringup, status="Pending", **changed):
    agent = await ringup.sign_in("agent1")
    answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, **changed}, key=key())
    assert answer.status_code == 202, answer.text
    await ringup.has(answer.json()["order_id"], status)
    return answer.json()["order_id"]


def read(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_file_has_all_pages_of_what_is_shown_and_no_formula(ringup, supervisor):
    customer = {**EXTERNAL["customer"], "first_name": "＝1+1", "last_name": "Filed", "email": "filed@example.com"}  # noqa: RUF001
    ids = [await placed(ringup, customer=customer) for _ in range(3)]
    answer = await supervisor.get("/orders/export.csv?q=Filed&status=Pending")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="orders-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    rows = read(answer)
    assert [row["order"] for row in rows] == ids[::-1]
    assert {(row["first_name"], row["last_name"], row["phone"], row["status"], row["agent"], row["total"]) for row in rows} == {
        ("'＝1+1", "Filed", "'+15125550159", "Pending", "agent1", rows[0]["total"])  # noqa: RUF001
    }
    assert re.fullmatch(r"\d+\.\d\d", rows[0]["total"])
    assert len(read(await supervisor.get("/orders/export.csv"))) >= len(ids)
    assert read(await supervisor.get("/orders/export.csv?q=nobody-is-called-so")) == []


async def test_what_cannot_be_asked_is_no_file(ringup, supervisor):
    answer = await supervisor.get("/orders/export.csv?at_least=lots")
    assert (answer.status_code, answer.json()["field"]) == (422, "at_least")
    assert (await (await ringup.sign_in("agent1")).get("/orders/export.csv")).status_code == 403


async def test_an_erased_customer_is_erased_in_the_file_too(ringup, supervisor):
    customer = {**EXTERNAL["customer"], "last_name": "Forgotten", "email": "forgotten@example.com", "phone": "+1 512 555 0171"}
    order_id = await placed(ringup, customer=customer)
    assert (await supervisor.form(f"/orders/{order_id}/cancel", reason="x", key=key())).status_code == 200
    await ringup.has(order_id, "Cancelled")
    (row,) = read(await supervisor.get(f"/orders/export.csv?q={order_id}"))
    assert (await supervisor.form(f"/customers/{row['customer_number']}/erase", key=key())).status_code == 200
    (row,) = read(await supervisor.get(f"/orders/export.csv?q={order_id}"))
    assert (row["first_name"], row["last_name"], row["phone"], row["status"]) == ("Erased", "Erased", "Erased", "Cancelled")


async def test_filters_stand_in_the_address_and_a_wrong_one_is_said(ringup, supervisor):
    order_id = await placed(ringup, customer={**EXTERNAL["customer"], "last_name": "Sifted"})
    page = await supervisor.page("/orders?q=Sifted&campaign=1&agent=agent1&method=external&at_most=1,000&since=2020-01-01")
    assert order_id in page
    assert re.search(r'<option value="external" selected>', page)
    for left in ("method=card", "at_least=1000", "until=2020-01-01", "agent=supervisor1", "mark=payment-returned"):
        assert order_id not in await supervisor.page(f"/orders?q=Sifted&{left}")
    turned = ("since=2026-02-01&until=2026-01-01", "last day comes before")
    for wrong, words in (("since=soon", "Enter a day"), ("at_least=lots", "Enter an amount"), turned):
        page = await supervisor.page(f"/orders?{wrong}")
        assert words in page
        assert "Sifted" not in page
    part = await supervisor.get("/orders?q=&status=&method=external&mark=", headers={"hx-request": "true", "hx-trigger": "filters"})
    assert part.headers["hx-push-url"] == "/orders?method=external"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"at_least": "1e3000"}, "at_least"),
        ({"at_most": "NaN"}, "at_most"),
        ({"at_most": "-1"}, "at_most"),
        ({"at_least": "0.00001"}, "at_least"),
        ({"since": "0000-00-00"}, "since"),
        ({"until": "9999-12-32"}, "until"),
        ({"mark": "lost"}, "mark"),
        ({"method": "cash"}, "method"),
        ({"at_least": "9", "at_most": "8"}, "at_most"),
    ],
)
def test_a_wrong_filter_is_named(typed, wrong):
    assert list(Filters(**{**NOTHING, **typed}).asked()[1]) == [wrong]


def test_every_mark_can_be_chosen():
    assert set(MARKS) == set(status.MARKS)


async def test_tabs_count_only_where_all_orders_are_asked_for(ringup, supervisor):
    await placed(ringup)
    for query, counts in (("", True), ("status=Pending", True), ("agent=agent1", False), ("q=nobody&status=Pending", False)):
        tabs = (await supervisor.page(f"/orders?{query}")).partition('aria-label="Status"')[2].partition("</nav>")[0]
        assert ('class="count"' in tabs) is counts, query


async def test_a_filter_that_cannot_be_read_is_marked(supervisor):
    said = await supervisor.page("/orders?at_least=lots")
    assert re.search(r'<input id="at_least"[^>]*aria-describedby="at_least-said" aria-invalid="true"', said)
    assert said.count("aria-invalid") == 1
    assert 'id="at_least-said"' in said


async def test_a_parcel_has_a_carrier_a_number_or_none_as_somebody_says(ringup, supervisor):
    order_id = await placed(ringup)
    for typed, field in (
        ({}, "what"),
        ({"carrier": "UPS"}, "what"),
        ({"what": "shipped"}, "tracking"),
        ({"what": "shipped", "carrier": " "}, "tracking"),
    ):
        answer = await supervisor.form(f"/orders/{order_id}/shipments/csv/became", key=key(), **typed)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_view_is_kept_without_whom_somebody_looked_for_and_forgotten_and_kept_again(ringup, supervisor):
    filters = {"q": "Sifted", "status": "Pending", "agent": "agent1", "at_least": "5"}
    answer = await supervisor.form("/orders/views", name="Agent one waits", key=key(), **filters)
    assert 'href="/orders?status=Pending&amp;agent=agent1&amp;at_least=5"' in answer.text
    assert "Sifted" not in answer.text
    again = await supervisor.form("/orders/views", name="agent one WAITS", key=key(), **filters)
    assert (again.status_code, again.json()["field"]) == (422, "name")
    assert "Agent one waits" not in await (await ringup.sign_in("agent1")).page("/orders")
    id = re.search(r"/orders/views/(\w+)/forget", answer.text)[1]
    gone = await supervisor.form(f"/orders/views/{id}/forget", key=key())
    assert "Agent one waits is forgotten." in gone.text
    assert (await supervisor.form(f"/orders/views/{id}/forget", key=key())).status_code == 200
    kept = dict(re.findall(r'<input type="hidden" name="(name|status|agent|at_least)" value="([^"]+)">', gone.text))
    back = await supervisor.form("/orders/views", **kept, key=key())
    assert 'href="/orders?status=Pending&amp;agent=agent1&amp;at_least=5"' in back.text


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x"},
        {"name": "", "status": "Pending"},
        {"name": "n" * 41, "status": "Pending"},
        {"name": "\u202e", "status": "Pending"},
        {"name": "\u200b", "status": "Pending"},
        {"name": "x\u202ey", "status": "Pending"},
        {"name": "\ue000x", "status": "Pending"},
        {"name": "x\ny", "status": "Pending"},
        {"name": "4242 4242 4242 4242", "status": "Pending"},
        {"name": "x", "status": "Lost"},
        {"name": "x", "at_least": "lots"},
        {"name": "x", "q": "Somebody"},
    ],
)
async def test_what_is_no_view_is_not_kept(supervisor, form):
    answer = await supervisor.form("/orders/views", **form, key=key())
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


async def test_a_name_in_any_script_is_kept(supervisor):
    for name in ("می\u200cگیم", "👩\u200d🔧 late", "…"):
        answer = await supervisor.form("/orders/views", name=name, status="Pending", key=key())
        assert f">{name}</a>" in answer.text


async def test_nobody_keeps_more_views_than_they_can_see(tmp_path):
    blobs = SqliteBlobs(tmp_path)
    saved = SavedViews(blobs)
    for n in range(MOST):
        await saved.keep("somebody", f"View {n}", "status=Pending")
    with pytest.raises(Refusal):
        await saved.keep("somebody", "One more", "status=Pending")
    assert len(await SavedViews(blobs).of("somebody")) == MOST
    blobs.close()


async def begun(ringup, answer):
    """The order that was rung up again."""
    assert answer.status_code == 204, answer.text
    id = re.match(r"/order-entry/(\w{10})", answer.headers["hx-redirect"])[1]
    found = await ringup.all.house.clients["cart"].request("GET", f"/orders/{id}")
    return id, found.json()["state"]


async def test_a_re_order_has_the_lines_at_list_price_for_the_same_customer(ringup, supervisor):
    lines = [{"product": "101", "quantity": 2}, {"product": "104", "quantity": 1}]
    order_id = await placed(ringup, lines=lines, notes="Rings twice", coupons=["SLEEP10"])
    before = (await ringup.all.house.clients["cart"].request("GET", f"/orders/{order_id}")).json()["state"]
    once = key()
    id, after = await begun(ringup, await supervisor.form(f"/orders/{order_id}/reorder", key=once))
    assert [(line["product"], line["quantity"], line["price"]) for line in after["lines"]] == [("101", 2, None), ("104", 1, None)]
    for name in ("customer", "customer_id", "billing", "shipping", "campaign"):
        assert after[name] == before[name]
    assert (after["reorder_of"], after["notes"], after["coupons"], after["stage"]) == (order_id, "", [], "open")
    assert (await begun(ringup, await supervisor.form(f"/orders/{order_id}/reorder", key=once)))[0] == id
    assert order_id in await supervisor.page(f"/order-entry/{id}")

    async def told():
        answer = await ringup.all.house.clients["customers"].request("GET", f"/orders/{id}")
        return answer.status == 200 and answer.json()["reorder_of"] == order_id

    await until(told)


async def test_what_is_sent_again_is_an_external_payment(ringup, supervisor):
    order_id = await placed(ringup)
    answer = await supervisor.form(f"/orders/{order_id}/reorder", method="external", key=key())
    assert answer.headers["hx-redirect"].endswith("?pay=external")
    page = await supervisor.page(answer.headers["hx-redirect"])
    assert re.search(r'name="method" value="external" checked', page)
    assert not re.search(r'name="method" value="card" checked', page)


async def test_what_is_not_sold_any_more_is_left_out_and_named(ringup, supervisor):
    offers = [{"id": str(91_000 + n), "name": f"Thing {n}", "sku": f"T-{n}", "price": 100, "shipping_price": 0, "max_quantity": 5} for n in range(3)]
    campaign = {"name": "Zz things (phone)", "kind": "phone", "listed": True, "methods": ["card", "external"], "offers": offers}
    await publish(ringup, "9100", campaign)
    lines = [{"product": offer["id"], "quantity": 4} for offer in offers]
    order_id = await placed(ringup, campaign="9100", lines=lines)
    await publish(ringup, "9100", {**campaign, "offers": [offers[0], {**offers[1], "max_quantity": 3}]})
    id, after = await begun(ringup, await supervisor.form(f"/orders/{order_id}/reorder", key=key()))
    assert [line["product"] for line in after["lines"]] == ["91000"]
    assert "Not sold so any more: Thing 1, Thing 2." in await supervisor.page(f"/order-entry/{id}")


async def publish(ringup, id, campaign):
    clients = ringup.all.house.clients
    answer = await clients["catalog"].request("PUT", f"/campaigns/{id}", json=campaign, headers={"x-ringup-actor": "agent:supervisor1"})
    assert answer.status == 200, answer.json()

    async def known():
        found = await clients["cart"].request("GET", f"/campaigns/{id}/{answer.json()['number']}")
        return found.status == 200

    await until(known)
