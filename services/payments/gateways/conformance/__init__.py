"""What every adapter of a gateway has to pass, as a class of pytest tests: docs/gateways.md shows one that is.

    from services.payments.gateways.conformance import Conformance

    class TestMine(Conformance):
        kind, secrets = KIND, {"key": "…"}

        def stand_in(self): return fake_gateway()
        def adapter(self, url, timeout): return MyGateway(url, timeout)
        def means(self, wish): return {"approved": Card(…), "declined": Card(…)}.get(wish)

It is a plugin that is asked for by importing it, so that no other run of pytest with Ringup installed knows of it. It wants pytest-asyncio.
"""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("rig", "answers", "moving", "faults", "privacy")))

from services.payments.gateways.conformance.answers import Answers  # noqa: E402
from services.payments.gateways.conformance.faults import Faults  # noqa: E402
from services.payments.gateways.conformance.moving import Moving  # noqa: E402
from services.payments.gateways.conformance.privacy import Privacy  # noqa: E402
from services.payments.gateways.conformance.rig import Line, Wish  # noqa: E402
from shared.wire import Wire  # noqa: E402

__all__ = ["Conformance", "Line", "Wire", "Wish"]


class Conformance(Answers, Moving, Faults, Privacy):
    """Subclass it as ``Test…`` and give what ``Rig`` wants. What a kind cannot do, by its capabilities, is skipped."""
