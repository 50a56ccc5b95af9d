"""Somebody tries out stolen cards, and everybody else works as on any day."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from services.payments.limits import DECLINED, MOST
from services.payments.means import Card
from services.payments.payment import Open, payment
from services.payments.simulator import app as simulator
from services.payments.simulator import magic
from shared.contracts.order import Part
from shared.service import utc_now
from shared.text import luhn
from tests.house.shop import CAMPAIGN, GOOD, ORDER, Shop, until
from tests.samples import submitted

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
AT_MOST = 60


class Clock:
    """Goes on, and can be put forward."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    yield shop
    await shop.close()


async def with_checkout(shop):
    """A campaign with a page for customers, known to cart."""
    await shop.furnish()
    body = CAMPAIGN.model_copy(update={"checkout": True}).model_dump(mode="json")
    status, answer = await shop.ask("catalog", "PUT", "/campaigns/restful", body)
    assert status == 200, answer

    async def known():
        return (await shop.ask("cart", "POST", "/orders", {"campaign": "restful", "source": "checkout"}, "customer"))[0] == 201

    await until(known)


def numbered(digits):
    """With its check digit."""
    return next(number for number in (f"{digits}{last}" for last in range(10)) if luhn(number))


def cards(count, bins):
    """Different ones, of so many banks."""
    firsts = [f"4{n * 7_919_919 % 10**7:07}" for n in range(1, bins + 1)]
    return [numbered(f"{firsts[n % bins]}{n:07}") for n in range(count)]


def orders():
    return ("".join(LETTERS[n // 32**place % 32] for place in range(10)) for n in itertools.count(1))


@pytest.fixture
def stolen(monkeypatch):
    """Of ten, one is good still."""

    def find(what, number, amount):
        return magic.find(what, number if number == GOOD or int(number) % 10 == 7 else next(iter(magic.DECLINES)), amount)

    monkeypatch.setattr(simulator, "find", find)


async def pre_auth(shop, order_id, number, agent="agent1", customer=""):
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123"}
    status, token = await shop.ask("payments", "POST", "/tokens", card, f"agent:{agent}")
    assert status == 201, token
    wanted = {"payment": token["token"], "gateway": "simulator", "currency": "USD", "customer_id": customer}
    return await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted, f"agent:{agent}")


async def at_checkout(shop, order_id, number, address="192.0.2.1", customer="", **headers):
    """A token for a card, as the checkout page asks for one."""
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123", "address": address, "customer_id": customer}
    return await shop.ask("payments", "POST", "/tokens", card, "customer", **headers)


async def all_at_once(asked, width=40):
    """So many at a time; the answers."""
    turns = asyncio.Semaphore(width)

    async def one(each):
        async with turns:
            return await each

    return await asyncio.gather(*map(one, asked))


def asked_about(shop):
    """How many cards the gateway was asked about."""
    return len({entry["reference"] for entry in shop.ledger() if entry["kind"] == "authorize"})


def refused(answers):
    """Every one that did not go through, and each says what to do."""
    found = [body for status, body in answers if status != 200]
    assert all((body["status"], body["code"]) == (429, "limit-tripped") and body["retry_after"] > 0 for body in found)
    return found


async def test_cards_of_one_agent(shop):
    ids = orders()
    answers = await all_at_once([pre_auth(shop, next(ids), number) for number in cards(500, 500)])
    assert asked_about(shop) == MOST["pre-auth"]["agent"] <= AT_MOST
    assert len(refused(answers)) == 500 - asked_about(shop)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_five_thousand_cards_by_several_agents(shop, stolen):
    ids, agents = orders(), itertools.cycle(f"agent{n}" for n in range(200))
    answers = await all_at_once([pre_auth(shop, next(ids), number, next(agents)) for number in cards(5_000, 5_000)])
    assert DECLINED <= asked_about(shop) <= AT_MOST
    assert len(refused(answers)) == 5_000 - asked_about(shop)


async def test_cards_of_one_bank_by_several_agents(shop):
    ids, agents = orders(), itertools.cycle(f"agent{n}" for n in range(50))
    await all_at_once([pre_auth(shop, next(ids), number, next(agents)) for number in cards(150, 1)])
    assert asked_about(shop) <= MOST["pre-auth"]["bin"] <= AT_MOST
    row = next(row for row in await tripped(shop) if row["dimension"] == "bin")
    assert row["shown"].startswith("Visa, numbers that begin 4")


async def tripped(shop):
    async def rows():
        return (await shop.ask("payments", "GET", "/limits"))[1]["rows"]

    return await until(rows)


class Checkout:
    """The page for customers; an order that no card was taken for is used again."""

    def __init__(self, shop):
        self.shop, self.free = shop, []

    async def order(self):
        if self.free:
            return self.free.pop()
        status, order = await self.shop.ask("cart", "POST", "/orders", {"campaign": "restful", "source": "checkout"}, "customer")
        assert status == 201, order
        changes = {name: value for name, value in ORDER.items() if name != "campaign"}
        status, answer = await self.shop.ask("cart", "POST", f"/orders/{order['order_id']}/changes", changes, "customer", if_match='"1"')
        assert status == 200, answer
        return order["order_id"]

    async def paid(self, number, address="192.0.2.1"):
        """Somebody's order, as far as it comes."""
        order_id = await self.order()
        status, token = await at_checkout(self.shop, order_id, number, address)
        if status != 201:
            self.free.append(order_id)
            return status, token
        body = {"method": "card", "payment": token["token"]}
        status, answer = await self.shop.ask("cart", "POST", f"/orders/{order_id}/submit", body, "customer")
        assert status == 202, answer

        async def said():
            status, row = await self.shop.ask("payments", "GET", f"/orders/{order_id}")
            return row if status == 200 and row["attempts"][0]["status"] != "open" else None

        return 200, await until(said, 60)


@pytest.fixture
async def checkout(shop):
    await with_checkout(shop)
    return Checkout(shop)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_five_thousand_cards_at_the_checkout_from_many_addresses(shop, checkout, stolen):
    addresses = itertools.cycle(f"192.0.{n // 250}.{n % 250}" for n in range(1_000))
    answers = await all_at_once([checkout.paid(number, next(addresses)) for number in cards(5_000, 5_000)])
    assert DECLINED <= asked_about(shop) <= AT_MOST
    assert len(refused(answers)) == 5_000 - asked_about(shop)


async def test_cards_at_the_checkout_from_one_address(shop, checkout):
    answers = await all_at_once([checkout.paid(number) for number in cards(300, 300)])
    assert asked_about(shop) == MOST["checkout"]["address"] <= AT_MOST
    assert len(refused(answers)) == 300 - asked_about(shop)


async def test_cards_of_one_bank_at_the_checkout_from_many_addresses(shop, checkout):
    await all_at_once([checkout.paid(number, f"192.0.2.{n}") for n, number in enumerate(cards(120, 1))])
    assert asked_about(shop) <= MOST["checkout"]["bin"] <= AT_MOST


async def test_another_card_under_the_same_key_is_another_card(shop):
    answers = [await at_checkout(shop, "7K2M9QX4TB", number, idempotency_key="one") for number in cards(60, 60)]
    assert [status for status, _ in answers].count(201) == MOST["checkout"]["address"]
    again = [await at_checkout(shop, "7K2M9QX4TC", GOOD, "192.0.2.2", idempotency_key="two") for _ in range(60)]
    assert [status for status, _ in again] == [201] * 60
    assert len({token["token"] for _, token in again}) == 1


async def test_one_card_again_and_again(shop):
    ids = orders()
    answers = [await pre_auth(shop, next(ids), GOOD, f"agent{n}") for n in range(10)]
    assert [status for status, _ in answers].count(200) == MOST["pre-auth"]["fingerprint"]
    (row,) = await tripped(shop)
    assert (row["door"], row["dimension"], row["shown"]) == ("pre-auth", "fingerprint", "Visa ending 4242")
    assert GOOD not in str(await shop.ask("payments", "GET", "/limits"))


async def test_many_cards_for_one_customer(shop):
    ids = orders()
    answers = [await pre_auth(shop, next(ids), number, f"agent{n}", "1234567890") for n, number in enumerate(cards(15, 15))]
    assert [status for status, _ in answers].count(200) == MOST["pre-auth"]["customer"]
    assert (await tripped(shop))[0]["shown"] == "1234567890"


async def test_a_stored_card_is_counted_as_often_as_it_is_asked_about(shop):
    await shop.furnish()
    vault = shop.house.running["payments"].state["vault"]
    means = Card(GOOD, "12/99", "", "")
    stored = vault.reference("1234567890", means)
    await vault.store(stored, means)
    wanted = {"payment": stored, "gateway": "simulator", "currency": "USD", "customer_id": "1234567890"}
    statuses = [
        (await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted, f"agent:agent{n}", idempotency_key="one"))[0]
        for n, order_id in enumerate(itertools.islice(orders(), 10))
    ]
    assert statuses == [200] * 6 + [429] * 4


async def test_a_restart_opens_no_door(shop, settings):
    ids = orders()
    await all_at_once([pre_auth(shop, next(ids), number) for number in cards(30, 30)])
    await shop.close()
    shop.__dict__.update((await Shop(settings, shop.clock).open()).__dict__)
    status, body = await pre_auth(shop, next(ids), GOOD)
    assert (status, body["dimension"]) == (429, "agent")
    assert asked_about(shop) == MOST["pre-auth"]["agent"]
    assert (await pre_auth(shop, next(ids), GOOD, "agent2"))[0] == 200


async def test_it_ends_by_itself_and_holds_twice_as_long_the_next_time(shop):
    ids, numbers = orders(), iter(cards(100, 100))

    async def flood():
        answers = [await pre_auth(shop, next(ids), next(numbers)) for _ in range(22)]
        return [status for status, _ in answers].count(200), answers[-1][1]["retry_after"]

    through, seconds = await flood()
    assert (through, 3_500 < seconds <= 3_600) == (20, True)
    shop.clock.ahead = timedelta(minutes=61)
    assert await tripped_now(shop) == []
    through, seconds = await flood()
    assert (through, 7_100 < seconds <= 7_200) == (20, True)


async def tripped_now(shop):
    return (await shop.ask("payments", "GET", "/limits"))[1]["rows"]


async def test_a_supervisor_releases_it_and_says_why(shop):
    ids, numbers = orders(), iter(cards(100, 100))
    answers = [await pre_auth(shop, next(ids), next(numbers)) for _ in range(21)]
    assert "a supervisor releases it" in answers[-1][1]["detail"]
    (row,) = await tripped(shop)
    assert (row["shown"], row["count"]) == ("agent1", 20)
    path = f"/limits/{row['id']}/release"
    status, body = await shop.ask("payments", "POST", path, {"reason": " "}, "agent:supervisor1")
    assert (status, body["field"]) == (422, "reason")
    status, body = await shop.ask("payments", "POST", path, {"reason": "I need it"}, "agent:agent1")
    assert (status, body["code"]) == (409, "own-limit")
    for _ in range(2):
        status, body = await shop.ask("payments", "POST", path, {"reason": "A day of many calls"}, "agent:supervisor1")
        assert status == 200, body
    assert await tripped_now(shop) == []
    assert (await pre_auth(shop, next(ids), next(numbers)))[0] == 200
    assert (await shop.ask("payments", "POST", "/limits/pre-auth-agent-nobody/release", {"reason": "x"}))[0] == 404


async def test_a_gateway_that_declines_everything_closes_the_door_with_a_word_and_a_release(shop, stolen):
    ids, numbers = orders(), iter(number for number in cards(500, 500) if not number.endswith("7"))
    for n in range(DECLINED):
        assert (await pre_auth(shop, next(ids), next(numbers), f"agent{n}"))[1]["outcome"] == "declined"
    status, body = await pre_auth(shop, next(ids), GOOD, "agent99")
    assert (status, body["dimension"]) == (429, "declines")
    assert "the gateway declines everything" in body["detail"]
    (row,) = await tripped(shop)
    await shop.ask("payments", "POST", f"/limits/{row['id']}/release", {"reason": "The gateway is well again"}, "agent:supervisor1")
    assert (await pre_auth(shop, next(ids), GOOD, "agent99"))[1]["outcome"] == "approved"


async def test_the_checkout_stays_open_while_nobody_may_pre_authorise(shop, stolen):
    ids, numbers = orders(), iter(number for number in cards(500, 500) if not number.endswith("7"))
    for n in range(DECLINED + 1):
        await pre_auth(shop, next(ids), next(numbers), f"agent{n}")
    assert (await at_checkout(shop, next(ids), GOOD))[0] == 201


async def test_what_no_card_is_declined_for_closes_nothing(shop):
    running = shop.house.running["payments"]
    for n, (order_id, number) in enumerate(zip(orders(), cards(DECLINED + 5, 60), strict=False)):
        status, token = await at_checkout(shop, order_id, number, f"192.0.2.{n}")
        assert status == 201, token
        wanted = submitted().model_copy(update={"order_id": order_id, "placed_by": "customer"})
        part = Part(number=1, gateway="taken-away", amount=wanted.amount)
        await running.send(order_id, Open(token["token"], (part,), wanted, shop.clock()), f"open {n}", "test")

        async def declined(order_id=order_id):
            return (await running.load(payment, order_id))[0].attempts[1].status == "declined"

        await until(declined)
    assert (await at_checkout(shop, next(orders()), GOOD))[0] == 201


async def test_a_customer_is_told_to_call_and_not_what_was_counted(shop):
    answers = [await at_checkout(shop, "7K2M9QX4TB", number) for number in cards(30, 30)]
    status, body = answers[-1]
    assert status == 429
    assert "call us" in body["detail"]
    assert not {"dimension", "until"} & body.keys()


async def test_an_agent_on_the_phone_for_half_a_day(shop):
    """Six calls an hour, each with a card that is declined first and another one that is good."""
    ids, numbers = orders(), iter(cards(48, 48))
    for _ in range(4):
        for _ in range(6):
            order_id = next(ids)
            assert (await pre_auth(shop, order_id, next(numbers)))[0] == 200
            assert (await pre_auth(shop, order_id, next(numbers)))[0] == 200
        shop.clock.ahead += timedelta(hours=1)
    assert await tripped_now(shop) == []


async def test_a_call_centre_behind_one_address(shop, stolen):
    """Forty agents, three cards an hour each, every third declined."""
    good, bad = (iter([n for n in cards(1_000, 400) if n.endswith("7") == fine]) for fine in (True, False))
    ids = orders()
    asked = [pre_auth(shop, next(ids), next(bad if n % 3 == 0 else good), f"agent{n % 40}") for n in range(120)]
    answers = await all_at_once(asked, 8)
    assert {status for status, _ in answers} == {200}


async def test_an_order_by_phone_is_never_held_back(shop):
    await shop.furnish()
    asked = [at_checkout(shop, "7K2M9QX4TB", number) for number in cards(60, 1)]
    assert 429 in {status for status, _ in await all_at_once(asked)}
    for _ in range(3):
        order = await shop.started()
        assert (await shop.charge(order["order_id"], GOOD))[0] == 202
