"""A view is rebuilt beside the live one, compared and switched, in the browser."""

import re

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def rebuilt(page, view):
    """Its newest job, compared."""
    await page.get_by_role("button", name=f"Rebuild {view}").click()
    dialog = page.get_by_role("dialog", name=f"Rebuild {view}")
    await expect(dialog).to_contain_text("nothing has been written yet")
    start = dialog.get_by_role("button", name=re.compile(r"^Start with [\d,]+ events$"))
    assert int(re.sub(r"\D", "", await start.inner_text())) > 0
    await start.click()
    await expect(dialog).to_be_hidden()
    job = page.locator("#jobs section").filter(has_text=view).first
    await expect(job).to_contain_text("The same", timeout=20_000)
    return job


async def test_a_view_is_counted_rebuilt_compared_and_switched(sign_in):
    page = await sign_in("ops1")
    await page.goto("/ops")
    await expect(page.get_by_text("All 7 services work")).to_be_visible()
    job = await rebuilt(page, "qa.queue")
    await expect(job).to_contain_text("the same to the byte")
    await job.get_by_role("button", name="Switch…").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Switch to qa.queue"))
    await expect(dialog).to_contain_text("They are the same to the byte.")
    await dialog.get_by_role("button", name="Switch", exact=True).click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#jobs section").filter(has_text="qa.queue").first).to_contain_text("Switched")
    await expect(page.locator("#audit").get_by_role("row").filter(has_text="Switched").first).to_contain_text("ops1")
    await expect(page.locator("#audit").get_by_role("row").filter(has_text="Rebuilt").first).to_contain_text("the same as the live one")


async def test_a_build_that_nobody_wants_is_dropped(sign_in):
    page = await sign_in("ops1")
    await page.goto("/ops")
    job = await rebuilt(page, "customers.orders")
    await job.get_by_role("button", name="Drop it").click()
    await expect(page.locator("#jobs section").filter(has_text="customers.orders").first).to_contain_text("Dropped")


async def test_a_stream_is_read_with_what_is_personal_sealed(sign_in):
    page = await sign_in("ops1")
    await page.goto("/ops")
    await page.get_by_role("link", name="Streams").click()
    await page.get_by_role("searchbox").fill("order-")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=re.compile("^order-")).first.click()
    event = page.locator("details").filter(has_text="CartUpdated").first
    await event.locator("summary").click()
    await expect(event.locator("pre")).to_contain_text('"order_id"')
    text = await page.locator("main").inner_html()
    assert "sealed" in text
    assert "example.com" not in text
