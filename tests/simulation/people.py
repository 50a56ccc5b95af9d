"""Agents and supervisors, and with them reviewers and shippers: what they ask for, how often they try, and what they were told."""

import asyncio
from dataclasses import dataclass, field

from services.payments.simulator.magic import DECLINES, LOST_AFTER, LOST_BEFORE, MALFORMED, SLOW, UNREACHABLE
from shared.clients import Caller, call
from shared.contracts.catalog import Campaign, Coupon, Offer, Settings, ShippingProfile
from shared.kernel.ports import Stored
from tests.simulation.reviewers import WINDOWS, Reviewers
from tests.simulation.rulers import EXPRESS, Rulers
from tests.simulation.shippers import Shippers
from tests.simulation.world import Unanswered

GOOD = "4242424242424242"
CARDS = (*[GOOD] * 6, *[*DECLINES][:5], LOST_BEFORE, LOST_AFTER, MALFORMED, SLOW, UNREACHABLE)
AGENTS = tuple(Caller(f"agent:agent{n}", "agent") for n in (1, 2, 3))
SUPERVISOR = Caller("agent:supervisor1", "supervisor")
ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
ELSEWHERE = {**ADDRESS, "street": "200 Example Street", "region": "OK", "postal": "73102"}
CUSTOMER = {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0142"}
POISON = (
    ("cart", "order", "ringup.cart.OrderSubmitted"),
    ("payments", "payment", "ringup.payments.PaymentAuthorized"),
    ("qa", "review", "ringup.qa.ReviewPassed"),
    ("qa", "review", "ringup.qa.Nothing"),
)
"""Topic, kind of stream and type."""
CAMPAIGNS = {"phone": ("1", "2"), "lander": ("3", "4")}
"""With the numbers of their offers, which no two campaigns share."""
PHONE, LANDER = CAMPAIGNS
PLUGINS = {"1": "", "2": "boxes", "3": "post", "4": "boxes"}
"""What ships each offer; empty: what the settings say."""
LAST, USES = "LAST", 2
"""A coupon that so many orders of a campaign can use."""


@dataclass(frozen=True)
class Told:
    """What somebody asked for, and was told: ``status`` 0 where nobody answered, so that it may have been done."""

    what: str
    order: str
    key: str
    status: int
    version: int | None = None
    """The one that they had seen."""
    body: dict = field(default_factory=dict)

    @property
    def code(self):
        return [self.body["code"]] if "code" in self.body else []

    @property
    def ok(self):
        return 200 <= self.status < 300


class People:
    def __init__(self, world, chance):
        self._world, self._chance = world, chance
        self.told = []
        self.orders = []
        self.poisoned = set()
        self._to_forget = set()
        self._plugins = dict.fromkeys(PLUGINS, "")
        """Until they are configured."""
        self._keys = 0
        self._reviewers, self._shippers = Reviewers(self, chance), Shippers(self, chance)
        self.rulers = Rulers(self, chance)

    # Asking

    def key(self):
        self._keys += 1
        return f"key-{self._keys}"

    async def ask(self, what, service, caller, method, path, json=None, *, order="", key="", version=None, tries=4):
        """Again with the same key while nobody answers, or only to say that they cannot."""
        key = key or self.key()
        told = await self._once(what, service, caller, method, path, json, order, key, version)
        while tries > 1 and (told.status in (0, 503) or (told.status == 409 and told.body.get("code") == "busy")):
            await self.think(3)
            told, tries = await self._once(what, service, caller, method, path, json, order, key, version), tries - 1
        return told

    async def _once(self, what, service, caller, method, path, json, order, key, version):
        try:
            answer = await call(self._world.clients[service], caller, method, path, json, key=key, version=version)
            told = Told(what, order, key, answer.status, version, answer.json() if answer.body else {})
        except Unanswered:
            told = Told(what, order, key, 0, version)
        except Exception as error:
            told = Told(what, order, key, 500, version, {"detail": repr(error)})
        self.told.append(told)
        self._world.trace.note(" ".join(("told", what, str(told.status), *told.code)), order, key)
        return told

    async def think(self, longest):
        await asyncio.sleep(self._chance.uniform(0, longest))

    # Working

    async def work(self, orders):
        """Everybody at once, until each agent's calls are over."""
        await self._publish(PHONE)
        await self.rulers.open()
        others = [asyncio.create_task(work()) for work in (self._supervise, self._reviewers.work, self._reviewers.work)]
        await asyncio.gather(*(self._call(self._chance.choice(AGENTS)) for _ in range(orders)))
        await self.think(60)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _call(self, agent):
        await self.think(60)
        order = await self._rung_up(agent)
        if order is None:
            return
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            await self._submit(agent, order)
            if self._chance.random() < 0.15:
                await self.think(20)
                await self._cancel(order)
            await self.think(30)
            if self._chance.random() < 0.4:
                await self._refund(order)
        await self._shippers.follow(order)

    async def _rung_up(self, agent):
        """One that exists as far as the agent knows."""
        body = {"campaign": self._chance.choice((PHONE, LANDER)), "call_center": "North"}
        if self._chance.random() < 0.3:
            return await self._placed(agent, body)
        started = await self.ask("start", "cart", agent, "POST", "/orders", body)
        if not started.ok:
            return None
        order, version = started.body["order_id"], started.body["version"]
        self.orders.append(order)
        changes = {"customer": CUSTOMER, "billing": ADDRESS, "lines": self._lines(body["campaign"]), "coupons": self._coupons()}
        changes |= self._unusual(body["campaign"])
        edits = [self.ask("change", "cart", agent, "POST", f"/orders/{order}/changes", changes, order=order, version=version)]
        if self._chance.random() < 0.3:
            notes = {"notes": "Calls back on Friday.", "lines": self._lines(body["campaign"])}
            edits.append(self.ask("change", "cart", SUPERVISOR, "POST", f"/orders/{order}/changes", notes, order=order, version=version))
        await asyncio.gather(*edits)
        return order

    def _unusual(self, campaign):
        """What hold rules ask for."""
        lines = [{"product": CAMPAIGNS[campaign][0], "quantity": 1, "price": self._chance.choice((2995, 3495)), "reason": "Heard it on the radio."}]
        elsewhere = {"shipping_same": False, "shipping": ELSEWHERE}
        express = {"profile": EXPRESS[campaign]}
        return self._chance.choice(({}, {}, elsewhere, express, express, {"lines": lines}))

    def _lines(self, campaign):
        pillow, sample = CAMPAIGNS[campaign]
        chosen = self._chance.choice(((pillow,), (sample,), (pillow, sample)))
        return [{"product": product, "quantity": self._chance.randint(1, 3)} for product in chosen]

    def _coupons(self):
        return self._chance.choice(([], [], ["last"], ["ten", "last"]))

    async def _placed(self, agent, body):
        """As a client does that has an id of its own."""
        key = self.key()
        body |= {"customer": CUSTOMER, "billing": ADDRESS, "lines": self._lines(body["campaign"]), "method": "external", "external_id": key}
        body["coupons"] = self._coupons()
        placed = await self.ask("place", "cart", agent, "POST", "/orders/place", body, key=key)
        if placed.ok:
            self.orders.append(placed.body["order_id"])
        return placed.body["order_id"] if placed.ok else None

    async def _submit(self, agent, order):
        body = {"method": "external"}
        if self._chance.random() < 0.8:
            card = {"order_id": order, "number": self._chance.choice(CARDS), "expiry": "12/49", "cvv": "123"}
            token = await self.ask("token", "payments", agent, "POST", "/tokens", card, order=order)
            body = {"method": "card", "payment": token.body.get("token", "tok_none")}
        key, path = self.key(), f"/orders/{order}/submit"
        times = self._chance.choice((1, 1, 1, 2))
        again = self._chance.choice((key, ""))
        sent = [self.ask("submit", "cart", agent, "POST", path, body, order=order, key=key if n == 0 else again) for n in range(times)]
        await asyncio.gather(*sent)

    async def _cancel(self, order):
        body = {"reason": "The customer changed their mind."}
        await self.ask("cancel", "fulfillment", SUPERVISOR, "POST", f"/shipments/{order}/cancel", body, order=order)

    async def _supervise(self):
        await self._publish(LANDER)
        await self._shippers.open()
        self._plugins = PLUGINS
        await self._publish(PHONE)
        while True:
            await self._configure()
            await self.think(25)
            match self._chance.choice(("publish", "retire", "erase", "erase", "merge", "poison", "poison", "refund", "switch", "rules", "merge")):
                case "publish":
                    await self._publish(self._chance.choice((PHONE, LANDER)))
                case "retire":
                    await self.ask("retire", "catalog", SUPERVISOR, "POST", f"/campaigns/{LANDER}/retire")
                case "erase" if self.orders:
                    await self._erase(self._chance.choice(self.orders))
                case "merge" if self.orders:
                    await self._shippers.merge(*self._chance.choices(self.orders, k=2))
                case "switch":
                    await self._shippers.switch()
                case "rules":
                    await self.rulers.change()
                case "poison" if self.orders:
                    self._poison(self._chance.choice(self.orders))
                case "refund" if self.orders:
                    await self._refund(self._chance.choice(self.orders))

    async def _refund(self, order):
        """Often more than is left, or twice at once."""
        body = {"amount": self._chance.randint(1, 6000), "reason": "Too many came."}
        path = f"/orders/{order}/refunds"
        times = self._chance.choice((1, 2))
        await asyncio.gather(*(self.ask("refund", "payments", SUPERVISOR, "POST", path, body, order=order) for _ in range(times)))

    def _poison(self, order):
        """Somebody puts what nobody can read on a topic, among the events of one order."""
        topic, stream, type = self._chance.choice(POISON)
        stream = f"{stream}-{order}"
        headers = (("ce_type", type), ("ce_subject", stream), ("streamversion", "1"))
        self._world.trace.note("poison", stream)
        self._world.cluster.send(topic, self._world.cluster.partition(stream), [Stored(stream, 0, headers, b"{")])
        self.poisoned.add(order)

    async def _configure(self):
        settings = Settings(
            prepaid_skip_qa=self._chance.random() < 0.5,
            undo_seconds=self._chance.choice(WINDOWS),
            price_adjustment=True,
            own_review_allowed=self._chance.random() < 0.5,
            tax_rates={"US-TX": self._chance.choice(("8.25", "6"))},
        )
        await self.ask("settings", "catalog", SUPERVISOR, "PUT", "/settings", settings.model_dump(mode="json"))

    async def _publish(self, id):
        pillow, sample = CAMPAIGNS[id]
        offers = (
            Offer(
                id=pillow,
                name="Cloud pillow",
                sku="RN-PIL-01",
                price=self._chance.choice((4995, 3995)),
                shipping_price=695,
                plugin=self._plugins[pillow],
            ),
            Offer(id=sample, name="Sample", sku="RN-SMP-01", price=0, plugin=self._plugins[sample]),
        )
        coupons = (Coupon(id=f"{pillow}1", code="TEN", percent="10"), Coupon(id=f"{pillow}2", code=LAST, kind="flat", amount=500, max_uses=USES))
        campaign = Campaign(
            id=id,
            name=f"Restful Nights ({id})",
            offers=offers,
            qa_share=self._chance.choice((0, 0, 50, 100)),
            coupons=coupons,
            max_coupons=2,
            profiles=(ShippingProfile(id=EXPRESS[id], name="Express"),),
        )
        for _ in range(10):
            told = await self.ask("publish", "catalog", SUPERVISOR, "PUT", f"/campaigns/{id}", campaign.model_dump(mode="json"))
            if not any(code in str(told.body) for code in ("unknown-gateway", "unknown-plugin")):
                return
            await self.think(5)  # catalog has not heard of it yet

    async def _erase(self, order):
        row = await self.ask("look", "customers", SUPERVISOR, "GET", f"/orders/{order}", order=order, tries=1)
        if row.body.get("customer_id"):
            await self._forget(row.body["customer_id"])

    async def _forget(self, customer):
        """Whoever got no answer has to ask again: keys may be dropped that no event tells of yet."""
        self._to_forget.add(customer)
        told = await self.ask("erase", "customers", SUPERVISOR, "POST", f"/customers/{customer}/erase", tries=2)
        if told.status not in (0, 503):
            self._to_forget.discard(customer)

    async def calm(self):
        await self._shippers.calm()

    async def finish(self):
        await self._shippers.finish()
        for customer in sorted(self._to_forget):
            await self._forget(customer)
