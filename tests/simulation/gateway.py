"""The gateway outside, with the project's own simulator behind a bad wire; and the outbox of mails."""

import asyncio
import json
from contextvars import Context
from pathlib import Path

from services.payments.simulator.app import simulator
from services.payments.simulator.magic import UNREACHABLE
from shared.asgi import AsgiClient, Response

_LONGEST = 120
"""Seconds that a request may be under way: less than what a gateway that cannot repeat is given to settle."""


class SimulatedGateway:
    """A careless one does not know a repeated authorisation again, and charges once more: nobody may send it one twice."""

    def __init__(self, faults, trace):
        self._faults, self._trace = faults, trace
        self._client, self._ledger = _simulator()
        self._repeats = {}
        self._mended = False

    @property
    def entries(self):
        return list(self._ledger.entries.values())

    def mend(self):
        """What could not be reached can be: a simulator anew, with the ledger of the one before."""
        before, self._mended = self.entries, True
        self._client, self._ledger = _simulator()
        for entry in before:
            self._ledger._know(entry)

    async def request(self, method, path, *, json=None, headers=None):
        """What was sent goes on, whatever becomes of who sent it."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        Context().run(loop.create_task, self._carried(answer, method, path, json))
        return await answer

    async def _carried(self, answer, method, path, json):
        await asyncio.sleep(self._faults.delay())
        if self._faults.happens(self._faults.gateway):
            return await self._badly(answer, method, path, json)
        return _settle(answer, await self._answered(method, path, json))

    async def _badly(self, answer, method, path, json):
        kind = self._faults.chance.choice(("lost", "late", "unheard", "error", "garbled", "twice"))
        self._trace.note(f"gateway {kind}", method, path, (json or {}).get("reference", ""))
        if kind == "lost":
            return None
        if kind == "late":
            await asyncio.sleep(self._faults.chance.uniform(1, _LONGEST))
        response = await self._answered(method, path, json)
        if kind == "twice" and not self._faults.careless:
            await asyncio.sleep(self._faults.chance.uniform(0, _LONGEST))
            response = await self._answered(method, path, json)
        if kind == "error":
            response = Response(500, {}, b"")
        if kind == "garbled":
            response = Response(200, {}, b'{"reference": "somebody-elses"}')
        return None if kind == "unheard" else _settle(answer, response)

    async def _answered(self, method, path, json):
        sent, path = self._as_sent(path, json)
        response = await self._client.request(method, path, json=sent)
        self._trace.note("gateway", method, path, (sent or {}).get("reference", ""), response.status)
        return _as_asked(response)

    def _as_sent(self, path, body):
        """A careless gateway has a reference of its own for each time that it was asked."""
        if self._mended and body and body.get("number") == UNREACHABLE:
            body = {**body, "number": "4242424242424242"}
        if not self._faults.careless:
            return body, path
        if path == "/authorize":
            times = self._repeats[body["reference"]] = self._repeats.get(body["reference"], 0) + 1
            return {**body, "reference": f"{body['reference']}~{times}"}, path
        if path.startswith("/lookup/"):
            reference = path.removeprefix("/lookup/")
            return body, f"{path}~1" if reference in self._repeats else path
        return {**body, "authorization": f"{body['authorization']}~1"}, path


def _simulator():
    app = simulator(Path("nowhere"))
    return AsgiClient(app), app.state.ledger


def _settle(answer, response):
    if not answer.done():
        answer.set_result(response)


def _as_asked(response):
    if response.status != 200 or b"~" not in response.body:
        return response
    entry = response.json()
    return Response(200, {}, json.dumps({**entry, "reference": entry["reference"].partition("~")[0]}).encode())


class MemoryOutbox:
    """The outbox folder, as the product keeps it, in memory."""

    def __init__(self):
        self._mails = {}

    async def put(self, order_id, id, mail):
        self._mails[order_id, id] = mail

    async def has(self, order_id, id):
        return (order_id, id) in self._mails

    async def erase(self, order_ids):
        self._mails = {key: mail for key, mail in self._mails.items() if key[0] not in order_ids}
