from dataclasses import replace
from itertools import count

import pytest

from services.payments.means import Account, Card
from services.payments.vault import LIFETIME, Token, Vault, belongs, is_stored
from shared.engines.embedded.blobs import SqliteBlobs
from tests.samples import NOON, ORDER

NUMBER, CVV, HOLDER = "4242424242424242", "739", "Customer A"
CARD = Card(NUMBER, "08/29", CVV, HOLDER)
ACCOUNT = Account("011000015", "000123456789", "savings", HOLDER)
KEY, OTHER = b"k" * 32, b"o" * 32
CUSTOMER = "1234567890"


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
    token = vault.token(ORDER, "agent:agent1", command_id or f"c{next(_commands)}", CARD)
    await vault.keep(token, Token(CARD, ORDER, "agent:agent1", NOON + LIFETIME))
    return token, vault.instrument(CARD)


def everything_written(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_token_opens_to_the_card_and_whom_it_is_for(vault):
    token, instrument = await keep(vault)
    assert await vault.find(token) == Token(CARD, ORDER, "agent:agent1", NOON + LIFETIME)
    assert (instrument.brand, instrument.last4, instrument.expiry) == ("Visa", "4242", "08/29")


async def test_tokens_cannot_be_guessed_and_each_is_new(vault):
    first, second = (await keep(vault))[0], (await keep(vault))[0]
    assert first != second
    assert len(first) > 30
    assert await vault.find("tok_nobody") is None


async def test_a_repeat_of_the_same_command_gets_the_same_token_another_card_another_one(vault):
    assert (await keep(vault, "c"))[0] == (await keep(vault, "c"))[0]
    asked = (ORDER, "agent:agent1", "c", CARD)
    others = [(*asked[:n], other, *asked[n + 1 :]) for n, other in enumerate(("0000000000", "agent:agent2", "d", ACCOUNT))]
    cards = [(*asked[:3], replace(CARD, **other)) for other in ({"number": "4111111111111111"}, {"expiry": "08/30"})]
    assert len({vault.token(*each) for each in (asked, *others, *cards)}) == 7


async def test_no_card_number_code_or_holder_is_written_or_shown(vault, tmp_path):
    token, instrument = await keep(vault)
    shown = repr(await vault.find(token)) + repr(instrument) + token
    for secret in (NUMBER, CVV, HOLDER):
        assert secret.encode() not in everything_written(tmp_path)
        assert secret not in shown


async def test_what_is_forgotten_is_gone_from_the_file(vault, blobs, tmp_path):
    token, _ = await keep(vault)
    sealed = await blobs.get("tokens", token)
    assert sealed[-48:] in everything_written(tmp_path)
    await vault.forget(token)
    await vault.forget(token)
    assert await vault.find(token) is None
    blobs.close()
    assert sealed[-48:] not in (tmp_path / "tokens.db").read_bytes()


async def test_a_card_does_not_open_with_another_key_or_under_another_token(vault, blobs):
    token, _ = await keep(vault)
    assert await Vault(blobs, OTHER, b"f" * 32).find(token) is None
    await blobs.put("tokens", "tok_other", await blobs.get("tokens", token))
    assert await vault.find("tok_other") is None


async def test_a_damaged_record_opens_to_nothing(vault, blobs):
    token, _ = await keep(vault)
    await blobs.put("tokens", token, b"short")
    assert await vault.find(token) is None


def test_the_fingerprint_knows_a_card_again_but_not_without_its_key(vault, blobs):
    first, renewed = vault.instrument(CARD), vault.instrument(replace(CARD, expiry="08/32"))
    assert first.fingerprint == renewed.fingerprint
    assert first.fingerprint != vault.instrument(replace(CARD, number="4111111111111111")).fingerprint
    assert first.fingerprint != Vault(blobs, KEY, OTHER).instrument(CARD).fingerprint


async def test_an_account_is_kept_and_named_as_a_card_is(vault, tmp_path):
    token = vault.token(ORDER, "agent:agent1", "c", ACCOUNT)
    await vault.keep(token, Token(ACCOUNT, ORDER, "agent:agent1", NOON + LIFETIME))
    assert (await vault.find(token)).means == ACCOUNT
    instrument = vault.instrument(ACCOUNT)
    assert (instrument.brand, instrument.last4, instrument.expiry) == ("Savings", "6789", "")
    shown = repr(await vault.find(token)) + repr(instrument) + token
    for secret in ("000123456789", "011000015", HOLDER):
        assert secret not in shown
        assert secret.encode() not in everything_written(tmp_path)


def test_the_same_account_number_at_another_bank_is_another_account(vault):
    assert vault.instrument(ACCOUNT).fingerprint != vault.instrument(replace(ACCOUNT, routing="021000021")).fingerprint


@pytest.mark.parametrize("means", [CARD, ACCOUNT])
async def test_what_is_stored_opens_again_without_its_code(vault, means, tmp_path):
    reference = vault.reference(CUSTOMER, means)
    await vault.store(reference, means)
    assert await vault.stored(reference) == (replace(CARD, cvv="") if means is CARD else ACCOUNT)
    for secret in (NUMBER, "000123456789", HOLDER):
        assert secret.encode() not in everything_written(tmp_path)


def test_a_reference_says_whose_it_is_and_is_one_for_one_card_of_one_customer(vault):
    reference = vault.reference(CUSTOMER, CARD)
    assert is_stored(reference)
    assert belongs(reference, CUSTOMER)
    assert not belongs(reference, "1234567891")
    assert not belongs(reference, "")
    assert vault.reference(CUSTOMER, replace(CARD, expiry="08/32", cvv="")) == reference
    assert vault.reference("1234567891", CARD)[-32:] != reference[-32:]


async def test_a_stored_card_does_not_open_for_another_customer_or_with_another_key(vault, blobs):
    mine, theirs = vault.reference(CUSTOMER, CARD), vault.reference("1234567891", CARD)
    await vault.store(mine, CARD)
    await blobs.put("vault", theirs, await blobs.get("vault", mine))
    assert await vault.stored(theirs) is None
    assert await Vault(blobs, OTHER, b"f" * 32).stored(mine) is None


async def test_what_is_removed_is_gone_from_the_file(vault, blobs, tmp_path):
    reference = vault.reference(CUSTOMER, CARD)
    await vault.store(reference, CARD)
    sealed = await blobs.get("vault", reference)
    await vault.remove(reference)
    assert await vault.stored(reference) is None
    blobs.close()
    assert sealed[-48:] not in (tmp_path / "vault.db").read_bytes()
