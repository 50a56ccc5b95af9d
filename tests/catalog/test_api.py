"""What may be published, over HTTP: nothing that is not known vanishes, and no field takes what cannot be kept."""

import pytest

from tests.house.shop import CAMPAIGN, PILLOW, Shop, until

WHOLE = CAMPAIGN.model_dump(mode="json")
OFFER = PILLOW.model_dump(mode="json")


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield shop
    await shop.close()


async def put(shop, path, body):
    return await shop.ask("catalog", "PUT", path, body, actor="agent:supervisor1")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"offers": [{**OFFER, "plugin": "nobody"}]}, "offers.0.plugin"),
        ({"offers": [{**OFFER, "price": 10**30}]}, "offers.0.price"),
        ({"offers": [{**OFFER, "price": "4995"}]}, "offers.0.price"),
        ({"offers": [{**OFFER, "max_quantity": 10**9}]}, "offers.0.max_quantity"),
        ({"offers": [{**OFFER, "id": ""}]}, "offers.0.id"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "4242 4242 4242 4242"}, "name"),
        ({"script_main": "\ue000order-1 abcd"}, "script_main"),
        ({"countries": ["usa"]}, "countries.0"),
        ({"target_call_seconds": 10**30}, "target_call_seconds"),
        ({"kind": "radio"}, "kind"),
        ({"methods": ["cash"]}, "methods.0"),
        ({"qa_share": 101}, "qa_share"),
        ({"id": "another"}, "id"),
    ],
)
async def test_a_campaign_names_the_field_that_is_wrong(shop, wrong, field):
    status, body = await put(shop, "/campaigns/restful", {**WHOLE, **wrong})
    assert (status, body["field"]) == (422, field)
    assert (await shop.ask("catalog", "GET", "/campaigns"))[1]["rows"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"colour": "green"}, "colour"),
        ({"tax_rates": {"us": "8"}}, "tax_rates.us"),
        ({"tax_rates": {"US": "x"}}, "tax_rates.US"),
        ({"tax_rates": {"US": 8}}, "tax_rates.US"),
        ({"shipping_taxable": {"Texas": True}}, "shipping_taxable.Texas"),
        ({"undo_seconds": 10**30}, "undo_seconds"),
        ({"undo_seconds": "soon"}, "undo_seconds"),
        ({"prepaid_skip_qa": "maybe"}, "prepaid_skip_qa"),
    ],
)
async def test_settings_name_the_field_that_is_wrong(shop, wrong, field):
    status, body = await put(shop, "/settings", wrong)
    assert (status, body["field"]) == (422, field)
    assert (await shop.ask("catalog", "GET", "/settings"))[1]["number"] == 0


@pytest.mark.parametrize("id", ["a@1", "a-b", "x" * 41])
async def test_an_id_is_letters_and_digits(shop, id):
    assert (await put(shop, f"/campaigns/{id}", {**WHOLE, "id": id}))[0] == 422


async def test_what_was_published_is_found_until_it_is_retired(shop):
    named = {name: value for name, value in WHOLE.items() if name != "id"}
    assert await put(shop, "/campaigns/restful", named) == (200, {"version": 1, "number": 1})

    async def listed(*wanted):
        _, body = await shop.ask("catalog", "GET", "/campaigns?listed=phone")
        return [(row["id"], row["number"]) for row in body["rows"]] == list(wanted)

    await until(lambda: listed(("restful", 1)))
    assert (await shop.ask("catalog", "GET", "/campaigns/restful"))[1]["campaign"] == WHOLE
    assert (await shop.ask("catalog", "POST", "/campaigns/restful/retire", actor="agent:supervisor1"))[0] == 200
    await until(listed)
    assert (await shop.ask("catalog", "GET", "/campaigns/restful"))[1]["retired"]
    assert (await shop.ask("catalog", "GET", "/campaigns/other"))[0] == 404
