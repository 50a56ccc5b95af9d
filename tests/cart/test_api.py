"""What is typed wrong is refused at its field, and nothing of the order changes."""

import pytest

from services.cart.views import newest
from shared.contracts.catalog import CampaignPublished, CustomField, Offer, ShippingProfile, Variant
from tests.cart.publishing import publish
from tests.house.shop import CAMPAIGN, PILLOW, Shop

TOPPER = Offer(id="3", name="Foam topper", sku="RN-TOP", price=11900, variants=(Variant(id="31", sku="Q"), Variant(id="32", sku="K")))
SOLD = CAMPAIGN.model_copy(
    update={
        "offers": (PILLOW, TOPPER),
        "profiles": (ShippingProfile(id="21", name="Standard"),),
        "fields": (CustomField(id="1", label="Size of the bed", kind="choice", choices=("Queen", "King")),),
    }
)


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=9, campaign=SOLD))
    await shop.house.running["cart"].get(newest, "restful", version)
    yield shop
    await shop.close()


WRONG = [
    ({"coupons": ["x"] * 21}, "coupons"),
    ({"coupons": ["x" * 41]}, "coupons.0"),
    ({"coupons": ["fine", "two\nlines"]}, "coupons.1"),
    ({"coupons": ["4242 4242 4242 4242"]}, "coupons.0"),
    ({"coupons": "TEN"}, "coupons"),
    ({"profile": "99"}, "profile"),
    ({"profile": 21}, "profile"),
    ({"fields": [{"field": "1", "value": "Twin"}]}, "fields.1"),
    ({"fields": [{"field": "7", "value": "x"}]}, "fields.7"),
    ({"fields": [{"value": "x"}]}, "fields.0.field"),
    ({"terms_agreed": "maybe"}, "terms_agreed"),
    ({"customer_id": "nobody"}, "customer_id"),
    ({"lines": [{"product": "1", "quantity": 1, "price": -1, "reason": "x"}]}, "lines.0.price"),
    ({"lines": [{"product": "1", "quantity": 1, "price": 49.95, "reason": "x"}]}, "lines.0.price"),
    ({"lines": [{"product": "1", "quantity": 1, "price": 10**13, "reason": "x"}]}, "lines.0.price"),
    ({"lines": [{"product": "1", "quantity": 1, "shipping_price": "0"}]}, "lines.0.shipping_price"),
    ({"lines": [{"product": "1", "quantity": 1, "price": 4000, "reason": "x"}]}, "lines.1.price"),
    ({"lines": [{"product": "1", "quantity": 100}]}, "lines.1"),
    ({"lines": [{"product": "3", "quantity": 1}]}, "lines.3"),
    ({"lines": [{"product": "1", "quantity": 1, "discount": 5}]}, "lines.0.discount"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG, ids=[str(changes)[:60] for changes, _ in WRONG])
async def test_it_is_refused_at_its_field(shop, changes, field):
    before = await shop.started()
    status, problem = await shop.ask("cart", "POST", f"/orders/{before['order_id']}/changes", changes)
    assert (status, problem["field"]) == (422, field), problem
    _, after = await shop.ask("cart", "GET", f"/orders/{before['order_id']}")
    assert after == before


async def test_all_that_an_order_takes_is_in_its_answer(shop):
    body = await shop.started()
    changes = {
        "coupons": [" ten "], "profile": "21", "fields": [{"field": "1", "value": "King"}], "terms_agreed": True,
        "lines": [{"product": "31", "quantity": 2}],
    }  # fmt: skip
    status, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", changes)
    state = body["state"]
    assert (status, state["coupons"], state["profile"], state["terms_agreed"]) == (200, ["ten"], "21", True)
    assert [(each["field"], each["value"]) for each in state["fields"]] == [("1", "King")]
    assert [(line["product"], line["quantity"], line["price"]) for line in state["lines"]] == [("1", 0, None), ("31", 2, None)]
    assert (state["quote"]["policy"], state["quote"]["profile"], state["quote"]["total"]) == ("standard-1", "21", 25764)
    assert body["coupons_said"] == {"TEN": "This campaign has no such coupon."}


async def test_an_order_keeps_the_version_that_it_was_priced_with(shop):
    """Also what is asked for at the end is what that version asks for."""
    body = await shop.started()
    later = SOLD.model_copy(update={"offers": (PILLOW.model_copy(update={"price": 1}),), "terms_required": True, "terms": "As written."})
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=10, campaign=later))
    await shop.house.running["cart"].get(newest, "restful", version)
    _, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"lines": [{"product": "1", "quantity": 3}]})
    assert (body["state"]["campaign_version"], body["state"]["quote"]["price"]) == (9, 3 * PILLOW.price)
    status, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "external"})
    assert (status, body["state"]["stage"], body["state"]["campaign_version"]) == (202, "submitted", 9)
    _, other = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    assert other["state"]["campaign_version"] == 10


async def test_what_was_typed_reads_the_same_from_another_process(shop):
    """Sealed on the way, opened again."""
    body = await shop.started()
    _, changed = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"fields": [{"field": "1", "value": "King"}]})
    shop.house.running["cart"].commands.forget()
    _, read = await shop.ask("cart", "GET", f"/orders/{body['order_id']}")
    assert read == changed


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"attribution": {"dnis": "5" * 81}}, "attribution.dnis", "At most 80 characters."),
        ({"coupons": ["x" * 41]}, "coupons.0", "At most 40 characters."),
        ({"coupons": ["x"] * 21}, "coupons", "At most 20 of them."),
        ({"billing": {"country": "usa"}}, "billing.country", "A country is its two capital letters, such as US."),
        ({"shipping": {"region": "Texas"}}, "shipping.region", "A region is its code, such as TX."),
    ],
)
async def test_it_is_said_in_words_for_people(shop, changes, field, words):
    before = await shop.started()
    status, problem = await shop.ask("cart", "POST", f"/orders/{before['order_id']}/changes", changes)
    assert (status, problem["field"], problem["detail"]) == (422, field, words)
