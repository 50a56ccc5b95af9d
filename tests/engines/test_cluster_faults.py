"""What the cluster engine refuses, what it survives, and what it says meanwhile."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo.errors import AutoReconnect

from shared.engines.cluster import mongo
from shared.engines.cluster.engine import opened
from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ports import LARGEST, Progress
from shared.kernel.views import Document
from shared.operate import reasons_of
from shared.settings import Settings, SettingsError
from tests.engines.cluster import put, reopen, settings
from tests.engines.consuming import note, seen, start, versions, watch
from tests.engines.contract import event, events
from tests.house.shop import until
from tests.kernel.test_poison import sealed, stored, watching

__all__ = ["put", "reopen", "settings", "start"]
pytestmark = pytest.mark.slow


def changed(settings, **values):
    return Settings(**{**settings.model_dump(), **values})


async def test_topics_of_another_number_of_partitions_are_refused(reopen, settings):
    await reopen()
    with pytest.raises(SettingsError, match="has 3 partitions, and RINGUP_PARTITIONS is 4"):
        await opened(changed(settings, partitions=4))


async def test_data_of_another_installation_is_refused(reopen, settings, tmp_path):
    await reopen()
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    with pytest.raises(Unavailable, match="master key does not fit"):
        await opened(changed(settings, key_file=other))


async def test_events_of_another_kafka_are_refused(reopen, settings):
    await reopen()
    client = mongo.connect(settings.mongo, "test")
    await client[f"{settings.installation}_keys"]["about"].update_one({"_id": "kafka"}, {"$set": {"value": "another"}})
    client.close()
    with pytest.raises(SettingsError, match="belongs to the events on the Kafka cluster another"):
        await opened(settings)


async def test_a_missing_master_key_is_refused_and_none_is_made(settings):
    settings.master_file.unlink()
    with pytest.raises(SettingsError, match="RINGUP_KEY_FILE"):
        await opened(settings)
    assert not settings.master_file.exists()


@pytest.mark.parametrize("address", ["mongodb://127.0.0.1:1/?replicaSet=rs0", "nonsense"])
async def test_a_database_that_is_not_there_is_a_clear_message(settings, address):
    with pytest.raises((Unavailable, SettingsError), match=r"MongoDB|RINGUP_MONGO"):
        await opened(changed(settings, mongo=address))


async def test_a_broker_that_is_not_there_is_a_clear_message(settings):
    with pytest.raises(Unavailable, match="Kafka does not answer"):
        await opened(changed(settings, kafka="127.0.0.1:1"))


async def test_an_event_under_the_key_of_another_stream_waits_and_says_why(reopen, start, put, settings):
    await put(stored("1"), key="customer-sound")
    await put(stored("sound"), stored("sound", 2))
    engine = await reopen()
    assert engine.topics.place("customers", "customer-1") != engine.topics.place("customers", "customer-sound")
    running, *_ = await start(engine, watching)

    async def parked():
        return await running.parking.rows() if await running.get(sealed, "sound", opened=False) else []

    rows = await until(parked)
    assert {row["stream"] for row in rows} == {"customer-1"}
    assert all("where no event of customer-1 belongs" in row["error"] for row in rows)


async def test_whoever_holds_a_group_keeps_all_others_from_writing_for_it(reopen, settings):
    mine, theirs = await reopen(), await opened(settings)
    documents, others = mine.ports("qa").documents, theirs.ports("qa").documents
    await documents.prepare("queue@1", ())
    old, new = (mine.topics.parts("cart")[n] for n in (0, 1))
    await others.write({}, Progress("qa.views", {old: 1}))
    async with documents.hold("qa.views"):
        for part in (old, new):
            with pytest.raises(Unavailable, match="compared"):
                await others.write({"queue@1": [Document("a", {})]}, Progress("qa.views", {part: 2}))
        with pytest.raises(Unavailable, match="compared"):
            await others.write({}, Progress("qa.views"))
        with pytest.raises(Unavailable, match="held"):
            async with others.hold("qa.views"):
                pass
        await others.write({}, Progress("qa.policies", {old: 1}))
    await others.write({"queue@1": [Document("a", {})]}, Progress("qa.views", {old: 2, new: 1}))
    await theirs.close()


async def test_two_relays_carry_everything_once_marked_in_each_streams_order(reopen, settings):
    engines = [await opened(settings), await reopen()]
    for version in range(1, 41):
        await asyncio.gather(*(engines[n % 2].ports("qa").streams.append("qa", events(f"review-{n}", version, version)) for n in range(10)))

    async def carried():
        return (await engines[0].ports("qa").relay.waiting())[0] == 0

    await until(carried)
    lying = await raw(settings, engines[0], "qa")
    for n in range(10):
        mine = [version for stream, version in lying if stream == f"review-{n}"]
        first = [version for at, version in enumerate(mine) if version not in mine[:at]]
        assert first == list(range(1, 41))
    await engines[0].close()


async def raw(settings, engine, topic):
    """(stream, version) of every record, partition by partition, repeats included."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    await consumer.start()
    places = [TopicPartition(engine.names.called(topic), n) for n in range(settings.partitions)]
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    found = []
    while any([await consumer.position(place) < end for place, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                headers = dict(record.headers)
                found.append((headers["ce_subject"].decode(), int(headers["streamversion"])))
    await consumer.stop()
    return found


async def test_the_largest_commits_get_through(reopen, settings):
    engine = await reopen()
    streams = engine.ports("catalog").streams
    await streams.append("catalog", [event("campaign-1", n, "x" * LARGEST) for n in (1, 2, 3)])
    await streams.append("catalog", [event("campaign-1", n, "y" * 2_000) for n in range(4, 1_004)])

    async def carried():
        return (await engine.ports("catalog").relay.waiting())[0] == 0

    await until(carried, 30)
    place = engine.topics.place("catalog", "campaign-1")
    assert [e.version for e in await engine.topics.read(place, 0, 2_000)] == list(range(1, 1_004))


async def test_partitions_change_hands_in_the_middle_and_nothing_is_lost_or_done_twice(reopen, start, settings):
    engine = await reopen()
    await asyncio.gather(*(note(engine, settings, f"c{n}", 10) for n in range(12)))
    first, *_ = await start(engine, watch)
    await versions(first, "c0", 1)
    beside = await opened(changed(settings, instance="second"))
    second, *_ = await start(beside, watch)
    await asyncio.gather(*(note(engine, settings, f"c{n}", 10) for n in range(12)))
    for n in range(12):
        assert await versions(second, f"c{n}", 20) == list(range(1, 21))
    await beside.close()
    await note(engine, settings, "c0")
    assert await versions(first, "c0", 21) == list(range(1, 22))


async def test_a_new_number_is_built_while_processes_of_the_old_one_serve_and_work(reopen, start, settings):
    engine = await reopen()
    await asyncio.gather(*(note(engine, settings, f"c{n}", 3) for n in range(6)))
    old, *_ = await start(engine, replace(watch, policies=()))
    for n in range(6):
        await versions(old, f"c{n}", 3)
    beside = await opened(changed(settings, instance="new"))
    renewed, more = replace(seen, number=2), replace(seen, name="more")
    new, *_ = await start(beside, replace(watch, views=(renewed, more)))

    async def built():
        return new.builds.keys() == {"seen", "more"}

    await until(built, 60)
    await asyncio.gather(*(note(engine, settings, f"c{n}", 3) for n in range(6)))
    for n in range(6):
        assert await versions(old, f"c{n}", 6, 60) == [1, 2, 3, 4, 5, 6]
        for view in (renewed, more):

            async def there(view=view, id=f"c{n}"):
                row = await new.get(view, id)
                return row["seen"] if row and len(row["seen"]) == 6 else None

            assert await until(there, 60) == [1, 2, 3, 4, 5, 6]
    await beside.close()
    await note(engine, settings, "c0")
    assert await versions(old, "c0", 7, 60) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_lost_broker_is_waited_for_and_health_says_so(reopen, start, settings, servers):
    engine = await reopen()
    await note(engine, settings, "a", 2)
    running, *_ = await start(engine, watch)
    await versions(running, "a", 2)
    await asyncio.to_thread(servers.kill_kafka)
    try:
        await note(engine, settings, "a", 2)

        async def told():
            return any("Kafka does not answer" in reason for reason in await reasons_of(running))

        await until(told, 60)
    finally:
        await asyncio.to_thread(servers.start_kafka)
    assert await versions(running, "a", 4, 60) == [1, 2, 3, 4]

    async def well():
        return not await reasons_of(running)

    await until(well, 60)


async def test_a_lost_database_is_waited_for_and_health_says_so(reopen, start, settings, servers):
    engine = await reopen()
    await note(engine, settings, "a", 2)
    running, *_ = await start(engine, watch)
    await versions(running, "a", 2)
    await asyncio.to_thread(servers.kill_mongo)
    try:
        with pytest.raises(Unavailable):
            await note(engine, settings, "a")
        assert any("MongoDB does not answer" in reason for reason in await reasons_of(running))
    finally:
        await asyncio.to_thread(servers.start_mongo)

    async def noted():
        try:
            await note(engine, settings, "a")
        except (Unavailable, Conflict):
            return False
        return True

    await until(noted, 60)
    assert (await versions(running, "a", 3, 60))[:3] == [1, 2, 3]

    async def well():
        return not await reasons_of(running)

    await until(well, 60)


async def test_an_elected_primary_is_waited_for(reopen, start, settings):
    engine = await reopen()
    running, *_ = await start(engine, watch)
    client = mongo.connect(settings.mongo, "test")
    answered = []

    async def keep_noting():
        while len(answered) < 60:
            try:
                await note(engine, settings, f"n{len(answered)}")
                answered.append(True)
            except (Unavailable, Conflict):
                await asyncio.sleep(0.05)

    noting = asyncio.create_task(keep_noting())
    await until(lambda: _grown(answered, 10), 60)
    with contextlib.suppress(AutoReconnect):
        await client.admin.command("replSetStepDown", 1, force=True)
    await asyncio.wait_for(noting, 60)
    for n in range(60):
        assert (await versions(running, f"n{n}", 1, 60))[0] == 1
    client.close()


async def _grown(found, count):
    return len(found) >= count


async def test_one_document_that_the_database_refuses_parks_its_own_stream(reopen, start, settings):
    engine = await reopen()
    running, *_ = await start(engine, watch)
    client = mongo.connect(settings.mongo, "test")
    await client[f"{settings.installation}_qa"].command("collMod", "seen@1", validator={"_id": {"$ne": "refused"}})
    await note(engine, settings, "refused", 2)
    await note(engine, settings, "sound", 2)
    assert await versions(running, "sound", 2) == [1, 2]
    (row,) = await until(running.parking.rows)
    assert row["stream"] == "customer-refused"
    assert "does not take this" in row["error"]
    assert not running.problems
    client.close()
