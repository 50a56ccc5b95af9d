"""Secrets, names and addresses are said to whoever ships it and to nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Rig, outgoing
from services.fulfillment.plugins.protocol import Outgoing, Taken
from shared.wire import FAULTS, passed, saying

_SHORT = 5
"""What is no longer is in any text."""


@pytest.mark.asyncio
class Privacy(Rig):
    async def test_nothing_personal_or_secret_is_shown_or_logged(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        shown: list[object] = []
        async with self.line(5.0) as line:
            faults = (passed, FAULTS["it resets the connection"], saying(500, "text/plain", CANARY.encode())) if line.over else (None,)
            for fault in faults:
                if fault:
                    line.wire.fault = fault
                wanted = outgoing()
                shown += [wanted, await line.deliver(wanted), await line.reconcile(wanted), await line.cancel(wanted)]
                shown += [await line.plugin.trouble(line.options, line.secrets), line.plugin]
            for secret in line.secrets.values():
                assert secret not in "".join(line.options.values())
        text = "".join([*map(repr, shown), *map(str, shown), *capfd.readouterr(), caplog.text])
        hidden = {CANARY, "+12025550147", *(secret for secret in self.secrets.values() if len(secret) > _SHORT)}
        assert [each for each in hidden if each in text] == []

    async def test_wrong_secrets_ship_nothing_and_are_said_to_be_wrong(self) -> None:
        if self.wrong_secrets is None:
            pytest.skip("the other side does not look at secrets")
        async with self.line() as line:
            if line.over is None:
                pytest.skip("it sends nothing over a wire")
            for secrets in (self.wrong_secrets, {}):
                wanted = outgoing()
                wrong = replace(line, secrets=secrets)
                assert not isinstance(await wrong.deliver(wanted), Taken)
                assert not isinstance(await wrong.reconcile(wanted), Taken)
                assert list(await self.to_ship(line)) == []

    async def test_nothing_is_sent_where_no_secret_may_be_read(self) -> None:
        """Neither the address nor its query has a secret in it: both end in the logs of whatever lies on the way."""
        async with self.line() as line:
            wanted: Outgoing = (await line.taken())[0]
            await line.cancel(wanted)
            paths = "".join(sent.path for sent in line.wire.sent)
            assert [secret for secret in self.secrets.values() if len(secret) > _SHORT and secret in paths] == []
            assert CANARY not in paths
