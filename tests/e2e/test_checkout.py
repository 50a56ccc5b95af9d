"""The customer's page, as somebody with a phone uses it."""

import asyncio
import re
from urllib.parse import parse_qs

import pytest
from playwright.async_api import expect

from services.gateway.throttle import ORDER
from tests.cards import fresh
from tests.e2e.axe import in_every_look
from tests.e2e.entry import BROKE, GOOD, LOST_AFTER, card, field

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HERE = "/checkout/2"
PERSON = {"first_name": "Customer", "last_name": "M", "email": "customer.m@example.com"}
PHONE = {"width": 360, "height": 740}


async def opened(window, shop, path=HERE, **options):
    page = await window(shop.address, **options)
    await page.set_viewport_size(PHONE)
    await page.goto(path)
    return page


async def fill(page):
    for name, value in PERSON.items():
        await field(page, f"customer.{name}").fill(value)
    await field(page, "billing.street").fill("100 Example Street")
    await field(page, "billing.postal").fill("78701")
    await field(page, "billing.city").fill("Austin")
    await field(page, "billing.region").select_option("TX")


async def total_is(page, amount):
    await expect(page.locator("dl.pairs .strong dd")).to_have_text(f"{amount} USD")


async def go_on(page):
    await page.get_by_role("button", name="Go on to the payment").click()


async def at_the_payment(window, shop):
    page = await opened(window, shop)
    await page.get_by_label("Cloud pillow").fill("2")
    await fill(page)
    await go_on(page)
    await expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    return page


async def pay(page, number):
    await card(page, number)
    await page.get_by_role("button", name=re.compile("^Pay ")).click()


async def test_a_whole_purchase_on_a_phone(window, shop):
    page = await opened(window, shop)
    await page.get_by_label("Cloud pillow").fill("2")
    await page.get_by_label("Cloud pillow").press("Tab")
    await total_is(page, "113.80")
    await page.get_by_label("Code").fill("welcome5")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("button", name="Take out the coupon welcome5")).to_be_visible()
    await total_is(page, "108.80")
    await expect(page.get_by_role("status")).to_have_text("Total 108.80 USD")
    await expect(page.get_by_role("button", name="Apply")).to_be_focused()
    await fill(page)
    await total_is(page, "117.78")
    await go_on(page)
    await expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    await expect(page.get_by_text("Austin, TX 78701")).to_be_visible()
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    sent = []
    page.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    await pay(page, GOOD)
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    await expect(page.get_by_role("link", name="Order something else")).to_be_visible()
    cards = [url for url, body in sent if "4242" in body]
    assert [url.rpartition("/")[2] for url in cards] == ["token"]
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    await page.reload()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


async def test_without_javascript_it_works_up_to_the_payment(window, shop):
    page = await opened(window, shop, java_script_enabled=False)
    await page.get_by_label("Cloud pillow").fill("1")
    await page.get_by_role("button", name="Work out the total").last.click()
    await total_is(page, "56.90")
    await page.get_by_label("Code").fill("NOTHING")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("We do not know this code.")).to_be_visible()
    await page.get_by_role("button", name="Take out the coupon NOTHING").click()
    await expect(page.get_by_text("We do not know this code.")).to_be_hidden()
    await go_on(page)
    await expect(page.get_by_role("alert")).to_contain_text("Enter your first name.")
    await fill(page)
    await page.get_by_label("Send it to this address").uncheck()
    await expect(field(page, "shipping.street")).to_be_visible()
    await page.get_by_label("Send it to this address").check()
    await expect(field(page, "shipping.street")).to_be_hidden()
    await go_on(page)
    await expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    await expect(page.locator("noscript .banner")).to_be_visible()
    await expect(page.locator("noscript .banner")).to_contain_text("For the card this page needs JavaScript")


async def test_a_declined_card_is_told_and_another_one_pays(window, shop):
    page = await at_the_payment(window, shop)
    await pay(page, BROKE)
    await expect(page.get_by_role("heading", name="This card was not taken")).to_be_visible()
    await expect(page.get_by_role("alert").filter(has_text="Nothing was charged.")).to_be_focused()
    assert await page.input_value("#number") == ""
    assert await in_every_look(page) == {}
    await pay(page, fresh())
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


async def test_a_card_that_is_none_is_said_at_its_field_before_anybody_is_asked(window, shop):
    page = await at_the_payment(window, shop)
    asked = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    await card(page, "4242 4242 4242 4241", "12")
    await page.get_by_role("button", name=re.compile("^Pay ")).click()
    await expect(page.locator("#number-note")).to_have_text("This is not a card number. Check it digit by digit.")
    await expect(page.locator("#cvv-note")).to_have_text("The security code has three digits, on American Express four.")
    await expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    assert not asked
    assert await in_every_look(page) == {}
    await page.fill("#cvv", "737")
    await expect(page.locator("#cvv-note")).to_have_count(0)


async def test_pressed_twice_it_is_sent_once(window, shop):
    page = await at_the_payment(window, shop)
    tokens = []
    page.on("request", lambda request: request.url.endswith("/token") and tokens.append(request.url))
    await card(page, fresh())
    await page.get_by_role("button", name=re.compile("^Pay ")).dblclick()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert len(tokens) == 1


async def test_while_the_bank_has_not_said_the_page_says_so(window, shop):
    page = await at_the_payment(window, shop)
    await pay(page, LOST_AFTER)
    await expect(page.get_by_role("heading", name="Your order is being confirmed")).to_be_visible()
    await expect(page.get_by_text("Your bank takes longer than usual to answer.")).to_be_visible()
    assert await in_every_look(page) == {}


async def test_a_lost_line_loses_nothing(window, shop):
    page = await opened(window, shop)
    await page.get_by_label("Cloud pillow").fill("1")
    await fill(page)
    await total_is(page, "61.59")
    await page.context.set_offline(True)
    await go_on(page)
    await expect(page.get_by_role("alert")).to_contain_text("What you typed is still here")
    await expect(field(page, "customer.last_name")).to_have_value("M")
    await page.context.set_offline(False)
    await go_on(page)
    await expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    await page.context.set_offline(True)
    await pay(page, fresh())
    await expect(page.get_by_role("alert")).to_contain_text("What you typed is still here")
    await page.context.set_offline(False)
    await page.get_by_role("button", name=re.compile("^Pay ")).click()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


async def lost(page, path, after=False):
    """The line is lost for the next form that is sent there; ``after``: the server has it, and its answer is what is lost. All that were sent."""
    sent = []

    async def lose(route):
        sent.append(parse_qs(route.request.post_data))
        if len(sent) > 1:
            await route.continue_()
            return
        if after:
            await route.fetch(max_redirects=0)
        await route.abort()

    await page.route(path, lose)
    return sent


@pytest.mark.parametrize("after", [False, True])
async def test_a_line_lost_at_pay_is_told_and_asked_again_under_the_same_key(window, shop, after):
    page = await at_the_payment(window, shop)
    tokens = []
    page.on("request", lambda request: request.url.endswith("/token") and tokens.append(request.url))
    sent = await lost(page, "**/pay", after)
    await pay(page, GOOD)
    await expect(page.get_by_role("alert")).to_contain_text("You are charged once at most.")
    await expect(page.locator("#number")).to_have_value("4242 4242 4242 4242")
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name=re.compile("^Pay ")).click()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    first, second = sent
    assert first == second
    assert len(tokens) == 1


async def test_another_card_after_a_lost_line_is_the_one_that_pays(window, shop):
    page = await at_the_payment(window, shop)
    sent = await lost(page, "**/pay")
    await pay(page, BROKE)
    await expect(page.get_by_role("alert")).to_contain_text("You are charged once at most.")
    await pay(page, fresh())
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    first, second = sent
    assert first["payment"] != second["payment"]


async def test_what_was_refused_at_pay_leaves_the_card_typed(window, shop):
    page = await at_the_payment(window, shop)
    await page.locator("input[name=total]").evaluate("field => (field.value = '1')")
    await pay(page, GOOD)
    await expect(page.get_by_role("alert").filter(has_text="The total has changed")).to_be_focused()
    await expect(page.locator("#number")).to_have_value("4242 4242 4242 4242")
    await page.get_by_role("button", name=re.compile("^Pay ")).click()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


async def test_what_is_typed_while_a_total_is_on_its_way_stays(window, shop):
    page = await opened(window, shop)
    go = asyncio.Event()

    async def hold(route):
        await go.wait()
        await route.continue_()

    await page.route(re.compile(r"/checkout/2$"), hold)
    await page.get_by_label("Cloud pillow").fill("1")
    await field(page, "customer.first_name").fill("Cust")
    await expect(page.locator("#sums")).to_have_attribute("aria-busy", "true")
    await field(page, "customer.first_name").press_sequentially("omer")
    go.set()
    await total_is(page, "56.90")
    await expect(field(page, "customer.first_name")).to_have_value("Customer")
    await expect(field(page, "customer.first_name")).to_be_focused()


async def test_every_state_is_accessible(window, shop):
    page = await opened(window, shop)
    assert await in_every_look(page) == {}
    await page.set_viewport_size(PHONE)
    await go_on(page)
    await expect(page.get_by_role("alert")).to_be_focused()
    assert await in_every_look(page) == {}
    await page.get_by_label("Cloud pillow").fill("1")
    await page.get_by_label("Code").fill("WELCOME5")
    await fill(page)
    await go_on(page)
    await expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    assert await in_every_look(page) == {}
    await pay(page, fresh())
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert await in_every_look(page) == {}


@pytest.mark.parametrize(
    ("path", "title"),
    [("/checkout/2?0123456789&includeProducts=1", "Your order"), ("/checkout/2?link=unknown", "This link does not open anything"),
     ("/checkout/nothing", "There is no such page")],
)  # fmt: skip
async def test_what_leads_nowhere_is_accessible(window, shop, path, title):
    page = await opened(window, shop, path)
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert await in_every_look(page) == {}


async def test_whoever_sends_too_often_keeps_the_form_and_is_sent_once_more(window, shop):
    page = await opened(window, shop)
    await page.clock.install()
    await page.reload()
    await page.get_by_label("Cloud pillow").fill("1")
    await field(page, "customer.first_name").fill("Customer")
    await total_is(page, "56.90")
    pillows = await page.get_by_label("Cloud pillow").get_attribute("name")
    often = {"csrf": await page.locator("input[name=csrf]").get_attribute("value"), pillows: "x"}
    for _ in range(ORDER["change"]):
        await page.request.post(HERE, form=often)
    await field(page, "customer.last_name").fill("M")
    await page.get_by_label("Cloud pillow").fill("2")
    await page.get_by_label("Cloud pillow").press("Tab")
    await expect(page.get_by_role("alert")).to_contain_text("That was a little too often")
    await expect(page.get_by_role("alert")).to_contain_text("What you typed is still here. It is sent once more by itself then.")
    await expect(field(page, "customer.last_name")).to_have_value("M")
    await expect(page.get_by_label("Cloud pillow")).to_have_value("2")
    assert await in_every_look(page) == {}
    async with page.expect_request(lambda request: request.method == "POST") as again:
        await page.clock.fast_forward("02:00:00")
    sent = parse_qs((await again.value).post_data)
    assert (sent[pillows], sent["customer.last_name"]) == (["2"], ["M"])
