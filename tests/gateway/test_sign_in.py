import asyncio
from datetime import UTC, datetime

import pytest

from services.gateway.accounts import PASSWORD
from shared.kernel.errors import Unavailable
from tests.gateway.conftest import Clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def beside(ringup, clock):
    return ringup.beside(clock=clock)


async def tried(somebody, user, password, **fields):
    return await somebody.http.post("/sign-in", data={"user": user, "password": password, **fields})


@pytest.mark.parametrize(
    ("user", "first"),
    [("agent1", "/order-entry"), ("reviewer1", "/quality"), ("supervisor1", "/order-entry"), ("ops1", "/ops"), ("admin1", "/order-entry")],
)
async def test_each_role_begins_at_its_own_page(ringup, user, first):
    answer = await tried(await ringup.nobody(), user, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, first)


async def test_a_name_is_the_same_in_capitals(ringup):
    assert (await tried(await ringup.nobody(), " Agent1", PASSWORD)).status_code == 303


async def test_nobody_steps_in_over_plain_http_from_elsewhere(ringup):
    answer = await (await ringup.nobody(base="http://ringup.example")).http.post("/sign-in/code", data={"proof": "x", "code": "123456"})
    assert (answer.status_code, "needs https" in answer.text) == (403, True)


async def test_the_cookie_is_kept_from_scripts_and_other_sites(ringup):
    plain = (await tried(await ringup.nobody(), "agent1", PASSWORD)).headers["set-cookie"]
    assert plain.startswith("ringup=")
    assert "httponly" in plain.lower()
    assert "samesite=lax" in plain.lower()
    secure = (await tried(await ringup.nobody(base="https://ringup.example"), "agent1", PASSWORD)).headers["set-cookie"]
    assert secure.startswith("__Host-ringup=")
    assert "secure" in secure.lower()
    assert "domain" not in secure.lower()


async def test_nobody_signs_in_over_plain_http_from_elsewhere(ringup):
    answer = await tried(await ringup.nobody(base="http://ringup.example"), "agent1", PASSWORD)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_wrong_password_and_an_unknown_user_read_alike(ringup):
    nobody = await ringup.nobody()
    wrong, unknown = await tried(nobody, "ops1", "wrong"), await tried(nobody, "nobody9", "wrong")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text.replace("ops1", "") == unknown.text.replace("nobody9", "").replace("ops1", "")


async def test_ten_wrong_passwords_lock_the_account_for_a_while(ringup, beside, clock):
    await ringup.gateway.door.users.put("locked1", "agent", PASSWORD)
    nobody = await beside.nobody()
    assert {(await tried(nobody, "locked1", "wrong")).status_code for _ in range(10)} == {401}
    assert (await tried(nobody, "locked1", PASSWORD)).status_code == 429
    clock.forward(minutes=15)
    assert (await tried(nobody, "locked1", PASSWORD)).status_code == 303


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_sign_in_leads_to_no_other_site(ringup, to):
    assert (await tried(await ringup.nobody(), "agent1", PASSWORD, next=to)).headers["location"] == "/order-entry"
    assert (await tried(await ringup.nobody(), "agent1", PASSWORD, next="/orders?q=a")).headers["location"] == "/orders?q=a"


async def test_signing_out_ends_the_session_itself(ringup):
    agent = await ringup.signed_in("agent1")
    cookie = agent.http.cookies["ringup"]
    assert (await agent.send("POST", "/sign-out", data={})).status_code == 303
    thief = await ringup.nobody()
    assert (await thief.get("/orders", headers={"cookie": f"ringup={cookie}"})).status_code == 401


async def test_a_session_ends_when_nobody_works_for_a_while(beside, clock):
    agent = await beside.sign_in("agent1")
    for _ in range(3):
        clock.forward(minutes=14)
        assert (await agent.get("/orders")).status_code == 200
    clock.forward(minutes=15, seconds=1)
    assert (await agent.get("/orders")).status_code == 401


async def test_a_page_that_follows_by_itself_keeps_no_session_alive(beside, clock):
    agent = await beside.sign_in("agent1")
    for _ in range(15):
        assert (await agent.get("/orders", headers={"x-follows": "true"})).status_code == 200
        clock.forward(minutes=1)
    clock.forward(seconds=1)
    assert (await agent.get("/orders", headers={"x-follows": "true"})).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-csrf-token": "wrong"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "null"},
    ],
)
async def test_what_changes_something_comes_from_our_own_page(ringup, headers):
    supervisor = await ringup.sign_in("supervisor1")
    token = {} if "x-csrf-token" in headers or not headers else {"x-csrf-token": supervisor.csrf}
    answer = await supervisor.http.post("/api/v1/orders/0000000000/cancel", json={"reason": "x"}, headers={**token, **headers})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-from-here")


HOSTILE = [
    "http://[",
    "http://]",
    "//[x]:y",
    "http://[::1",
    "http://[v1.a",
    "http://[127.0.0.1]",
    "http://a:b",
    "http://a@b:c@d",
    "http://\xe9\xff",
    "[",
    "",
]


@pytest.mark.parametrize("origin", HOSTILE)
async def test_an_origin_that_nobody_can_read_is_somewhere_else(ringup, origin):
    answer = await (await ringup.nobody()).http.post("/sign-in", data={"user": "x"}, headers={"origin": origin.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-from-here")


@pytest.mark.parametrize("host", HOSTILE)
async def test_a_host_that_nobody_can_read_is_not_this_machine(ringup, host):
    nobody, said = await ringup.nobody(), host.encode("latin-1")
    agent = await ringup.sign_in("agent1")
    for path, headers in (("/sign-in", {}), ("/order-entry", {}), ("/metrics", {}), ("/checkout/restful", {}), ("/sign-in", {"referer": said})):
        for somebody in (nobody, agent):
            assert (await somebody.http.get(path, headers={"host": said, **headers})).status_code < 500, path
    assert (await nobody.http.get("/metrics", headers={"host": said})).status_code == 401
    answer = await nobody.http.post("/sign-in", data={"user": "x"}, headers={"host": said, "origin": said, "referer": said})
    assert answer.status_code in (403, 422, 401)


async def test_guesses_at_the_same_time_are_counted_one_by_one(ringup, beside):
    await ringup.gateway.door.users.put("locked2", "agent", PASSWORD)
    nobody = await beside.nobody()
    await asyncio.gather(*(tried(nobody, "locked2", "wrong") for _ in range(12)))
    assert (await tried(nobody, "locked2", PASSWORD)).status_code == 429


async def test_a_disk_that_is_full_signs_nobody_out(ringup, beside, clock):
    agent = await beside.signed_in("agent1")
    clock.forward(minutes=5)

    class Full:
        get, ids = ringup.all.engine.blobs.get, ringup.all.engine.blobs.ids

        async def put(self, kind, id, data):
            raise Unavailable("The disk is full.")

    beside.gateway.door.sessions._blobs = Full()
    assert (await agent.get("/orders")).status_code == 200
    clock.forward(minutes=12)
    assert (await agent.get("/orders")).status_code == 200
