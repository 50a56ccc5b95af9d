"""Drafts over HTTP: ids, problems, changes, versions, duplicates; what two supervisors do at once; repeats."""

import pytest

from services.payments.gateway import Configure
from tests.house.shop import until
from tests.payments.kinds import KINDS

PILLOW = {"name": "Cloud pillow", "sku": "P-1", "price": 4995}
TOPPER = {
    "name": "Topper", "price": 9900, "options": [{"name": "Size", "values": ["Queen", "King"]}],
    "variants": [{"sku": "T-Q", "values": ["Queen"]}, {"sku": "T-K", "values": ["King"], "price": 10900}],
}  # fmt: skip
PROFILE = {"name": "Standard", "default": True, "rules": [{"country": "US", "price": 495}, {"price": 995}]}
FIELD = {"label": "Firmness", "kind": "choice", "choices": ["soft", "firm"]}
SECTIONS = {"offers": [PILLOW, TOPPER], "coupons": [{"code": "TEN", "percent": "10"}], "profiles": [PROFILE], "fields": [FIELD]}


async def shown(catalog, id):
    return (await catalog("GET", f"/campaigns/{id}/draft"))[1]


async def test_a_draft_gets_numbers_and_becomes_a_version(catalog):
    id, version = await catalog.draft(**SECTIONS)
    draft = await shown(catalog, id)
    assert (draft["id"], draft["version"], draft["number"], draft["status"], draft["published"]) == (id, version, 0, "draft", None)
    assert draft["problems"] == []
    assert draft["changes"][0]["what"] == "First version"
    offers, coupons, profiles, fields = (draft["draft"][name] for name in ("offers", "coupons", "profiles", "fields"))
    ids = [id, *(each["id"] for each in (*offers, *offers[1]["variants"], *coupons, *profiles))]
    assert sorted(map(int, ids)) == list(range(1001, 1001 + 7))
    assert sorted([rule["id"] for rule in profiles[0]["rules"]] + [fields[0]["id"]]) == ["1", "2", "3"]
    assert (await catalog("GET", f"/campaigns/{id}"))[0] == 404
    assert await catalog("POST", f"/campaigns/{id}/publish", if_match=f'"{version}"') == (200, {"version": version + 1, "number": 1})
    status, published = await catalog("GET", f"/campaigns/{id}")
    assert (status, published["number"], published["campaign"]) == (200, 1, draft["draft"])
    assert (await shown(catalog, id))["status"] == "published"


async def test_several_new_fields_get_numbers_at_once(catalog):
    id, version = await catalog.draft()
    status, draft = await catalog("PATCH", f"/campaigns/{id}/draft", {"fields": [FIELD, {"label": "Size"}]}, if_match=f'"{version}"')
    assert (status, [field["id"] for field in draft["draft"]["fields"]]) == (200, ["1", "2"])


async def test_what_is_missing_is_kept_and_told_until_it_is_there(catalog):
    id, version = await catalog.draft(offers=[{"price": 100}], terms_required=True)
    fields = [problem["field"] for problem in (await shown(catalog, id))["problems"]]
    assert fields == ["terms", "offers.0.name", "offers.0.sku"]
    status, refused = await catalog("POST", f"/campaigns/{id}/publish")
    assert (status, refused["code"], [error["field"] for error in refused["errors"]]) == (422, "campaign-invalid", fields)
    offer = (await shown(catalog, id))["draft"]["offers"][0] | {"name": "Pillow", "sku": "P-1"}
    status, draft = await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": [offer], "terms": "Sixty nights."}, if_match=f'"{version}"')
    assert (status, draft["problems"], draft["draft"]["offers"][0]["id"]) == (200, [], offer["id"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"offers": [{**PILLOW, "price": -1}]}, "offers.0.price"),
        ({"offers": [{**PILLOW, "price": 10**9 + 1}]}, "offers.0.price"),
        ({"offers": [{**PILLOW, "price": 49.95}]}, "offers.0.price"),
        ({"offers": [{**PILLOW, "kind": "gift"}]}, "offers.0.kind"),
        ({"offers": [{**PILLOW, "image": "ab" * 32}]}, "offers.0.image"),
        ({"offers": [{**TOPPER, "options": [{"name": "Size"}, {"name": "size"}]}]}, "offers.0.options.1.name"),
        ({"offers": [{**PILLOW, "sku": "x" * 300}]}, "offers.0.sku"),
        ({"offers": [{**PILLOW, "colour": "red"}]}, "offers.0.colour"),
        ({"coupons": [{"code": "A", "percent": "100.5"}]}, "coupons.0.percent"),
        ({"qa_share": 101}, "qa_share"),
        ({"countries": ["US", "ZZ"]}, "countries.1"),
        ({"currency": "XYZ"}, "currency"),
    ],
)
async def test_what_no_field_may_hold_is_refused_there_and_nothing_is_kept(catalog, wrong, field):
    id, version = await catalog.draft()
    status, refused = await catalog("PATCH", f"/campaigns/{id}/draft", {"name": "Renamed", **wrong})
    assert (status, refused["field"], refused["errors"][0]["field"]) == (422, field, field)
    assert (await shown(catalog, id))["version"] == version


async def test_changes_are_told_in_words_and_kept_as_history(catalog):
    id, _ = await catalog.draft(**SECTIONS)
    await catalog("POST", f"/campaigns/{id}/publish")
    offers = (await shown(catalog, id))["draft"]["offers"]
    offers[1]["variants"][1]["price"] = 9950
    _, edited = await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": offers, "coupons": []})
    told = [{"section": "offers", "what": "Topper, King: price 109.00 → 99.50"}, {"section": "coupons", "what": "Coupon TEN removed"}]
    assert (edited["status"], edited["changes"]) == ("changed", told)
    await catalog("POST", f"/campaigns/{id}/publish")

    async def both():
        versions = (await catalog("GET", f"/campaigns/{id}/versions"))[1]
        return versions if len(versions) == 2 else None

    newest, first = await until(both)
    assert (newest["number"], newest["by"], newest["changes"]) == (2, "agent:supervisor1", told)
    assert first["number"] == 1
    assert [change["what"] for change in first["changes"]][:3] == ["First version", "Offers: Cloud pillow, Topper", "Coupons: TEN"]
    assert (await catalog("GET", f"/campaigns/{id}/versions?before=2"))[1] == [first]
    assert (await catalog("GET", f"/campaigns/{id}/versions/1"))[1]["campaign"]["coupons"][0]["code"] == "TEN"
    assert (await catalog("GET", f"/campaigns/{id}/versions/3"))[0] == 404


async def test_two_supervisors_at_once(catalog):
    id, version = await catalog.draft()
    seen = f'"{version}"'
    assert (await catalog("PATCH", f"/campaigns/{id}/draft", {"name": "One"}, if_match=seen))[0] == 200
    status, refused = await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": [PILLOW]}, if_match=seen)
    assert (status, refused["code"]) == (409, "stale")
    assert (await catalog("POST", f"/campaigns/{id}/publish", if_match=seen))[1]["code"] == "stale"
    draft = await shown(catalog, id)
    assert (draft["draft"]["name"], draft["draft"]["offers"]) == ("One", [])
    _, edited = await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": [PILLOW]}, if_match=f'"{draft["version"]}"')
    assert edited["draft"]["offers"][0]["id"] == str(int(id) + 1), "no number was taken for the edit that was refused"


async def test_a_repeat_has_the_same_answer(catalog):
    made = [await catalog("POST", "/campaigns", {"kind": "lander", "name": "Nights"}, idempotency_key="create-1") for _ in (1, 2)]
    assert made[0] == made[1]
    id = made[0][1]["id"]
    edits = [await catalog("PATCH", f"/campaigns/{id}/draft", SECTIONS, idempotency_key="edit-1") for _ in (1, 2)]
    assert edits[0] == edits[1]
    await catalog("PATCH", f"/campaigns/{id}/draft", {"name": "Later"})
    again = (await catalog("PATCH", f"/campaigns/{id}/draft", SECTIONS, idempotency_key="edit-1"))[1]
    assert (again["version"], again["draft"]) == (edits[0][1]["version"], edits[0][1]["draft"])
    body = {"kind": "phone", "name": "Copy"}
    copies = [await catalog("POST", f"/campaigns/{id}/duplicate", body, idempotency_key="copy-1") for _ in (1, 2)]
    assert copies[0] == copies[1]
    await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": []})
    assert await catalog("POST", f"/campaigns/{id}/duplicate", body, idempotency_key="copy-1") == copies[0]
    assert (await catalog("PATCH", f"/campaigns/{id}/draft", {"name": "x"}, idempotency_key="edit-1"))[1]["code"] == "key-reused"


async def test_a_duplicate_has_numbers_of_its_own_and_its_references_point_inside(catalog):
    id, _ = await catalog.draft("ecommerce", offers=[PILLOW, TOPPER])
    offer = (await shown(catalog, id))["draft"]["offers"][0]["id"]
    rules = [{"scope": "product", "of": offer, "price": 1}]
    await catalog("PATCH", f"/campaigns/{id}/draft", {"coupons": [{"code": "A", "percent": "5", "products": [offer]}]})
    await catalog("PATCH", f"/campaigns/{id}/draft", {"profiles": [{"name": "S", "rules": rules}], "fields": [FIELD]})
    status, copy = await catalog("POST", f"/campaigns/{id}/duplicate", {"kind": "phone", "name": "By phone"})
    assert status == 201
    source, copied = await shown(catalog, id), await shown(catalog, copy["id"])
    draft = copied["draft"]
    assert (draft["kind"], draft["listed"], draft["name"], copied["status"], copied["problems"]) == ("phone", True, "By phone", "draft", [])
    assert source["draft"]["listed"] is False
    new = draft["offers"][0]["id"]
    assert new != offer
    assert (draft["coupons"][0]["products"], draft["profiles"][0]["rules"][0]["of"]) == ([new], new)
    assert draft["fields"] == source["draft"]["fields"]
    assert (await catalog("POST", f"/campaigns/{id}/duplicate", {"kind": "phone", "name": " "}))[1]["field"] == "name"
    assert (await catalog("POST", "/campaigns/999/duplicate", {"kind": "phone", "name": "x"}))[0] == 404


async def test_a_number_belongs_to_one_campaign(catalog):
    mine, _ = await catalog.draft(offers=[PILLOW])
    other, _ = await catalog.draft()
    taken = (await shown(catalog, mine))["draft"]["offers"][0]["id"]
    status, refused = await catalog("PATCH", f"/campaigns/{other}/draft", {"offers": [{**PILLOW, "id": taken}]})
    assert (status, refused["code"], refused["field"]) == (422, "id-taken", "offers.0.id")
    whole = {"name": "At once", "offers": [{**PILLOW, "id": taken}]}
    assert (await catalog("PUT", "/campaigns/atonce", whole))[1]["field"] == "offers.0.id"
    assert (await catalog("GET", "/campaigns/atonce/draft"))[0] == 404
    whole["offers"][0]["id"] = "77"
    wrong = {**whole, "qa_share": 101}
    assert (await catalog("PUT", "/campaigns/wrong", wrong))[1]["field"] == "qa_share"
    assert (await catalog("PUT", "/campaigns/atonce", whole))[0] == 200, "what was refused has claimed nothing"
    assert (await catalog("PATCH", f"/campaigns/{other}/draft", {"offers": [{**PILLOW, "id": "78"}]}))[0] == 200


async def test_discard_and_retire(catalog):
    id, _ = await catalog.draft(offers=[PILLOW])
    assert (await catalog("POST", f"/campaigns/{id}/discard"))[1]["code"] == "never-published"
    await catalog("POST", f"/campaigns/{id}/publish")
    await catalog("PATCH", f"/campaigns/{id}/draft", {"name": "Other"})
    assert (await catalog("POST", f"/campaigns/{id}/discard"))[0] == 200
    assert (await shown(catalog, id))["draft"]["name"] == "Restful Nights"
    await catalog("POST", f"/campaigns/{id}/retire")
    assert ((await shown(catalog, id))["status"], (await catalog("GET", f"/campaigns/{id}"))[1]["listed"]) == ("retired", "")
    assert (await catalog("POST", f"/campaigns/{id}/publish"))[1]["number"] == 2
    assert (await shown(catalog, id))["status"] == "published"


async def test_the_list_is_searched_and_filtered(catalog):
    first, _ = await catalog.draft(offers=[PILLOW, TOPPER], coupons=[{"code": "ten", "percent": "10"}])
    second, _ = await catalog.draft("lander", name="Calm mornings")
    await catalog("POST", f"/campaigns/{first}/publish")
    await catalog("PATCH", f"/campaigns/{first}/draft", {"name": "Restful Days"})

    async def listed(query, *wanted):
        rows = (await catalog("GET", f"/campaigns?{query}"))[1]["rows"]
        return [row["id"] for row in rows] == list(wanted)

    await until(lambda: listed("q=days", first))
    for query, wanted in (
        ("", (second, first)), ("q=CALM", (second,)), ("q=t-k", (first,)), ("q=TEN", (first,)), (f"q={int(first) + 1}", (first,)), ("q=zzz", ()),
        ("kind=lander", (second,)), ("status=draft", (second,)), ("status=changed", (first,)), ("listed=phone", (first,)),
        ("kind=phone&status=draft", ()),
    ):  # fmt: skip
        assert await listed(query, *wanted), query
    row = (await catalog("GET", "/campaigns?listed=phone"))[1]["rows"][0]
    counted = {name: row[name] for name in ("name", "status", "number", "listed", "currency", "offers", "coupons", "profiles", "edited_by")}
    assert counted == {
        "name": "Restful Nights", "status": "changed", "number": 1, "listed": "phone", "currency": "USD", "offers": 2, "coupons": 1, "profiles": 0,
        "edited_by": "agent:supervisor1",
    }  # fmt: skip
    assert (await catalog("GET", "/campaigns?cursor=nonsense"))[0] == 422
    assert (await catalog("GET", "/campaigns?kind=radio"))[0] == 422


async def test_a_gateway_that_order_entry_cannot_use_is_named_with_the_way_out(catalog):
    payments = catalog.shop.house.running["payments"]
    await payments.send("threes", Configure("threes", "simulator", ("authorise", "requires-3ds"), KINDS), "configure-1", "service:payments")
    id, _ = await catalog.draft(offers=[{**PILLOW, "gateway": "threes"}, {**PILLOW, "sku": "P-2", "gateway": "nowhere"}])
    status, refused = await catalog("POST", f"/campaigns/{id}/publish")
    assert (status, [(error["field"], error["code"]) for error in refused["errors"]]) == (
        422, [("offers.0.gateway", "gateway-unfit"), ("offers.1.gateway", "unknown-gateway")],
    )  # fmt: skip
    assert "threes" in refused["detail"]
    assert "draft link" in refused["detail"]
    await catalog("PATCH", f"/campaigns/{id}/draft", {"offers": [{**PILLOW, "gateway": "threes"}], "listed": False})
    assert (await catalog("POST", f"/campaigns/{id}/publish"))[0] == 200


async def test_what_is_not_there_is_not_found(catalog):
    read = [("GET", path) for path in ("draft", "versions", "export", "offers.csv")]
    for method, path in (*read, ("PATCH", "draft"), *(("POST", command) for command in ("publish", "discard", "retire"))):
        assert (await catalog(method, f"/campaigns/999/{path}", {} if method == "PATCH" else None))[0] == 404, path


async def test_the_list_has_what_was_heard_of(catalog):
    made = [await catalog.draft() for _ in range(3)]
    heard = ",".join(f"campaign-{id}@{version}" for id, version in made)
    listed = (await catalog("GET", f"/campaigns?min_version={heard}"))[1]["rows"]
    assert {id for id, _ in made} <= {row["id"] for row in listed}
    assert (await catalog("GET", "/campaigns?min_version=campaign-1"))[1]["code"] == "bad-version"
