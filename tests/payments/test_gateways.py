"""Gateways as they are configured: what may be chosen, what is charged on them, and where their credentials are not."""

import pytest

from services.cart.views import gateways, newest
from services.payments.gateway import Configure, Introduce, gateway, no_new_charge
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.payment import Open
from services.payments.simulator.app import simulator
from shared.asgi import AsgiClient, HttpClient
from shared.contracts.payments import GatewayConfigured
from tests.given import given
from tests.house.shop import CAMPAIGN, GOOD, Shop, until
from tests.payments.kinds import KINDS
from tests.payments.test_simulator import ASKED, authorise
from tests.samples import ORDER, parts, submitted

SECRET = "canary-secret-7f3a91"
CONFIGURED = GatewayConfigured(name="simulator", kind="simulator", capabilities=("authorise", "capture", "void", "refund"), on=True)
SPOKEN = {"simulator"}
FORM = {"kind": "hosted-form", "title": "Front door", "capabilities": ["refund"]}


def test_a_gateway_has_what_its_kind_has_always_and_what_is_chosen():
    (found,) = given(gateway).when(Configure("front", "hosted-form", ("refund", "ach"), KINDS, title="Front")).then_types(GatewayConfigured)
    assert found.capabilities == ("refund", "ach", "requires-form")


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (Configure("x", "bank", (), KINDS), "kind"),
        (Configure("x", "hosted-form", ("requires-magic",), KINDS), "capabilities"),
        (Configure("x", "simulator", ("fly",), KINDS), "capabilities"),
    ],
)
def test_what_no_gateway_can_be_is_refused_at_its_field(command, field):
    assert given(gateway).when(command).then_refused("gateway-invalid").field == field


def test_a_gateway_stays_of_its_kind():
    given(gateway, CONFIGURED).when(Configure("simulator", "hosted-form", (), KINDS)).then_refused("gateway-invalid")


def test_what_an_administrator_chose_survives_the_next_start():
    off = CONFIGURED.model_copy(update={"on": False})
    given(gateway).when(Introduce("simulator", "simulator", KINDS)).then(CONFIGURED)
    given(gateway, CONFIGURED, off).when(Introduce("simulator", "simulator", KINDS)).then_nothing()


def test_credentials_stay_until_others_come_or_they_are_taken_away():
    known = CONFIGURED.model_copy(update={"credentials": "simulator/1"})
    (renamed,) = given(gateway, known).when(Configure("simulator", "simulator", (), KINDS, title="Till")).then_types(GatewayConfigured)
    assert renamed.credentials == "simulator/1"
    (without,) = given(gateway, known).when(Configure("simulator", "simulator", (), KINDS, credentials="")).then_types(GatewayConfigured)
    assert without.credentials == ""


def test_nothing_new_is_charged_where_it_cannot_be_by_phone():
    assert no_new_charge(CONFIGURED, SPOKEN) == ""
    assert no_new_charge(CONFIGURED.model_copy(update={"on": False}), SPOKEN) == "gateway-off"
    assert no_new_charge(None, SPOKEN) == "gateway-missing"
    for capability in ("requires-3ds", "requires-form"):
        assert no_new_charge(CONFIGURED.model_copy(update={"capabilities": ("authorise", capability)}), SPOKEN) == "gateway-missing"
    assert no_new_charge(CONFIGURED, SPOKEN, "echeck") == "no-ach"
    assert no_new_charge(CONFIGURED.model_copy(update={"capabilities": ("authorise", "ach")}), SPOKEN, "echeck") == ""
    assert no_new_charge(CONFIGURED.model_copy(update={"kind": "hosted-form"}), SPOKEN) == "gateway-missing"
    assert no_new_charge(CONFIGURED.model_copy(update={"kind": "of a later version"}), SPOKEN) == "gateway-missing"


@pytest.mark.parametrize(
    ("asks", "given", "answer"),
    [
        ("", "", ""),
        ("", "what it does not ask for", ""),
        ("ключ", "ключ", ""),
        ("right", "wrong", "does not accept"),
        ("right", "", "wants credentials"),
    ],
)
async def test_the_simulator_says_whether_it_answers(tmp_path, asks, given, answer):
    trouble = await SimulatorGateway(AsgiClient(simulator(tmp_path / "ledger", asks))).trouble({"password": given} if given else {})
    assert bool(trouble) == bool(answer)
    assert answer in trouble


async def test_a_simulator_that_is_not_there_is_said_so():
    assert await SimulatorGateway(HttpClient("http://127.0.0.1:1")).trouble({}) == "It cannot be reached."


async def test_a_locked_simulator_charges_nobody_without_its_credentials(tmp_path):
    locked = SimulatorGateway(AsgiClient(simulator(tmp_path / "ledger", "right")))
    assert (await authorise(locked)).answer == "unknown"
    assert (await locked.lookup(ASKED, {"password": "right"})).answer == "never-heard"


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def rows(shop):
    status, body = await shop.ask("payments", "GET", "/gateways")
    assert status == 200
    return {row["name"]: row for row in body["rows"]}


async def put(shop, name, body, **headers):
    return await shop.ask("payments", "PUT", f"/gateways/{name}", body, actor="agent:admin1", **headers)


async def switched(shop, on):
    assert (await put(shop, "simulator", {"kind": "simulator", "on": on}))[0] == 200


async def test_the_simulator_is_there_from_the_start(shop):
    (row,) = (await rows(shop)).values()
    assert (row["name"], row["kind"], row["title"], row["on"], row["credentials"], row["version"]) == (
        "simulator",
        "simulator",
        "Simulator",
        True,
        "none",
        1,
    )
    status, tested = await shop.ask("payments", "POST", "/gateways/simulator/test", {})
    assert (status, tested["answer"]) == (200, "ok")


async def test_a_gateway_that_is_off_declines_what_is_new_and_finishes_what_it_has(shop):
    reviewed = CAMPAIGN.model_copy(update={"qa_share": 100})
    assert (await shop.ask("catalog", "PUT", "/campaigns/restful", reviewed.model_dump(mode="json")))[0] == 200

    async def reviewing():
        return (await shop.house.running["cart"].get(newest, "restful"))["number"] == 2

    await until(reviewing)
    held = (await shop.started())["order_id"]
    await shop.charge(held, GOOD)

    async def waits():
        _, body = await shop.ask("qa", "GET", "/reviews")
        return body["rows"]

    await until(waits)
    await switched(shop, False)
    declined = await declined_by_payments(shop)
    assert (declined["status"], declined["reason"]) == ("declined", "gateway-off")
    await shop.ask("qa", "POST", f"/reviews/{held}/decide", {"verdict": "approve"}, actor="agent:qa1")
    await shop.exported(held)
    assert [(entry["kind"], entry["status"]) for entry in shop.ledger()] == [("authorize", "approved"), ("capture", "approved")]


async def declined_by_payments(shop):
    """What was submitted before cart heard of the switch."""
    card = {"order_id": ORDER, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    _, token = await shop.ask("payments", "POST", "/tokens", card)
    late = submitted().model_copy(update={"submitted_at": shop.clock()})
    await shop.house.running["payments"].send(
        ORDER, Open(token["token"], parts(5690), late, shop.clock()), "late-submission", "policy:payments.open_attempt"
    )

    async def decided():
        status, body = await shop.ask("payments", "GET", f"/orders/{ORDER}")
        return status == 200 and body["attempts"][0]["status"] == "declined" and body["attempts"][0]

    return await until(decided)


async def test_an_order_is_not_submitted_to_a_gateway_that_cart_knows_to_be_off(shop):
    await switched(shop, False)
    late = (await shop.started())["order_id"]

    async def known():
        return (await shop.house.running["cart"].get(gateways, "simulator"))["on"] is False

    await until(known)
    status, body = await shop.charge(late, GOOD)
    assert (status, body["errors"][0]["code"]) == (422, "gateway-unusable")


async def test_an_off_switch_survives_a_restart(shop, settings):
    await switched(shop, False)
    await shop.close()
    await shop.open()
    assert not (await rows(shop))["simulator"]["on"]
    await switched(shop, True)
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)


async def test_two_administrators_do_not_overwrite_each_other(shop):
    assert (await put(shop, "front", FORM, if_match='"0"'))[0] == 200
    assert (await put(shop, "front", {**FORM, "title": "Back door"}, if_match='"1"'))[0] == 200
    status, body = await put(shop, "front", {**FORM, "title": "Side door"}, if_match='"1"')
    assert (status, body["code"]) == (409, "stale")
    assert (await rows(shop))["front"]["title"] == "Back door"


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("front", {"kind": "bank"}, "kind"),
        ("front", {"kind": "simulator", "capabilities": ["fly"]}, "capabilities"),
        ("front", {**FORM, "title": "x" * 300}, "title"),
        ("front", {**FORM, "credentials": {"password": SECRET + "\x00"}}, "credentials.password"),
        ("front", {**FORM, "credentials": {"password": SECRET * 300}}, "credentials.password"),
        ("Front%20door", FORM, "name"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_repeats_no_secret(shop, name, body, field):
    status, problem = await put(shop, name, body)
    assert (status, problem["field"]) == (422, field)
    assert SECRET not in str(problem)


async def test_nobody_tests_a_gateway_that_is_not_there_or_that_nothing_speaks_with(shop):
    assert (await shop.ask("payments", "POST", "/gateways/nowhere/test", {}))[0] == 404
    await put(shop, "front", FORM)
    _, tested = await shop.ask("payments", "POST", "/gateways/front/test", {})
    assert tested == {"answer": "failed", "detail": "Ringup cannot speak with gateways of this kind, so it cannot ask."}
    assert not (await rows(shop))["front"]["by_phone"]


def written(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_credentials_are_in_no_answer_event_or_file_and_gone_when_replaced(shop, settings, capfd):
    credentials = shop.house.running["payments"].state["credentials"]
    answers = [await put(shop, "front", {**FORM, "credentials": {"password": SECRET}}, idempotency_key="first-time")]
    answers += [
        await put(shop, "front", {**FORM, "credentials": {"password": SECRET}}, idempotency_key="first-time"),
        await shop.ask("payments", "GET", "/gateways"),
    ]
    (first,) = await shop.engine.blobs.ids("credentials")
    assert await credentials.find(first) == {"password": SECRET}
    answers += [await shop.ask("ops", "GET", "/streams/gateway-front"), await shop.ask("payments", "POST", "/gateways/front/test", {})]
    assert (await rows(shop))["front"]["credentials"] == "set"
    assert first in str(answers)
    await put(shop, "front", {**FORM, "credentials": {"password": f"{SECRET}-2"}})
    (second,) = await shop.engine.blobs.ids("credentials")
    assert (await credentials.find(first), await credentials.find(second)) == ({}, {"password": f"{SECRET}-2"})
    await put(shop, "front", FORM)
    assert await credentials.find(second) == {"password": f"{SECRET}-2"}
    status, _ = await put(shop, "front", {**FORM, "credentials": {"password": f"{SECRET}-3"}, "kind": "simulator", "capabilities": []})
    assert (status, await shop.engine.blobs.ids("credentials")) == (422, [second])
    await put(shop, "front", {**FORM, "credentials": {}})
    assert await shop.engine.blobs.ids("credentials") == []
    assert (await rows(shop))["front"]["credentials"] == "none"
    assert SECRET not in str(answers) + "".join(capfd.readouterr())
    assert SECRET.encode() not in written(settings.data)


async def test_a_key_that_comes_again_with_other_credentials_changes_none(shop):
    credentials = shop.house.running["payments"].state["credentials"]
    await put(shop, "front", {**FORM, "credentials": {"password": SECRET}}, idempotency_key="first-time")
    status, refused = await put(shop, "front", {**FORM, "credentials": {"password": f"{SECRET}-2"}}, idempotency_key="first-time")
    (reference,) = await shop.engine.blobs.ids("credentials")
    assert (status, refused["code"], await credentials.find(reference)) == (422, "key-reused", {"password": SECRET})


async def test_credentials_open_for_nobody_with_another_key(shop):
    await put(shop, "front", {**FORM, "credentials": {"password": SECRET}})
    (reference,) = await shop.engine.blobs.ids("credentials")
    sealed = await shop.engine.blobs.get("credentials", reference)
    await shop.engine.blobs.put("credentials", "other/reference", sealed)
    assert await shop.house.running["payments"].state["credentials"].find("other/reference") == {}
