"""Orders over HTTP while everything dies, and what each client was told."""

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from dataclasses import dataclass

import httpx

from tests.chaos.victim import MALFORMED
from tests.e2e.rings import ADDRESS, signed_in
from tests.house.shop import BROKE, GOOD, LOST_AFTER, LOST_BEFORE

AGENTS = 5
EACH = 0.3
"""Seconds between two orders of an agent: so the load is steady, and does not end the storm by itself."""
KINDS = [
    GOOD, "external", GOOD, "cancelled", BROKE, LOST_AFTER, "reviewed", GOOD, LOST_BEFORE, "denied", "external", MALFORMED,
    "cancelled by card", BROKE,
]  # fmt: skip
CARDS = {"cancelled by card": GOOD}
THEN = {
    "cancelled": ("supervisor1", "cancel", {"reason": "The customer changed their mind."}),
    "cancelled by card": ("supervisor1", "cancel", {"reason": "The customer changed their mind."}),
    "reviewed": ("reviewer1", "review", {"verdict": "approve"}),
    "denied": ("reviewer1", "review", {"verdict": "deny", "reason": "Not what they wanted."}),
}
GIVES_UP, PATIENCE, REVIEWERS_PATIENCE = 9, 60, 20
"""One order in so many is asked for once only, whatever comes of it; all others so many times."""


@dataclass
class Told:
    """``placed`` and ``then`` are ok, refused or unknown; ``then`` is empty where nothing was to follow."""

    kind: str
    key: str
    order_id: str = ""
    placed: str = "unknown"
    then: str = ""


class Load:
    """``clients``: whoever is signed in, by name. ``odd`` are answers that nobody should get."""

    def __init__(self, clients, run):
        self.clients, self.run = clients, run
        self.told, self.answers, self.odd = [], Counter(), []
        self._stopped = asyncio.Event()

    async def until_stopped(self):
        numbers = itertools.count()
        await asyncio.gather(*(self._agent(numbers) for _ in range(AGENTS)))

    def stop(self):
        self._stopped.set()

    async def _agent(self, numbers):
        while not self._stopped.is_set():
            await self._place(next(numbers))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EACH):
                    await self._stopped.wait()

    async def _place(self, n):
        kind = KINDS[n % len(KINDS)]
        told = Told(kind, f"{self.run}-order-{n}")
        self.told.append(told)
        tries = 1 if n % GIVES_UP == 0 else PATIENCE
        answer = await self._ask(self.clients["agent1"], "/api/v1/orders", order(kind, n), told.key, tries)
        if answer is None:
            return
        told.placed = "ok" if answer.status_code == 202 else "refused"
        told.order_id = answer.json().get("order_id", "")
        if kind in THEN and told.order_id:
            await self._follow(told, *THEN[kind])

    async def _follow(self, told, user, what, body):
        told.then = "unknown"
        path = f"/api/v1/orders/{told.order_id}/{what}"
        tries, too_early = (REVIEWERS_PATIENCE, {404, 409}) if what == "review" else (PATIENCE, {404})
        answer = await self._ask(self.clients[user], path, body, f"{told.key}-{what}", tries, too_early)
        if answer is not None:
            told.then = "ok" if answer.status_code == 200 else "refused"

    async def _ask(self, client, path, body, key, tries, too_early=frozenset()):
        """The same again under the same key, until there is an answer; None for a client that gives up before."""
        for _ in range(tries):
            try:
                answer = await client.post(path, json=body, headers={"idempotency-key": key})
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
            else:
                self.answers[_said(answer)] += 1
                if answer.status_code not in (202, 200, 503, 409, 404):
                    self.odd.append((path, key, answer.status_code, answer.text[:300]))
                if answer.status_code < 500 and answer.status_code not in too_early and answer.json().get("code") != "busy":
                    return answer
            await asyncio.sleep(random.uniform(0.2, 0.6))  # noqa: S311 - as people press a button again
        return None


@contextlib.asynccontextmanager
async def load(gateway, run):
    async with contextlib.AsyncExitStack() as stack:
        clients = {user: await stack.enter_async_context(signed_in(gateway, user)) for user in ("agent1", "supervisor1", "reviewer1")}
        for client in clients.values():
            client.timeout = httpx.Timeout(20)
        yield Load(clients, run)


def _said(answer):
    """In short."""
    return answer.status_code if answer.status_code < 500 else f"{answer.status_code} {answer.text[-80:]}"


def order(kind, n):
    customer = {"first_name": "Customer", "last_name": f"No {n}", "phone": "+1 512 555 0160", "email": f"c{n}@example.com"}
    order = {"campaign": "1", "customer": customer, "billing": ADDRESS, "lines": [{"product": "101", "quantity": 1 + n % 3}]}
    number = CARDS.get(kind, kind)
    if not number.isdigit():
        return {**order, "method": "external"}
    return {**order, "method": "card", "card": {"number": number, "expiry": "12/49", "cvv": "737"}}
