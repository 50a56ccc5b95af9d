"""What every engine promises. An engine's own file gives the fixture ``engine`` and imports these tests."""

import asyncio

import pytest

from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ports import Prefix, Progress, Range, Stored
from shared.kernel.views import Document


def event(stream, version, text="x"):
    return Stored(stream, version, (("ce_type", "t"), ("ce_subject", stream)), text.encode())


def documents_of(*rows):
    return [Document(id, data, {"s-1": 1}) for id, data in rows]


async def ids(documents, *args, **options):
    return [document.id for document in (await documents.find(*args, **options)).documents]


class TestStreams:
    async def test_events_come_back_in_order(self, engine):
        await engine.log.append("qa", [event("review-1", 1, "a"), event("review-1", 2, "b")])
        await engine.log.append("qa", [event("review-1", 3, "c")])
        assert [(e.version, e.data) for e in await engine.log.load("review-1")] == [(1, b"a"), (2, b"b"), (3, b"c")]
        assert [e.version for e in await engine.log.load("review-1", after=2)] == [3]

    async def test_a_taken_version_is_a_conflict(self, engine):
        await engine.log.append("qa", [event("review-1", 1)])
        with pytest.raises(Conflict):
            await engine.log.append("qa", [event("review-1", 1)])

    async def test_a_gap_is_a_conflict(self, engine):
        with pytest.raises(Conflict):
            await engine.log.append("qa", [event("review-1", 2)])

    async def test_all_events_of_an_append_or_none(self, engine):
        await engine.log.append("qa", [event("review-1", 1)])
        with pytest.raises(Conflict):
            await engine.log.append("qa", [event("review-1", 1), event("review-1", 2)])
        assert len(await engine.log.load("review-1")) == 1

    async def test_of_many_creates_at_once_one_wins_and_the_others_hear_it(self, engine):
        results = await asyncio.gather(*(engine.log.append("qa", [event("review-1", 1, str(n))]) for n in range(20)), return_exceptions=True)
        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, Conflict) for result in results) == 19
        assert len(await engine.log.load("review-1")) == 1

    async def test_a_conflict_leaves_others_in_the_same_commit_alone(self, engine):
        await engine.log.append("qa", [event("a-1", 1)])
        await asyncio.gather(engine.log.append("qa", [event("a-1", 1)]), engine.log.append("qa", [event("b-1", 1)]), return_exceptions=True)
        assert len(await engine.log.load("b-1")) == 1

    async def test_names_by_prefix(self, engine):
        for stream in ("review-1", "review-2", "shipment-1"):
            await engine.log.append("qa", [event(stream, 1)])
        assert await engine.log.names("review-") == [("review-1", 1), ("review-2", 1)]
        assert await engine.log.names("review-", after="review-1") == [("review-2", 1)]


class TestTopics:
    async def test_a_topic_keeps_each_streams_order(self, engine):
        for n in range(1, 4):
            await engine.log.append("qa", [event("review-1", n), event("review-1", n)][:1])
        await engine.log.append("cart", [event("order-1", 1)])
        assert [(e.stream, e.version) for e in await engine.topics.read("qa", 0, 10)] == [("review-1", n) for n in (1, 2, 3)]

    async def test_reading_on_from_a_position(self, engine):
        await engine.log.append("qa", [event("review-1", n) for n in range(1, 6)])
        first = await engine.topics.read("qa", 0, 2)
        assert [e.version for e in await engine.topics.read("qa", first[-1].position + 1, 10)] == [3, 4, 5]

    async def test_behind_counts_what_is_left(self, engine):
        await engine.log.append("qa", [event("review-1", n) for n in range(1, 6)])
        third = (await engine.topics.read("qa", 0, 10))[2]
        count, oldest = await engine.topics.behind("qa", third.position)
        assert (count, oldest.version) == (3, 3)
        assert await engine.topics.behind("qa", third.position + 3) == (0, None)

    async def test_a_topic_ends_after_its_own_newest_event(self, engine):
        assert await engine.topics.end("qa") == 0
        await engine.log.append("qa", [event("review-1", 1), event("review-1", 2)])
        await engine.log.append("cart", [event("order-1", 1)])
        assert await engine.topics.end("qa") == (await engine.topics.read("qa", 0, 10))[-1].position + 1

    async def test_offsets_are_saved_with_the_documents(self, engine):
        documents = engine.documents("qa")
        await documents.prepare("queue@1", ())
        assert await engine.topics.offset("qa.views", "cart") == 0
        await documents.write({"queue@1": documents_of(("a", {}))}, Progress("qa.views", {"cart": 7}))
        assert await engine.topics.offset("qa.views", "cart") == 7
        assert await engine.topics.offset("qa.other", "cart") == 0


class TestDocuments:
    @pytest.fixture
    async def documents(self, engine):
        documents = engine.documents("qa")
        await documents.prepare("queue@1", ("stage", "sum", "name"))
        rows = [("a", "open", 5, "anna"), ("b", "open", 3, "anton"), ("c", "done", 9, "bert"), ("d", "open", 5, "berta")]
        await documents.write({"queue@1": documents_of(*((id, {"stage": stage, "sum": sum, "name": name}) for id, stage, sum, name in rows))})
        return documents

    async def test_what_was_put_is_read(self, documents):
        assert await documents.get("queue@1", "a") == Document("a", {"stage": "open", "sum": 5, "name": "anna"}, {"s-1": 1}, 1)
        assert await documents.get("queue@1", "nobody") is None

    async def test_a_lost_guard_writes_nothing(self, documents):
        read = await documents.get("queue@1", "a")
        await documents.write({"queue@1": [Document("a", {"sum": 6}, {}, read.revision)]})
        with pytest.raises(Conflict):
            await documents.write({"queue@1": [Document("z", {}, {}), Document("a", {"sum": 7}, {}, read.revision)]})
        assert (await documents.get("queue@1", "a")).data == {"sum": 6}
        assert await documents.get("queue@1", "z") is None

    async def test_creating_twice_is_a_conflict(self, documents):
        with pytest.raises(Conflict):
            await documents.write({"queue@1": [Document("a", {}, {})]})

    async def test_a_tombstone_is_invisible_and_keeps_its_versions(self, documents):
        read = await documents.get("queue@1", "a")
        await documents.write({"queue@1": [Document("a", None, {"s-1": 2}, read.revision)]})
        assert await documents.get("queue@1", "a") is None
        assert "a" not in await ids(documents, "queue@1")
        assert (await documents.get_many("queue@1", ["a"]))["a"].versions == {"s-1": 2}

    async def test_find_by_equality_range_prefix_and_choice(self, documents):
        assert await ids(documents, "queue@1", {"stage": "open"}) == ["a", "b", "d"]
        assert await ids(documents, "queue@1", {"sum": Range(4, 8)}) == ["a", "d"]
        assert await ids(documents, "queue@1", {"name": Prefix("an")}) == ["a", "b"]
        assert await ids(documents, "queue@1", {"stage": ("done", "lost")}) == ["c"]

    async def test_pages_by_cursor_neither_skip_nor_repeat(self, documents):
        seen, cursor = [], None
        while True:
            page = await documents.find("queue@1", sort="sum", descending=True, limit=1, cursor=cursor)
            seen += [document.id for document in page.documents]
            cursor = page.next
            if cursor is None:
                break
        assert seen == ["c", "d", "a", "b"]

    async def test_count_and_totals(self, documents):
        assert await documents.count("queue@1", {"stage": "open"}) == 3
        assert await documents.totals("queue@1", ["stage"], ["sum"]) == [
            {"stage": "done", "count": 1, "sum": 9},
            {"stage": "open", "count": 3, "sum": 13},
        ]

    async def test_rename_replaces_and_drop_forgets(self, documents):
        await documents.prepare("queue@1.build", ("stage",))
        await documents.write({"queue@1.build": documents_of(("only", {"stage": "open"}))})
        await documents.rename("queue@1.build", "queue@1")
        assert await ids(documents, "queue@1") == ["only"]
        await documents.drop("queue@1")
        assert "queue@1" not in await documents.collections()


class TestKeyring:
    async def test_a_key_is_made_once(self, engine):
        key = await engine.keyring.ensure("order-1")
        assert len(key) == 32
        assert await engine.keyring.ensure("order-1") == key
        assert await engine.keyring.find(["order-1"]) == {"order-1": key}

    async def test_erasing_a_label_drops_its_keys_for_good(self, engine):
        await engine.keyring.ensure("order-1")
        await engine.keyring.ensure("order-1", label="77")
        other = await engine.keyring.ensure("order-2", label="78")
        assert await engine.keyring.erase("77") == ["order-1"]
        assert await engine.keyring.ensure("order-1") is None
        assert await engine.keyring.find(["order-1", "order-2"]) == {"order-1": None, "order-2": other}

    async def test_a_key_that_is_not_there_is_unavailable_and_no_erasure(self, engine):
        with pytest.raises(Unavailable):
            await engine.keyring.find(["order-9"])


class TestBlobs:
    async def test_put_get_replace_delete(self, engine):
        await engine.blobs.put("tokens", "t1", b"one")
        await engine.blobs.put("tokens", "t1", b"two")
        assert await engine.blobs.get("tokens", "t1") == b"two"
        assert await engine.blobs.ids("tokens") == ["t1"]
        await engine.blobs.delete("tokens", "t1")
        assert await engine.blobs.get("tokens", "t1") is None
