"""The simulator tells by itself that a debit came back, and whoever listens can tell that it was it."""

import asyncio
import os
import sys

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.payments.gateways.conformance import Wire
from services.payments.gateways.protocol import Charge, Heard
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Account
from services.payments.simulator.app import simulator
from services.payments.simulator.calling import Calls
from shared.asgi import AsgiClient
from shared.service import utc_now
from shared.webhooks import is_signed, secret_of, signed
from tests.payments.test_simulator import ORDER, REF, follow_up

SECRET = "whsec_" + "dGhlLXNlY3JldC1vZi1pdHMtY2FsbHM="


async def returned(path):
    """A simulator at which a debit has come back."""
    app = simulator(path)
    client = AsgiClient(app)
    gateway = SimulatorGateway(client)
    await gateway.authorise(Charge(REF, ORDER, 5690, "USD", Account("011000015", "000123456789", "checking", "Customer A")), {})
    assert (await gateway.capture(follow_up(f"{REF}-capture", REF), {})).answer == "approved"
    body = {"reference": f"{REF}-capture", "code": "R10"}
    assert (await client.request("POST", "/returns", json=body)).status == 200
    assert (await client.request("POST", "/returns", json={**body, "reference": "nothing"})).status == 404
    return app, gateway


async def test_it_calls_until_somebody_has_taken_it_and_then_no_more(tmp_path):
    app, gateway = await returned(tmp_path / "ledger")
    listener, came, status = FastAPI(), [], [503]

    @listener.post("/hook")
    async def hook(request: Request) -> JSONResponse:
        came.append((dict(request.headers), await request.body()))
        return JSONResponse({}, status[0])

    async with Wire(listener) as wire:
        calls = Calls(f"{wire.url}/hook", secret_of(SECRET), app.state.books)
        with pytest.raises(httpx.HTTPStatusError):
            await calls.tell()
        status[0] = 200
        await calls.tell()
        await calls.tell()
    assert len(came) == 2
    for headers, body in came:
        assert await gateway.hear(headers, body, {"hook": SECRET}) == [Heard("returned", f"{REF}-capture", code="R10", amount=5690)]


async def test_what_came_back_cannot_be_refunded_too(tmp_path):
    _, gateway = await returned(tmp_path / "ledger")
    assert (await gateway.refund(follow_up(f"{ORDER}-refund-1-1-1", REF, 1), {})).answer == "declined"


def test_a_call_of_long_ago_is_not_believed():
    now = utc_now()
    for seconds, believed in ((0, True), (299, True), (-299, True), (301, False), (-301, False), (10**11, False)):
        headers = signed(b"secret", "msg-1", int(now.timestamp()) - seconds, b"{}")
        assert is_signed(b"secret", headers, b"{}", now) is believed, seconds
    assert not is_signed(b"", signed(b"", "msg-1", int(now.timestamp()), b"{}"), b"{}", now)
    assert not is_signed(b"secret", {**headers, "webhook-timestamp": "9" * 5_000}, b"{}", now)


async def test_without_a_secret_it_does_not_begin_to_call(tmp_path):
    env = {**os.environ, "RINGUP_SIMULATOR_HOOK": "http://127.0.0.1:1/hook", "RINGUP_SIMULATOR_HOOK_SECRET": "no base64!"}
    arguments = ("-m", "services.payments.simulator", "--port", "0", "--data", str(tmp_path))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=env, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (1, "The simulator cannot start: RINGUP_SIMULATOR_HOOK_SECRET must be whsec_ and base64.\n")
