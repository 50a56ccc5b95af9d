"""What every fulfilment plugin has to pass, as a class of pytest tests: docs/plugins.md shows one that does.

    from services.fulfillment.plugins.conformance import Conformance

    class TestMine(Conformance):
        kind, secrets = KIND, {"key": "…"}

        def stand_in(self): return warehouse(self.folder)
        def plugin(self, url, timeout): return MyPlugin(timeout)
        def options_for(self, url): return {"url": url}
        async def to_ship(self, line): return [row["export_id"] for row in …]

It is a plugin of pytest that is asked for by importing it, so that no other run of pytest with Ringup installed knows of it. It wants pytest-asyncio.
"""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("rig", "delivering", "crashes", "stopping", "faults", "privacy", "doors")))

from services.fulfillment.plugins.conformance.crashes import Crashes  # noqa: E402
from services.fulfillment.plugins.conformance.delivering import Delivering  # noqa: E402
from services.fulfillment.plugins.conformance.doors import Doors  # noqa: E402
from services.fulfillment.plugins.conformance.faults import Faults  # noqa: E402
from services.fulfillment.plugins.conformance.privacy import Privacy  # noqa: E402
from services.fulfillment.plugins.conformance.rig import Asking, Board, Line, outgoing  # noqa: E402
from services.fulfillment.plugins.conformance.stopping import Stopping  # noqa: E402
from shared.wire import Wire  # noqa: E402

__all__ = ["Asking", "Board", "Conformance", "Line", "Wire", "outgoing"]


class Conformance(Delivering, Crashes, Stopping, Faults, Privacy, Doors):
    """Subclass it as ``Test…`` and give what ``Rig`` wants. What a plugin does not do, such as to send over a wire, is skipped."""
