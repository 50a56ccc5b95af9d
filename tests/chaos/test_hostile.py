"""Whatever is sent to a door: 4xx with a code, never a 5xx, and nothing is recorded."""

import json

import pytest
import pytest_asyncio

from tests.chaos.served import Served

ORDER = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160"},
    "billing": {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    "lines": [{"product": "101", "quantity": 1}],
    "method": "external",
}
TOKEN = {"order_id": "7K2M9QX4TB", "number": "4012888888881881", "expiry": "12/49", "cvv": "853"}
START = {"campaign": "1"}
VALUES = {
    "nothing": "null",
    "a number": "7",
    "a word": '"x"',
    "a list": "[]",
    "an object": "{}",
    "true": "true",
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "a private character": '"\\ue000order-1 x"',
    "an escape": '"\\u001b[2J"',
    "below zero": "-1",
    "too many": "1000000000000",
    "a huge number": "9" * 5000,
    "a fraction": "1.5",
    "no number": "NaN",
    "without end": "Infinity",
    "much text": '"' + "x" * 300_000 + '"',
    "deep": "[" * 20_000 + "]" * 20_000,
}
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "null": b"null",
    "a word": b'"x"',
    "a number": b"9" * 5000,
    "deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "an odd name": b'{"\\ud800": 1}',
    "NUL": b'{"a\\u0000b": 1}',
    "10 MB": b'{"a": "' + b"x" * 10_000_000 + b'"}',
}
DOORS = {"/api/v1/orders": ORDER, "/api/v1/tokens": TOKEN, "/order-entry": START, "/order-entry/7K2M9QX4TB/changes": {"notes": "x"}}
FIELDS = [(path, field) for path, body in DOORS.items() for field in body]


def with_value(body, field, value):
    return json.dumps({**body, field: "@"}).replace('"@"', value).encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ringup(tmp_path_factory):
    served = await Served(tmp_path_factory.mktemp("hostile")).start()
    yield served
    await served.stop()


async def refused(ringup, path, content, key):
    headers = {"content-type": "application/json", "idempotency-key": f"hostile-{key}", "if-match": '"1"'}
    answer = await ringup.agent.post(path, content=content, headers=headers)
    assert 400 <= answer.status_code < 500, (path, key, answer.status_code, answer.text[:300])
    assert answer.json()["code"] not in ("signed-out", "not-from-here"), answer.text


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", DOORS)
async def test_a_body_that_is_none_is_refused(ringup, path):
    for name, body in BODIES.items():
        await refused(ringup, path, body, f"{path} {name}")


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("path", "field"), FIELDS)
async def test_a_value_of_another_kind_is_refused(ringup, path, field):
    body = DOORS[path]
    for name, value in VALUES.items():
        await refused(ringup, path, with_value(body, field, value), f"{path} {field} {name}")


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_and_then_an_order_is_taken(ringup):
    answer = await ringup.agent.post("/api/v1/orders", json=ORDER, headers={"idempotency-key": "after all that"})
    assert answer.status_code == 202, answer.text
