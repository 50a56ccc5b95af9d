import json
from dataclasses import dataclass, replace
from itertools import count

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.payments.means import Account, Card, packed
from services.payments.records import KINDS, Records, key_name
from services.payments.vault import LIFETIME, Token, Vault, belongs, is_stored
from services.payments.vault_keys import KEPT_FOR, Dropped, First, Rotate, Rotated, vault_keys
from shared.contracts.cards import VaultKeyDropped, VaultKeyMade, VaultRotated
from shared.engines.embedded.blobs import SqliteBlobs
from shared.engines.embedded.keyring import SqliteKeyring
from shared.kernel.errors import Unavailable
from tests.given import given
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
async def keyring(tmp_path):
    keyring = SqliteKeyring(tmp_path / "keys" / "keys.db", [b"m" * 32], tmp_path / "keys" / "erasures.log")
    for number in (1, 2):
        await keyring.ensure(key_name(number))
    yield keyring
    keyring.close()


@dataclass
class Current:
    """The number of the key that is written under."""

    key: int = 1

    async def __call__(self):
        return self.key


@pytest.fixture
def current():
    return Current()


@pytest.fixture
def records(blobs, keyring, current):
    return Records(blobs, keyring, current, dict.fromkeys(KINDS, KEY))


@pytest.fixture
def vault(records):
    return Vault(records, b"f" * 32)


@pytest.fixture
async def stranger(blobs, tmp_path):
    """Somebody with another keyring."""
    keyring = SqliteKeyring(tmp_path / "other" / "keys.db", [b"m" * 32], tmp_path / "other" / "erasures.log")
    await keyring.ensure(key_name(1))
    yield Vault(Records(blobs, keyring, Current(), {}), b"f" * 32)
    keyring.close()


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


async def test_a_card_does_not_open_with_another_key_or_under_another_token(vault, blobs, stranger):
    token, _ = await keep(vault)
    assert await stranger.find(token) is None
    await blobs.put("tokens", "tok_other", await blobs.get("tokens", token))
    assert await vault.find("tok_other") is None


async def test_a_damaged_record_opens_to_nothing(vault, blobs):
    token, _ = await keep(vault)
    await blobs.put("tokens", token, b"short")
    assert await vault.find(token) is None


def test_the_fingerprint_knows_a_card_again_but_not_without_its_key(vault, records):
    first, renewed = vault.instrument(CARD), vault.instrument(replace(CARD, expiry="08/32"))
    assert first.fingerprint == renewed.fingerprint
    assert first.fingerprint != vault.instrument(replace(CARD, number="4111111111111111")).fingerprint
    assert first.fingerprint != Vault(records, OTHER).instrument(CARD).fingerprint


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


async def test_a_stored_card_does_not_open_for_another_customer_or_with_another_key(vault, blobs, stranger):
    mine, theirs = vault.reference(CUSTOMER, CARD), vault.reference("1234567891", CARD)
    await vault.store(mine, CARD)
    await blobs.put("vault", theirs, await blobs.get("vault", mine))
    assert await vault.stored(theirs) is None
    assert await stranger.stored(mine) is None


async def test_what_is_removed_is_gone_from_the_file(vault, blobs, tmp_path):
    reference = vault.reference(CUSTOMER, CARD)
    await vault.store(reference, CARD)
    sealed = await blobs.get("vault", reference)
    await vault.remove(reference)
    assert await vault.stored(reference) is None
    blobs.close()
    assert sealed[-48:] not in (tmp_path / "vault.db").read_bytes()


async def renewed(records):
    return [await records.renew(kind, id) for kind in KINDS for id in await records.ids(kind)]


async def test_under_a_new_key_everything_opens_and_the_old_one_is_not_needed(vault, records, blobs, keyring, current):
    token, instrument = await keep(vault)
    stored = vault.reference(CUSTOMER, CARD)
    await vault.store(stored, CARD)
    current.key = 2
    assert not await records.under(2, "vault", stored)
    assert await renewed(records) == [True, True]
    await keyring.drop(key_name(1))
    assert (await vault.find(token)).means == CARD
    assert await vault.stored(stored) == replace(CARD, cvv="")
    assert vault.instrument(CARD) == instrument
    assert vault.reference(CUSTOMER, CARD) == stored
    assert await records.under(2, "vault", stored)


async def test_what_was_kept_before_keys_had_numbers_opens_and_is_put_under_one(vault, records, blobs):
    stored = vault.reference(CUSTOMER, CARD)
    await blobs.put("vault", stored, b"n" * 12 + AESGCM(KEY).encrypt(b"n" * 12, json.dumps(packed(replace(CARD, cvv=""))).encode(), stored.encode()))
    assert await vault.stored(stored) == replace(CARD, cvv="")
    assert not await records.under(1, "vault", stored)
    assert await renewed(records) == [True]
    assert await records.under(1, "vault", stored)
    assert await vault.stored(stored) == replace(CARD, cvv="")


async def test_a_card_that_is_forgotten_while_it_is_written_anew_stays_forgotten(vault, records, blobs, current):
    token, _ = await keep(vault)
    current.key = 2

    class Forgetting:
        """The outcome comes between reading and writing."""

        def __getattr__(self, name):
            return getattr(blobs, name)

        async def get(self, kind, id):
            data = await blobs.get(kind, id)
            await blobs.delete(kind, id)
            return data

    slow = Records(Forgetting(), records._keyring, current, {})
    assert not await slow.renew("tokens", token)
    assert await vault.find(token) is None
    assert await blobs.ids("tokens") == []


async def test_what_is_kept_while_the_key_changes_is_under_the_new_one(records, blobs, keyring):
    keys = iter([1, 2, 2])

    async def current():
        return next(keys)

    await Records(blobs, keyring, current, {}).put("vault", "ins_1", b"text")
    assert await records.under(2, "vault", "ins_1")


async def test_a_key_that_is_missing_is_no_missing_card(vault, records, blobs, keyring, current):
    token, _ = await keep(vault)
    data = await blobs.get("tokens", token)
    await blobs.put("tokens", token, data[:4] + (9).to_bytes(4) + data[8:])
    with pytest.raises(Unavailable):
        await vault.find(token)
    current.key = 9
    with pytest.raises(Unavailable):
        await keep(vault)


async def test_a_record_does_not_open_as_another_kind(records, blobs):
    await records.put("credentials", "a", b"secret")
    await blobs.put("vault", "a", await blobs.get("credentials", "a"))
    assert await records.get("vault", "a") is None


def test_keys_follow_each_other_and_an_older_one_goes_an_hour_after_the_last_record():
    later = NOON + KEPT_FOR
    first = given(vault_keys).when(First(True, NOON)).then_types(VaultKeyMade, VaultRotated)
    given(vault_keys, *first).when(First(True, NOON)).then_nothing()
    second = given(vault_keys, *first).when(Rotate(NOON)).then_types(VaultKeyMade)
    under_way = given(vault_keys, *first, *second)
    under_way.when(Rotate(NOON)).then_nothing()
    under_way.when(Rotated(1, 5, NOON)).then_nothing()
    assert under_way.state.droppable(later) == ()
    done = under_way.when(Rotated(2, 5, NOON)).then_types(VaultRotated)
    rotated = given(vault_keys, *first, *second, *done)
    assert (rotated.state.droppable(NOON), rotated.state.droppable(later)) == ((), (1,))
    dropped = rotated.when(Dropped(1)).then_types(VaultKeyDropped)
    given(vault_keys, *first, *second, *done, *dropped).when(Dropped(1)).then_nothing()


def test_an_installation_that_has_records_begins_with_a_rotation():
    made = given(vault_keys).when(First(False, NOON)).then_types(VaultKeyMade)
    assert given(vault_keys, *made).state.rotated_at is None
