import pytest

from services.catalog.campaign import Publish, Retire, campaign
from services.catalog.views import campaigns
from shared.contracts.catalog import Campaign, CampaignPublished, CampaignRetired, Offer
from tests.customers.facts import row, stream
from tests.given import given

PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995)
NIGHTS = Campaign(id="restful", name="Restful Nights", offers=(PILLOW,))
RENAMED = NIGHTS.model_copy(update={"name": "Restful Days"})
RETIRED = CampaignRetired(campaign_id="restful")


def published(number=1, version=NIGHTS):
    return CampaignPublished(campaign_id="restful", number=number, campaign=version)


def test_each_version_has_its_number_and_the_same_one_again_is_none():
    given(campaign).when(Publish(NIGHTS)).then(published())
    given(campaign, published()).when(Publish(NIGHTS)).then_nothing()
    given(campaign, published()).when(Publish(RENAMED)).then(published(2, RENAMED))
    given(campaign, published(), published(2, RENAMED)).when(Publish(NIGHTS)).then(published(3))


def test_a_campaign_is_retired_once_and_comes_back_with_the_next_version():
    given(campaign).when(Retire()).then_nothing()
    given(campaign, published()).when(Retire()).then(RETIRED)
    given(campaign, published(), RETIRED).when(Retire()).then_nothing()
    given(campaign, published(), RETIRED).when(Publish(NIGHTS)).then(published(2))
    given(campaign, published(), RETIRED, published(2)).when(Retire()).then(RETIRED)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"offers": ()}, "offers"),
        ({"methods": ()}, "methods"),
        ({"qa_share": 101}, "qa_share"),
        ({"qa_share": -1}, "qa_share"),
        ({"offers": (PILLOW, PILLOW)}, "offers.0.id"),
        ({"offers": (PILLOW, PILLOW.model_copy(update={"id": "2", "sku": ""}))}, "offers.1"),
        ({"offers": (PILLOW.model_copy(update={"price": -1}),)}, "offers.0.price"),
        ({"offers": (PILLOW.model_copy(update={"shipping_price": -1}),)}, "offers.0.price"),
        ({"offers": (PILLOW.model_copy(update={"max_quantity": 0}),)}, "offers.0.max_quantity"),
    ],
)
def test_what_is_wrong_is_named_and_not_published(wrong, field):
    refused = given(campaign, published()).when(Publish(NIGHTS.model_copy(update=wrong))).then_refused("campaign-invalid")
    assert (refused.field, refused.conflict) == (field, False)


def test_a_campaign_that_is_not_listed_needs_no_offer():
    given(campaign).when(Publish(NIGHTS.model_copy(update={"listed": False, "offers": ()}))).then_types(CampaignPublished)


def test_the_view_lists_the_newest_version_until_it_is_retired():
    events = stream("campaign-restful", (0, published()), (1, published(2, RENAMED)), (2, RETIRED))
    shown = row(campaigns, events[:2], id="restful")
    assert (shown["number"], shown["name"], shown["listed"]) == (2, "Restful Days", "phone")
    gone = row(campaigns, events, id="restful")
    assert (gone["listed"], gone["retired"], gone["number"]) == ("", True, 2)
