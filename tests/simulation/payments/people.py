"""Orders that are paid: what cart, quality assurance and fulfilment say of each, one after the other or at once, and what its agent asks for."""

import asyncio
import contextlib
import json
from datetime import timedelta

from services.payments.means import Account, Card
from services.payments.payment import Refund, Retry, payment
from services.payments.pre_auth import PreAuthorise
from services.payments.refunds import refundable
from services.payments.simulator.magic import MAGIC
from services.payments.vault import LIFETIME, Token
from shared.contracts.cart import OrderSubmitted
from shared.contracts.fulfillment import OrderCancelled
from shared.contracts.order import OrderBody, Part, Quote, Rules, SubmittedOrder
from shared.contracts.qa import OrderDenied, ReviewPassed
from shared.kernel.commands import Refusal

GOOD = "4242424242424242"
CARDS = (*[GOOD] * 60, *(each.value for each in MAGIC if each.what == "card"))
ACCOUNTS = (*["1234567890"] * 60, *(each.value for each in MAGIC if each.what == "account"))
AGENT, SUPERVISOR = "agent:agent1", "agent:supervisor1"
_ENDS = ("PaymentAuthorized", "OrderDeclined", "ExternalPaymentPending")
_PATIENCE = 900
_RULES = Rules(campaign="1", campaign_version=1, settings_version=1, skip_qa=False, qa_share=0)


class People:
    """``passed`` has (order, attempt) of each that quality assurance let pass, ``stopped`` the orders that were denied or cancelled."""

    def __init__(self, world, chance):
        self._world, self._chance = world, chance
        self._commands = 0
        self.submitted, self.passed, self.stopped = {}, set(), set()
        self.attempts = 0

    async def work(self, orders, within):
        await asyncio.gather(*(self._order(f"{n:010}", self._chance.uniform(0, within)) for n in range(1, orders + 1)))

    async def _order(self, id, begins):
        await asyncio.sleep(begins)
        if self._chance.random() < 0.15:
            await self._pre_authorise(id)
        for attempt in range(1, self._chance.choice((2, 2, 3, 4))):
            end = await self._submitted(id, attempt)
            if end != "OrderDeclined":
                break
        await self._think(20)
        if end == "PaymentAuthorized":
            await self._reviewed(id, attempt)

    async def _submitted(self, id, attempt):
        """How it ended; empty where nobody knows after a long while."""
        method = self._chance.choice(("card",) * 8 + ("echeck", "external"))
        token = await self._token(id, method)
        amounts = [self._chance.randint(1, 20_000) for _ in range(self._chance.choice((1, 1, 1, 2, 3)))]
        parts = tuple(Part(number=n, gateway=self._chance.choice(("simulator", "second")), amount=amount) for n, amount in enumerate(amounts, 1))
        order = OrderBody(order_id=id, campaign="1", customer_id=f"9{id[1:]}", quote=Quote(currency="USD", total=sum(amounts)))
        submitted = SubmittedOrder(
            order_id=id, attempt=attempt, method=method, amount=sum(amounts), currency="USD", placed_by=AGENT, submitted_at=self._world.now(),
            order=order, rules=_RULES,
        )  # fmt: skip
        self.submitted[id, attempt] = submitted
        self.attempts += 1
        self._tell("order", id, OrderSubmitted(order_id=id, attempt=attempt, payment=token, parts=parts, submitted=submitted))
        if self._chance.random() < 0.08:
            await self._think(40)
            self._stop(id)
        return await self._until(id, attempt, _ENDS)

    async def _token(self, id, method):
        """As the vault's own door keeps it."""
        if method == "external":
            return ""
        expiry, cvv = "12/49", "123"
        means = Card(self._chance.choice(CARDS), expiry, cvv, "Customer A")
        if method == "echeck":
            means = Account("011000015", self._chance.choice(ACCOUNTS), "checking", "Customer A")
        self._commands += 1
        key = f"token-{self._commands}"

        async def keep(running):
            vault = running.state["vault"]
            token = vault.token(id, AGENT, key, means)
            await vault.keep(token, Token(means, id, AGENT, self._world.now() + LIFETIME + timedelta(minutes=2)))
            return token

        return await self._world.ask(keep) or "tok_none"

    async def _pre_authorise(self, id):
        token = await self._token(id, "card")
        command = PreAuthorise(id, "simulator", 100, "USD", token, AGENT, self._world.now())
        self._commands += 1
        key = f"pre-auth-{self._commands}"
        await self._world.ask(lambda running: running.send(id, command, key, AGENT))

    async def _reviewed(self, id, attempt):
        match self._chance.choice(("pass",) * 6 + ("deny", "cancel", "both", "both")):
            case "pass":
                self._pass(id, attempt)
                if self._chance.random() < 0.4 and await self._until(id, attempt, ("PaymentCaptured", "PaymentCaptureFailed")) == "PaymentCaptured":
                    await self._refund(id)
            case "both":
                both = [lambda: self._pass(id, attempt), lambda: self._stop(id)]
                self._chance.shuffle(both)
                both[0]()
                await self._think(self._chance.choice((0, 1, 30)))
                both[1]()
            case _:
                self._stop(id)

    async def _refund(self, id):
        """Some of it, all, or more than there is; the agent may well ask twice."""

        async def refund(running, amount, key):
            command = Refund(amount, "Came back.", SUPERVISOR, frozenset(("simulator", "second")), self._world.now())
            with contextlib.suppress(Refusal):
                await running.send(id, command, key, SUPERVISOR)
            return True

        for _ in range(self._chance.choice((1, 1, 2, 3))):
            left = await self._world.ask(lambda running: self._refundable(running, id))
            if isinstance(left, tuple) and left[0]:
                amount = self._chance.choice((left[0], left[0], 1, left[0] + 1, (left[0] + 1) // 2))
                self._commands += 1
                key = f"refund-{self._commands}"
                for _ in range(self._chance.choice((1, 1, 2))):
                    await self._world.ask(lambda running, amount=amount, key=key: refund(running, amount, key))
            await self._think(60)

    async def _refundable(self, running, id):
        return (refundable((await running.load(payment, id))[0]),)

    async def look_after(self, rows):
        """A supervisor has once more asked for what was refused and is waited for."""
        for row in rows:
            for reference in row["look_at"]:
                self._commands += 1
                command, key = Retry(reference, SUPERVISOR, self._world.now()), f"retry-{self._commands}"
                with contextlib.suppress(Refusal):
                    await self._world.ask(lambda running, id=row["id"], command=command, key=key: running.send(id, command, key, SUPERVISOR))

    async def finish(self):
        """Whoever waited longer for their gateway than anybody stays on the telephone."""
        undecided = [(id, attempt) for id, attempt in self.submitted if id not in self.stopped and (id, attempt) not in self.passed]
        for id, attempt in undecided:
            if self._ended(id, attempt, ("PaymentAuthorized",)):
                await self._reviewed(id, attempt)

    def _pass(self, id, attempt):
        self.passed.add((id, attempt))
        self._tell("review", id, ReviewPassed(order_id=id, attempt=attempt, by="automatic", submitted=self.submitted[id, attempt]))

    def _stop(self, id):
        self.stopped.add(id)
        if self._chance.random() < 0.5:
            self._tell("review", id, OrderDenied(order_id=id, attempt=1, reason="Looked at.", reviewer="reviewer1"))
        else:
            self._tell("shipment", id, OrderCancelled(order_id=id, reason="Changed their mind.", by="agent:supervisor1"))

    def _tell(self, kind, id, event):
        self._world.tell(f"{kind}-{id}", event, self._chance.choice((1, 1, 1, 2)))

    async def _until(self, id, attempt, names):
        """Which of these events came first of this attempt."""
        for _ in range(_PATIENCE // 10):
            end = self._ended(id, attempt, names)
            if end:
                return end
            await self._think(20)
        return ""

    def _ended(self, id, attempt, names):
        for stored in self._world.store.streams.get(f"payment-{id}", ()):
            name = dict(stored.headers)["ce_type"].rpartition(".")[2]
            if name in names and json.loads(stored.data)["attempt"] == attempt:
                return name
        return ""

    async def _think(self, longest):
        await asyncio.sleep(self._chance.uniform(0, longest))
