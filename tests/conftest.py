from datetime import UTC, datetime

import pytest

from shared.settings import Settings
from tests.cluster import servers
from tests.workers import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler", "servers"]


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", key_file=tmp_path / "keys" / "master.key")


@pytest.fixture
def noon():
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
