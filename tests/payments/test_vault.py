from datetime import timedelta
from itertools import count

import pytest

from services.payments.vault import LIFETIME, Card, Vault
from shared.engines.embedded.blobs import SqliteBlobs
from tests.samples import NOON, ORDER

NUMBER, CVV, HOLDER = "4242424242424242", "739", "Customer A"
KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def blobs(tmp_path):
    blobs = SqliteBlobs(tmp_path)
    yield blobs
    blobs.close()


@pytest.fixture
def vault(blobs):
    return Vault(blobs, KEY, b"f" * 32)


_commands = count()


async def keep(vault, command_id=None):
    token = vault.token(ORDER, "agent:agent1", command_id or f"c{next(_commands)}", NUMBER, "08/29")
    await vault.keep(token, Card(NUMBER, "08/29", CVV, HOLDER, ORDER, "agent:agent1", NOON + LIFETIME))
    return token, vault.instrument(NUMBER, "08/29")


def everything_written(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_token_opens_to_the_card_and_whom_it_is_for(vault):
    token, instrument = await keep(vault)
    card = await vault.card(token)
    assert (card.number, card.expiry, card.cvv, card.holder) == (NUMBER, "08/29", CVV, HOLDER)
    assert (card.order_id, card.actor, card.expires_at) == (ORDER, "agent:agent1", NOON + LIFETIME)
    assert (instrument.brand, instrument.last4, instrument.expiry) == ("Visa", "4242", "08/29")


async def test_tokens_cannot_be_guessed_and_each_is_new(vault):
    first, second = (await keep(vault))[0], (await keep(vault))[0]
    assert first != second
    assert len(first) > 30
    assert await vault.card("tok_nobody") is None


async def test_a_repeat_of_the_same_command_gets_the_same_token_another_card_another_one(vault):
    assert (await keep(vault, "c"))[0] == (await keep(vault, "c"))[0]
    asked = (ORDER, "agent:agent1", "c", NUMBER, "08/29")
    others = [(*asked[:n], other, *asked[n + 1 :]) for n, other in enumerate(("0000000000", "agent:agent2", "d", "4111111111111111", "08/30"))]
    assert len({vault.token(*each) for each in (asked, *others)}) == 6


async def test_no_card_number_code_or_holder_is_written_or_shown(vault, tmp_path):
    token, instrument = await keep(vault)
    shown = repr(await vault.card(token)) + repr(instrument) + token
    for secret in (NUMBER, CVV, HOLDER):
        assert secret.encode() not in everything_written(tmp_path)
        assert secret not in shown


async def test_what_is_forgotten_is_gone_from_the_file(vault, blobs, tmp_path):
    token, _ = await keep(vault)
    sealed = await blobs.get("tokens", token)
    assert sealed[-48:] in everything_written(tmp_path)
    await vault.forget(token)
    await vault.forget(token)
    assert await vault.card(token) is None
    blobs.close()
    assert sealed[-48:] not in (tmp_path / "tokens.db").read_bytes()


async def test_a_card_does_not_open_with_another_key_or_under_another_token(vault, blobs):
    token, _ = await keep(vault)
    assert await Vault(blobs, OTHER, b"f" * 32).card(token) is None
    await blobs.put("tokens", "tok_other", await blobs.get("tokens", token))
    assert await vault.card("tok_other") is None


async def test_a_damaged_record_opens_to_nothing(vault, blobs):
    token, _ = await keep(vault)
    await blobs.put("tokens", token, b"short")
    assert await vault.card(token) is None


def test_the_fingerprint_knows_a_card_again_but_not_without_its_key(vault, blobs):
    first, renewed = vault.instrument(NUMBER, "08/29"), vault.instrument(NUMBER, "08/32")
    assert first.fingerprint == renewed.fingerprint
    assert first.fingerprint != vault.instrument("4111111111111111", "08/29").fingerprint
    assert first.fingerprint != Vault(blobs, KEY, OTHER).instrument(NUMBER, "08/29").fingerprint


async def test_a_sweep_forgets_what_was_never_used_but_not_what_waits_for_an_outcome(vault):
    unused, charging = (await keep(vault))[0], (await keep(vault))[0]

    async def in_use(token, card):
        return token == charging and card.order_id == ORDER

    await vault.sweep(NOON + LIFETIME, in_use, nobody)
    assert await vault.card(unused)
    await vault.sweep(NOON + LIFETIME + timedelta(seconds=1), in_use, nobody)
    assert await vault.card(unused) is None
    assert await vault.card(charging)


async def test_a_sweep_forgets_at_once_what_nothing_may_be_charged_to_any_more(vault):
    theirs, anothers = (await keep(vault))[0], (await keep(vault))[0]

    async def done(token, card):
        return token == theirs and card.order_id == ORDER

    await vault.sweep(NOON, nobody, done)
    assert await vault.card(theirs) is None
    assert await vault.card(anothers)


async def nobody(token, card):
    return False
