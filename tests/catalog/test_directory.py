import pytest

from services.catalog.directory import Describe, directory
from shared.contracts.catalog import Affiliate, CallCenter, DirectoryChanged, Team
from tests.catalog.samples import DIRECTORY
from tests.given import given

NORTH, SOUTH = CallCenter(name="North"), CallCenter(name="South")
TEAM, RADIO = Team(name="Team 1", call_center="North"), Affiliate(code="RADIO", name="Radio spots")
SMALL = DirectoryChanged(call_centers=(NORTH,), teams=(TEAM,), affiliates=(RADIO,))


def test_each_change_is_the_whole_directory_and_no_change_is_none():
    given(directory).when(Describe(SMALL)).then(SMALL)
    given(directory, SMALL).when(Describe(SMALL)).then_nothing()
    off = SMALL.model_copy(update={"affiliates": (RADIO.model_copy(update={"on": False}),)})
    given(directory, SMALL).when(Describe(off)).then(off)
    given(directory).when(Describe(DIRECTORY)).then(DIRECTORY)


@pytest.mark.parametrize(
    ("sections", "field", "code"),
    [
        ({"call_centers": (NORTH, CallCenter(name="north"))}, "call_centers.1.name", "twice"),
        ({"call_centers": (NORTH, CallCenter(name=""))}, "call_centers.1.name", "missing"),
        ({"teams": (TEAM, Team(name="team 1", call_center="North"))}, "teams.1.name", "twice"),
        ({"teams": (TEAM, Team(name="Team 2", call_center="West"))}, "teams.1.call_center", "unknown-call-center"),
        ({"call_centers": (CallCenter(name="North", on=False),)}, "teams.0.call_center", "call-center-off"),
        ({"affiliates": (RADIO, Affiliate(code="radio", name="x"))}, "affiliates.1.code", "twice"),
        ({"affiliates": (RADIO, Affiliate(code="TV", name=""))}, "affiliates.1.name", "missing"),
        ({"call_centers": ()}, "call_centers", "removed"),
        ({"teams": ()}, "teams", "removed"),
        ({"affiliates": ()}, "affiliates", "removed"),
    ],
)
def test_what_is_wrong_is_named(sections, field, code):
    refused = given(directory, SMALL).when(Describe(SMALL.model_copy(update=sections))).then_refused("directory-invalid")
    assert (field, code) in [(error["field"], error["code"]) for error in refused.data["errors"]]
    assert refused.conflict is False


async def test_the_directory_over_http(catalog):
    assert await catalog("GET", "/directory") == (200, {"version": 0, "call_centers": [], "teams": [], "affiliates": []})
    body = {"call_centers": [{"name": "North"}], "teams": [{"name": "Team 1", "call_center": "North"}], "affiliates": [{"code": "TV", "name": "TV"}]}
    status, described = await catalog("PUT", "/directory", body, if_match='"0"')
    assert (status, described["version"], described["teams"]) == (200, 1, [{"name": "Team 1", "call_center": "North", "on": True}])
    assert (await catalog("PUT", "/directory", body, if_match='"0"'))[1]["code"] == "stale"
    assert (await catalog("PUT", "/directory", {**body, "teams": [{"name": "x" * 61, "call_center": "North"}]}))[1]["field"] == "teams.0.name"
    assert (await catalog("PUT", "/directory", {**body, "teams": []}))[1]["field"] == "teams"
    id, _ = await catalog.draft(offers=[{"name": "Pillow", "sku": "P", "price": 1}], call_center="North", teams=["Team 1"])
    assert (await catalog("POST", f"/campaigns/{id}/publish"))[0] == 200
