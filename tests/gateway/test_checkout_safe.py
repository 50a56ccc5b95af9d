"""Cookies, origins, limits, and input of every kind at the checkout page."""

import re
import uuid

import pytest
import pytest_asyncio

from services.gateway.throttle import ADDRESS as LIMITS
from tests.gateway.shopper import PERSON, WHOLE, drafted, linked, shopper, sold

WRONG = {
    "long": "x" * 5000,
    "right to left": "‮‏שלום",
    "emoji": "💊" * 300,
    "NUL": "a\0b",
    "lone surrogate": "%ED%A0%80",
    "script": "<script>alert(1)</script>",
    "another script": "Ελλάδα",
    "spaces": "   ",
    "private use": "\ue000enc",
    "line break": "a\nb",
    "template": "{{ 7 * 7 }}",
    "card": "4242 4242 4242 4242",
}
FIELDS = (
    "customer.first_name", "customer.last_name", "customer.email", "customer.phone", "billing.street", "billing.unit", "billing.city",
    "billing.postal", "billing.region", "billing.country", "coupon", "profile", "fields.1", "lines",
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def shop(ringup):
    return await sold(ringup)


@pytest.mark.parametrize("kind", WRONG)
async def test_whatever_is_typed_is_answered_in_words_and_kept(ringup, shop, kind):
    text = WRONG[kind]
    for name in FIELDS:
        customer = await shopper(ringup, shop)
        await customer.open()
        place = f"lines.{shop.pillow}" if name == "lines" else name
        await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1", place: text})
        assert customer.status in (200, 422), (name, customer.status)
        assert "<script>alert" not in customer.text
        assert ">49<" not in customer.text
        if customer.status == 422:
            assert customer.errors() or 'role="alert"' in customer.text, name
            kept = customer.value(place)
            assert kept is None or kind == "spaces" or kept.replace("�", "\0").split() == text.replace("�", "\0").split(), (name, kept)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"customer.email": "nobody"}, "customer.email"),
        ({"customer.phone": "12"}, "customer.phone"),
        ({"billing.postal": "ABC"}, "billing.postal"),
        ({"billing.region": "ZZ"}, "billing.region"),
        ({"billing.country": "FR"}, "billing.country"),
        ({"coupon": "X" * 10_000}, "coupon"),
        ({"fields.1": "King"}, "fields.1"),
        ({"profile": "999999"}, "profile"),
        ({"lines": "11"}, "lines"),
        ({"lines": "-1"}, "lines"),
        ({"lines": "1.5"}, "lines"),
        ({"lines": "9" * 40}, "lines"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(ringup, shop, typed, field):
    customer = await shopper(ringup, shop)
    await customer.open()
    typed = {(f"lines.{shop.pillow}" if name == "lines" else name): value for name, value in typed.items()}
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1", **typed})
    assert customer.status == 422
    assert set(customer.errors()) == {f"lines.{shop.pillow}" if field == "lines" else field}


async def test_only_asking_what_it_costs_does_not_ask_for_the_rest(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="update", **{**WHOLE, f"lines.{shop.pillow}": "2", "customer.phone": "51", "customer.email": "half@"})
    assert customer.status == 200
    assert customer.total is not None
    assert (customer.value("customer.phone"), customer.value("customer.email")) == ("51", "half@")
    assert customer.value(f"lines.{shop.pillow}") == "2"


async def test_products_that_nobody_sells_are_not_ordered(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="continue", **{**WHOLE, "lines.101": "5", "lines.nothing": "1"})
    assert customer.status == 422
    assert "Choose at least one product." in customer.text


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"number": "4242424242424241"}, "number"),
        ({"expiry": "01/20"}, "expiry"),
        ({"expiry": "13/49"}, "expiry"),
        ({"cvv": "12"}, "cvv"),
        ({"number": "x" * 33}, "number"),
        ({"number": "\0"}, "number"),
    ],
)
async def test_a_card_that_is_none_is_refused_at_its_field(ringup, shop, card, field):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1"})
    answer = await customer.token(**{"number": "4242424242424242", **card})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert "number" not in card or card["number"] not in answer.text


async def test_the_cookie_is_for_the_page_alone_and_says_nothing(ringup, shop):
    customer = await shopper(ringup, shop)
    order_id = await drafted(ringup, shop)
    link = await linked(ringup, order_id)
    answer = await customer.http.get(f"{customer.here}?link={link['token']}")
    assert (answer.status_code, answer.headers["location"]) == (303, customer.here)
    cookie = answer.headers["set-cookie"]
    for part in (f"Path={customer.here}", "HttpOnly", "SameSite=lax", "Max-Age=43200"):
        assert part in cookie
    assert link["token"] not in cookie
    assert PERSON["email"] not in cookie
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


async def test_over_tls_the_cookie_is_secure(ringup, shop):
    over_tls = await ringup.nobody("192.0.2.90", "https://orders.example")
    answer = await over_tls.http.get(f"/checkout/{shop.id}")
    assert answer.headers["set-cookie"].startswith("__Secure-ringup-checkout=")
    assert "Secure" in answer.headers["set-cookie"]


async def test_it_is_not_shown_unencrypted_to_other_machines(ringup, shop):
    far = await ringup.nobody("192.0.2.91", "http://orders.example")
    answer = await far.http.get(f"/checkout/{shop.id}", headers={"accept": "text/html"})
    assert (answer.status_code, "needs https" in answer.text) == (403, True)


async def test_a_cookie_that_is_forged_or_of_another_campaign_opens_nothing(ringup, shop):
    other = await sold(ringup)
    customer = await shopper(ringup, shop)
    await customer.open(f"?link={(await linked(ringup, await drafted(ringup, shop)))['token']}")
    assert customer.title == "Finish your order"
    value = customer.http.cookies["ringup-checkout"]
    for at, given in ((other, value), (shop, value[:-3] + "abc"), (shop, "x"), (shop, "")):
        stranger = await shopper(ringup, at)
        stranger.http.headers["cookie"] = f"ringup-checkout={given}"
        await stranger.open()
        assert stranger.title == "Order here"


async def test_a_form_without_its_token_or_of_another_order_changes_nothing(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    form = customer.hidden()
    await customer.send(again={**form, "csrf": ""}, act="continue", **WHOLE)
    assert (customer.status, customer.title) == (409, "Another order was opened since")
    await customer.open(f"?link={(await linked(ringup, await drafted(ringup, shop)))['token']}")
    for more in ("", "/pay", "/fact"):
        await customer.send(more, again=form, act="continue")
        assert (customer.status, customer.title) == (409, "Another order was opened since")
    answer = await customer.http.post(
        f"{customer.here}/token",
        json={"number": "4242424242424242", "expiry": "12/49", "cvv": "737"},
        headers={"x-csrf-token": form["csrf"], "idempotency-key": uuid.uuid4().hex},
    )
    assert answer.status_code == 409


async def test_a_form_without_a_cookie_says_what_to_do(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    form = customer.hidden()
    customer.http.cookies.clear()
    await customer.send(again=form, act="continue", **WHOLE)
    assert (customer.status, customer.title) == (409, "This page has lost its order")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
    ],
)
async def test_a_form_comes_from_the_page_itself(ringup, shop, headers, status):
    customer = await shopper(ringup, shop)
    await customer.open()
    data = {**customer.hidden(), "act": "update", f"lines.{shop.pillow}": "1", "shipping_same": "yes", "billing.country": "US"}
    answer = await customer.http.post(customer.here, data=data, headers={"accept": "text/html", **headers})
    assert answer.status_code == status


async def test_whoever_is_signed_in_is_nobody_here(ringup, shop):
    agent = await ringup.signed_in("agent1", "192.0.2.92")
    customer = await shopper(ringup, shop)
    customer.http = agent.http
    await customer.open()
    assert "Signed in" not in customer.text
    await customer.send(act="update", **{f"lines.{shop.pillow}": "1", "shipping_same": "yes", "billing.country": "US"})
    assert customer.status == 200


async def test_cards_are_not_tried_without_end(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1"})
    answers = [(await customer.token()).status_code for _ in range(20)]
    assert answers == [201] * 10 + [429] * 10


async def test_orders_are_not_begun_without_end(ringup, shop):
    customer = await shopper(ringup, shop)
    seen = []
    for _ in range(LIMITS["begin"] + 1):
        await customer.open("?again=1")
        await customer.send(act="update", **{f"lines.{shop.pillow}": "1", "shipping_same": "yes", "billing.country": "US"})
        seen.append(customer.status)
    assert seen == [200] * LIMITS["begin"] + [429]


async def test_methods_and_files_that_the_page_does_not_have_are_answered_in_words(ringup, shop):
    customer = await shopper(ringup, shop)
    html = {"accept": "text/html"}
    await customer.open()
    for answer in (
        await customer.http.put(customer.here, headers=html),
        await customer.http.get(f"{customer.here}/nothing", headers=html),
        await customer.http.get("/checkout/..%2f..", headers=html),
        await customer.http.get("/checkout/%00", headers=html),
        await customer.http.get(f"{customer.here}/images/{'0' * 64}", headers=html),
        await customer.http.post(customer.here, content=b"\xff\xfe", headers={**html, "content-type": "application/json"}),
        await customer.http.post(customer.here, content=b"--x", headers={**html, "content-type": "multipart/form-data; boundary=x"}),
        await customer.http.post(customer.here, content=b"x", headers={**html, "content-type": "multipart/form-data"}),
    ):
        assert 400 <= answer.status_code < 500
        assert "/sign-in" not in answer.text


async def test_each_screen_keeps_the_policy_and_has_no_script_or_style_in_it(ringup, shop):
    customer = await shopper(ringup, shop)
    seen = [(await customer.open()).answer]
    seen.append((await customer.send(act="continue")).answer)
    seen.append((await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1"})).answer)
    seen.append((await customer.pay()).answer)
    seen.append((await (await shopper(ringup, shop)).open("?0123456789")).answer)
    seen.append((await (await shopper(ringup, shop)).open("?link=nothing")).answer)
    titles = [re.search("<h1>(.*?)</h1>", answer.text)[1] for answer in seen]
    assert titles == ["Order here", "Order here", "Pay", "Your order is being confirmed", "Your order", "This link does not open anything"]
    for answer in seen:
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
        assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*src=)", answer.text)
        assert len(answer.content) < 60_000


async def test_while_the_order_cannot_be_reached_the_page_says_so_and_what_to_do(ringup, shop):
    class Away:
        async def request(self, *args, **kwargs):
            raise OSError

    customer = await shopper(ringup, shop)
    await customer.open()
    form = {**customer.hidden(), **WHOLE, f"lines.{shop.pillow}": "1", "act": "continue"}
    beside = ringup.beside(clients={**ringup.all.house.clients, "cart": Away()})
    elsewhere = await beside.nobody("192.0.2.93")
    elsewhere.http.cookies = customer.http.cookies
    answer = await elsewhere.http.post(customer.here, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert "We cannot be reached at the moment" in answer.text
    await customer.send(again=form)
    assert customer.title == "Pay"


async def test_whoever_pays_before_there_is_anything_to_pay_is_shown_what_is_missing(ringup, shop):
    customer = await (await shopper(ringup, shop)).open()
    await customer.send(act="update", **{"customer.first_name": "Customer"})
    await customer.send("/pay", payment="tok_of_nobody", terms="shown", terms_agreed="yes")
    assert customer.status == 422
    assert 'id="details"' in customer.text
    assert customer.value("customer.first_name") == "Customer"


async def test_one_card_again_and_again_is_held_back_in_words_and_the_order_stays(ringup, shop):
    customer = await (await shopper(ringup, shop)).open()
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1"})
    number = "4000007600000001"
    answers = [await customer.token(number) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [201] * 6 + [429]
    body = answers[-1].json()
    assert (body["code"], body["field"]) == ("limit-tripped", "payment")
    assert "call us" in body["detail"]
    assert int(answers[-1].headers["retry-after"]) == body["retry_after"] > 3_000
    assert number[:6] not in answers[-1].text
    await customer.open()
    assert customer.total
