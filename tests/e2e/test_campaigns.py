"""The catalog as a supervisor uses it: a campaign's form, its draft, and what publishing it changes."""

import base64
import contextlib
import itertools
import re

import pytest
from playwright.async_api import expect

from services.gateway.accounts import PASSWORD
from tests.e2e.axe import in_every_look, violations

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_NAMES = (f"Campaign {n}" for n in itertools.count(1))


async def opened(page, part="details"):
    await expect(page.locator("#campaign")).not_to_have_attribute("aria-busy", "true")
    await part_of(page, part)


async def part_of(page, part):
    await page.locator(f'#parts a[href="#{part}"]').click()
    await expect(page.locator(f"#part-{part}")).to_be_visible()


async def campaign(sign_in, *offers, kind="Phone", user="supervisor1"):
    """A draft of one's own, with these offers at 49.95."""
    page = await sign_in(user)
    await page.goto("/campaigns")
    await page.get_by_role("button", name="New campaign…").first.click()
    await page.get_by_label("Name", exact=True).fill(next(_NAMES))
    await page.get_by_role("dialog").get_by_text(kind, exact=True).click()
    await page.get_by_role("button", name="Create the draft").click()
    await page.wait_for_url(re.compile(r"/campaigns/\d+"))
    await opened(page, "offers")
    for name in offers:
        await add_offer(page, name)
    if offers:
        await save(page)
    return page


async def add_offer(page, name, price="49.95", button="Add an offer"):
    await page.get_by_role("button", name=button).click()
    await page.keyboard.type(name)
    row = page.locator("#offers-table > tbody").last
    await row.get_by_label("SKU", exact=True).fill(f"SKU-{name}")
    await row.get_by_label(f"Price: {name}").fill(price)
    await row.get_by_role("button", name=name, exact=True).click()
    return row


async def save(page):
    await expect(bar(page)).to_be_visible()
    await page.keyboard.press("Control+s")
    await expect(bar(page)).to_be_hidden()


def bar(page):
    return page.get_by_role("region", name="Unsaved changes")


def rows(page, table="offers"):
    return page.locator(f"#{table}-table > tbody")


async def publish(page, *changes, typed=False):
    """``typed``: something that is not saved yet."""
    await (bar(page) if typed else page.locator(".head")).get_by_role("button", name=re.compile("^Publish version")).click()
    dialog = page.get_by_role("dialog")
    for change in changes:
        await expect(dialog).to_contain_text(change)
    await dialog.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_text(re.compile(r"Version \d+ is published"))).to_be_visible()


@contextlib.asynccontextmanager
async def beside(sign_in, page, user="admin1"):
    """Somebody else at the same campaign."""
    other = await sign_in(user)
    await other.goto(page.url)
    await opened(other)
    yield other
    await other.close()


async def test_the_save_bar_is_there_only_while_something_is_not_saved(sign_in):
    page = await campaign(sign_in, "Pillow")
    price = page.get_by_label("Price: Pillow")
    await price.fill("59.95")
    await expect(bar(page)).to_contain_text("Offers and upsells")
    await price.fill("49.95")
    await expect(bar(page)).to_be_hidden()
    await price.fill("59.95")
    await bar(page).get_by_role("button", name="Discard").click()
    await expect(price).to_have_value("49.95")
    await expect(bar(page)).to_be_hidden()


async def test_publishing_shows_what_it_changes_and_makes_a_version(sign_in):
    page = await campaign(sign_in, "Pillow")
    await publish(page, "First version", "Offers: Pillow")
    await expect(page.locator("#status")).to_have_text("Published, version 1")
    await page.get_by_label("Price: Pillow").fill("39.95")
    await publish(page, "Against version 1", "Pillow: price 49.95 → 39.95", typed=True)
    await expect(page.locator("#status")).to_have_text("Published, version 2")
    await part_of(page, "versions")
    await expect(page.locator("#versions li").first).to_contain_text("Pillow: price 49.95 → 39.95")
    await page.get_by_role("link", name="Version 1", exact=True).click()
    await expect(page.get_by_role("row", name="Pillow")).to_contain_text("49.95")


async def test_a_saved_draft_says_what_it_changes_and_can_be_given_up(sign_in):
    page = await campaign(sign_in, "Pillow")
    await publish(page)
    await page.get_by_label("Price: Pillow").fill("39.95")
    await save(page)
    await expect(page.locator("#status")).to_have_text("Changed since version 1")
    await expect(page.locator("#offers-table")).to_contain_text("Pillow was 49.95 in version 1")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Discard the draft…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard the draft").click()
    await expect(page.get_by_label("Price: Pillow")).to_have_value("49.95")
    await expect(page.locator("#status")).to_have_text("Published, version 1")


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(sign_in):
    page = await campaign(sign_in, "Pillow", "Topper")
    price = page.get_by_label("Price: Topper")
    await price.fill("12.345")
    await price.blur()
    await expect(page.locator("#offers-table")).to_contain_text("USD has two decimals.")
    await part_of(page, "payment")
    await page.get_by_label("Text of the terms").fill("Thirty days.")
    await page.keyboard.press("Control+s")
    summary = page.get_by_role("alert").filter(has_text="One thing to fix before this can be saved")
    await expect(summary).to_be_focused()
    assert await violations(page) == []
    await summary.get_by_role("link", name="Topper: USD has two decimals.").click()
    await expect(price).to_be_focused()
    await expect(price).to_have_value("12.345")
    await price.fill("12.34")
    await expect(page.locator("#offers-table")).not_to_contain_text("USD has two decimals.")
    await page.get_by_role("button", name="Topper", exact=True).click()
    name = rows(page).last.get_by_label("Name", exact=True)
    await name.fill("")
    await name.blur()
    await expect(rows(page).last).to_contain_text("An offer needs a name.")
    await name.fill("Topper")
    await expect(rows(page).last).not_to_contain_text("An offer needs a name.")
    await save(page)
    await page.reload()
    await opened(page, "offers")
    await expect(price).to_have_value("12.34")
    await part_of(page, "payment")
    await expect(page.get_by_label("Text of the terms")).to_have_value("Thirty days.")


async def test_what_keeps_a_draft_from_being_published_is_linked_to_its_field(sign_in):
    page = await campaign(sign_in)
    await page.get_by_role("button", name="Add an offer").click()
    await rows(page).first.locator('[data-field="price"]').first.fill("1")
    await bar(page).get_by_role("button", name=re.compile("^Publish version")).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Not ready for version 1")
    await expect(dialog.get_by_role("button", name="Publish", exact=True)).to_be_hidden()
    await dialog.get_by_role("link", name=re.compile("name")).first.click()
    await expect(rows(page).first.get_by_label("Name", exact=True)).to_be_focused()


async def test_two_supervisors_what_only_one_changed_is_taken_over(sign_in):
    page = await campaign(sign_in, "Pillow")
    async with beside(sign_in, page) as other:
        await page.get_by_label("Price: Pillow").fill("59.95")
        await part_of(other, "payment")
        await other.get_by_label("Text of the terms").fill("Theirs.")
        await save(other)
        await save(page)
        await part_of(page, "payment")
        await expect(page.get_by_label("Text of the terms")).to_have_value("Theirs.")
        await expect(page.get_by_text("Somebody else saved this campaign in between.")).to_be_visible()
        await part_of(page, "offers")
        await expect(page.get_by_label("Price: Pillow")).to_have_value("59.95")


@pytest.mark.parametrize(("button", "price"), [("Keep mine", "59.95"), ("Take theirs", "69.95")])
async def test_two_supervisors_of_what_both_changed_one_picks(sign_in, button, price):
    page = await campaign(sign_in, "Pillow")
    async with beside(sign_in, page) as other:
        await page.get_by_label("Price: Pillow").fill("59.95")
        await part_of(other, "offers")
        await other.get_by_label("Price: Pillow").fill("69.95")
        await save(other)
        await page.keyboard.press("Control+s")
        await expect(page.get_by_text("Offers and upsells: somebody else changed this at the same time.")).to_be_visible()
        await expect(page.get_by_label("Price: Pillow")).to_have_value("59.95")
        await page.get_by_role("button", name=button).click()
        await page.keyboard.press("Control+s")
        await expect(bar(page)).to_be_hidden()
        await expect(page.get_by_label("Price: Pillow")).to_have_value(price)
        await page.reload()
        await opened(page, "offers")
        await expect(page.get_by_label("Price: Pillow")).to_have_value(price)


async def test_rows_are_ordered_by_keys_and_by_drag(sign_in):
    page = await campaign(sign_in, "A", "B", "C")
    await page.get_by_role("button", name="Move C: Alt and arrow keys").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator("#said")).to_have_text("C is now 2 of 3.")
    await expect(page.get_by_role("button", name="Move C: Alt and arrow keys")).to_be_focused()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(rows(page).first).to_contain_text("SKU-C")
    await page.get_by_role("button", name="Move A: Alt and arrow keys").hover()
    await page.mouse.down()
    last = await rows(page).last.bounding_box()
    await page.mouse.move(last["x"] + 40, last["y"] + last["height"] - 4, steps=8)
    await page.mouse.up()
    await expect(page.locator("#said")).to_have_text("A is now 3 of 3.")
    await save(page)
    await page.reload()
    await opened(page, "offers")
    await expect(rows(page)).to_have_text([re.compile("SKU-C"), re.compile("SKU-B"), re.compile("SKU-A")])


async def test_what_was_taken_out_can_be_put_back(sign_in):
    page = await campaign(sign_in, "A", "B")
    await page.get_by_role("button", name="A", exact=True).click()
    await rows(page).first.get_by_role("button", name="Remove A").click()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows(page)).to_have_count(2)
    await expect(bar(page)).to_be_hidden()


async def test_options_become_variants_which_keep_what_was_typed(sign_in):
    page = await campaign(sign_in, "Topper")
    row = rows(page).first
    await row.get_by_role("button", name="Topper", exact=True).click()
    await row.get_by_role("button", name="Add an option").click()
    await page.keyboard.type("Size")
    values = row.get_by_label("Add: Values")
    for size in ("Twin", "Queen"):
        await values.fill(size)
        await values.press("Enter")
        await row.get_by_label(f"SKU: {size}").fill(f"T-{size}")
    await row.get_by_label("Price: Queen").fill("119")
    await values.fill("King")
    await values.press("Enter")
    await row.get_by_label("SKU: King").fill("T-King")
    await save(page)
    await expect(row.get_by_label("Price: Queen")).to_have_value("119.00")
    await expect(row).to_contain_text("3 variants")
    assert await in_every_look(page) == {}
    await row.get_by_role("button", name="Add an option").click()
    await page.keyboard.type("Colour")
    colour = row.get_by_label("Add: Values").last
    for name in ("White", "Grey"):
        await colour.fill(name)
        await colour.press("Enter")
    await expect(row).to_contain_text("6 variants")
    await expect(row.get_by_label("SKU: Queen, White")).to_have_value("T-Queen")
    await expect(row.get_by_label("Price: Queen, White")).to_have_value("119.00")


async def test_a_coupon_a_shipping_rule_and_a_custom_field_are_added_and_published(sign_in):
    page = await campaign(sign_in, "Pillow")
    await part_of(page, "coupons")
    await page.get_by_role("button", name="Add a coupon").click()
    await page.keyboard.type("sleep10")
    await page.get_by_label("Percent", exact=True).fill("10")
    await page.get_by_label("Goes on").select_option("products")
    await page.get_by_label("Add: Products", exact=True).fill("pillow")
    await page.keyboard.press("Enter")
    await expect(rows(page, "coupons").first).to_contain_text("1 product")
    await part_of(page, "shipping")
    await page.get_by_role("button", name="Add a profile").click()
    await page.keyboard.type("Standard")
    await page.get_by_role("button", name="Add a rule").click()
    await page.get_by_label("Where: Anywhere, Any product").focus()
    await page.get_by_label("Where: Anywhere, Any product").select_option(label="United States")
    await page.get_by_label(re.compile("^Region")).select_option(label="Alaska")
    await page.get_by_label(re.compile("^What: United States")).focus()
    await page.get_by_label(re.compile("^What: United States")).select_option(label="Pillow")
    await page.get_by_label("Amount: United States, Pillow").fill("12")
    await part_of(page, "fields")
    await page.get_by_role("button", name="Add a field").click()
    await page.keyboard.type("How did you hear of us?")
    await page.get_by_label("Answer: How did you hear of us?").select_option("choice")
    for choice in ("Radio", "Friend"):
        await page.get_by_label("Add: Choices").fill(choice)
        await page.keyboard.press("Enter")
    await page.get_by_label("Required: How did you hear of us?").check()
    for part in ("coupons", "shipping", "fields"):
        await part_of(page, part)
        assert await in_every_look(page) == {}
    await publish(page, typed=True)
    await page.reload()
    await opened(page, "shipping")
    await page.get_by_role("button", name="Standard", exact=True).click()
    await expect(page.get_by_label("Amount: United States, Pillow")).to_have_value("12.00")
    await expect(page.get_by_label(re.compile("^Region"))).to_have_value("AK")
    await part_of(page, "coupons")
    await expect(rows(page, "coupons").first).to_contain_text("SLEEP10")


async def test_a_script_is_shown_as_it_is_read(sign_in):
    page = await campaign(sign_in)
    await part_of(page, "scripts")
    script = page.locator("#f-script_main")
    await script.fill("Hello, this is ")
    await page.get_by_role("button", name="Agent").first.click()
    await expect(script).to_have_value("Hello, this is {agent}")
    await expect(page.locator("#f-script_main-preview .merge")).to_have_text("supervisor1")
    assert await in_every_look(page) == {}


async def test_an_ecommerce_campaign_is_duplicated_into_a_phone_campaign(sign_in):
    page = await campaign(sign_in, "Pillow", kind="Ecommerce")
    name = await page.locator("#title").text_content()
    before = page.url
    await page.get_by_role("button", name="Duplicate…").click()
    await expect(page.get_by_role("dialog").get_by_label("Phone")).to_be_checked()
    await page.get_by_role("dialog").get_by_label("Name").fill(f"{name} (phone)")
    await page.get_by_role("dialog").get_by_role("button", name="Duplicate", exact=True).click()
    await expect(page.locator("#title")).to_have_text(f"{name} (phone)")
    assert page.url != before
    await opened(page)
    await expect(page.get_by_label("Type", exact=True)).to_have_value("phone")
    await expect(page.get_by_label("List in Order Entry")).to_be_checked()
    await part_of(page, "offers")
    await expect(page.get_by_label("Price: Pillow")).to_have_value("49.95")


async def test_a_campaign_is_retired_and_brought_back(sign_in):
    page = await campaign(sign_in, "Pillow")
    await publish(page)
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Retire…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Retire", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Retired")
    await publish(page, "publishing brings it back")
    await expect(page.locator("#status")).to_have_text(re.compile("^Published"))


async def test_the_draft_is_tried_as_an_order_entry_page(sign_in):
    page = await campaign(sign_in)
    await add_offer(page, "Not saved yet")
    await page.get_by_role("link", name="Try in order entry").click()
    await page.wait_for_url("**/preview")
    await expect(page.get_by_text("A preview of the draft")).to_be_visible()
    await expect(page.get_by_role("row", name="Not saved yet")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_disabled()


async def test_what_is_typed_outlives_a_lost_connection_and_a_sign_out(sign_in):
    page = await campaign(sign_in, "Pillow")
    price = page.get_by_label("Price: Pillow")
    await price.fill("59.95")
    await page.context.set_offline(True)
    await page.keyboard.press("Control+s")
    await expect(page.get_by_text("No connection. What you typed is kept")).to_be_visible()
    await page.context.set_offline(False)
    await page.context.clear_cookies()
    await page.keyboard.press("Control+s")
    await page.get_by_role("link", name="Sign in again").click()
    await page.fill("#user", "supervisor1")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await opened(page, "offers")
    await expect(page.get_by_text("What you typed before and did not save is here again.")).to_be_visible()
    await expect(price).to_have_value("59.95")
    await save(page)


async def test_rows_come_from_a_csv_file_once_all_of_them_are_right(sign_in):
    page = await campaign(sign_in, "Pillow")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV", exact=True).click()
    text = (await (await download.value).path()).read_text()
    await page.get_by_role("button", name="Import CSV…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("File").set_input_files(
        {"name": "rows.csv", "mimeType": "text/csv", "buffer": text.replace("49.95", "49.955").encode()}
    )
    await expect(dialog.get_by_text("Nothing is imported: one thing is not right.")).to_be_visible()
    await expect(dialog).to_contain_text("row 2, price")
    await expect(dialog.get_by_role("button", name="Import into the draft")).to_be_hidden()
    await dialog.get_by_label("File").set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": text.replace("49.95", "59.95").encode()})
    await expect(dialog.get_by_text("1 rows: 1 changed.")).to_be_visible()
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Import into the draft").click()
    await expect(page.get_by_label("Price: Pillow")).to_have_value("59.95")


async def test_an_image_is_shown_and_what_is_none_is_refused_at_its_field(sign_in):
    page = await campaign(sign_in, "Pillow")
    await rows(page).first.get_by_role("button", name="Pillow", exact=True).click()
    image = rows(page).first.get_by_label("Image", exact=True)
    await image.set_input_files({"name": "fake.png", "mimeType": "image/png", "buffer": b"not an image"})
    await expect(rows(page).first.locator(".error")).to_be_visible()
    await image.set_input_files({"name": "huge.png", "mimeType": "image/png", "buffer": b"x" * (2 * 1024 * 1024 + 1)})
    await expect(rows(page).first.locator(".error")).to_contain_text("larger than 2 MB")
    await image.set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": base64.b64decode(PNG)})
    await expect(rows(page).first.get_by_role("img", name="Pillow")).to_be_visible()
    await expect(rows(page).first.locator(".error")).to_have_count(0)
    await save(page)


async def test_a_list_of_many_is_searched(sign_in):
    page = await campaign(sign_in, *(f"Product {n:02}" for n in range(12)))
    await page.get_by_label("Search offers").fill("product 07")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("Price: Product 07").fill("9.99")
    await page.get_by_label("Search offers").fill("")
    await expect(rows(page)).to_have_count(12)
    await expect(page.get_by_label("Price: Product 07")).to_have_value("9.99")
