"""Whatever comes in: an answer that names the field, never a failure, never a card."""

import json
import re
from urllib.parse import quote

import pytest
import pytest_asyncio

from services.gateway.app import ROUTES
from tests.gateway.conftest import ADDRESS, EXTERNAL

GOOD, CVV = "4242424242424242", "7391"
CARD = {"order_id": "7K2M9QX4TB", "number": GOOD, "expiry": "12/49", "cvv": "737"}


async def refused(somebody, path, body, *statuses):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await somebody.send("POST", path, content=content, key="test-key-0001", headers={"content-type": "application/json"})
    assert answer.status_code in (statuses or (422,)), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"]
    assert problem["detail"]
    return problem


@pytest_asyncio.fixture(loop_scope="package")
async def agent(ringup):
    return await ringup.sign_in("agent1")


async def test_a_body_of_ten_megabytes_is_not_read(agent):
    assert (await refused(agent, "/api/v1/orders", b"x" * 10_000_000, 413))["code"] == "too-large"


async def test_a_body_that_hides_its_length_is_cut_off(agent):
    async def endless():
        while True:
            yield b"x" * 65_536

    answer = await agent.send("POST", "/api/v1/orders", content=endless(), key="test-key-0001")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"NaN", b"1e999", b"9" * 10_000])
async def test_what_is_no_json_object_is_refused(agent, body):
    assert (await refused(agent, "/api/v1/orders", body, 400, 422))["field"] == "body"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"lines": [{"product": "101", "quantity": -1}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": 10**12}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": 10**400}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": "2"}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": 1.5}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{"product": "101", "quantity": 0}]}, "lines"),
        ({"lines": {}}, "lines"),
        ({"lines": []}, "lines"),
        ({"campaign": 1}, "campaign"),
        ({"campaign": "99"}, "campaign"),
        ({"method": "barter"}, "method"),
        ({"notes": "a\x00b"}, "notes"),
        ({"notes": "\ue000order-1 abcd"}, "notes"),
        ({"notes": "x" * 5001}, "notes"),
        ({"customer": None}, "customer"),
        ({"customer": {"first_name": "A", "last_name": "B", "email": "nobody"}}, "customer.email"),
        ({"customer": {"first_name": ["A"]}}, "customer.first_name"),
        ({"billing": {**ADDRESS, "country": "Texas"}}, "billing.country"),
    ],
)
async def test_bad_input_names_its_field(agent, change, field):
    problem = await refused(agent, "/api/v1/orders", {**EXTERNAL, **change})
    assert field in {problem.get("field"), *(error["field"] for error in problem.get("errors", ()))}


async def test_what_is_wrong_is_said_in_sentences_of_our_own(agent):
    problem = await refused(agent, "/api/v1/orders", {**EXTERNAL, "customer": {"first_name": "A\tB", "email": "nobody", "phone": "abc"}})
    assert {error["detail"] for error in problem["errors"]} == {
        "This must be one line.", "This is not an e-mail address.", "This is not a phone number.",
    }  # fmt: skip


async def test_a_name_may_be_an_emoji(place, ringup):
    order_id = await place(customer={**EXTERNAL["customer"], "first_name": "🦊", "last_name": "Ünal"})
    assert "🦊 Ünal" in await (await ringup.sign_in("agent1")).page(f"/orders/{order_id}")


async def test_what_people_type_stays_text(place, ringup):
    order_id = await place(customer={**EXTERNAL["customer"], "last_name": "<script>alert(1)</script>"}, notes="<img src=x onerror=alert(1)>")
    for path in (f"/orders/{order_id}", "/orders", "/customers", f"/quality?order={order_id}"):
        page = await (await ringup.sign_in("supervisor1")).page(path)
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page
        assert "<img" not in page


async def test_the_same_key_gets_the_same_order_and_another_body_is_refused(agent):
    first = await agent.send("POST", "/api/v1/orders", json=EXTERNAL, key="once-and-again")
    again = await agent.send("POST", "/api/v1/orders", json=EXTERNAL, key="once-and-again")
    assert first.json()["order_id"] == again.json()["order_id"]
    other = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, "notes": "other"}, key="once-and-again")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    without = await agent.send("POST", "/api/v1/orders", json=EXTERNAL)
    assert (without.status_code, without.json()["field"]) == (422, "idempotency-key")


STRANGE = ["\x00", "😀", "9" * 400, "-1", "[]", "%", "' or 1=1 --", "../../etc/passwd", "a" * 3000, "0000000000", "2026-13-45", "nan"]


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
async def test_no_address_makes_it_fail(ringup, strange):
    admin = await ringup.sign_in("admin1")
    failed = {}
    for route in ROUTES:
        if "GET" not in route.methods or route.path == "/live":
            continue
        query = {field.alias: strange for field in route.dependant.query_params}
        path = re.sub(r"{\w+}", lambda _: quote(strange, safe=""), route.path)
        for accept in ("text/html", "application/json"):
            answer = await admin.get(path, params=query, headers={"accept": accept})
            if answer.status_code >= 500:
                failed[route.path] = answer.status_code
    assert not failed


FORMS = [
    ("/quality/decide", {"order": "0000000000", "verdict": "approve"}),
    ("/quality/decide", {"order": "0000000000", "verdict": "perhaps"}),
    ("/quality/undo", {"undone": "0000000000"}),
    ("/orders/0000000000/cancel", {"reason": "\x00"}),
    ("/customers/0000000000/erase", {}),
    ("/settings", {"number": "1", "undo_seconds": "\x00", "place": ["US-TX"], "rate": ["much"]}),
    ("/settings", {"number": "9" * 50}),
    ("/ops/views/qa/nothing/rebuild", {}),
    ("/ops/jobs/qa.queue@1.b99/switch", {"force": "perhaps"}),
]


@pytest.mark.parametrize(("path", "fields"), FORMS)
@pytest.mark.parametrize("key", ["", "short", "\x00" * 10, "long-enough"])
async def test_no_form_makes_it_fail(ringup, path, fields, key):
    answer = await (await ringup.sign_in("admin1")).form(path, key=key, **fields)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "body",
    [
        {**CARD, "expiry": "01/20", "cvv": CVV},
        {**CARD, "cvv": CVV, "holder": "\x00"},
        {**CARD, "number": f"{GOOD}1", "cvv": CVV},
        {**CARD, "number": [GOOD], "cvv": [CVV]},
        {**CARD, "number": int(GOOD), "cvv": int(CVV)},
        {**CARD, "order_id": GOOD, "cvv": CVV},
        {**CARD, "cvv": CVV, GOOD: GOOD},
        {**CARD, "cvv": CVV, "holder": GOOD * 20},
        f'{{"number": "{GOOD}", "cvv": "{CVV}", '.encode(),
        f'"{GOOD} {CVV}"'.encode(),
        [GOOD, CVV],
    ],
)
async def test_no_answer_repeats_a_card(agent, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for path in ("/api/v1/tokens", "/api/v1/orders"):
        answer = await agent.send("POST", path, content=content, key="test-key-0001", headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
        assert GOOD not in answer.text
        assert CVV not in answer.text


async def test_a_card_in_an_order_is_not_repeated(agent):
    for card in ({"number": GOOD, "expiry": "01/20", "cvv": CVV}, {"number": GOOD, "expiry": "12/49", "cvv": CVV, "colour": GOOD}):
        answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, "method": "card", "card": card}, key="test-key-0001")
        assert answer.status_code == 422
        assert GOOD not in answer.text
        assert CVV not in answer.text
