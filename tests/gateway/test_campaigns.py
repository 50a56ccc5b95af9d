"""The catalog's pages: what is typed becomes amounts, every refusal names its field, and nobody overwrites anybody."""

import base64
import re

import pytest

from services.catalog.account import time_zones
from services.catalog.places import CONTINENTS, COUNTRIES
from services.gateway import choices
from services.gateway.pages.settings import changes
from services.gateway.typed import fresh, read, shown
from shared.contracts.catalog import Campaign, Coupon, CustomField, Letter, Offer, Option, ShippingProfile, ShippingRule, Variant
from tests.house.shop import until

WHOLE = Campaign(
    id="77",
    name="Everything",
    target_call_seconds=75,
    qa_share=5,
    offers=(
        Offer(
            id="1", name="A", sku="A-1", price=106400, shipping_price=0, min_price=9900, max_quantity=3, trial_days=14, tags=("soft",),
            options=(Option(name="Size", values=("S", "M")),),
            variants=(Variant(id="2", sku="A-S", values=("S",), price=5), Variant(id="3", sku="A-M", values=("M",))),
        ),
    ),
    coupons=(Coupon(id="4", code="FIVE", kind="flat", amount=500, min_subtotal=10000, max_uses=3), Coupon(id="5", code="TEN", percent="10")),
    profiles=(ShippingProfile(id="6", name="Standard", free_from=25000, rules=(ShippingRule(id="1", country="US", price=495),)),),
    fields=(CustomField(id="1", label="How?", kind="choice", choices=("Radio",)),),
    letters=(Letter(template="shipped", text="On its way"), Letter(template="draft-link"), Letter(template="order-confirmation", on=False)),
)  # fmt: skip


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_a_form_gives_back_what_it_was_shown(currency):
    campaign = WHOLE.model_copy(update={"currency": currency}).model_dump(mode="json")
    assert read(shown(campaign), currency) == (campaign, [])


def test_a_form_shows_amounts_as_people_write_them():
    form = shown(WHOLE.model_dump(mode="json"))
    assert (form["offers"][0]["price"], form["offers"][0]["max_price"], form["target_call_seconds"]) == ("1,064.00", "", "01:15")
    assert [variant["price"] for variant in form["offers"][0]["variants"]] == ["0.05", ""]


def test_a_form_has_every_letter_those_of_the_campaign_first():
    assert [each["template"] for each in shown(WHOLE.model_dump(mode="json"))["letters"]] == ["shipped", "draft-link", "order-confirmation"]
    some = WHOLE.model_copy(update={"letters": WHOLE.letters[:1]}).model_dump(mode="json")
    assert [(each["template"], each["on"]) for each in shown(some)["letters"]] == [
        ("shipped", True),
        ("order-confirmation", False),
        ("draft-link", True),
    ]


@pytest.mark.parametrize(
    ("typed", "currency", "field", "words"),
    [
        ({"offers": [{"price": "49.955"}]}, "USD", "offers.0.price", "USD has two decimals."),
        ({"offers": [{"price": "49.95"}, {"price": "49.5"}]}, "JPY", "offers.0.price", "JPY has no decimals."),
        ({"offers": [{"price": ""}]}, "USD", "offers.0.price", "Enter an amount, such as 49.95."),
        ({"offers": [{"price": "-1"}]}, "USD", "offers.0.price", "Enter an amount, such as 49.95."),
        ({"offers": [{"variants": [{"price": "1e3"}]}]}, "USD", "offers.0.variants.0.price", "Enter an amount, such as 49.95."),
        ({"offers": [{"max_quantity": "many"}]}, "USD", "offers.0.max_quantity", "Enter a whole number, such as 10."),
        ({"profiles": [{"rules": [{"price": "a"}]}]}, "KWD", "profiles.0.rules.0.price", "Enter an amount, such as 4.995."),
        ({"coupons": [{"max_uses": "1.5"}]}, "USD", "coupons.0.max_uses", "Enter a whole number, such as 10."),
        ({"qa_share": "5 %"}, "USD", "qa_share", "Enter a whole number, such as 10."),
        ({"target_call_seconds": "6"}, "USD", "target_call_seconds", "Enter minutes and seconds, such as 06:00."),
    ],
)
def test_what_is_typed_wrong_is_said_at_its_field(typed, currency, field, words):
    _, wrong = read(typed, currency)
    assert (wrong[0]["field"], wrong[0]["detail"]) == (field, words)


def test_what_is_no_text_is_left_for_catalog_to_judge():
    strange = {"offers": [5, None, [[]], {"price": 5, "variants": {"price": "1"}}], "name": 3}
    assert read(strange, "USD") == ({**strange, "offers": [5, None, [[]], {"price": 5, "variants": {"price": 100}}]}, [])


def test_a_new_row_has_the_keys_of_its_contract_and_no_price():
    rows = fresh("USD")
    assert list(rows["offer"]) == list(Offer.model_fields)
    assert list(rows["coupon"]) == list(Coupon.model_fields)
    assert (rows["offer"]["price"], rows["rule"]["price"], rows["offer"]["shipping_price"]) == ("", "", "0.00")


# --- over HTTP --------------------------------------------------------------------------------------------------------

OFFER = {**fresh("USD")["offer"], "name": "Pillow", "sku": "P-1", "price": "49.95", "gateway": "simulator"}


async def made(somebody, name, kind="phone", key=""):
    answer = await somebody.form("/campaigns", key=key or f"make-{name}", kind=kind, name=name)
    assert answer.status_code == 204, answer.text
    return answer.headers["hx-redirect"].rpartition("/")[2]


async def draft_of(somebody, id):
    return (await somebody.get(f"/campaigns/{id}/draft")).json()


async def saved(somebody, id, version, **typed):
    key = f"save-{id}-{version}-{abs(hash(str(typed)))}"
    return await somebody.send("PATCH", f"/campaigns/{id}/draft", key=key, json=typed, headers={"if-match": f'"{version}"'})


async def test_a_campaign_is_made_saved_and_published(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Made")
    before = await draft_of(supervisor, id)
    assert (before["status"], before["number"], [each["field"] for each in before["problems"]]) == ("draft", 0, ["offers"])
    after = await saved(supervisor, id, before["version"], offers=[{**OFFER, "price": "1064"}])
    assert after.status_code == 200, after.text
    offer = after.json()["values"]["offers"][0]
    assert offer["price"] == "1,064.00"
    assert re.fullmatch(r"\d+", offer["id"])
    assert after.json()["problems"] == []
    published = await supervisor.send("POST", f"/campaigns/{id}/publish", key=f"publish-{id}", headers={"if-match": f'"{after.json()["version"]}"'})
    assert (published.json()["status"], published.json()["number"]) == ("published", 1)
    cheaper = await saved(supervisor, id, published.json()["version"], offers=[{**offer, "price": "999"}])
    assert cheaper.json()["status"] == "changed"
    assert cheaper.json()["before"] == {offer["id"]: "1,064.00"}
    assert "1,064.00 → 999.00" in cheaper.json()["changes"][0]["what"]
    assert "Version 1" in await supervisor.page(f"/campaigns/{id}/versions")
    assert "1,064.00" in await supervisor.page(f"/campaigns/{id}/versions/1")
    assert "999.00" in await supervisor.page(f"/campaigns/{id}/preview")


async def test_everything_wrong_is_said_at_once_and_nothing_is_saved(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Wrong")
    version = (await draft_of(supervisor, id))["version"]
    answer = await saved(supervisor, id, version, name="Right", offers=[{**OFFER, "price": "1.999"}, {**OFFER, "max_quantity": "x"}])
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["offers.0.price", "offers.1.max_quantity"]
    negative = await saved(supervisor, id, version, offers=[{**OFFER, "price": -5}])
    assert (negative.status_code, negative.json()["errors"][0]["field"]) == (422, "offers.0.price")
    assert (await draft_of(supervisor, id))["version"] == version


async def test_a_stale_save_brings_the_draft_as_it_is_now(ringup):
    first, second = await ringup.sign_in("supervisor1"), await ringup.sign_in("admin1")
    id = await made(first, "Stale")
    version = (await draft_of(first, id))["version"]
    assert (await saved(second, id, version, terms="Theirs")).status_code == 200
    late = await saved(first, id, version, name="Mine")
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    assert late.json()["draft"]["values"]["terms"] == "Theirs"
    assert late.json()["draft"]["version"] > version


async def test_another_currency_reads_every_amount_anew(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Yen")
    version = (await saved(supervisor, id, (await draft_of(supervisor, id))["version"], offers=[OFFER])).json()["version"]
    alone = await saved(supervisor, id, version, currency="JPY")
    assert (alone.status_code, alone.json()["field"]) == (422, "currency")
    stays = await saved(supervisor, id, version, currency="JPY", offers=[OFFER], coupons=[], profiles=[])
    assert (stays.status_code, stays.json()["field"]) == (422, "offers.0.price")
    yen = {**OFFER, "price": "5000", "shipping_price": "0"}
    done = await saved(supervisor, id, version, currency="JPY", offers=[yen], coupons=[], profiles=[])
    assert done.json()["values"]["offers"][0]["price"] == "5,000"


async def test_a_campaign_is_duplicated_into_another_type(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Shop", kind="ecommerce")
    await saved(supervisor, id, (await draft_of(supervisor, id))["version"], offers=[OFFER])
    answer = await supervisor.form(f"/campaigns/{id}/duplicate", key=f"duplicate-{id}", kind="phone", name="Shop (phone)")
    copy = answer.headers["hx-redirect"].rpartition("/")[2]
    values = (await draft_of(supervisor, copy))["values"]
    assert (copy != id, values["kind"], values["listed"], values["offers"][0]["name"]) == (True, "phone", True, "Pillow")
    nameless = await supervisor.form(f"/campaigns/{id}/duplicate", key=f"nameless-{id}", kind="phone", name=" ")
    assert nameless.status_code == 422


@pytest.mark.parametrize(
    ("query", "words"),
    [("q=nothing-is-called-so", "No campaign is found for “nothing-is-called-so”"), ("kind=lander&status=retired", "No campaign is found")],
)
async def test_an_empty_list_says_what_to_do(ringup, query, words):
    page = await (await ringup.sign_in("supervisor1")).page(f"/campaigns?{query}")
    assert words in page
    assert '<a class="button" href="/campaigns">' in page


async def test_the_list_is_searched_and_filtered_and_the_address_says_so(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    await made(supervisor, "Searchable lander", kind="lander")

    async def listed():
        return "Searchable lander" in await supervisor.page("/campaigns?q=searchable&kind=lander&status=draft")

    await until(listed)
    seen = await supervisor.page("/campaigns?q=searchable&kind=lander")
    assert "Searchable lander" not in await supervisor.page("/campaigns?q=searchable&kind=phone")
    assert "/campaigns?q=searchable&amp;kind=lander&amp;status=retired" in seen


IMAGE = (  # one transparent pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def test_an_image_is_kept_as_it_is_and_what_is_none_is_refused(ringup):
    supervisor, agent = await ringup.sign_in("supervisor1"), await ringup.sign_in("agent1")
    content = base64.b64decode(IMAGE)
    kept = await supervisor.send("POST", "/images", content=content, headers={"content-type": "application/octet-stream"})
    assert (kept.status_code, kept.json()["type"]) == (201, "image/png")
    shown_to_agents = await agent.get(f"/images/{kept.json()['sha256']}")
    assert (shown_to_agents.content, shown_to_agents.headers["content-type"]) == (content, "image/png")
    none = await supervisor.send("POST", "/images", content=b"<svg onload=alert(1)>", headers={"content-type": "image/png"})
    assert (none.status_code, none.json()["field"]) == (422, "image")
    huge = await supervisor.send("POST", "/images", content=b"x" * 50_000_000, headers={"content-type": "image/png"})
    assert (huge.status_code, huge.json()["code"]) == (413, "too-large")
    assert (await agent.get(f"/images/{'0' * 64}")).status_code == 404


async def test_a_campaign_goes_out_as_a_file_and_comes_in_again(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Exported")
    await saved(supervisor, id, (await draft_of(supervisor, id))["version"], offers=[OFFER])
    for format in ("json", "yaml"):
        file = await supervisor.get(f"/campaigns/{id}/export?format={format}")
        assert file.headers["content-disposition"] == f'attachment; filename="campaign-{id}.{format}"'
        dry = await supervisor.form("/campaigns/import", key=f"dry-{id}-{format}", text=file.text, name=f"From {format}")
        assert f"This would make a draft of “From {format}”" in dry.text
        done = await supervisor.form("/campaigns/import", key=f"import-{id}-{format}", text=file.text, name=f"From {format}", dry_run="false")
        copy = await draft_of(supervisor, done.headers["hx-redirect"].rpartition("/")[2])
        assert (copy["values"]["name"], copy["values"]["offers"][0]["price"]) == (f"From {format}", "49.95")
    broken = await supervisor.form("/campaigns/import", key="import-broken", text=file.text.replace("4995", "-1"))
    assert "Nothing is imported" in broken.text
    assert "offers.0.price" in broken.text


async def test_rows_of_a_csv_are_counted_before_they_are_taken(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id = await made(supervisor, "Rows")
    version = (await saved(supervisor, id, (await draft_of(supervisor, id))["version"], offers=[OFFER])).json()["version"]
    text = (await supervisor.get(f"/campaigns/{id}/offers.csv")).text
    changed = text.replace("49.95", "59.95")
    assert changed != text

    async def sent(text, *, dry_run):
        body = {"text": base64.b64encode(text.encode()).decode(), "dry_run": dry_run}
        return await supervisor.send(
            "POST", f"/campaigns/{id}/offers.csv", key=f"rows-{id}-{dry_run}", json=body, headers={"if-match": f'"{version}"'}
        )

    dry = (await sent(changed, dry_run=True)).json()
    assert (dry["added"], dry["changed"], dry["unchanged"]) == (0, 1, 0)
    assert (await draft_of(supervisor, id))["values"]["offers"][0]["price"] == "49.95"
    bad = await sent(text.replace("49.95", "49.955"), dry_run=True)
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "row 2, price")
    assert (await sent(changed, dry_run=False)).status_code == 200
    assert (await draft_of(supervisor, id))["values"]["offers"][0]["price"] == "59.95"


async def test_regions_have_names(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    assert ["TX", "Texas"] in (await supervisor.get("/campaigns/regions?country=US")).json()
    assert (await supervisor.get("/campaigns/regions?country=VA")).json() == []


async def test_a_script_is_shown_as_order_entry_shows_it(ringup):
    answer = await (await ringup.sign_in("supervisor1")).send("POST", "/campaigns/1/script", json={"text": "Hello {customer}.\n\n> Smile."})
    assert answer.json() == [[False, [["Hello ", False], ["Customer A", True], [".", False]]], [True, [["Smile.", False]]]]


def test_each_setting_that_changed_is_told():
    def event(version, **settings):
        return {"version": version, "time": "", "actor": "agent:a", "data": {"settings": {"tax_nexus": None, "time_zone": "UTC", **settings}}}

    told = changes([event(1), event(2, tax_nexus=["US-TX"], price_adjustment=True, time_zone="America/Chicago", session_idle_minutes=30)])
    assert told[0]["what"] == [
        "Allow price adjustment: None → on",
        "Time zone: UTC → America/Chicago",
        "Session idle time: None → 30",
        "Tax is collected: wherever there is a rate → US-TX",
    ]


def test_catalog_takes_whatever_the_forms_offer():
    assert {code for code, _ in choices.countries()} == COUNTRIES
    assert dict(choices.CONTINENTS) == CONTINENTS
    assert {*choices.time_zones()} <= time_zones()
    assert choices.odd_decimals()["JPY"] == 0
