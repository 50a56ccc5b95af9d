"""A gateway that misbehaves in every way that the seed has, in front of the project's own simulator and its ledger."""

import asyncio
import inspect
import json as jsonlib
import socket
import ssl
from contextvars import Context
from pathlib import Path

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response as Answer

from services.payments.simulator.app import simulator
from services.payments.simulator.doing import Broken
from shared.asgi import Response
from tests.simulation.loop import PROCESS

LONGEST = 120
"""Seconds that a request may be under way: less than what a gateway that cannot repeat is given to settle."""
_CHARGES = ("/authorize", "/echeck")
HTML = b"<!doctype html><title>Sign in</title>"


NOBODY = {
    "no name": lambda: socket.gaierror(-2, "Name or service not known"),
    "bad certificate": lambda: ssl.SSLCertVerificationError("certificate verify failed"),
    "refused": lambda: ConnectionRefusedError("Connection refused"),
}
"""The request did not even leave."""
BEFORE = ("reset before", "500 before", "html before", "silent before")
AFTER = ("reset after", "500 after", "html after", "silent after", "half", "slow")
ODD = ("late", "twice", "another's", "other amount")


class BadGateway:
    """A careless one does not know a repeated authorisation again, and charges once more: nobody may send it one twice."""

    def __init__(self, faults, trace, clock):
        self._faults, self._trace, self._clock = faults, trace, clock
        self._app = self._simulator()
        self._repeats = {}
        self.misfits = set()
        """References under which something else was done than was asked for."""

    @property
    def ledger(self):
        return self._app.app.state.ledger

    @property
    def entries(self):
        return list(self.ledger.entries.values())

    def _simulator(self):
        return Calls(simulator(Path("nowhere"), clock=self._clock))

    def mend(self):
        """What could not be reached can be: a simulator anew, with the ledger of the one before."""
        before = self.entries
        self._app = self._simulator()
        for entry in before:
            self.ledger._know(entry)

    async def request(self, method, path, *, json=None, headers=None):
        """What was sent goes on, whatever becomes of who sent it; and whoever sent it may die before, or having heard the answer."""
        await self._may_die("before the call")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        Context().run(loop.create_task, self._carried(answer, method, path, json))
        try:
            return await answer
        finally:
            await self._may_die("after the call")

    async def _may_die(self, when):
        process = PROCESS.get()
        if process and self._faults.happens(self._faults.dies):
            self._trace.note(f"killed {when}")
            process.kill()
            await asyncio.Event().wait()

    async def _carried(self, answer, method, path, json):
        await asyncio.sleep(self._faults.delay())
        if self._faults.happens(self._faults.gateway):
            kind = self._faults.chance.choice((*NOBODY, *BEFORE, *AFTER, *ODD))
            self._trace.note(f"gateway {kind}", method, path, (json or {}).get("reference", ""))
            try:
                return await self._badly(kind, answer, method, path, json)
            except ConnectionResetError as error:
                return _fail(answer, error)
        return await self._plainly(answer, method, path, json)

    async def _plainly(self, answer, method, path, json):
        try:
            return _settle(answer, await self._answered(method, path, json))
        except ConnectionResetError as error:
            return _fail(answer, error)

    async def _badly(self, kind, answer, method, path, json):
        if kind in NOBODY:
            return _fail(answer, NOBODY[kind]())
        if kind == "late":
            await asyncio.sleep(self._faults.chance.uniform(1, LONGEST))
        if kind == "other amount":
            json = self._otherwise(path, json)
        response = None if kind in BEFORE else await self._answered(method, path, json)
        if kind == "twice" and not (self._faults.careless and path in _CHARGES):
            await asyncio.sleep(self._faults.chance.uniform(0, LONGEST))
            response = await self._answered(method, path, json)
        if kind == "slow":
            await asyncio.sleep(self._faults.chance.uniform(1, LONGEST))
        return self._said(kind, answer, response)

    def _said(self, kind, answer, response):
        match kind.split()[0]:
            case "silent":
                return None
            case "reset":
                return _fail(answer, ConnectionResetError("Connection reset by peer"))
            case "500":
                response = Response(500, {}, b"Internal Server Error")
            case "html":
                response = Response(200, {}, HTML)
            case "half":
                response = Response(response.status, {}, response.body[: len(response.body) // 2])
            case "another's":
                response = self._anothers(response)
        return _settle(answer, response)

    def _anothers(self, response):
        """What it has to say about somebody else's."""
        if not self.ledger.entries:
            return Response(200, {}, b'{"reference": "somebody-elses", "status": "approved", "id": "x"}')
        other = self._faults.chance.choice(sorted(self.ledger.entries))
        entry = self.ledger.entries[other]
        return response if entry["reference"].partition("~")[0].encode() in response.body else Response(200, {}, jsonlib.dumps(entry).encode())

    def _otherwise(self, path, json):
        """It reserves, takes or gives another amount than it was asked to, once and for all."""
        if not json or "amount" not in json or any(json["reference"] in known for known in self._known(json["reference"])):
            return json
        self.misfits.add(json["reference"])
        return {**json, "amount": max(1, json["amount"] + self._faults.chance.choice((-1, 1, 1000)))}

    def _known(self, reference):
        return [entry for entry in self.ledger.entries if entry.partition("~")[0] == reference]

    async def _answered(self, method, path, json):
        sent, path = self._as_sent(path, json)
        response = await self._app.request(method, path, sent)
        self._notice(json, sent)
        self._trace.note("gateway", method, path, (sent or {}).get("reference", ""), response.status)
        return _as_asked(response)

    def _notice(self, asked, sent):
        """The simulator itself may do something else than it was asked to."""
        done = self.ledger.entries.get(sent["reference"]) if sent else None
        if done and "amount" in asked and done["status"] == "approved" and done["amount"] != asked["amount"]:
            self.misfits.add(asked["reference"])

    def _as_sent(self, path, body):
        """A careless gateway has a reference of its own for each time that it was asked to authorise."""
        if not self._faults.careless:
            return body, path
        if path in _CHARGES:
            times = self._repeats[body["reference"]] = self._repeats.get(body["reference"], 0) + 1
            return {**body, "reference": f"{body['reference']}~{times}"}, path
        if path.startswith("/lookup/"):
            reference = path.removeprefix("/lookup/")
            return body, f"{path}~1" if reference in self._repeats else path
        return {**body, "authorization": f"{body['authorization']}~1"}, path


class Calls:
    """The simulator's own code behind each of its paths, without the framework around it: that would cost more than all the rest."""

    def __init__(self, app):
        self.app = app
        self._routes = [
            (method, route.path_regex, route.endpoint, _parameters(route.endpoint))
            for route in app.routes
            if hasattr(route, "endpoint")
            for method in route.methods
        ]

    async def request(self, method, path, json):
        """Raises ConnectionResetError where it breaks off."""
        for wanted, pattern, endpoint, parameters in self._routes:
            found = pattern.match(path) if wanted == method else None
            if found:
                return await _called(endpoint, parameters, json, found.groupdict())
        return Response(404, {}, b"{}")


class Caller:
    """Who never hangs up."""

    async def receive(self):
        await asyncio.Event().wait()


async def _called(endpoint, parameters, json, named):
    try:
        sent = {name: model.model_validate(json) for name, model in parameters.items() if model is not Request}
    except ValidationError:
        return Response(422, {}, b"{}")
    callers = {name: Caller() for name, model in parameters.items() if model is Request}
    said = await endpoint(**sent, **callers, **named)
    if isinstance(said, Broken):
        raise ConnectionResetError
    return Response(said.status_code, {}, said.body) if isinstance(said, Answer) else Response(200, {}, jsonlib.dumps(said).encode())


def _parameters(endpoint):
    """The request, and those that are its body."""
    annotated = inspect.get_annotations(endpoint, eval_str=True)
    return {name: type for name, type in annotated.items() if inspect.isclass(type) and issubclass(type, (BaseModel, Request))}


def _settle(answer, response):
    if not answer.done():
        answer.set_result(response)


def _fail(answer, error):
    if not answer.done():
        answer.set_exception(error)


def _as_asked(response):
    if response.status != 200 or b"~" not in response.body:
        return response
    entry = jsonlib.loads(response.body)
    return Response(200, {}, jsonlib.dumps({**entry, "reference": entry["reference"].partition("~")[0]}).encode())
