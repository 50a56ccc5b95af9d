import uuid

import pytest

from shared.engines.cluster.engine import opened
from shared.engines.embedded.engine import ensure_master_key
from shared.settings import Settings
from tests.engines.consuming import *  # noqa: F403
from tests.engines.contract import *  # noqa: F403
from tests.engines.keys import *  # noqa: F403

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path, servers):
    """An installation of its own on the servers that all tests share."""
    made = Settings(
        engine="cluster", data=tmp_path / "data", key_file=tmp_path / "keys" / "master.key", kafka=servers.kafka, mongo=servers.mongo,
        installation=f"t{uuid.uuid4().hex[:8]}", partitions=3,
    )  # fmt: skip
    ensure_master_key(made)
    return made


@pytest.fixture
async def reopen(settings):
    engines = []

    async def again():
        engines.append(await opened(settings))
        return engines[-1]

    yield again
    if engines:
        await engines[-1].close()
