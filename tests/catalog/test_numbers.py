from services.catalog.campaign import Publish, campaign
from services.catalog.editing import claim_what_is_older
from services.catalog.numbers import FIRST, Claim, numbers
from shared.contracts.catalog import NumbersClaimed
from tests.catalog.samples import KNOWN, PILLOW, WHOLE
from tests.given import given
from tests.house.shop import Shop


def claimed(campaign_id, *ids):
    return NumbersClaimed(campaign_id=campaign_id, ids=ids)


def test_new_numbers_follow_one_another_and_the_first_is_a_new_campaign_s_own():
    given(numbers).when(Claim("", fresh=3)).then(claimed("1001", "1001", "1002", "1003"))
    given(numbers, claimed("1001", "1001", "1002")).when(Claim("1001", fresh=2)).then(claimed("1001", "1003", "1004"))
    assert FIRST == 1001


def test_a_number_that_somebody_gave_is_passed_over():
    given(numbers, claimed("restful", "restful", "1001", "1003")).when(Claim("", fresh=2)).then(claimed("1002", "1002", "1004"))
    given(numbers).when(Claim("restful", (("offers.0.id", "1001"),), 1)).then(claimed("restful", "1001", "1002"))


def test_a_number_is_one_campaign_s_for_ever():
    given(numbers, claimed("restful", "1")).when(Claim("restful", (("offers.0.id", "1"),))).then_nothing()
    wanted = (("offers.0.id", "2"), ("offers.1.id", "1"), ("coupons.0.id", "3"))
    refused = given(numbers, claimed("restful", "1", "3")).when(Claim("other", wanted)).then_refused("id-taken")
    assert [error["field"] for error in refused.data["errors"]] == ["offers.1.id", "coupons.0.id"]
    assert "belongs to campaign restful" in refused.detail


def test_the_newest_claim_is_known():
    assert given(numbers, claimed("restful", "1"), claimed("1001", "1001")).state.newest == ("1001",)


async def test_what_was_published_before_numbers_were_claimed_keeps_its_own(catalog, settings):
    before = catalog.shop.house.running["catalog"]
    await before.send("restful", Publish(KNOWN, WHOLE), "publish-1", "agent:supervisor1")
    await before.send("second", Publish(KNOWN, WHOLE.model_copy(update={"id": "second"})), "publish-2", "agent:supervisor1")
    await catalog.shop.close()
    catalog.shop = await Shop(settings).open()
    running = catalog.shop.house.running["catalog"]
    state, version = await running.load(numbers, "")
    assert state.owners == {**dict.fromkeys(("restful", *(await running.load(campaign, "restful"))[0].ids), "restful"), "second": "second"}
    taken = {"name": "Other", "offers": [{**PILLOW.model_dump(mode="json"), "id": "21"}]}
    assert (await catalog("PUT", "/campaigns/other", taken))[1]["field"] == "offers.0.id"
    await claim_what_is_older(running)
    assert (await running.load(numbers, ""))[1] == version
