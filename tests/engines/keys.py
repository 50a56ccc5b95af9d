"""What every engine promises about data keys and small secrets."""

import asyncio

import pytest

from shared.kernel.errors import Unavailable


@pytest.fixture
async def keyring(engine):
    return engine.ports("qa").keyring


class TestKeyring:
    async def test_a_key_is_made_once(self, keyring):
        key = await keyring.ensure("order-1")
        assert len(key) == 32
        assert await keyring.ensure("order-1") == key
        assert await keyring.find(["order-1"]) == {"order-1": key}

    async def test_whoever_asks_at_the_same_moment_gets_the_same_key(self, keyring):
        keys = await asyncio.gather(*(keyring.ensure("order-1", label) for label in ("", "77", "", "77") * 5))
        assert len(set(keys)) == 1
        assert await keyring.erase("77") == ["order-1"]

    async def test_a_key_survives_a_restart(self, reopen):
        first = await reopen()
        key = await first.ports("qa").keyring.ensure("order-1")
        await first.close()
        assert await (await reopen()).ports("cart").keyring.find(["order-1"]) == {"order-1": key}

    async def test_erasing_a_label_drops_its_keys_for_good(self, keyring, reopen):
        await keyring.ensure("order-1")
        await keyring.ensure("order-1", label="77")
        other = await keyring.ensure("order-2", label="78")
        assert await keyring.erase("77") == ["order-1"]
        assert await keyring.ensure("order-1") is None
        assert await keyring.find(["order-1", "order-2"]) == {"order-1": None, "order-2": other}

    async def test_the_last_label_counts(self, keyring):
        key = await keyring.ensure("order-1", label="77")
        await keyring.ensure("order-1", label="78")
        assert await keyring.erase("77") == []
        assert await keyring.find(["order-1"]) == {"order-1": key}

    async def test_an_erasure_may_be_repeated(self, keyring):
        await keyring.ensure("order-1", label="77")
        assert await keyring.erase("77") == ["order-1"]
        assert await keyring.erase("77") == ["order-1"]
        assert await keyring.erase("nobody") == []

    async def test_an_erasure_survives_a_restart(self, reopen):
        first = await reopen()
        await first.ports("qa").keyring.ensure("order-1", label="77")
        await first.ports("qa").keyring.erase("77")
        await first.close()
        assert await (await reopen()).ports("qa").keyring.ensure("order-1", label="77") is None

    async def test_one_key_is_dropped_for_good(self, reopen):
        first = await reopen()
        keyring = first.ports("qa").keyring
        other = await keyring.ensure("vault-key-2")
        await keyring.ensure("vault-key-1")
        for _ in range(2):
            await keyring.drop("vault-key-1")
        await keyring.drop("never-made")
        assert await keyring.find(["vault-key-1", "vault-key-2"]) == {"vault-key-1": None, "vault-key-2": other}
        await first.close()
        keyring = (await reopen()).ports("qa").keyring
        assert await keyring.ensure("vault-key-1") is None
        assert await keyring.ensure("never-made")

    async def test_a_key_that_is_not_there_is_unavailable_and_no_erasure(self, keyring):
        await keyring.ensure("order-1")
        with pytest.raises(Unavailable):
            await keyring.find(["order-1", "order-9"])

    async def test_what_is_derived_is_the_same_for_the_installations_life(self, reopen):
        first = await reopen()
        seen = [first.ports("qa").keyring.derived(purpose) for purpose in ("vault", "installation")]
        await first.close()
        keyring = (await reopen()).ports("cart").keyring
        assert [keyring.derived(purpose) for purpose in ("vault", "installation")] == seen
        assert len({*seen}) == 2

    async def test_after_a_rotation_the_old_master_key_is_not_needed(self, settings, reopen):
        first = await reopen()
        keyring = first.ports("qa").keyring
        keys = {f"order-{n}": await keyring.ensure(f"order-{n}", "77" if n == 3 else "") for n in range(5)}
        await keyring.erase("77")
        secret = keyring.derived("vault")
        await first.close()

        old = settings.master_file.read_text()
        settings.master_file.write_text(f"{'ab' * 32}\n{old}")
        rotating = await reopen()
        assert [done async for done in rotating.ports("qa").keyring.rewrap()][-1] == 5
        await rotating.close()

        settings.master_file.write_text("ab" * 32)
        keyring = (await reopen()).ports("qa").keyring
        assert await keyring.find(list(keys)) == {**keys, "order-3": None}
        assert keyring.derived("vault") == secret

    async def test_a_rotation_that_was_cut_off_is_gone_on_with(self, settings, reopen):
        first = await reopen()
        keys = {f"order-{n}": await first.ports("qa").keyring.ensure(f"order-{n}") for n in range(600)}
        await first.close()
        settings.master_file.write_text(f"{'ab' * 32}\n{settings.master_file.read_text()}")
        rotating = await reopen()
        async for done in rotating.ports("qa").keyring.rewrap():
            assert done < 600
            break
        await rotating.close()
        again = await reopen()
        assert await again.ports("qa").keyring.find(list(keys)) == keys
        assert [done async for done in again.ports("qa").keyring.rewrap()][-1] == 601
        await again.close()
        settings.master_file.write_text("ab" * 32)
        assert await (await reopen()).ports("qa").keyring.find(list(keys)) == keys


class TestBlobs:
    async def test_put_get_replace_delete(self, engine):
        blobs = engine.ports("payments").blobs
        await blobs.put("tokens", "t1", b"one")
        await blobs.put("tokens", "t1", b"two")
        assert await blobs.get("tokens", "t1") == b"two"
        assert await blobs.ids("tokens") == ["t1"]
        await blobs.delete("tokens", "t1")
        await blobs.delete("tokens", "t1")
        assert await blobs.get("tokens", "t1") is None

    async def test_only_what_is_as_it_was_is_replaced(self, engine):
        blobs = engine.ports("payments").blobs
        await blobs.put("vault", "i1", b"one")
        assert await blobs.replace("vault", "i1", b"one", b"two")
        assert not await blobs.replace("vault", "i1", b"one", b"three")
        assert not await blobs.replace("vault", "i2", b"one", b"two")
        assert (await blobs.get("vault", "i1"), await blobs.get("vault", "i2")) == (b"two", None)
        await blobs.delete("vault", "i1")
        assert not await blobs.replace("vault", "i1", b"two", b"three")
        assert await blobs.ids("vault") == []

    async def test_many_at_once(self, engine):
        blobs = engine.ports("payments").blobs
        await asyncio.gather(*(blobs.put("tokens", f"t{n}", b"%d" % n) for n in range(50)))
        assert [await blobs.get("tokens", f"t{n}") for n in range(50)] == [b"%d" % n for n in range(50)]

    async def test_one_that_is_given_up_leaves_the_others_alone(self, engine):
        blobs = engine.ports("payments").blobs
        tasks = [asyncio.create_task(blobs.put("tokens", f"t{n}", b"x")) for n in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        assert await asyncio.gather(*tasks[1:]) == [None, None]
        assert await blobs.get("tokens", "t2") == b"x"
