"""An order's events as a stream: what has been, what comes, and after a break what was missed."""

import asyncio
import contextlib
import json
import uuid
from datetime import UTC, datetime

import httpx

from services.gateway.following import after
from tests.gateway.conftest import BASE, Clock
from tests.house.shop import until


class Stream:
    """Reads the gateway's answer as it comes: httpx would wait for its end."""

    def __init__(self, app, path, headers):
        self.events = []
        self.status = 0
        self._gone = asyncio.Event()
        request = httpx.Request("GET", BASE + path, headers=headers)
        scope = {"type": "http", "method": "GET", "scheme": "http", "path": path, "root_path": "", "query_string": b"", "client": ("127.0.0.1", 4711)}
        scope["headers"] = [(name.lower(), value) for name, value in request.headers.raw]
        self.reading = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.kind = dict(message["headers"])[b"content-type"]
        for block in message.get("body", b"").decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "id" in fields:
                self.events.append((fields["event"], fields["id"], json.loads(fields["data"])))

    async def close(self):
        self._gone.set()
        self.reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reading

    async def has(self, name):
        async def there():
            return any(event == name for event, _, _ in self.events)

        await until(there)


def cookie(somebody):
    return "; ".join(f"{name}={value}" for name, value in somebody.http.cookies.items())


async def test_a_stream_tells_what_has_been_and_what_comes_each_once(ringup, place):
    id = await place()
    agent = await ringup.sign_in("agent1")
    stream = Stream(ringup.gateway.app, f"/api/v1/orders/{id}/events", {"accept": "text/event-stream", "cookie": cookie(agent)})
    await stream.has("QualityReviewRequested")
    assert (stream.status, stream.kind) == (200, b"text/event-stream; charset=utf-8")
    await stream.has("OrderSubmitted")
    supervisor = await ringup.sign_in("supervisor1")
    answer = await supervisor.send("POST", f"/api/v1/orders/{id}/cancel", json={"reason": "x"}, key=uuid.uuid4().hex)
    assert answer.status_code == 200, answer.text
    await stream.has("OrderCancelled")
    await stream.has("ReviewClosed")
    ids = [id for _, id, _ in stream.events]
    assert len(ids) == len(set(ids))
    assert all(row["id"] == id and row["text"] for _, id, row in stream.events)
    await stream.close()


async def test_a_stream_ends_once_whoever_listens_has_signed_out(ringup, place):
    id, clock = await place(), Clock(datetime.now(UTC))
    door = ringup.beside(clock=clock)
    agent = await door.signed_in("agent1")
    stream = Stream(door.gateway.app, f"/api/v1/orders/{id}/events", {"accept": "text/event-stream", "cookie": cookie(agent)})
    await stream.has("QualityReviewRequested")
    assert (await agent.form("/sign-out")).status_code < 400
    clock.forward(seconds=30)
    supervisor = await ringup.sign_in("supervisor1")
    answer = await supervisor.send("POST", f"/api/v1/orders/{id}/cancel", json={"reason": "x"}, key=uuid.uuid4().hex)
    assert answer.status_code == 200, answer.text

    async def ended():
        return stream.reading.done()

    await until(ended)
    assert "OrderCancelled" not in [event for event, _, _ in stream.events]


async def test_a_stream_of_no_order_is_refused_before_it_begins(ringup):
    agent = await ringup.sign_in("agent1")
    answer = await agent.get("/api/v1/orders/0000000000/events", headers={"accept": "text/event-stream"})
    assert (answer.status_code, answer.json()["code"]) == (404, "notfound")


async def test_after_a_break_what_was_seen_long_before_is_left_out():
    def row(id, time):
        return {"id": id, "time": f"2026-01-01T00:{time}Z"}

    rows = [row("order-1@1", "00:00"), row("payment-1@1", "09:30"), row("order-1@2", "10:00"), row("order-1@3", "11:00")]
    assert [each["id"] for each in after(rows, "order-1@2")] == ["payment-1@1", "order-1@3"]
    assert after(rows, "") == after(rows, "unknown") == rows


async def test_without_asking_for_a_stream_the_answer_is_a_page_of_them(ringup, place):
    id = await place()
    answer = await (await ringup.sign_in("agent1")).get(f"/api/v1/orders/{id}/events")
    assert answer.json()["next"] is None
    assert {row["type"].rpartition(".")[2] for row in answer.json()["rows"]} >= {"OrderSubmitted", "QualityReviewRequested"}
