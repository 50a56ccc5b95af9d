"""API keys: each does what its scopes say, under its own name, and nothing else."""

import hashlib
import re
import uuid
from datetime import timedelta

import pytest
import pytest_asyncio

from services.gateway.door import Allow
from services.gateway.keys import SCOPES
from services.gateway.pages import api, api_customers, api_shipments
from tests.gateway.conftest import EXTERNAL, Clock
from tests.gateway.test_roles import path_of
from tests.gateway.test_users import admin, key, told
from tests.samples import NOON

__all__ = ["admin"]

ROUTES = [(method, route) for each in (api, api_customers, api_shipments) for route in each.router.routes for method in route.methods]


def scope_of(route):
    return next(needed.call.scope for needed in route.dependant.dependencies if isinstance(needed.call, Allow))


@pytest_asyncio.fixture(loop_scope="package")
async def made(ringup, admin):
    """Makes a key; a program that sends it, and its name."""

    async def making(*scopes, door=ringup, **fields):
        name = f"key-{uuid.uuid4().hex[:12]}"
        answer = await admin.form("/keys", name=name, scopes=list(scopes), key=key(), **fields)
        assert answer.status_code == 200, answer.text
        return await program(door, told(answer.text)), name

    return making


async def program(ringup, whole):
    somebody = await ringup.nobody()
    somebody.http.headers["authorization"] = f"Bearer {whole}"
    return somebody


def test_every_route_of_the_api_has_one_scope_and_every_scope_a_route():
    assert {scope_of(route) for _, route in ROUTES} == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_reaches_the_routes_of_its_scope_alone(made, scope):
    client, _ = await made(scope)
    wrong = {}
    for method, route in ROUTES:
        answer = await client.http.request(method, path_of(f"{method} {route.path}"), headers={"idempotency-key": key()})
        if (answer.status_code in (401, 403)) == (scope_of(route) == scope) or answer.status_code >= 500:
            wrong[method, route.path] = answer.status_code
        if answer.status_code == 403:
            assert scope_of(route) in answer.json()["detail"]
    assert not wrong


async def test_a_key_is_for_the_public_api_alone(made):
    client, _ = await made(*SCOPES)
    for path in ("/orders", "/users", "/live", "/ops", "/metrics", "/account"):
        answer = await client.get(path, headers={"host": "ringup.example"})
        assert answer.status_code in (401, 403), path


async def test_what_a_key_does_is_done_in_its_name(ringup, made):
    client, name = await made("orders:write", "orders:read")
    placed = await client.http.post("/api/v1/orders", json=EXTERNAL, headers={"idempotency-key": key()})
    assert placed.status_code == 202, placed.text
    id = placed.json()["order_id"]
    await ringup.has(id, "Pending")
    events = (await client.get(f"/api/v1/orders/{id}/events")).json()["rows"]
    assert events[0]["actor"] == f"key:{name}"


async def test_a_key_pays_with_a_token_that_it_asked_for(ringup, made):
    client, _ = await made("orders:write", "orders:read")
    card = {"number": "4242424242424242", "expiry": "12/49", "cvv": "737"}
    body = {**EXTERNAL, "method": "card", "card": card}
    placed = await client.http.post("/api/v1/orders", json=body, headers={"idempotency-key": key()})
    assert placed.status_code == 202, placed.text
    await ringup.has(placed.json()["order_id"], "Complete")


def spoiled(whole):
    start, secret = whole[:19], whole[20:]
    other = "A" if secret[-2] != "A" else "B"
    yield from ("", "x", "rk_", f"{start}_", whole[:-1], f"{whole}x", f"rk_{'a' * 16}_{secret}", "é" * 60)
    yield f"{start}_{secret[:-2]}{other}{secret[-1]}"


async def test_a_key_that_is_not_right_lets_nobody_in(ringup, admin, made):
    client, _ = await made("orders:read")
    whole = client.http.headers["authorization"].partition(" ")[2]
    for wrong in spoiled(whole):
        answer = await admin.http.get("/api/v1/orders", headers={"authorization": f"Bearer {wrong}".encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "key-invalid"), wrong
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await client.get("/api/v1/orders")).status_code == 200
    assert (await admin.http.get("/api/v1/orders", headers={"authorization": "Basic eDp4"})).status_code == 200


async def test_a_revoked_key_is_refused_at_once_and_its_name_is_not_used_again(admin, made):
    client, name = await made("orders:read")
    assert (await client.get("/api/v1/orders")).status_code == 200
    page = await admin.page("/keys")
    id = re.search(rf"{name} <small class=\"id\">rk_([a-z2-7]+)_", page)[1]
    assert (await admin.form(f"/keys/{id}/revoke")).status_code == 303
    assert (await client.get("/api/v1/orders")).status_code == 401
    again = await admin.form("/keys", name=name, scopes=["orders:read"], key=key())
    assert (again.status_code, "There was a key of this name already" in again.text) == (422, True)
    assert (await admin.form("/keys/aaaaaaaaaaaaaaaa/revoke")).status_code == 404


async def test_another_process_at_the_door_takes_a_revoked_key_for_no_more_than_a_moment(ringup, admin, made):
    clock = Clock(NOON)
    client, name = await made("orders:read", door=ringup.beside(clock=clock))
    assert (await client.get("/api/v1/orders")).status_code == 200
    id = re.search(rf"{name} <small class=\"id\">rk_([a-z2-7]+)_", await admin.page("/keys"))[1]
    await admin.form(f"/keys/{id}/revoke")
    clock.forward(seconds=3)
    assert (await client.get("/api/v1/orders")).status_code == 401


async def test_a_key_ends_with_its_last_day(ringup, made):
    clock = Clock(NOON)
    tomorrow = (ringup.gateway.door.clock() + timedelta(days=1)).date()
    client, _ = await made("orders:read", door=ringup.beside(clock=clock), expires_on=tomorrow.isoformat())
    clock.at = NOON.replace(year=tomorrow.year, month=tomorrow.month, day=tomorrow.day, hour=23, minute=59)
    assert (await client.get("/api/v1/orders")).status_code == 200
    clock.forward(minutes=1)
    assert (await client.get("/api/v1/orders")).status_code == 401


async def test_a_form_sent_twice_is_one_key(ringup, admin):
    name, once = f"key-{uuid.uuid4().hex[:12]}", key()
    first, second = [(await admin.form("/keys", name=name, scopes=["orders:read"], key=once)).text for _ in range(2)]
    assert told(first) == told(second)
    assert [each.name for each in await ringup.gateway.door.keys.all()].count(name) == 1


@pytest.mark.parametrize("changed", [{"name": "other"}, {"scopes": ["orders:read", "orders:write"]}, {"expires_on": "2099-12-31"}])
async def test_a_form_that_somebody_went_back_to_leaves_the_key_as_it_is(ringup, admin, changed):
    name, once = f"key-{uuid.uuid4().hex[:12]}", key()
    await admin.form("/keys", name=name, scopes=["orders:read"], key=once)
    answer = await admin.form("/keys", **{"name": name, "scopes": ["orders:read"], "key": once, **changed})
    assert (answer.status_code, f"has made the key {name} already" in answer.text) == (409, True)
    (made,) = [each for each in await ringup.gateway.door.keys.all() if each.name == name]
    assert (made.scopes, made.expires_on) == (("orders:read",), "")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Shop System"}, "small letters"),
        ({"name": ""}, "small letters"),
        ({"scopes": []}, "Choose what the key may do"),
        ({"scopes": ["orders:read", "everything"]}, "Choose what the key may do"),
        ({"expires_on": "2001-01-01"}, "today or later"),
        ({"expires_on": "soon"}, "today or later"),
        ({"expires_on": "20991231"}, "today or later"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(admin, fields, said):
    sent = {"name": "shop-system", "scopes": ["catalog:read"], "expires_on": "2099-12-31", **fields}
    answer = await admin.form("/keys", key=key(), **sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{sent["name"]}"' in answer.text
    assert ('value="catalog:read" checked' in answer.text) == ("catalog:read" in sent["scopes"])


async def test_the_key_itself_is_kept_nowhere(ringup, made, admin):
    client, name = await made("orders:read")
    whole = client.http.headers["authorization"].partition(" ")[2]
    secret = whole.split("_", 2)[2]
    await client.get("/api/v1/orders")
    (kept,) = [each for each in await ringup.gateway.door.keys.all() if each.name == name]
    assert secret not in str(kept)
    assert kept.hash == hashlib.sha256(secret.encode()).hexdigest()
    assert kept.used_at
    events = b"".join(each.data for each in await ringup.all.house.running["ops"].topics.read("ops", 0, 10_000))
    assert name.encode() in events
    assert secret.encode() not in events
    assert secret not in await admin.page("/keys") + await admin.page("/ops/audit")
