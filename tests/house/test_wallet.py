"""What the vault keeps of a customer, from the order that it came with to the one that it is charged for."""

import uuid
from datetime import timedelta

import pytest

from services.payments.instruments import instruments
from services.payments.payment import Open
from services.payments.service import sweep
from services.payments.simulator.magic import ACCOUNT_BOUNCES, ACCOUNT_DECLINES, ACCOUNT_LOST_AFTER
from services.payments.vault import LIFETIME
from shared.kernel.errors import Unavailable
from shared.service import utc_now
from tests.house.shop import BROKE, GOOD, Shop, until
from tests.samples import parts, submitted

ROUTING, ACCOUNT = "011000015", "000123456789"
CUSTOMER = "5550142077"


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def recognised(shop, order_id, customer_id):
    """Once cart has heard of them."""

    async def taken():
        return (await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"customer_id": customer_id}))[0] == 200

    await until(taken)


async def bought(shop, number=GOOD, customer_id="", **card):
    """An order by a card that was typed, and its customer."""
    body = await shop.started()
    order_id = body["order_id"]
    if customer_id:
        await recognised(shop, order_id, customer_id)
    typed = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123", "holder": "Customer A", **card}
    _, token = await shop.ask("payments", "POST", "/tokens", typed)
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": token["token"]}))[0] == 202
    body = await shop.stage(order_id, "closed", "open")
    return order_id, body["state"]["customer_id"]


async def again(shop, customer_id, instrument):
    """An order of a known customer, by what is stored."""
    order_id = (await shop.started())["order_id"]
    await recognised(shop, order_id, customer_id)
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": instrument}))[0] == 202
    return await shop.stage(order_id, "closed", "open")


async def stored(shop, customer_id):
    status, body = await shop.ask("payments", "GET", f"/customers/{customer_id}/instruments")
    assert status == 200, body
    return body["rows"]


async def kept(shop, customer_id, count=1):
    async def there():
        rows = await stored(shop, customer_id)
        return rows if len(rows) == count else None

    return await until(there)


async def forget(shop, customer_id, id):
    return await shop.ask("payments", "DELETE", f"/customers/{customer_id}/instruments/{id}")


async def test_the_card_of_an_authorised_order_is_kept_without_its_code(shop):
    _, customer_id = await bought(shop)
    (row,) = await kept(shop, customer_id)
    assert row == {"id": row["id"], "kind": "card", "brand": "Visa", "last4": "4242", "expiry": "12/99"}
    card = await shop.house.running["payments"].state["vault"].stored(row["id"])
    assert (card.number, card.expiry, card.cvv, card.holder) == (GOOD, "12/99", "", "Customer A")


async def test_a_declined_card_is_not_kept(shop):
    _, customer_id = await bought(shop, BROKE)
    await until(lambda: no_token(shop))
    assert await stored(shop, customer_id) == []


async def no_token(shop):
    return not await shop.engine.blobs.ids("tokens")


async def test_a_stored_card_is_charged_by_reference(shop):
    _, customer_id = await bought(shop)
    (row,) = await kept(shop, customer_id)
    body = await again(shop, customer_id, row["id"])
    assert body["state"]["stage"] == "closed"
    assert [entry["cvv"] for entry in shop.ledger() if entry["kind"] == "authorize"] == ["M", "P"]

    async def shown():
        status, order = await shop.ask("payments", "GET", f"/orders/{body['order_id']}")
        return order["attempts"][0]["instrument"] if status == 200 else None

    instrument = await until(shown)
    assert (instrument["id"], instrument["last4"]) == (row["id"], "4242")


async def test_the_same_card_is_kept_once_with_its_newest_expiry(shop):
    _, customer_id = await bought(shop)
    (first,) = await kept(shop, customer_id)
    await bought(shop, customer_id=customer_id, expiry="11/98")

    async def renewed():
        (row,) = await stored(shop, customer_id)
        return row["expiry"] == "11/98" and row["id"] == first["id"]

    await until(renewed)
    await bought(shop, "4111111111111111", customer_id)
    assert [row["last4"] for row in await kept(shop, customer_id, 2)] == ["1111", "4242"]
    assert len(await shop.engine.blobs.ids("vault")) == 2


async def test_what_is_anothers_or_unknown_is_declined_with_words(shop):
    _, mine = await bought(shop)
    _, theirs = await bought(shop, "4111111111111111")
    (row,) = await kept(shop, theirs)
    (own,) = await kept(shop, mine)
    unknown = own["id"][:-4] + "0000"
    for instrument, reason in ((row["id"], "not-this-order"), (unknown, "card-details-expired")):
        body = await again(shop, mine, instrument)
        decline = body["state"]["declines"][-1]
        assert (body["state"]["stage"], decline["reason"]) == ("open", reason)
        assert "card details" in decline["say"]
    assert len([entry for entry in shop.ledger() if entry["kind"] == "authorize"]) == 2


async def test_one_is_forgotten_at_once_and_charged_no_more(shop):
    _, customer_id = await bought(shop)
    (row,) = await kept(shop, customer_id)
    assert (await forget(shop, customer_id, row["id"]))[0] == 200
    assert (await forget(shop, customer_id, row["id"]))[0] == 200
    assert await stored(shop, customer_id) == []
    assert await shop.engine.blobs.ids("vault") == []
    assert (await again(shop, customer_id, row["id"]))["state"]["declines"][-1]["reason"] == "card-details-expired"


async def test_nobody_forgets_what_is_anothers(shop):
    _, mine = await bought(shop)
    _, theirs = await bought(shop, "4111111111111111")
    (row,) = await kept(shop, theirs)
    assert (await forget(shop, mine, row["id"]))[0] == 404
    assert await stored(shop, theirs) == [row]
    assert await shop.house.running["payments"].state["vault"].stored(row["id"])


async def test_an_erased_customer_has_nothing_stored_and_nothing_is_kept_any_more(shop):
    order_id, customer_id = await bought(shop)
    await kept(shop, customer_id)
    await shop.exported(order_id)

    async def erased():
        return (await shop.ask("customers", "POST", f"/customers/{customer_id}/erase", actor="agent:supervisor1"))[0] == 200

    await until(erased)

    async def gone():
        return not await stored(shop, customer_id) and not await shop.engine.blobs.ids("vault")

    await until(gone)
    payments = shop.house.running["payments"]
    card = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    _, token = await shop.ask("payments", "POST", "/tokens", card)
    found = await payments.state["vault"].find(token["token"])
    await payments.state["wallet"].keep(customer_id, order_id, found.means)
    assert await shop.engine.blobs.ids("vault") == []
    assert (await payments.load(instruments, customer_id))[0].erased


async def test_what_could_not_be_kept_at_once_is_kept_by_the_sweep(shop, monkeypatch):
    put = shop.engine.blobs.put

    async def full(kind, id, data):
        if kind == "vault":
            raise Unavailable("The disk is full.")
        await put(kind, id, data)

    monkeypatch.setattr(shop.engine.blobs, "put", full)
    _, customer_id = await bought(shop)
    monkeypatch.undo()
    assert len(await shop.engine.blobs.ids("tokens")) == 1
    await sweep(shop.house.running["payments"])
    assert await no_token(shop)
    assert len(await stored(shop, customer_id)) == 1


async def test_the_sweep_forgets_what_was_never_used_once_it_is_too_old(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id = (await shop.started())["order_id"]
    card = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    assert (await shop.ask("payments", "POST", "/tokens", card))[0] == 201
    await sweep(shop.house.running["payments"])
    assert not await no_token(shop)
    await shop.close()
    shop = await Shop(settings, clock=lambda: utc_now() + LIFETIME + timedelta(seconds=1)).open()
    await sweep(shop.house.running["payments"])
    assert await no_token(shop)
    await shop.close()


async def account_token(shop, order_id, number=ACCOUNT, **said):
    body = {"order_id": order_id, "routing": ROUTING, "account": number, "kind": "checking", "holder": "Customer A", **said}
    return await shop.ask("payments", "POST", "/tokens/account", body)


_ENDS = ("declined", "captured", "capture-failed")


async def charged(shop, order_id, payment, method="echeck", gateway="simulator", attempt=1):
    """The attempt as it ended, asked for as cart would; quality assurance lets it through at once."""
    sent = submitted(method=method, attempt=attempt)
    order = sent.order.model_copy(update={"order_id": order_id, "customer_id": CUSTOMER})
    sent = sent.model_copy(update={"order_id": order_id, "order": order, "submitted_at": utc_now()})
    where = tuple(part.model_copy(update={"gateway": gateway}) for part in parts(5690))
    await shop.house.running["payments"].send(order_id, Open(payment, where, sent, utc_now()), uuid.uuid4().hex, "policy:test")

    async def ended():
        _, body = await shop.ask("payments", "GET", f"/orders/{order_id}")
        found = [each for each in body.get("attempts", ()) if each["attempt"] == attempt and each["status"] in _ENDS]
        return found[0] if found else None

    return await until(ended)


async def test_an_account_is_authorised_kept_and_charged_by_reference(shop):
    first, second = (await shop.started())["order_id"], (await shop.started())["order_id"]
    status, token = await account_token(shop, first)
    assert (status, token["brand"], token["last4"]) == (201, "Checking", "6789")
    attempt = await charged(shop, first, token["token"])
    assert attempt["status"] == "captured"
    assert (attempt["instrument"]["brand"], attempt["instrument"]["last4"], attempt["method"]) == ("Checking", "6789", "echeck")
    (row,) = await kept(shop, CUSTOMER)
    assert row == {"id": row["id"], "kind": "account", "brand": "Checking", "last4": "6789", "expiry": ""}
    assert (await charged(shop, second, row["id"]))["status"] == "captured"
    assert [entry["method"] for entry in shop.ledger() if entry["kind"] == "authorize"] == ["echeck", "echeck"]


@pytest.mark.parametrize(("number", "reason"), ACCOUNT_DECLINES.items())
async def test_an_account_that_is_refused_is_told_in_the_words_of_accounts(shop, number, reason):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id, number)
    attempt = await charged(shop, order_id, token["token"])
    assert (attempt["status"], attempt["reason"]) == ("declined", reason)
    assert await stored(shop, CUSTOMER) == []


async def test_an_answer_about_an_account_that_was_lost_is_found_by_asking(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id, ACCOUNT_LOST_AFTER)
    assert (await charged(shop, order_id, token["token"]))["status"] == "captured"
    assert len([entry for entry in shop.ledger() if entry["kind"] == "authorize"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"routing": "011000016"}, "routing"),
        ({"routing": "000000000"}, "routing"),
        ({"routing": "01100001"}, "routing"),
        ({"routing": "\u0660\u0661\u0661\u0660\u0660\u0660\u0660\u0661\u0665"}, "routing"),
        ({"number": "123"}, "account"),
        ({"number": "1" * 18}, "account"),
        ({"number": "12x45"}, "account"),
        ({"holder": " "}, "holder"),
        ({"holder": "a\x00b"}, "holder"),
        ({"kind": "current"}, "kind"),
        ({"iban": "x"}, "iban"),
    ],
)
async def test_an_account_that_cannot_be_one_is_refused_at_its_field_and_not_repeated(shop, change, field):
    order_id = (await shop.started())["order_id"]
    status, answer = await account_token(shop, order_id, **change)
    assert (status, answer["field"]) == (422, field)
    for secret in (ROUTING, ACCOUNT, *(str(value) for value in change.values() if len(str(value)) > 3)):
        assert secret not in str({name: value for name, value in answer.items() if name != "field"})
    assert await no_token(shop)


async def test_spaces_and_hyphens_are_no_part_of_a_number(shop):
    order_id = (await shop.started())["order_id"]
    _, plain = await account_token(shop, order_id)
    status, spaced = await account_token(shop, order_id, " 000-123 456 789 ", routing="0110 00015")
    assert (status, spaced["last4"]) == (201, plain["last4"])


async def test_a_gateway_without_ach_takes_no_account_and_a_card_is_no_echeck(shop):
    order_id = (await shop.started())["order_id"]
    assert (await shop.ask("payments", "PUT", "/gateways/cards", {"kind": "simulator"}, actor="agent:admin1"))[0] == 200
    _, token = await account_token(shop, order_id)
    attempt = await charged(shop, order_id, token["token"], gateway="cards")
    assert (attempt["status"], attempt["reason"]) == ("declined", "no-ach")
    _, token = await account_token(shop, order_id)
    assert (await charged(shop, order_id, token["token"], method="card", attempt=2))["reason"] == "not-this-order"
    card = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    _, token = await shop.ask("payments", "POST", "/tokens", card)
    assert (await charged(shop, order_id, token["token"], attempt=3))["reason"] == "not-this-order"
    assert not (shop.settings.data / "simulator.jsonl").read_text()


async def test_a_debit_that_the_bank_refuses_settles_nothing(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id, ACCOUNT_BOUNCES)
    attempt = await charged(shop, order_id, token["token"])
    assert (attempt["status"], attempt["reason"]) == ("capture-failed", "insufficient-funds")


async def test_no_pre_authorisation_of_an_account(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id)
    wanted = {"payment": token["token"], "gateway": "simulator", "currency": "USD"}
    status, answer = await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted)
    assert (status, answer["field"]) == (422, "payment")


async def test_a_stored_card_is_pre_authorised_for_its_own_customer_alone(shop):
    _, customer_id = await bought(shop)
    (row,) = await kept(shop, customer_id)
    order_id = (await shop.started())["order_id"]
    wanted = {"payment": row["id"], "gateway": "simulator", "currency": "USD"}
    for other in ({}, {"customer_id": CUSTOMER}):
        assert (await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted | other))[0] == 422
    for number in (1, 2):
        status, body = await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted | {"customer_id": customer_id})
        assert (status, body["outcome"], body["number"], body["last4"]) == (200, "approved", number, "4242")
    assert await stored(shop, customer_id) == [row]


async def test_no_account_or_stored_card_lies_anywhere_in_the_clear(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id)
    await charged(shop, order_id, token["token"])
    await bought(shop)
    await kept(shop, CUSTOMER)
    written = {path.name: path.read_bytes() for path in shop.settings.data.rglob("*") if path.is_file() and path.parent.name != "exports"}
    assert "vault.db" in written
    for secret in (GOOD, ACCOUNT, ACCOUNT.lstrip("0"), ROUTING, "Customer A"):
        assert not [(secret, name) for name, data in written.items() if secret.encode() in data]
