"""Card numbers, their codes and bank accounts go every way into Ringup; then every byte that was written, logged or answered is searched
for them."""

import base64
import re
from types import SimpleNamespace

import httpx
import pytest

from services.elsewhere import reached
from services.gateway.accounts import PASSWORD
from services.payments.simulator.magic import DECLINES, LOST_AFTER, LOST_BEFORE, MALFORMED, SLOW
from shared.clients import Caller, call
from shared.settings import Settings
from tests.chaos import echo
from tests.chaos.processes import Simulator
from tests.chaos.served import Served
from tests.gateway.shopper import WHOLE, Shopper
from tests.house.shop import until

AMEX, FOUR = "378282246310005", "7391"
GOOD, THREE = "4012888888881881", "853"
MISTYPED = "4012888888881887"
UNUSED = "5555555555554444"
ECHOED = (echo.IN_A_REASON, echo.IN_AN_ERROR, echo.IN_A_PAGE)
CARDS = {
    AMEX: FOUR,
    GOOD: THREE,
    LOST_AFTER: THREE,
    LOST_BEFORE: THREE,
    MALFORMED: THREE,
    SLOW: THREE,
    **dict.fromkeys(DECLINES, THREE),
    **dict.fromkeys(ECHOED, THREE),
}
ACCOUNT, ANOTHER, ROUTING = "480155732960417", "77302915508", "121000358"
NUMBERS = [*CARDS, MISTYPED, UNUSED, ACCOUNT, ANOTHER, ROUTING, echo.ACCOUNT]
ODD_CODE = "8\u00a7~3"
ORDER = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160"},
    "billing": {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    "lines": [{"product": "101", "quantity": 1}],
    "method": "card",
}


def spellings(number):
    """As it may be written, encoded or stored; base64 at each of its three alignments, without the characters that depend on neighbours."""
    raw = number.encode()
    yield from (raw, " ".join(re.findall("..?.?.?", number)).encode(), raw.hex().encode(), raw.hex().upper().encode(), number.encode("utf-16-le"))
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        yield encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def codes():
    """Digits of a code alone, as JSON, a form, a repr or a log line would show them."""
    alone = "|".join((FOUR, THREE))
    yield re.compile(rf"""cvv['"]?\s*[:=]\s*['"]?(?:{alone})|['"=>\s](?:{alone})['"<&]""".encode())
    yield re.compile(re.escape(ODD_CODE.encode()) + b"|" + re.escape(ODD_CODE.encode("unicode_escape")))


def leaks(written):
    for name, data in written.items():
        for number in NUMBERS:
            yield from ((name, number) for spelling in spellings(number) if spelling in data)
        yield from ((name, found[0]) for code in codes() if (found := code.search(data)))


def files(*folders):
    return {str(path.relative_to(folder)): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
async def simulator(tmp_path):
    simulator = await Simulator(tmp_path / "simulator", "tests.chaos.echo").start()
    yield simulator
    await simulator.kill()


@pytest.fixture
async def ringup(tmp_path, simulator):
    served = await Served(tmp_path, simulator_url=simulator.url).start()
    yield served
    await served.stop()


class Answers:
    """Whatever it is asked; what it says is kept for the search."""

    def __init__(self, agent):
        self.agent, self.bodies, self.keys = agent, {}, 0

    def heard(self, http):
        """Another browser, whose answers are searched too."""

        async def keep(answer):
            await answer.aread()
            self.keys += 1
            self.bodies[f"{answer.request.method} {answer.request.url.path} {self.keys}"] = answer.content + repr(answer.headers.raw).encode()

        http.event_hooks["response"].append(keep)
        return http

    async def ask(self, method, path, **sent):
        self.keys += 1
        headers = {"idempotency-key": f"canary-{self.keys}", **sent.pop("headers", {})}
        answer = await self.agent.request(method, path, headers=headers, **sent)
        self.bodies[f"{method} {path} {self.keys}"] = answer.content + repr(answer.headers.raw).encode()
        assert answer.status_code < 500, answer.text
        return answer

    async def refused(self, method, path, **sent):
        answer = await self.ask(method, path, **sent)
        assert 400 <= answer.status_code < 500, answer.text


async def wrong_requests(asked):
    card = {"number": GOOD, "expiry": "12/49", "cvv": THREE}
    for wrong in (
        {"number": MISTYPED}, {"number": int(GOOD)}, {"number": GOOD * 3}, {"number": [GOOD]}, {"expiry": "13/49"}, {"expiry": "12/20"},
        {"cvv": FOUR}, {"cvv": ODD_CODE}, {"cvv": f"{ODD_CODE}{ODD_CODE}"}, {"cvv": int(THREE)}, {"pan": GOOD},
    ):  # fmt: skip
        await asked.refused("POST", "/api/v1/orders", json={**ORDER, "card": {**card, **wrong}})
        await asked.refused("POST", "/api/v1/tokens", json={"order_id": "7K2M9QX4TB", **card, **wrong})
    for field in ("campaign", "notes", "method", "colour"):
        await asked.refused("POST", "/api/v1/orders", json={**ORDER, "card": card, field: GOOD})
    await asked.refused("POST", "/api/v1/orders", json={**ORDER, "card": card, "customer": {**ORDER["customer"], "last_name": f"Z {AMEX}"}})
    for body in (f'{{"number": "{GOOD}", "cvv": "{THREE}"', f"number={GOOD}&cvv={THREE}", f'"{GOOD}"', f'{{"cvv": "{THREE}"}}' + " " * 2_000_000):
        for path in ("/api/v1/orders", "/api/v1/tokens", "/order-entry"):
            await asked.refused("POST", path, content=body, headers={"content-type": "application/json"})
    await asked.refused("POST", "/sign-in", data={"user": "nobody", "password": GOOD})


async def wrong_accounts(asked):
    account = {"routing": ROUTING, "account": ACCOUNT, "kind": "savings", "holder": "Customer Z"}
    for wrong in (
        {"routing": "121000357"}, {"routing": int(ROUTING)}, {"routing": [ROUTING]}, {"account": ACCOUNT * 3}, {"account": int(ACCOUNT)},
        {"account": f"{ACCOUNT}x"}, {"kind": ACCOUNT}, {"holder": f"\x00{ACCOUNT}"}, {"iban": ACCOUNT}, {"order_id": ACCOUNT},
    ):  # fmt: skip
        await asked.refused("POST", "/api/v1/tokens/account", json={"order_id": "7K2M9QX4TB", **account, **wrong})
        await asked.refused("POST", "/api/v1/orders", json={**ORDER, "method": "echeck", "oral_authorisation": True, "account": {**account, **wrong}})
    for body in (f'{{"account": "{ACCOUNT}", "routing": "{ROUTING}"', f"account={ACCOUNT}&routing={ROUTING}", f'"{ACCOUNT}"'):
        for path in ("/api/v1/tokens/account", "/api/v1/orders"):
            await asked.refused("POST", path, content=body, headers={"content-type": "application/json"})


async def by_account(asked, number=ACCOUNT):
    """An order by eCheck; its number."""
    account = {"routing": ROUTING, "account": number, "kind": "checking", "holder": "Customer Z"}
    order = {**ORDER, "method": "echeck", "oral_authorisation": True, "account": account}
    answer = await asked.ask("POST", "/api/v1/orders", json=order)
    assert answer.status_code == 202, answer.text
    return answer.json()["order_id"]


async def started(asked, **known):
    """An order that is being rung up."""
    order = (await asked.ask("POST", "/order-entry", json={"campaign": "1"})).json()
    changes = {**{name: ORDER[name] for name in ("customer", "billing", "lines")}, **known}
    path, version = f"/order-entry/{order['order_id']}/changes", {"if-match": f'"{order["version"]}"'}
    return (await asked.ask("POST", path, json=changes, headers=version)).json()


async def known(asked, order_id):
    """An order of the customer of another one, who that is, and what is stored of them."""

    async def customer():
        answer = await asked.ask("GET", f"/api/v1/orders/{order_id}")
        return answer.json().get("customer_id") if answer.status_code == 200 else ""

    customer_id = await until(customer, 60)

    async def recognised():
        order = await started(asked, customer_id=customer_id)
        return order if "order_id" in order else None

    order = await until(recognised, 60)

    async def kept():
        return (await asked.ask("GET", f"/order-entry/{order['order_id']}/instruments")).json()["rows"]

    (row,) = await until(kept, 60)
    return order, customer_id, row


async def stored(asked, placed_by, last4, method):
    """What an order was paid with is charged by reference, and removed."""
    order, customer_id, row = await known(asked, placed_by)
    assert row["last4"] == last4
    path, version = f"/order-entry/{order['order_id']}", {"if-match": f'"{order["version"]}"'}
    body = {"method": method, "payment": row["id"], "oral_authorisation": method == "echeck"}
    await asked.ask("POST", f"{path}/submit", json=body, headers=version)

    async def accepted():
        return (await asked.ask("GET", f"{path}/status")).json()["outcome"] == "accepted"

    await until(accepted, 60)
    await asked.ask("GET", f"/customers/{customer_id}", headers={"accept": "text/html"})
    if method == "card":
        removed = await asked.ask("POST", f"/customers/{customer_id}/instruments/{row['id']}/remove", data={"key": "canary-remove"})
        assert removed.status_code == 200, removed.text


async def pre_authorised(asked):
    """A good card and a bad one; then numbers where a reference belongs."""
    order_id = (await started(asked))["order_id"]
    for number, outcome in ((GOOD, "approved"), (next(iter(DECLINES)), "declined"), (LOST_AFTER, "approved")):
        card = {"order_id": order_id, "number": number, "expiry": "12/49", "cvv": THREE}
        token = (await asked.ask("POST", "/api/v1/tokens", json=card)).json()["token"]
        answer = await asked.ask("POST", f"/order-entry/{order_id}/pre-auth", json={"payment": token})
        assert answer.json()["outcome"] == outcome, answer.text
    for number in (GOOD, ACCOUNT):
        await asked.refused("POST", f"/order-entry/{order_id}/pre-auth", json={"payment": number})
        for method in ("card", "echeck"):
            body = {"method": method, "payment": number, "oral_authorisation": True}
            await asked.refused("POST", f"/order-entry/{order_id}/submit", json=body, headers={"if-match": '"2"'})


async def as_a_customer(ringup, asked):
    """A declined card and a good one, wrong requests, and one card until a limit holds it back."""
    async with httpx.AsyncClient(base_url=ringup.agent.base_url, timeout=60) as http:
        page = Shopper(SimpleNamespace(http=asked.heard(http)), SimpleNamespace(id="1"))
        await page.open()
        await page.send(**WHOLE, **{"lines.101": "1"}, act="continue")
        for number in (next(iter(DECLINES)), MISTYPED, int(GOOD), [GOOD], GOOD * 2):
            await page.token(number)
        await page.token(GOOD, cvv=ODD_CODE)
        await page.token(GOOD, pan=GOOD)
        answers = [(await page.token(GOOD, cvv=THREE)).status_code for _ in range(7)]
        assert answers[-1] == 429, answers
        await page.send("/pay", payment=GOOD, terms="shown", terms_agreed="yes")


async def after_the_call(ringup, asked, order_id):
    """Whatever somebody may write about an order, a shipment, a customer or a rule, with a card's number in it."""
    _, customer_id, _ = await known(asked, order_id)
    async with httpx.AsyncClient(base_url=ringup.agent.base_url, timeout=60) as http:
        await http.post("/sign-in", data={"user": "admin1", "password": PASSWORD})
        http.headers["x-csrf-token"] = re.search('<meta name="csrf" content="([^"]+)"', (await http.get("/order-entry")).text)[1]
        admin = Answers(http)
        said = f"Paid with {GOOD[:8]} {GOOD[8:]}"
        for path, body in (
            (f"orders/{order_id}/cancel", {"reason": said}),
            (f"orders/{order_id}/review", {"verdict": "deny", "reason": said}),
            (f"shipments/{order_id}/hold", {"reason": said}),
            (f"shipments/{order_id}/release", {"reason": said}),
            (f"shipments/{order_id}/csv/resend", {"reason": said}),
            (f"shipments/{order_id}/csv/return", {"reason": said}),
            (f"shipments/{order_id}/csv/shipped", {"carrier": said, "tracking": "1Z1"}),
            (f"customers/{customer_id}/notes", {"note": said}),
        ):
            await admin.refused("POST", f"/api/v1/{path}", json=body)
        asked.bodies.update({f"admin {name}": answer for name, answer in admin.bodies.items()})


async def under_another_key(ringup):
    settings = Settings(data=ringup.folder / "data", key_file=ringup.folder / "keys" / "master.key")
    async with reached(settings) as clients:
        caller = Caller("cli:canary", "ops")
        assert (await call(clients["payments"], caller, "POST", "/vault/rotate")).status == 202

        async def rotated():
            return not (await call(clients["payments"], caller, "GET", "/vault")).json()["under_way"]

        await until(rotated, 60)
        (row,) = (await call(clients["payments"], caller, "GET", "/limits")).json()["rows"]
        refused = await call(clients["payments"], caller, "POST", f"/limits/{row['id']}/release", {"reason": f"card {GOOD} is fine"})
        assert refused.status == 422
        assert (await call(clients["payments"], caller, "POST", f"/limits/{row['id']}/release", {"reason": "It is fine"})).status == 200


async def placed(asked):
    """An order by each card, and the status in which it ends."""
    ends = {number: ("Declined" if number in (*DECLINES, echo.IN_A_REASON) else "Complete") for number in CARDS}
    orders = {}
    for number, end in ends.items():
        answer = await asked.ask("POST", "/api/v1/orders", json={**ORDER, "card": {"number": number, "expiry": "12/49", "cvv": CARDS[number]}})
        assert answer.status_code == 202, answer.text
        orders[answer.json()["order_id"]] = end
    return orders


def offered(name, number):
    """The demonstration's own pages name the simulator's cards to try."""
    return name.startswith(("GET /order-entry", "GET /checkout/1 ", "POST /checkout/1/pay ")) and number in (LOST_AFTER, *DECLINES)


@pytest.mark.slow
async def test_no_card_number_or_code_is_written_logged_or_answered_anywhere(ringup, simulator, tmp_path):
    asked = Answers(ringup.agent)
    orders = await placed(asked)
    token = await asked.ask("POST", "/api/v1/tokens", json={"order_id": "7K2M9QX4TB", "number": UNUSED, "expiry": "12/49", "cvv": THREE})
    assert token.status_code == 201
    account = {"order_id": "7K2M9QX4TB", "routing": ROUTING, "account": ANOTHER, "holder": "Customer Z"}
    assert (await asked.ask("POST", "/api/v1/tokens/account", json=account)).status_code == 201
    orders[paid := await by_account(asked)] = "Complete"
    await wrong_requests(asked)
    await wrong_accounts(asked)
    orders[await by_account(asked, echo.ACCOUNT)] = "Declined"
    await pre_authorised(asked)
    await as_a_customer(ringup, asked)
    await under_another_key(ringup)

    async def ended():
        states = [(await asked.ask("GET", f"/order-entry/{order_id}/status")).text for order_id in orders]
        captured = [entry for entry in simulator.ledger() if entry["kind"] == "capture" and entry["reference"].partition("-")[0] in orders]
        return len(captured) == list(orders.values()).count("Complete") and states

    await until(ended, 60)
    for order_id in orders:
        await asked.ask("GET", f"/order-entry/{order_id}", headers={"accept": "text/html"})
    await after_the_call(ringup, asked, next(iter(orders)))
    await stored(asked, next(iter(orders)), AMEX[-4:], "card")
    await stored(asked, paid, ACCOUNT[-4:], "echeck")
    running = files(ringup.folder / "data", simulator.folder)
    await ringup.stop()
    written = {**running, **{f"{name} after the end": data for name, data in files(ringup.folder / "data", simulator.folder).items()}}
    assert {"events.db", "tokens.db", "vault.db", "simulator.jsonl"} <= written.keys()
    said = ringup.said.read_bytes()
    assert b"DEBUG" in said
    found = [leak for leak in leaks({**written, "said": said, **asked.bodies}) if not offered(*leak)]
    assert not found, "\n".join(map(str, found))


def test_the_search_finds_what_it_looks_for():
    number = GOOD.encode()
    hidden = [number, b"x" + base64.b64encode(b'{"number":"' + number + b'"}'), base64.b64encode(b"ab" + number), number.hex().encode()]
    assert all(list(leaks({"x": data})) for data in hidden)
    shown = [f'"cvv": "{THREE}"', f"cvv={FOUR}&", f"Card(cvv='{THREE}')", f"code {FOUR}<", ODD_CODE, f"cvv={ODD_CODE!a}"]
    assert all(list(leaks({"x": text.encode()})) for text in shown)
    assert not list(leaks({"x": b'"amount": 8530, "id": "17391"'}))
