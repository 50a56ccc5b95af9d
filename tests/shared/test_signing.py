"""A service answers what the gateway or ops have signed for it, as they signed it, and nothing else."""

import httpx
import pytest
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.signing import OPEN, Signature, Signed

KEY = bytes(range(32))
NOW = 1_800_000_000.0
PATH = "/orders/order-1%2F2/changes?min_version=3"
CALLER = {"x-ringup-actor": "agent:agent1", "x-ringup-role": "agent"}


async def answer(request):
    return JSONResponse({"heard": (await request.body()).decode(), "key": request.headers.get("idempotency-key")})


APP = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


class Wire(httpx.ASGITransport):
    """Between two processes; whoever sits there may change a request."""

    def __init__(self, tampers=lambda request: None, key=KEY, service="cart", now=NOW):
        super().__init__(Signed(APP, key, service, lambda: now))
        self.tampers = tampers

    async def handle_async_request(self, request):
        self.tampers(request)
        return await super().handle_async_request(request)


async def asked(wire, method="POST", path=PATH, body=b'{"campaign":"restful"}', auth=None, **headers):
    auth = auth or Signature(KEY, "cart", lambda: NOW)
    async with httpx.AsyncClient(transport=wire, base_url="http://cart", auth=auth) as client:
        content = body if method == "POST" else None
        return await client.request(method, path, content=content, headers={**CALLER, **{n.replace("_", "-"): v for n, v in headers.items()}})


async def code(*wire, **request):
    answered = await asked(*wire, **request)
    assert answered.status_code == 401
    assert answered.headers["content-type"].startswith("application/problem+json")
    return answered.json()["code"]


async def test_what_is_signed_is_answered():
    answered = await asked(Wire(), idempotency_key="k" * 20, if_match='"7"')
    assert answered.json() == {"heard": '{"campaign":"restful"}', "key": "k" * 20}
    assert (await asked(Wire(), "GET")).status_code == 200


def put(name, value):
    def tampers(request):
        request.headers[name] = value

    return tampers


def drop(name):
    def tampers(request):
        del request.headers[name]

    return tampers


def again(name, value):
    def tampers(request):
        request.headers = httpx.Headers([*request.headers.raw, (name.encode(), value.encode())])

    return tampers


def target(url):
    def tampers(request):
        request.url = httpx.URL(f"http://cart{url}")

    return tampers


def body(request):
    request.stream = httpx.ByteStream(b'{"campaign":"another"}')


def other_body_and_digest(request):
    body(request)
    request.headers["content-digest"] = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"


def method(request):
    request.method = "GET"


TAMPERED = {
    "body": body,
    "body and digest": other_body_and_digest,
    "method": method,
    "path": target("/orders/order-9/changes?min_version=3"),
    "path, decoded": target("/orders/order-1/2/changes?min_version=3"),
    "query": target("/orders/order-1%2F2/changes?min_version=4"),
    "no query": target("/orders/order-1%2F2/changes"),
    "role": put("x-ringup-role", "supervisor"),
    "actor": put("x-ringup-actor", "agent:agent2"),
    "second role": again("x-ringup-role", "supervisor"),
    "key": put("idempotency-key", "l" * 20),
    "key taken away": drop("idempotency-key"),
    "version": put("if-match", '"8"'),
    "version taken away": drop("if-match"),
}


@pytest.mark.parametrize("tampers", TAMPERED.values(), ids=TAMPERED)
async def test_what_was_changed_on_the_way_is_refused(tampers):
    assert await code(Wire(tampers), idempotency_key="k" * 20, if_match='"7"') == "signature-wrong"


async def test_a_version_or_key_that_nobody_signed_is_refused():
    assert await code(Wire(put("if-match", '"8"'))) == "signature-wrong"
    assert await code(Wire(put("idempotency-key", "k" * 20)), method="GET") == "signature-wrong"


@pytest.mark.parametrize("missing", ["signature", "content-digest"])
async def test_half_a_signature_is_refused(missing):
    assert await code(Wire(drop(missing))) == "signature-wrong"


async def test_no_signature_is_refused():
    assert await code(Wire(), auth=httpx.Auth()) == "unsigned"


async def test_another_key_is_refused():
    assert await code(Wire(key=bytes(32))) == "signature-wrong"


async def test_a_signature_for_another_service_is_refused():
    assert await code(Wire(service="payments")) == "signature-wrong"


@pytest.mark.parametrize("now", [NOW - 61, NOW + 61])
async def test_a_signature_of_another_time_is_refused(now):
    assert await code(Wire(now=now)) == "signature-expired"


@pytest.mark.parametrize("now", [NOW - 60, NOW + 60])
async def test_clocks_may_be_a_minute_apart(now):
    assert (await asked(Wire(now=now))).status_code == 200


async def test_an_old_signature_cannot_be_given_a_new_time():
    def renewed(request):
        request.headers["signature-input"] = request.headers["signature-input"].replace(str(int(NOW)), str(int(NOW) + 100))

    assert await code(Wire(renewed, now=NOW + 100)) == "signature-wrong"


async def test_a_signature_over_fewer_parts_is_refused():
    def fewer(request):
        request.headers["signature-input"] = request.headers["signature-input"].replace(' "x-ringup-role"', "")

    assert await code(Wire(fewer)) == "signature-wrong"


class Endless(httpx.AsyncByteStream):
    read = 0

    async def __aiter__(self):
        for self.read in range(1, 21):
            yield b" " * 1_000_000


async def test_an_endless_body_is_refused():
    endless = Endless()

    def instead(request):
        request.stream = endless

    assert await code(Wire(instead)) == "signature-wrong"
    assert endless.read < 20


@pytest.mark.parametrize("path", sorted(OPEN))
async def test_health_and_numbers_need_no_signature(path):
    assert (await asked(Wire(), "GET", path, auth=httpx.Auth())).status_code == 200
    assert await code(Wire(), path=path, auth=httpx.Auth()) == "unsigned"


async def test_it_is_the_standard_that_is_signed():
    """A verifier of others' making agrees."""

    class Key(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id):
            return KEY

    sent = httpx.Request("POST", f"http://cart{PATH}", content=b"{}", headers={**CALLER, "if-match": '"7"', "idempotency-key": "k" * 20})
    next(Signature(KEY, "cart").auth_flow(sent))
    needed = ("@method", "@path", "@query", "content-digest", "x-ringup-actor", "x-ringup-role", "idempotency-key", "if-match")
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Key())
    (found,) = verifier.verify(sent, require_components=needed, expect_tag="cart", body=b"{}")
    assert found.body == b"{}"
