"""A real Kafka and a real MongoDB for tests, started once when the first test asks for them."""

import warnings

import pytest

from tests.debian import install


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """Skips, and says so in one line, where they cannot be had."""
    from deploy.servers import Unobtainable

    folder = tmp_path_factory.mktemp("cluster")
    try:
        started = _started(folder)
    except Unobtainable as error:
        warnings.warn(f"CLUSTER TESTS ARE SKIPPED. {error}", stacklevel=2)
        pytest.skip(str(error))
    with started:
        yield started


def _started(folder):
    from deploy.servers import Servers, Unobtainable

    try:
        return Servers(folder)
    except Unobtainable:
        install("openjdk-17-jre-headless", "maven")
        return Servers(folder)
