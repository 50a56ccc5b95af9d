"""A link from an agent to a customer's mailbox and back, and what the outbox says of it."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.customers.mailserver import mail_server
from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, kept
from tests.e2e.test_campaigns import bar, campaign, part_of, publish
from tests.house.shop import until
from tests.site import site

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailbox():
    async with mail_server() as there:
        yield there


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory, mailbox):
    """The real server, which sends its mail to a real mail server."""
    async with site(tmp_path_factory.mktemp("shop"), RINGUP_SMTP_URL=f"smtp://127.0.0.1:{mailbox.port}") as there:
        yield there


@pytest.fixture(autouse=True)
def taken_again(mailbox):
    """What one test has the server refuse, the next one's is not."""
    yield
    mailbox.refuse.clear()


async def send_link(page, order_id):
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Send link…").click()
    dialog = page.get_by_role("dialog", name="Link for the customer")
    await dialog.get_by_text("E-mail", exact=True).click()
    await dialog.get_by_role("button", name="Send the mail").click()
    await expect(page.locator("#link-made")).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()


async def test_a_link_reaches_the_customer_and_the_agent_sees_it_opened(shop, sign_in, window, mailbox):
    order_id = await kept(shop, "Mailed", lines=[])
    page = await sign_in("agent1")
    await send_link(page, order_id)

    async def arrived():
        return [found for recipients, found in mailbox.mails if recipients == ["mailed@example.com"]]

    (mail,) = await until(arrived)
    assert mail["from"].addresses[0].display_name == "Restful Nights (web)"
    link = re.search(r"http://\S+", mail.get_body(("plain",)).get_content())[0]
    links = page.get_by_role("region", name="Links for the customer")
    await expect(links).to_contain_text("Sent to mailed@example.com")
    await expect(links).to_contain_text("Not opened yet")
    customer = await window(shop.address)
    await customer.goto(link.removeprefix(shop.address) if link.startswith(shop.address) else link)
    await expect(links).to_contain_text("Opened")
    await expect(page.locator(".timeline")).to_contain_text("The customer opened the link")
    assert await in_every_look(page) == {}


async def test_what_the_server_refuses_waits_for_somebody_in_the_outbox(shop, sign_in, mailbox):
    order_id = await kept(shop, "Refused", lines=[])
    supervisor = await sign_in("supervisor1")
    await supervisor.goto("/outbox?status=Failed")
    mailbox.refuse["RCPT"] = "550 Nobody of that name"
    await send_link(await sign_in("agent1"), order_id)
    row = supervisor.get_by_role("row").filter(has_text=order_id)
    await expect(row).to_contain_text("The mail server refuses the address (550).")
    assert await in_every_look(supervisor) == {}
    await row.get_by_role("link", name="Link to finish an order").click()
    await expect(supervisor.locator("pre")).to_contain_text("Hello Customer,")
    assert await in_every_look(supervisor) == {}
    mailbox.refuse.clear()
    await supervisor.get_by_role("button", name="Try again").click()
    await expect(supervisor.get_by_role("status").filter(has_text="Sent")).to_be_visible()
    assert [recipients for recipients, _ in mailbox.mails].count(["refused@example.com"]) == 1


async def test_ops_see_that_something_goes_wrong_and_not_to_whom(shop, sign_in):
    order_id = await kept(shop, "Hidden", lines=[])
    await send_link(await sign_in("agent1"), order_id)
    page = await sign_in("ops1")
    await page.goto("/outbox")
    row = page.get_by_role("row").filter(has_text=order_id)
    await expect(row).to_contain_text("h…@example.com")
    await expect(row.get_by_role("link")).to_have_count(0)
    assert await in_every_look(page) == {}


async def test_an_approved_order_is_confirmed_and_a_supervisor_sends_the_letter_once_more_or_stops_it(shop, sign_in, mailbox):
    order_id = await charged(shop, "Confirmed")

    def arrived():
        return [found for recipients, found in mailbox.mails if recipients == ["confirmed@example.com"]]

    async def first():
        return arrived()

    (mail,) = await until(first)
    assert mail["subject"] == f"Your order {order_id} at Restful Nights (phone)"
    page = await sign_in("supervisor1")
    await page.goto("/outbox")
    await page.get_by_role("row").filter(has_text=order_id).get_by_role("link", name="Order confirmation").click()
    await expect(page.locator("#message")).to_contain_text("1 × Cloud pillow")  # noqa: RUF001
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name="Send it once more").click()
    await expect(page.locator("#message")).to_contain_text("sent 2 times")
    await expect(page.locator("#message :focus")).to_have_count(1)
    assert len({found["message-id"] for found in arrived()}) == 2
    mailbox.refuse["RCPT"] = "451 Later"
    await page.get_by_role("button", name="Send it once more").click()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await expect(page.locator("#message h1")).to_be_focused()
    await page.get_by_role("button", name="Do not send it").click()
    await expect(page.get_by_role("status").filter(has_text="Stopped")).to_be_visible()
    await expect(page.locator("#message h1")).to_be_focused()
    await expect(page.locator("#message")).to_contain_text("Stopped by supervisor1.")
    mailbox.refuse.clear()
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    assert len(arrived()) == 2


async def test_a_campaign_writes_its_own_letters_looks_at_them_and_tries_one(sign_in, mailbox):
    page = await campaign(sign_in, "Pillow")
    await part_of(page, "letters")
    shipped = page.get_by_role("region", name="Shipped")
    await expect(shipped.locator("[data-shown]")).to_contain_text("UPS, tracking number 1Z999AA10123456784.")
    await shipped.get_by_label("Send it to customers").check()
    await shipped.get_by_label("Subject").fill("{first_name}, it is on its way with {nobody}")
    await shipped.get_by_label("Text", exact=True).fill("Parcel ")
    await shipped.get_by_role("button", name="Tracking number").click()
    await expect(shipped.locator("[data-shown]")).to_contain_text("Parcel 1Z999AA10123456784")
    await expect(shipped.locator("[data-shown]")).to_contain_text("Customer, it is on its way with {nobody}")
    await expect(shipped).to_contain_text("{nobody} is no merge field here.")
    assert await in_every_look(page) == {}
    await bar(page).get_by_role("button", name=re.compile("^Publish version")).click()
    await page.get_by_role("dialog").get_by_role("link", name=re.compile("Shipped: .nobody. is no merge field")).click()
    await expect(shipped.get_by_label("Subject")).to_be_focused()
    await shipped.get_by_label("Subject").fill("{first_name}, it is on its way")
    await shipped.get_by_label("Send a test to").fill("tester@example.com")
    await shipped.get_by_role("button", name="Send the test").click()
    await expect(shipped.get_by_role("status")).to_have_text("The mail server has it.")
    (mail,) = [found for recipients, found in mailbox.mails if recipients == ["tester@example.com"]]
    assert (mail["subject"], mail.get_body(("plain",)).get_content().strip()) == ("[Test] Customer, it is on its way", "Parcel 1Z999AA10123456784")
    await shipped.get_by_label("Send a test to").fill("nobody")
    await shipped.get_by_role("button", name="Send the test").click()
    await expect(shipped).to_contain_text("No mail can be sent to this address.")
    await shipped.get_by_role("button", name="Start from Ringup’s words").click()  # noqa: RUF001
    await expect(shipped.get_by_label("Text", exact=True)).to_have_value("Parcel {tracking}")
    await publish(page, "Letters: Shipped", typed=True)
    await page.reload()
    await expect(shipped.get_by_label("Subject")).to_have_value("{first_name}, it is on its way")
    await expect(bar(page)).to_be_hidden()
