import pytest

from tests.engines.cluster import *  # noqa: F403
from tests.engines.consuming import *  # noqa: F403
from tests.engines.contract import *  # noqa: F403
from tests.engines.keys import *  # noqa: F403
from tests.engines.poison import *  # noqa: F403

pytestmark = pytest.mark.slow
