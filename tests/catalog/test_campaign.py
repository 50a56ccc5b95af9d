from services.catalog.campaign import Discard, Edit, Publish, Retire, campaign
from services.catalog.views import campaigns, drafts, state_of, versions
from shared.contracts.catalog import (
    Campaign,
    CampaignChanges,
    CampaignEdited,
    CampaignPublished,
    CampaignRetired,
    CustomField,
    DraftDiscarded,
    Letter,
)
from tests.catalog.samples import KNOWN, PILLOW, WHOLE, published
from tests.customers.facts import row, stream
from tests.given import given

NIGHTS = Campaign(id="restful", name="Restful Nights", offers=(PILLOW,))
RENAMED = NIGHTS.model_copy(update={"name": "Restful Days"})
RETIRED = CampaignRetired(campaign_id="restful")
DISCARDED = DraftDiscarded(campaign_id="restful")


def edited(**sections):
    return CampaignEdited(campaign_id="restful", changes=CampaignChanges(**sections))


def edit(**sections):
    return Edit("restful", CampaignChanges(**sections))


def publish(version=None):
    return Publish(KNOWN, version)


def test_each_version_has_its_number_and_the_same_one_again_is_none():
    first = published(1, NIGHTS)
    given(campaign).when(publish(NIGHTS)).then(first)
    given(campaign, first).when(publish(NIGHTS)).then_nothing()
    given(campaign, first).when(publish(RENAMED)).then(published(2, RENAMED))
    given(campaign, first, published(2, RENAMED)).when(publish(NIGHTS)).then(published(3, NIGHTS))


def test_a_draft_is_edited_section_by_section_and_published_whole():
    given(campaign).when(edit(name="Restful Nights")).then(edited(name="Restful Nights"))
    draft = (edited(name="Restful Nights"), edited(offers=(PILLOW,)))
    given(campaign, *draft).when(publish()).then(published(1, NIGHTS))
    given(campaign, *draft, published(1, NIGHTS)).when(edit(name="Restful Days", offers=(PILLOW,))).then(edited(name="Restful Days"))
    given(campaign, published(1, NIGHTS), edited(name="Restful Days")).when(publish()).then(published(2, RENAMED))


def test_an_edit_that_changes_nothing_is_none_and_one_that_leads_back_leaves_no_draft():
    given(campaign, published(1, NIGHTS)).when(edit(name="Restful Nights")).then_nothing()
    given(campaign, published(1, NIGHTS), edited(name="Restful Days")).when(edit(name="Restful Nights")).then(DISCARDED)


def test_letters_that_say_what_was_said_before_change_nothing():
    shipped, confirmation, link = Letter(template="shipped"), Letter(template="order-confirmation", on=False), Letter(template="draft-link")
    with_letter = NIGHTS.model_copy(update={"letters": (shipped,)})
    given(campaign, published(1, with_letter)).when(edit(letters=(confirmation, link, shipped))).then_nothing()
    changed = (published(1, with_letter), edited(letters=(shipped, confirmation.model_copy(update={"on": True}))))
    given(campaign, *changed).when(edit(letters=(shipped, confirmation, link))).then(DISCARDED)


def test_a_draft_that_is_not_complete_is_kept_and_not_published():
    draft = given(campaign, edited(name="Restful Nights", offers=(PILLOW.model_copy(update={"sku": ""}),)))
    refused = draft.when(publish()).then_refused("campaign-invalid")
    assert (refused.field, refused.conflict) == ("offers.0.sku", False)
    assert [error["field"] for error in refused.data["errors"]] == ["offers.0.sku"]
    given(campaign).when(publish()).then_refused("unknown-campaign")


def test_what_no_field_may_hold_is_refused_in_a_draft_too():
    refused = (
        given(campaign, published()).when(edit(qa_share=101, offers=(PILLOW.model_copy(update={"price": -1}),))).then_refused("campaign-invalid")
    )
    assert [error["field"] for error in refused.data["errors"]] == ["qa_share", "offers.0.price"]


def test_a_draft_is_discarded_where_there_is_a_version_to_go_back_to():
    given(campaign, published(1, NIGHTS), edited(name="Other")).when(Discard()).then(DISCARDED)
    given(campaign, published(1, NIGHTS)).when(Discard()).then_nothing()
    assert given(campaign, published(1, NIGHTS), edited(name="Other"), DISCARDED).state.current == NIGHTS
    given(campaign, edited(name="Other")).when(Discard()).then_refused("never-published")


def test_a_whole_campaign_published_at_once_becomes_the_draft():
    state = given(campaign, published(1, NIGHTS), edited(name="Other"), published(2, RENAMED)).state
    assert (state.current, state.draft, state.status) == (RENAMED, None, "published")


def test_a_campaign_is_retired_once_and_comes_back_with_the_next_version():
    given(campaign).when(Retire()).then_nothing()
    given(campaign, edited(name="Never sold")).when(Retire()).then(RETIRED)
    given(campaign, published(1, NIGHTS)).when(Retire()).then(RETIRED)
    given(campaign, published(1, NIGHTS), RETIRED).when(Retire()).then_nothing()
    given(campaign, published(1, NIGHTS), RETIRED).when(publish()).then(published(2, NIGHTS))
    given(campaign, published(1, NIGHTS), RETIRED).when(publish(NIGHTS)).then(published(2, NIGHTS))
    given(campaign, published(1, NIGHTS), RETIRED, published(2, NIGHTS)).when(Retire()).then(RETIRED)


def test_a_campaign_that_is_not_listed_needs_no_offer():
    given(campaign).when(publish(NIGHTS.model_copy(update={"listed": False, "offers": ()}))).then_types(CampaignPublished)


def test_numbers_within_a_campaign_are_never_used_again():
    without = edited(fields=())
    state = given(campaign, published(), edited(fields=(CustomField(id="9", label="Ninth"),)), without, DISCARDED).state
    assert state.highest == 9
    assert {"restful", "1", "2", "21", "22", "31", "32", "41", "42"} == state.ids


LIFE = stream(
    "campaign-restful",
    (0, edited(name="Restful Nights")),
    (1, edited(offers=(PILLOW,), kind="phone", listed=True)),
    (2, published(1, NIGHTS)),
    (3, edited(name="Restful Days")),
    (4, DISCARDED),
    (5, published(2, RENAMED)),
    (6, RETIRED),
    (7, published(3, WHOLE)),
)


def test_the_list_says_how_a_campaign_stands_after_each_event():
    shown = [row(campaigns, LIFE[: n + 1], id="restful") for n in range(len(LIFE))]
    assert [each["status"] for each in shown] == ["draft", "draft", "published", "changed", "published", "published", "retired", "published"]
    assert [each["listed"] for each in shown] == ["", "", "phone", "phone", "phone", "phone", "", "phone"]
    assert [each["sort"] for each in shown[2:6]] == ["restful nights", "restful days", "restful nights", "restful days"]
    assert shown[-1]["published"]["words_offers"] == ["1", "2", "21", "22", "rn-pil-01", "rn-top", "rn-top-k", "rn-top-q"]
    assert "campaign" not in shown[-1]


def test_the_whole_campaign_is_kept_as_its_stream_folds():
    for n in range(len(LIFE)):
        kept = row(drafts, LIFE[: n + 1], id="restful")
        assert state_of(kept) == given(campaign, *(fact.event for fact in LIFE[: n + 1])).state
        assert kept["version"] == n + 1


def test_every_version_is_kept():
    assert row(versions, LIFE, id="restful@2")["campaign"] == RENAMED.model_dump(mode="json")
    assert (row(versions, LIFE, id="restful@3")["number"], row(versions, LIFE, id="restful@3")["by"]) == (3, "agent:agent1")
