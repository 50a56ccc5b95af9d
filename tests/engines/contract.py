"""What every engine promises, through its ports alone.

An engine's own file gives the fixture ``reopen``: an async function that opens an engine on the same store, ``ports(service)``,
``broker`` and ``close()``, whatever became of the one before; and imports the tests from here, ``keys`` and ``consuming``.
"""

import asyncio

import pytest

from shared.kernel.errors import Conflict, Oversize, Unavailable
from shared.kernel.ports import LARGEST, Prefix, Progress, Range, Stored
from shared.kernel.views import Document
from tests.house.shop import until


@pytest.fixture
async def engine(reopen):
    return await reopen()


@pytest.fixture
async def streams(engine):
    return engine.ports("qa").streams


@pytest.fixture
async def topics(engine):
    return engine.ports("qa").topics


def event(stream, version, text="x"):
    return Stored(stream, version, headers(stream, version), text.encode())


def headers(stream, version):
    return (("ce_type", "t"), ("ce_subject", stream), ("streamversion", str(version)))


def events(stream, first, last):
    return [event(stream, version) for version in range(first, last + 1)]


def documents_of(*rows):
    return [Document(id, data, {"s-1": 1}) for id, data in rows]


async def parts_with(topics, topic, count):
    """Each part of the topic that has something, and what, once that many events have arrived. What came again counts once."""

    async def there():
        found = {part: _once(await topics.read(part, 0, 1_000)) for part in topics.parts(topic)}
        return {part: stored for part, stored in found.items() if stored} if sum(map(len, found.values())) >= count else None

    return await until(there)


def _once(records):
    return list({(stored.stream, stored.version): stored for stored in reversed(records)}.values())[::-1]


async def arrived(topics, topic, count):
    return [stored for part in (await parts_with(topics, topic, count)).values() for stored in part]


async def part_with(topics, topic, count):
    """The one part that has something."""
    (part,) = await parts_with(topics, topic, count)
    return part


async def ids(documents, *args, **options):
    return [document.id for document in (await documents.find(*args, **options)).documents]


async def all_pages(documents, **options):
    seen, cursor = [], None
    while True:
        page = await documents.find("queue@1", cursor=cursor, **options)
        seen += [document.id for document in page.documents]
        cursor = page.next
        if cursor is None:
            return seen


class TestStreams:
    async def test_events_come_back_in_order_as_they_went_in(self, streams):
        await streams.append("qa", [event("review-1", 1, "a"), event("review-1", 2, "b")])
        await streams.append("qa", [event("review-1", 3, "c")])
        assert [(e.version, e.headers, e.data) for e in await streams.load("review-1")] == [
            (version, headers("review-1", version), data) for version, data in ((1, b"a"), (2, b"b"), (3, b"c"))
        ]
        assert [e.version for e in await streams.load("review-1", after=2)] == [3]
        assert list(await streams.load("review-2")) == []

    @pytest.mark.parametrize("data", ["", '"\u0000 \U0001f4de \ue000"', "{" * 1000], ids=["empty", "odd characters", "no JSON"])
    async def test_bytes_are_not_looked_into(self, streams, topics, data):
        await streams.append("qa", [event("review-1", 1, data)])
        assert [e.data for e in await streams.load("review-1")] == [data.encode()]
        assert [e.data for e in await arrived(topics, "qa", 1)] == [data.encode()]

    async def test_creating_a_stream_twice_is_a_conflict(self, streams):
        await streams.append("qa", events("review-1", 1, 1))
        with pytest.raises(Conflict):
            await streams.append("qa", events("review-1", 1, 1))

    async def test_a_taken_version_is_a_conflict(self, streams):
        await streams.append("qa", events("review-1", 1, 3))
        with pytest.raises(Conflict):
            await streams.append("qa", [event("review-1", 3, "other")])
        assert [e.data for e in await streams.load("review-1")] == [b"x"] * 3

    @pytest.mark.parametrize("versions", [(2,), (0,), (1, 3), (2, 1), (1, 1)])
    async def test_versions_count_up_from_one(self, streams, versions):
        with pytest.raises(Conflict):
            await streams.append("qa", [event("review-1", version) for version in versions])
        assert list(await streams.load("review-1")) == []

    async def test_all_events_of_an_append_or_none(self, streams, topics):
        await streams.append("qa", events("review-1", 1, 1))
        with pytest.raises(Conflict):
            await streams.append("qa", events("review-1", 1, 2))
        assert [e.version for e in await streams.load("review-1")] == [1]
        await streams.append("qa", events("review-1", 2, 40))
        assert [e.version for e in await arrived(topics, "qa", 40)] == list(range(1, 41))

    async def test_of_many_creates_at_once_one_wins_and_the_others_hear_it(self, streams):
        results = await asyncio.gather(*(streams.append("qa", [event("review-1", 1, str(n))]) for n in range(20)), return_exceptions=True)
        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, Conflict) for result in results) == 19
        assert len(await streams.load("review-1")) == 1

    async def test_a_conflict_leaves_others_at_the_same_moment_alone(self, streams):
        await streams.append("qa", events("a-1", 1, 1))
        lost, won = await asyncio.gather(streams.append("qa", events("a-1", 1, 2)), streams.append("qa", events("b-1", 1, 2)), return_exceptions=True)
        assert isinstance(lost, Conflict)
        assert won is None
        assert [len(await streams.load(stream)) for stream in ("a-1", "b-1")] == [1, 2]

    async def test_an_oversize_event_is_refused_whole_and_the_stream_goes_on(self, streams):
        with pytest.raises(Oversize):
            await streams.append("qa", [event("review-1", 1), event("review-1", 2, "x" * (LARGEST + 1))])
        assert list(await streams.load("review-1")) == []
        await streams.append("qa", [event("review-1", 1, "x" * LARGEST)])
        assert [len(e.data) for e in await streams.load("review-1")] == [LARGEST]

    async def test_an_append_that_nobody_waits_for_any_more_leaves_the_stream_usable(self, streams):
        task = asyncio.create_task(streams.append("qa", events("review-1", 1, 2)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        written = len(await streams.load("review-1"))
        assert written in (0, 2)
        await streams.append("qa", events("review-1", written + 1, written + 1))

    async def test_names_by_prefix(self, streams):
        for stream in ("review-1", "review-2", "shipment-1"):
            await streams.append("qa", events(stream, 1, 2))
        assert [tuple(named) for named in await streams.names("review-")] == [("review-1", 2), ("review-2", 2)]
        assert [tuple(named) for named in await streams.names("review-", after="review-1")] == [("review-2", 2)]
        assert [tuple(named) for named in await streams.names(limit=1)] == [("review-1", 2)]

    async def test_what_was_appended_is_there_after_a_restart(self, reopen):
        first = await reopen()
        await first.ports("qa").streams.append("qa", events("review-1", 1, 2))
        await first.close()
        ports = (await reopen()).ports("qa")
        assert [e.version for e in await arrived(ports.topics, "qa", 2)] == [1, 2]
        with pytest.raises(Conflict):
            await ports.streams.append("qa", events("review-1", 2, 2))
        await ports.streams.append("qa", events("review-1", 3, 3))


class TestTopics:
    async def test_a_topic_keeps_each_streams_order(self, streams, topics):
        for n in range(1, 4):
            await streams.append("qa", events("review-1", n, n))
        await streams.append("cart", events("order-1", 1, 1))
        assert [(e.stream, e.version) for e in await arrived(topics, "qa", 3)] == [("review-1", n) for n in (1, 2, 3)]

    async def test_reading_on_from_a_position(self, streams, topics):
        await streams.append("qa", events("review-1", 1, 5))
        part = await part_with(topics, "qa", 5)
        first = await topics.read(part, 0, 2)
        assert [e.version for e in await topics.read(part, first[-1].position + 1, 10)] == [3, 4, 5]
        assert list(await topics.read(part, await topics.end(part), 10)) == []

    async def test_events_keep_their_positions(self, reopen):
        first = await reopen()
        await first.ports("qa").streams.append("qa", events("review-1", 1, 3))
        before = [e.position for e in await arrived(first.ports("qa").topics, "qa", 3)]
        await first.close()
        assert [e.position for e in await arrived((await reopen()).ports("qa").topics, "qa", 3)] == before

    async def test_behind_counts_what_is_left(self, streams, topics):
        await streams.append("qa", events("review-1", 1, 5))
        part = await part_with(topics, "qa", 5)
        third = (await topics.read(part, 0, 10))[2]
        count, oldest = await topics.behind(part, third.position)
        assert (count, oldest.version) == (3, 3)
        assert await topics.behind(part, await topics.end(part)) == (0, None)

    async def test_a_topic_ends_after_its_own_newest_event(self, streams, topics):
        assert {await topics.end(part) for part in topics.parts("qa")} == {0}
        await streams.append("qa", events("review-1", 1, 2))
        await streams.append("cart", events("order-1", 1, 1))
        part = await part_with(topics, "qa", 2)
        assert await topics.end(part) == (await topics.read(part, 0, 10))[-1].position + 1

    async def test_all_streams_of_an_order_lie_in_parts_of_the_same_number(self, engine, topics):
        for n in range(20):
            await engine.ports("cart").streams.append("cart", events(f"order-{n}", 1, 1))
            await engine.ports("qa").streams.append("qa", events(f"review-{n}", 1, 1))
        lie = {
            topic: {
                stored.stream.partition("-")[2]: topics.parts(topic).index(part)
                for part, some in (await parts_with(topics, topic, 20)).items()
                for stored in some
            }
            for topic in ("cart", "qa")
        }
        assert lie["cart"] == lie["qa"]
        assert len(lie["cart"]) == 20

    async def test_nothing_waits_for_the_relay_once_it_has_arrived(self, engine, streams, topics):
        await streams.append("qa", events("review-1", 1, 5))
        await arrived(topics, "qa", 5)

        async def carried():
            return (await engine.ports("qa").relay.waiting()) == (0, None)

        await until(carried)


class TestDocuments:
    @pytest.fixture
    async def documents(self, engine):
        documents = engine.ports("qa").documents
        await documents.prepare("queue@1", ("stage", "sum", "name"))
        rows = [("a", "open", 5, "anna"), ("b", "open", 3, "anton"), ("c", "done", 9, "bert"), ("d", "open", 5, "berta")]
        await documents.write({"queue@1": documents_of(*((id, {"stage": stage, "sum": sum, "name": name}) for id, stage, sum, name in rows))})
        return documents

    async def test_what_was_put_is_read(self, documents):
        assert await documents.get("queue@1", "a") == Document("a", {"stage": "open", "sum": 5, "name": "anna"}, {"s-1": 1}, 1)
        assert await documents.get("queue@1", "nobody") is None

    async def test_values_come_back_as_they_went_in(self, documents):
        value = {"text": "caf\u00e9 \U0001f4de \ue000", "none": None, "deep": [{"a": [1, -2, 2**53]}, True, ""], "": 0}
        await documents.write({"queue@1": documents_of(("e", value))})
        assert (await documents.get("queue@1", "e")).data == value

    async def test_a_lost_guard_writes_nothing(self, documents, topics):
        cart = topics.parts("cart")[0]
        read = await documents.get("queue@1", "a")
        await documents.write({"queue@1": [Document("a", {"sum": 6}, {}, read.revision)]})
        with pytest.raises(Conflict):
            await documents.write({"queue@1": [Document("z", {}, {}), Document("a", {"sum": 7}, {}, read.revision)]}, Progress("qa.views", {cart: 9}))
        assert (await documents.get("queue@1", "a")).data == {"sum": 6}
        assert await documents.get("queue@1", "z") is None

    async def test_progress_is_saved_with_the_documents_or_not_at_all(self, documents, topics):
        part = topics.parts("cart")[0]
        assert await topics.offset("qa.views", part) == 0
        await documents.write({"queue@1": documents_of(("e", {}))}, Progress("qa.views", {part: 7}))
        with pytest.raises(Conflict):
            await documents.write({"queue@1": documents_of(("e", {}))}, Progress("qa.views", {part: 8}))
        assert await topics.offset("qa.views", part) == 7
        assert await topics.offset("qa.other", part) == 0

    async def test_progress_never_goes_back(self, documents, topics):
        part = topics.parts("cart")[0]
        for offset in (7, 5):
            await documents.write({}, Progress("qa.views", {part: offset}))
        assert await topics.offset("qa.views", part) == 7

    async def test_whoever_holds_a_group_reads_what_it_has_read(self, documents, topics):
        part = topics.parts("cart")[0]
        await documents.write({}, Progress("qa.views", {part: 7}))
        async with documents.hold("qa.views"):
            assert await topics.offset("qa.views", part) == 7
        await documents.write({}, Progress("qa.views", {part: 8}))
        assert await topics.offset("qa.views", part) == 8

    async def test_creating_twice_is_a_conflict(self, documents):
        with pytest.raises(Conflict):
            await documents.write({"queue@1": [Document("a", {}, {})]})

    async def test_changing_what_is_not_there_is_a_conflict(self, documents):
        with pytest.raises(Conflict):
            await documents.write({"queue@1": [Document("z", {}, {}, 3)]})

    async def test_a_tombstone_is_invisible_and_keeps_its_versions(self, documents):
        read = await documents.get("queue@1", "a")
        await documents.write({"queue@1": [Document("a", None, {"s-1": 2}, read.revision)]})
        assert await documents.get("queue@1", "a") is None
        assert "a" not in await ids(documents, "queue@1")
        assert await documents.count("queue@1") == 3
        for where in ({"stage": "open"}, {"sum": Range(low=0)}, {"sum": Range()}, {"name": Prefix("")}, {"sum": None}, {"id": "a"}):
            assert "a" not in await ids(documents, "queue@1", where)
            assert await documents.count("queue@1", where) == len(await ids(documents, "queue@1", where))
        assert [total["count"] for total in await documents.totals("queue@1", (), ())] == [3]
        assert (await documents.get_many("queue@1", ["a", "z"])) == {"a": Document("a", None, {"s-1": 2}, 2)}
        assert [document.id async for document in documents.scan("queue@1")] == ["a", "b", "c", "d"]

    async def test_find_by_equality_range_prefix_and_choice(self, documents):
        assert await ids(documents, "queue@1", {"stage": "open"}) == ["a", "b", "d"]
        assert await ids(documents, "queue@1", {"sum": Range(4, 8)}) == ["a", "d"]
        assert await ids(documents, "queue@1", {"sum": Range(low=5)}) == ["a", "c", "d"]
        assert await ids(documents, "queue@1", {"name": Prefix("an")}) == ["a", "b"]
        assert await ids(documents, "queue@1", {"name": Prefix("berta")}) == ["d"]
        assert await ids(documents, "queue@1", {"stage": ("done", "lost")}) == ["c"]
        assert await ids(documents, "queue@1", {"stage": "open", "sum": 5}) == ["a", "d"]
        assert await ids(documents, "queue@1", {"stage": "' or 1=1 --"}) == []

    async def test_beside_an_index_any_field_may_be_asked_for(self, documents):
        await documents.write(
            {"queue@1": documents_of(("e", {"stage": "open", "sum": 6, "is_rare": True}), ("f", {"stage": "done", "is_rare": True}))}
        )
        assert await ids(documents, "queue@1", {"stage": "open", "is_rare": True}) == ["e"]
        assert await ids(documents, "queue@1", {"sum": Range(low=5), "is_rare": True}, sort="sum", descending=True) == ["e"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    @pytest.mark.parametrize(
        ("options", "wanted"),
        [
            ({}, ["a", "b", "c", "d", "e", "f"]),
            ({"descending": True}, ["f", "e", "d", "c", "b", "a"]),
            ({"sort": "sum"}, ["e", "f", "b", "a", "d", "c"]),
            ({"sort": "sum", "descending": True}, ["c", "d", "a", "b", "f", "e"]),
            ({"sort": "sum", "where": {"stage": "open"}}, ["e", "b", "a", "d"]),
        ],
    )
    async def test_pages_by_cursor_neither_skip_nor_repeat(self, documents, limit, options, wanted):
        await documents.write({"queue@1": documents_of(("e", {"stage": "open"}), ("f", {"stage": "done", "sum": None}))})
        assert await all_pages(documents, limit=limit, **options) == wanted

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "eyJhIjoxfQ==", "W1sxXSwiYSJd", "MQ==", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMCwiYSJd"])
    async def test_a_foreign_cursor_is_refused(self, documents, cursor):
        with pytest.raises(ValueError, match="cursor"):
            await documents.find("queue@1", sort="sum", cursor=cursor)

    async def test_count_and_totals(self, documents):
        assert await documents.count("queue@1", {"stage": "open"}) == 3
        assert [await documents.count("queue@1", {"stage": "open"}, most=most) for most in (1, 2, 5)] == [1, 2, 3]
        assert await documents.totals("queue@1", ["stage"], ["sum"]) == [
            {"stage": "done", "count": 1, "sum": 9},
            {"stage": "open", "count": 3, "sum": 13},
        ]
        assert await documents.totals("queue@1", [], ["sum"], {"stage": "open"}) == [{"count": 3, "sum": 13}]

    async def test_rename_replaces_and_drop_forgets(self, documents):
        for number in (1, 2, 3):
            await documents.prepare("queue@1.build", ("stage",))
            await documents.write({"queue@1.build": documents_of((f"only{number}", {"stage": "open"}))})
            await documents.rename("queue@1.build", "queue@1")
            await documents.prepare("queue@1", ("stage", "sum"))
            assert await ids(documents, "queue@1", {"stage": "open"}) == [f"only{number}"]
        assert "queue@1.build" not in await documents.collections()
        await documents.drop("queue@1")
        await documents.drop("queue@1")
        assert "queue@1" not in await documents.collections()

    async def test_a_failed_rename_changes_nothing(self, documents):
        with pytest.raises(Unavailable):
            await documents.rename("nowhere@1", "queue@1")
        assert await ids(documents, "queue@1") == ["a", "b", "c", "d"]
        await documents.write({"queue@1": documents_of(("e", {}))})

    async def test_services_keep_their_documents_apart(self, engine, documents):
        assert "queue@1" not in await engine.ports("cart").documents.collections()
