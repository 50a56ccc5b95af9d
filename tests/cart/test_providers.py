"""Tax and shipping by somebody else: what they are asked, how often, and that nothing is guessed where they do not answer."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial
from importlib.metadata import EntryPoint

import pytest

from services.cart.asking import Providers, installed
from services.cart.lookups import setup
from services.cart.providers import Answers, Parcel, ParcelLine, Sale, SaleLine, ShipTo
from services.cart.service import cart
from services.cart.views import newest
from services.house import SERVICES
from shared.contracts.catalog import CampaignPublished, Coupon, Offer, ShippingProfile, ShippingRule
from shared.settings import SettingsError
from tests.cart.publishing import publish
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import ADDRESS, CAMPAIGN, ORDER, PILLOW, Shop
from tests.ports import free_port

MASK = Offer(id="2", name="Sleep mask", sku="RN-MSK-01", price=1500, shipping_price=300, kind="upsell", tax_class="clothing")
MORE = ShippingProfile(id="21", name="Standard", default=True, rules=(ShippingRule(id="1", country="US", scope="offers", mode="add", price=100),))
TEN = Coupon(id="11", code="TEN", percent="10")
AUSTIN = ShipTo("US", "TX", "78701", "Austin")
BOTH = [{"product": "1", "quantity": 2}, {"product": "2", "quantity": 1}]


class Answering:
    """Gives its answers in turn, the last one for ever, and keeps what it was asked. One that is callable is called, and awaited."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def answer(self, question):
        self.asked.append(question)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer() if callable(answer) else answer


class Taxing(Answering):
    async def tax(self, sale):
        return await self.answer(sale)


class Shipping(Answering):
    async def prices(self, parcel):
        return await self.answer(parcel)


class Flat:
    async def tax(self, sale):
        return 100


@pytest.fixture
async def opened(settings):
    """A shop with these providers, where a pillow and a mask are sold."""
    shops = []

    async def open(tax=None, shipping=None, patience=2.0, **campaign):
        with_them = replace(cart, setup=partial(setup, providers=Providers(tax, shipping, patience)))
        shop = Shop(settings, services=[with_them if service is cart else service for service in SERVICES])
        shops.append(shop)
        await (await shop.open()).furnish()
        sold = CAMPAIGN.model_copy(update={"offers": (PILLOW, MASK), "coupons": (TEN,), "max_coupons": 2, **campaign})
        version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=9, campaign=sold))
        await shop.house.running["cart"].get(newest, "restful", version)
        return shop

    yield open
    for shop in shops:
        await shop.close()


async def change(shop, body, **changes):
    return await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", changes)


async def test_tax_is_what_the_provider_says_shared_over_the_lines(opened):
    tax = Taxing(999)
    shop = await opened(tax)
    status, body = await change(shop, await shop.started(), lines=BOTH, coupons=["TEN"])
    quote = body["state"]["quote"]
    assert (status, quote["tax"], quote["total"]) == (200, 999, 11490 - 1149 + 1690 + 999)
    assert [(line["tax"], line["tax_rule"], line["taxable"]) for line in quote["lines"]] == [(862, "override", 10381), (137, "override", 1650)]
    assert tax.asked[-1] == Sale(
        "USD", tax.asked[-1].today, AUSTIN, False,
        (SaleLine(1, "1", "RN-PIL-01", "standard", 2, 8991, 1390), SaleLine(2, "2", "RN-MSK-01", "clothing", 1, 1350, 300)),
    )  # fmt: skip
    _, why = await shop.ask("cart", "GET", f"/orders/{body['order_id']}/why")
    assert why["tax"] == ["Tax 9.99: worked out by the tax provider."]


async def test_it_is_asked_once_for_the_same_and_again_for_something_else(opened):
    tax = Taxing(999, 500)
    shop = await opened(tax)
    body = await shop.started()
    assert len(tax.asked) == 1
    await change(shop, body, customer={"first_name": "Customer", "last_name": "B", "phone": "+1 512 555 0143"})
    await change(shop, body, notes="Rings twice", billing={**ADDRESS, "street": "200 Example Street"})
    other = await shop.started()
    assert (len(tax.asked), other["state"]["quote"]["tax"]) == (1, 999)
    _, moved = await change(shop, body, billing={**ADDRESS, "city": "Dallas", "postal": "75201"})
    assert (len(tax.asked), tax.asked[-1].ship_to, moved["state"]["quote"]["tax"]) == (2, ShipTo("US", "TX", "75201", "Dallas"), 500)
    _, back = await change(shop, body, billing=ADDRESS)
    assert (len(tax.asked), back["state"]["quote"]["tax"]) == (2, 999)


async def test_nobody_is_asked_before_there_is_a_country_and_something_to_ship(opened):
    tax, shipping = Taxing(999), Shipping({})
    shop = await opened(tax, shipping)
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    _, without_country = await change(shop, body, lines=BOTH, billing={"postal": "78701"})
    await change(shop, body, lines=[], billing=ADDRESS)
    assert (tax.asked, shipping.asked) == ([], [])
    assert [line["tax_rule"] for line in without_country["state"]["quote"]["lines"]] == ["no-address", "no-address"]
    await change(shop, body, lines=BOTH)
    assert (len(tax.asked), len(shipping.asked)) == (1, 1)


async def test_nobody_is_asked_for_what_is_refused_anyway(opened):
    tax = Taxing(999)
    shop = await opened(tax)
    body = await shop.started()
    assert (await change(shop, body, lines=[{"product": "1", "quantity": 100}]))[0] == 422
    await shop.charge(body["order_id"], "4242424242424242")
    assert (await change(shop, body, billing={**ADDRESS, "postal": "75201"}))[0] == 409
    assert len(tax.asked) == 1


async def fails():
    raise ConnectionError("no route")


def named(wrong):
    """The same in every process."""
    return getattr(wrong, "__name__", repr(wrong))


@pytest.mark.parametrize("wrong", [fails, asyncio.Event().wait, -1, "999", 9.99, Decimal(999), True, None, 10**13], ids=named)
async def test_without_an_amount_nothing_is_changed_and_nothing_guessed(opened, wrong):
    tax = Taxing(999, wrong, 500)
    shop = await opened(tax, patience=0.05)
    before = await shop.started()
    status, problem = await change(shop, before, billing={**ADDRESS, "postal": "75201"})
    assert (status, problem["code"], problem["detail"]) == (503, "unavailable", "The tax could not be worked out. Try again.")
    assert (await shop.ask("cart", "GET", f"/orders/{before['order_id']}"))[1] == before
    status, body = await change(shop, before, billing={**ADDRESS, "postal": "75201"})
    assert (status, body["state"]["quote"]["tax"], len(tax.asked)) == (200, 500, 3)


async def test_an_order_in_one_go_is_not_placed_without_an_answer(opened):
    shop = await opened(Taxing(fails, 500))
    body = {**ORDER, "method": "external", "external_id": "shop-1"}
    assert (await shop.ask("cart", "POST", "/orders/place", body))[0] == 503
    status, answer = await shop.ask("cart", "POST", "/orders/place", body)
    assert (status, answer["state"]["stage"], answer["state"]["quote"]["tax"]) == (202, "submitted", 500)


async def test_what_others_change_meanwhile_is_asked_for_again(opened):
    """The answer is for an order that is no longer there: busy, loaded again and asked again."""

    async def meanwhile():
        await change(shop, body, lines=BOTH)
        return 1

    tax = Taxing(999, meanwhile, 2, 3)
    shop = await opened(tax)
    body = await shop.started()
    status, moved = await change(shop, body, billing={**ADDRESS, "postal": "75201"})
    assert (status, moved["state"]["quote"]["tax"]) == (200, 3)
    assert [(sale.ship_to.postal, len(sale.lines)) for sale in tax.asked] == [("78701", 1), ("75201", 1), ("78701", 2), ("75201", 2)]


async def test_an_order_that_is_priced_anew_asks_too_and_stays_where_nobody_answers(opened):
    tax = Taxing(999, fails, 500)
    shop = await opened(tax)
    before = await shop.started()
    dearer = CAMPAIGN.model_copy(update={"offers": (PILLOW.model_copy(update={"price": 5995}),)})
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=10, campaign=dearer))
    await shop.house.running["cart"].get(newest, "restful", version)
    assert (await shop.ask("cart", "POST", f"/orders/{before['order_id']}/reprice"))[0] == 503
    assert (await shop.ask("cart", "GET", f"/orders/{before['order_id']}"))[1] == before
    status, body = await shop.ask("cart", "POST", f"/orders/{before['order_id']}/reprice")
    assert (status, body["state"]["quote"]["price"], body["state"]["quote"]["tax"]) == (200, 11990, 500)
    assert tax.asked[-1].lines[0].price == 11990


async def test_shipping_prices_take_the_place_of_the_offers_own(opened):
    tax, shipping = Taxing(999), Shipping({1: 500})
    shop = await opened(tax, shipping, profiles=(MORE,))
    _, body = await change(shop, await shop.started(), lines=BOTH)
    quote = body["state"]["quote"]
    assert [(line["shipping"], line["shipping_rule"]) for line in quote["lines"]] == [(1200, "rule"), (300, "own")]
    assert (quote["shipping"], quote["total"]) == (1500, 11490 + 1500 + 999)
    assert [line.shipping for line in tax.asked[-1].lines] == [1200, 300]
    lines = (ParcelLine(1, "1", "RN-PIL-01", 2), ParcelLine(2, "2", "RN-MSK-01", 1))
    assert shipping.asked[-1] == Parcel("USD", shipping.asked[-1].today, AUSTIN, lines)
    _, why = await shop.ask("cart", "GET", f"/orders/{body['order_id']}/why")
    assert [line["shipping"] for line in why["lines"]] == [
        "Shipping 12.00: rule “US, offers” of profile Standard, 1.00 more than the shipping provider's 5.00 each.",
        "Shipping 3.00: the product's own 3.00 each.",
    ]


async def test_a_coupon_asks_for_the_tax_again_and_not_for_the_shipping(opened):
    tax, shipping = Taxing(999), Shipping({1: 500})
    shop = await opened(tax, shipping)
    await change(shop, await shop.started(), coupons=["TEN"])
    assert (len(tax.asked), len(shipping.asked)) == (2, 1)


@pytest.mark.parametrize("wrong", [fails, asyncio.Event().wait, {1: -1}, {1: "500"}, {2: 500}, [500], 500, None], ids=named)
async def test_shipping_prices_that_are_none_stop_the_change(opened, wrong):
    shipping = Shipping({}, wrong, {1: 500})
    shop = await opened(shipping=shipping, patience=0.05)
    before = await shop.started()
    status, problem = await change(shop, before, lines=[{"product": "1", "quantity": 3}])
    assert (status, problem["detail"]) == (503, "The shipping could not be worked out. Try again.")
    assert (await shop.ask("cart", "GET", f"/orders/{before['order_id']}"))[1] == before
    status, body = await change(shop, before, lines=[{"product": "1", "quantity": 3}])
    assert (status, body["state"]["quote"]["shipping"]) == (200, 1500)


async def test_the_built_in_rules_hold_where_none_is_installed(settings):
    shop = await (await Shop(settings).open()).furnish()
    quote = (await shop.started())["state"]["quote"]
    await shop.close()
    assert (quote["shipping"], quote["tax"], quote["lines"][0]["tax_rule"], quote["lines"][0]["shipping_rule"]) == (1390, 939, "rate", "own")


async def test_the_answers_that_were_not_asked_for_longest_are_forgotten():
    tax = Taxing(1)
    providers, sales = Providers(tax), [Sale("USD", f"day {n}", AUSTIN, False, ()) for n in range(2001)]
    for sale in sales:
        await providers.answer(Answers(), sale)
    await providers.answer(Answers(), sales[2])
    assert len(tax.asked) == 2001
    await providers.answer(Answers(), sales[0])
    assert tax.asked[2001:] == [sales[0]]


def broken():
    raise KeyError("RATES_KEY")


def entry(name, made, group="ringup.tax"):
    return EntryPoint(name, f"tests.cart.test_providers:{made}", group)


async def test_an_installed_one_is_taken():
    sale = Sale("USD", "2026-03-01", AUSTIN, False, ())
    providers = installed([entry("flat", "Flat"), entry("flat", "Flat", "console_scripts")])
    assert (await providers.answer(providers.before, sale)).tax_of(sale) == 100
    assert providers.before.prices is None
    assert not installed([]).present


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            [entry("one", "Flat"), entry("another", "Flat")],
            "Only one package can provide ringup.tax, and 2 do: another, one. Uninstall all but one.",
        ),
        (
            [entry("one", "Flat", "ringup.shipping")],
            "The provider one of ringup.shipping (tests.cart.test_providers:Flat) has no prices(parcel). Mend or uninstall it.",
        ),
    ],
)
def test_what_cannot_be_one_provider_stops_the_start(entries, sentence):
    with pytest.raises(SettingsError) as stopped:
        installed(entries)
    assert str(stopped.value) == sentence


@pytest.mark.parametrize("made", ["Nobody", "broken"])
def test_a_provider_that_cannot_be_made_stops_the_start_by_its_name(made):
    with pytest.raises(SettingsError, match=rf"^The provider one of ringup\.tax \(tests\.cart\.test_providers:{made}\) "):
        installed([entry("one", made)])


async def test_ringup_does_not_start_with_two_of_them(settings, tmp_path):
    """As packages bring them along."""
    for name in ("one", "another"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[ringup.tax]\n{name} = tests.cart.test_providers:Flat\n")
    ringup = Ringup(settings.data, settings.key_file, port=free_port())
    ringup.env["PYTHONPATH"] = str(tmp_path)
    code, _, err = await ringup("run")
    assert code != 0
    one_sentence(err, "ringup.tax", "another, one")
