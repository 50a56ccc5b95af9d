"""Customers by the public API: found, changed, merged, handed out and erased by programs, each with its scope."""

import pytest

from tests.gateway.conftest import ADDRESS
from tests.gateway.test_keys import made
from tests.gateway.test_people import ask, campaign, partial
from tests.gateway.test_users import admin, key
from tests.house.shop import until

__all__ = ["admin", "ask", "campaign", "made", "partial"]


async def sent(somebody, path, json=None, wanted=200, by=None):
    answer = await somebody.send("POST", f"/api/v1/customers/{path}", json=json, key=by or key())
    assert answer.status_code == wanted, answer.text
    return answer.json()


async def got(somebody, path=""):
    answer = await somebody.get(f"/api/v1/customers{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_two_numbers_are_one_person_for_programs_too(ringup, made, partial):
    (first, one), (second, two) = await partial("Onefold"), await partial("Twofold")
    supervisor, agent = await ringup.sign_in("supervisor1"), await ringup.sign_in("agent1")
    assert {one, two} <= {row["customer_id"] for row in (await got(agent, "?q=Customer"))["rows"]}
    assert [row["why"] for row in (await got(agent, f"/{one}/duplicates"))["rows"] if row["customer_id"] == two] == [["phone"]]
    by = key()
    merged = await sent(supervisor, f"{one}/merge", {"alias": two}, by=by)
    assert await sent(supervisor, f"{one}/merge", {"alias": two}, by=by) == merged
    assert {row["order_id"] for row in (await got(agent, f"/{two}"))["orders"]["rows"]} == {first, second}
    page = await agent.get(f"/customers/{two}", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, f"/customers/{one}")
    part = await agent.get(f"/customers/{two}", headers={"hx-request": "true"})
    assert part.headers["hx-redirect"] == f"/customers/{one}"
    filled = (await agent.get(f"/order-entry/{first}/known/{two}")).json()
    assert filled["customer_id"] == one
    writes, _ = await made("customers:write")
    await sent(writes, f"{one}/unmerge", {"alias": two})
    await sent(writes, f"{one}/export", wanted=403)


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [("notes", {"note": ""}, 422, "note"), ("notes", {}, 422, "note"), ("consents", {"consent": "letters", "given": True}, 422, "consent"),
     ("consents", {"consent": "sms_consent", "given": "yes"}, 422, "given"), ("merge", {"alias": "1"}, 422, "alias"),
     ("merge", {"alias": "9999999999"}, 422, "alias"), ("unmerge", {"alias": "9999999999"}, 422, "alias")],
)  # fmt: skip
async def test_what_is_wrong_is_said_at_its_field(ringup, partial, path, body, status, field):
    _, id = await partial("Wrongly")
    problem = await sent(await ringup.sign_in("supervisor1"), f"{id}/{path}", body, wanted=status)
    assert problem["field"] == field


async def test_an_export_has_every_service_s_part_and_is_recorded(ringup, made, partial):
    order_id, id = await partial("Outhanded", billing=ADDRESS)
    program, name = await made("customers:export")
    told = await sent(program, f"{id}/export")
    (order,) = told["orders"]
    assert (order["order_id"], order["contents"]["customer"]["last_name"], order["shipment"]) == (order_id, "Outhanded", None)
    assert (order["contents"]["attribution"]["voice_log"], told["payment_methods"]) == ("VL-20931", [])
    assert not {"links", "token_hash"} & order["contents"].keys()
    agent = await ringup.sign_in("agent1")

    async def recorded():
        return (await got(agent, f"/{id}"))["exported"]

    assert (await until(recorded))["by"] == f"key:{name}"


async def test_erasing_by_a_key_of_that_scope(ringup, made, partial):
    _, id = await partial("Outrubbed")
    program, _ = await made("customers:erase")
    assert (await sent(program, f"{id}/erase"))["customer_id"] == id
    agent = await ringup.sign_in("agent1")

    async def gone():
        return (await got(agent, f"/{id}"))["erased_at"]

    await until(gone)
    assert (await got(agent, "?q=Outrubbed"))["rows"] == []
    assert (await sent(await ringup.sign_in("supervisor1"), f"{id}/notes", {"note": "x"}, wanted=409))["code"] == "erased"
