"""The memory engine promises what every engine promises."""

import pytest

from shared.engines.embedded.engine import ensure_master_key
from tests.engines.consuming import *  # noqa: F403
from tests.engines.contract import *  # noqa: F403
from tests.engines.keys import *  # noqa: F403
from tests.house.shop import until
from tests.simulation.groups import MemoryConsumer
from tests.simulation.memory import Cluster, MemoryEngine


@pytest.fixture
async def reopen(settings):
    cluster, opened = Cluster(), []
    ensure_master_key(settings)

    async def again():
        opened.append(MemoryEngine(cluster, settings.master_keys))
        return opened[-1]

    yield again
    if opened:
        await opened[-1].close()


async def test_members_share_the_partitions_of_a_group_and_whoever_is_left_has_all(reopen):
    broker = (await reopen()).broker
    consumers = []
    for _ in "ab":
        consumers.append(MemoryConsumer(broker, "qa.views", auto_offset_reset="earliest"))
        consumers[-1].subscribe(["cart", "qa"], listener=_Nothing())
        await consumers[-1].start()
    one, other = consumers

    async def shared():
        return one.places and other.places and len(one.places + other.places) == 6

    await until(shared)
    assert {number for _, number in one.places} & {number for _, number in other.places} == set()
    await one.stop()

    async def left():
        return len(other.places) == 6

    await until(left)


class _Nothing:
    async def on_partitions_revoked(self, revoked):
        """In hand."""

    on_partitions_assigned = on_partitions_revoked
