"""Whatever is typed into Order Entry ends in a saved value or in words at its field, and stays where it was typed."""

import pytest
from playwright.async_api import expect

from tests.e2e.entry import begun, field, holds, saved

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

FIELDS = [
    "customer.first_name", "customer.last_name", "customer.phone", "customer.email", "billing.street", "billing.unit", "billing.city",
    "billing.postal", "attribution.dnis", "attribution.ani", "attribution.voice_log", "attribution.custom1", "attribution.custom2",
    "attribution.custom3", "attribution.custom4", "attribution.custom5", "particulars.gender", "notes", "lines.101", "coupon",
]  # fmt: skip
TYPED = {
    "over-long": "x" * 10_000,
    "right-to-left": "שלום עולם",
    "emoji": "👩‍👩‍👧 🧿",
    "NUL": "a\0b",
    "script": "<script>window.broken = true</script>\"'><img src=x onerror=window.broken=true>",
    "another script": "日本語 Ωμέγα",
    "spaces": "   around   ",
    "override marks": "\u202eabc\u202c",
}


async def put(page, path, text):
    """As a program or a paste would, past the length that typing stops at."""
    await field(page, path).evaluate(
        """(field, text) => {
          field.focus();
          field.value = text;
          field.dispatchEvent(new Event("input", { bubbles: true }));
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        text,
    )


@pytest.mark.parametrize("kind", TYPED)
async def test_every_field_takes_it_or_says_why_not(sign_in, kind):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_text("Other information").click()
    text = TYPED[kind]
    for path in FIELDS:
        await put(page, path, text)
        if path == "coupon":
            await page.get_by_role("button", name="Apply").click()
    await page.locator("#saved").filter(has_not_text="Saving").wait_for()
    await expect(page.locator("#totals")).not_to_have_attribute("aria-busy", "true")
    for path in FIELDS:
        if path == "coupon":
            continue
        kept = await field(page, path).input_value()
        assert kept.strip()[:50] == text.strip()[:50], path
    await holds(
        page,
        """() => !Object.keys(localStorage).some((name) => name.startsWith("draft."))
          || Boolean(document.querySelector('[aria-invalid="true"]') ?? document.querySelector("#banner [role=alert]"))""",
    )
    assert not await page.evaluate("window.broken ?? false")
    await page.reload()
    await expect(field(page, "customer.last_name")).to_have_value(text if kind == "over-long" else text.strip())


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("customer.last_name", "x" * 256, "At most 255 characters."),
        ("billing.city", "x" * 256, "At most 255 characters."),
        ("notes", "x" * 5001, "At most 5000 characters."),
        ("attribution.dnis", "5" * 81, "At most 80 characters."),
    ],
)
async def test_what_is_pasted_is_never_cut_silently(sign_in, path, text, words):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_text("Other information").click()
    await field(page, path).focus()
    await page.keyboard.insert_text(text)
    await page.keyboard.press("Tab")
    await expect(field(page, path)).to_have_value(text)
    await expect(field(page, f"{path}-note")).to_have_text(words)


async def test_a_coupon_is_never_cut_silently(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "coupon").focus()
    await page.keyboard.insert_text("x" * 41)
    await expect(field(page, "coupon")).to_have_value("x" * 41)
    await page.get_by_role("button", name="Apply").click()
    await expect(field(page, "coupon-note")).to_have_text("At most 40 characters.")


@pytest.mark.parametrize("code", ["x" * 10_000, "NOTHING-OF-THE-KIND", "<b>", "שלום"])
async def test_a_coupon_that_is_none_is_told_and_can_be_removed(sign_in, code):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    await put(page, "coupon", code)
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator("#coupons .verdict, #coupon-note").first).to_be_visible()
    await page.get_by_role("button", name="Remove coupon").click()
    await expect(page.locator("#chips [data-drop]")).to_have_count(0)


async def test_a_region_that_its_country_does_not_have_is_told_at_its_field(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "billing.region").evaluate(
        """(field) => {
          field.append(new Option("Nowhere", "ZZ"));
          field.value = "ZZ";
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    await expect(field(page, "billing.region-note")).to_be_visible()
    await field(page, "billing.region").select_option("TX")
    await saved(page)
    await expect(field(page, "billing.region-note")).to_have_count(0)


@pytest.mark.parametrize(("typed", "words"), [("2999-01-01", "yet to come"), ("0001-01-01", "")])
async def test_a_date_of_birth_that_cannot_be_is_told_at_its_field(sign_in, typed, words):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_text("Other information").click()
    await put(page, "particulars.birth_date", typed)
    if words:
        await expect(field(page, "particulars.birth_date-note")).to_contain_text(words)
    await field(page, "particulars.birth_date").fill("1970-12-31")
    await saved(page)
