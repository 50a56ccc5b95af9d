"""The door through which gateways tell what happened."""

import base64
import json
import time

from services.gateway.throttle import ADDRESS
from shared.webhooks import signed
from tests.gateway.test_users import admin, key

__all__ = ["admin"]

SECRET = base64.b64encode(b"what the gateway signs with").decode()

HOOK = "/hooks/gateways/nowhere"


async def test_a_gateway_that_nobody_knows_is_not_there(ringup):
    nobody = await ringup.nobody("192.0.2.20")
    answer = await nobody.http.post(HOOK, content=b"{}", headers={"signature": "t=1"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_no_session_is_needed_and_one_that_is_there_does_not_count(ringup):
    """Not signed in as anybody, so that no token of a page is asked for."""
    agent = await ringup.sign_in("agent1", "192.0.2.21")
    assert (await agent.http.post(HOOK, content=b"{}")).status_code == 404


async def test_what_is_too_large_is_not_even_read(ringup):
    nobody = await ringup.nobody("192.0.2.22")
    assert (await nobody.http.post(HOOK, content=b" " * (256 * 1024 + 1))).status_code == 413
    assert (await nobody.http.post(HOOK, content=b" " * (256 * 1024))).status_code == 404


async def test_whatever_is_sent_is_never_a_fault_of_ours(ringup):
    nobody = await ringup.nobody("192.0.2.23")
    for name in ("Nowhere", "..%2f..", "a" * 200, "sim%01"):
        assert (await nobody.http.post(f"/hooks/gateways/{name}", content=b"\x00\xff")).status_code in (404, 422)
    for headers in ({"x-long": "x" * 5_000}, {f"x-{n}": "1" for n in range(80)}, {"x-odd": b"\xe9\xff"}):
        assert (await nobody.http.post(HOOK, content=b"\x00\xff", headers=headers)).status_code == 404


async def test_nobody_calls_for_ever(ringup, monkeypatch):
    monkeypatch.setitem(ADDRESS, "hook", 3)
    nobody = await ringup.nobody("192.0.2.24")
    answers = [(await nobody.http.post(HOOK, content=b"{}")) for _ in range(4)]
    assert [each.status_code for each in answers] == [404, 404, 404, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_what_a_gateway_signs_is_heard_and_nothing_else(ringup, admin):
    """With the bytes as they came: spaces count."""
    name = f"calls-{key()[:8]}"
    made = await admin.form("/gateways", name=name, kind="simulator", on="true", key=key(), **{"credentials.simulator.hook": f"whsec_{SECRET}"})
    assert made.status_code == 303, made.text
    told = {"type": "debit.returned", "data": {"reference": "0000000000-1-1-capture", "code": "R01", "amount": 100}}
    body = json.dumps(told, indent=4).encode()
    headers = signed(base64.b64decode(SECRET), "1", int(time.time()), body)
    gateway = await ringup.nobody("192.0.2.25")
    heard = await gateway.http.post(f"/hooks/gateways/{name}", content=body, headers=headers)
    assert (heard.status_code, heard.json()) == (200, {"heard": 0}), "of an order that there is none of"
    for other in ({"content": body + b" ", "headers": headers}, {"content": body}, {"content": b"", "headers": headers}):
        refused = await gateway.http.post(f"/hooks/gateways/{name}", **other)
        assert (refused.status_code, refused.json()["code"]) == (400, "signature-wrong")
