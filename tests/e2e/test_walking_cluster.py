"""The walking order once more, where every service has processes of its own."""

import pytest
import pytest_asyncio

from tests.clustered import cluster
from tests.e2e.test_walking_order import *  # noqa: F403

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(servers, tmp_path_factory):
    async with cluster(tmp_path_factory.mktemp("cluster")) as there:
        yield there
