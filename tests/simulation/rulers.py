"""A supervisor who sets hold rules, of every kind: some stand from before the first order to the end, others come and go."""

from shared.clients import Caller

SUPERVISOR = Caller("agent:supervisor3", "supervisor")
EXPRESS = {"phone": "5", "lander": "6"}
"""The shipping profile of each campaign."""
RULES = (
    {"kind": "amount-over", "amount": 9_000, "currency": "USD"},
    {"kind": "new-customer-express", "profiles": sorted(EXPRESS.values())},
    {"kind": "price-override", "percent": 20},
    {"kind": "address-mismatch"},
    {"kind": "velocity", "orders": 2, "hours": 1},
)
_LOOKS = 20


class Rulers:
    def __init__(self, people, chance):
        self._people, self._chance = people, chance
        self._at_work = chance.random() < 0.7
        self.standing = []
        """Known to qa before anybody called, and never taken back."""

    async def open(self):
        if not self._at_work:
            return
        wanted = self._chance.sample(RULES, self._chance.randint(1, 2))
        await self._put(wanted)
        for _ in range(_LOOKS):
            told = await self._people.ask("look", "qa", SUPERVISOR, "GET", "/rules")
            if told.body.get("by"):
                self.standing = wanted
                return
            await self._people.think(5)

    async def change(self):
        if self._at_work:
            others = [rule for rule in RULES if rule not in self.standing]
            await self._put([*self.standing, *self._chance.sample(others, self._chance.randint(0, 2))])

    async def _put(self, rules):
        await self._people.ask("rules", "qa", SUPERVISOR, "PUT", "/rules", {"rules": rules, "target_minutes": 30})
