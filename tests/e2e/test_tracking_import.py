"""What a carrier sends back is checked, imported, and what is not right of it put right."""

import csv
import io
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


def file(text):
    return {"name": "tracking.csv", "mimeType": "text/csv", "buffer": text.encode()}


async def test_good_rows_are_taken_and_the_others_come_back_as_a_file(shop, sign_in):
    order = await charged(shop, "Tracked")

    async def exported():
        return shop.export(order).exists()

    await until(exported)
    page = await sign_in("supervisor1")
    await page.goto("/fulfillment")
    await page.get_by_role("link", name="Import tracking…").click()
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_role("alert")).to_have_text("Choose the file.")
    await expect(page.get_by_label("CSV file")).to_be_focused()

    day = datetime.now(UTC).date().isoformat()
    chosen = page.get_by_label("CSV file")
    await chosen.set_input_files(file(f"Order #,Tracking Number,Ship Date\n{order},1Z999,{day}\n{order},1Z998,03/04/2026\n1A2B3C4D5E,1Z997,{day}\n"))
    await page.get_by_role("button", name="Check").click()
    said = page.get_by_role("status")
    await expect(said).to_contain_text("1 row of 3 can be imported. 2 rows are not right. Nothing has been written yet.")
    await expect(page.get_by_role("listitem").filter(has_text="Row 3, date")).to_contain_text("nobody knows which")
    await expect(page.get_by_role("listitem").filter(has_text="Row 4, order")).to_contain_text(
        "There is no order 1A2B3C4D5E here that is to be shipped."
    )
    assert await in_every_look(page) == {}
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Save these rows").click()
    rows = list(csv.reader(io.StringIO((await (await saving.value).path()).read_text().removeprefix("\ufeff"))))
    assert [row[1] for row in rows] == ["Tracking Number", "1Z998", "1Z997"]

    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(said).to_contain_text("1 row of 3 imported. 2 rows are not right, and left out.")
    await expect(page.locator("#import-said")).to_be_focused()
    await page.get_by_role("button", name="Check").click()
    await expect(said).to_contain_text("Nothing in it is new. 1 row is known already. 2 rows are not right.")
    await page.get_by_text("Import nothing unless every row is right").check()
    await page.get_by_role("button", name="Check").click()
    await expect(said).to_contain_text("Nothing is imported: 2 of 3 rows are not right.")
    await expect(page.get_by_role("button", name="Import", exact=True)).to_be_hidden()

    await page.goto(f"/orders/{order}")
    await expect(page.get_by_role("region", name="Fulfilment")).to_contain_text("1Z999")
