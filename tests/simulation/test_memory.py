"""The memory engine promises what every engine promises."""

import pytest

from shared.engines.embedded.engine import ensure_master_key
from tests.engines.consuming import *  # noqa: F403
from tests.engines.contract import *  # noqa: F403
from tests.engines.keys import *  # noqa: F403
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


async def test_members_share_the_partitions_of_a_group(settings, reopen):
    """And whoever is left has all of them."""
    first = await reopen()
    cluster = first.cluster
    consumers = []
    for member in "ab":
        broker = MemoryEngine(cluster, settings.master_keys, member=member).broker
        consumers.append(MemoryConsumer(broker, "qa.views", auto_offset_reset="earliest"))
        consumers[-1].subscribe(["cart", "qa"])
        await consumers[-1].start()
    one, other = consumers
    assert {*one.places} & {*other.places} == set()
    assert len(one.places + other.places) == 6
    assert {number for _, number in one.places} & {number for _, number in other.places} == set()
    await one.stop()
    assert len(other.places) == 6
