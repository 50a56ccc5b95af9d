"""How the tests are dealt out to workers that run side by side (``make test``)."""

import pytest
from xdist.scheduler import LoadScopeScheduling

_CLUSTERED = (
    "tests/chaos/test_storm.py",
    "tests/chaos/test_takeover.py",
    "tests/deploy/test_cluster.py",
    "tests/deploy/test_servers.py",
    "tests/e2e/test_walking_cluster.py",
    "tests/engines/test_cluster.py",
    "tests/engines/test_cluster_faults.py",
    "tests/house/test_same_everywhere.py",
    "tests/ops/test_cluster.py",
    "tests/ops/test_cluster_import.py",
)
"""They ask for ``servers``, which one worker starts once, kills and restarts."""
_TOGETHER = "tests/gateway/"
"""They look at one installation."""
_LONGEST_FIRST = ("tests/simulation/", *_CLUSTERED, "tests/chaos/", "tests/e2e/", "tests/cli/", _TOGETHER)


class Dealt(LoadScopeScheduling):
    """A file goes to one worker as a whole, as its fixtures are made for it; some files go together."""

    def _split_scope(self, nodeid):
        return shared(nodeid.partition("::")[0])


def shared(file):
    """What goes to one worker, the same for all that belongs to it."""
    if file in _CLUSTERED:
        return "cluster"
    return _TOGETHER if file.startswith(_TOGETHER) else file


def length(file):
    """Of no unit: how late its worker may begin with it."""
    return next((n for n, prefix in enumerate(_LONGEST_FIRST) if file.startswith(prefix)), len(_LONGEST_FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False
    return Dealt(config, log)


def pytest_collection_modifyitems(config, items):
    """The longest first, so that no worker is left with one of them in the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: length(item.nodeid.partition("::")[0]))
