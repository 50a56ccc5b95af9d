"""Secrets, card numbers and security codes are said to the gateway and nobody else; and only the gateway is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.payments.gateways.conformance.rig import Rig, follow_up, new, question
from services.payments.gateways.protocol import Card, Means, NotTheirs
from shared.wire import passed, reset, saying


def _told(means: Means) -> tuple[str, ...]:
    return (means.number, means.cvv) if isinstance(means, Card) else (means.number, means.routing)


@pytest.mark.asyncio
class Privacy(Rig):
    async def test_nothing_secret_is_shown_or_logged(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        shown, hidden = [], set(self.secrets.values())
        async with self.line(5.0) as line:
            for wish in ("approved", "declined", "account"):
                means = self.means(wish)
                if means is None:
                    continue
                hidden |= {each for each in _told(means) if len(each) > 4}
                for fault in (passed, reset, saying(500, "text/plain", b"no")):
                    line.wire.fault = fault
                    charge = new(means)
                    said = await line.authorise(charge)
                    shown += [charge, said, await line.lookup(question(charge, "authorise")), await line.capture(follow_up(charge, said, "capture"))]
            shown += [line.gateway, await line.gateway.trouble(self.secrets)]
        text = "".join([*map(repr, shown), *map(str, shown), *capfd.readouterr(), caplog.text])
        assert [each for each in hidden if each and each in text] == []

    async def test_wrong_secrets_charge_nothing_and_are_said_to_be_wrong(self) -> None:
        if self.wrong_secrets is None:
            pytest.skip("the stand-in takes any secrets")
        async with self.line() as line:
            charge = new(self.wish("approved"))
            wrong = replace(line, secrets=self.wrong_secrets)
            assert (await wrong.authorise(charge)).answer in ("unknown", "declined")
            assert (await wrong.lookup(question(charge, "authorise"))).answer == "unknown"
            assert await line.gateway.trouble(self.wrong_secrets)
            assert (await line.lookup(question(charge, "authorise"))).answer != "approved"

    async def test_without_secrets_nothing_is_charged(self) -> None:
        if self.wrong_secrets is None:
            pytest.skip("the stand-in takes any secrets")
        async with self.line() as line:
            charge = new(self.wish("approved"))
            without = replace(line, secrets={})
            assert (await without.authorise(charge)).answer in ("unknown", "declined")
            assert (await without.lookup(question(charge, "authorise"))).answer == "unknown"
            assert await line.gateway.trouble({})

    async def test_wrong_secrets_move_nothing(self) -> None:
        if self.wrong_secrets is None:
            pytest.skip("the stand-in takes any secrets")
        self.needs("capture", "void")
        async with self.line() as line:
            charge = new(self.wish("approved"))
            said = await line.authorise(charge)
            wrong = replace(line, secrets=self.wrong_secrets)
            assert (await wrong.capture(follow_up(charge, said, "capture"))).answer in ("unknown", "declined")
            assert (await wrong.void(follow_up(charge, said, "void"))).answer in ("unknown", "declined")
            assert (await line.capture(follow_up(charge, said, "capture"))).answer == "approved"

    async def test_a_call_of_theirs_is_believed_by_its_signature_alone(self) -> None:
        called = self.hook()
        async with self.line() as line:
            if called is None:
                with pytest.raises(NotTheirs):
                    await line.gateway.hear({}, b"{}", self.secrets)
                return
            headers, body = called
            assert await line.gateway.hear(headers, body, self.secrets)
            unsigned = {name: value for name, value in headers.items() if "sign" not in name}
            for other in ((headers, body[:-1] + b" }"), (headers, b""), (unsigned, body), ({}, body), ({}, b"\xff")):
                with pytest.raises(NotTheirs):
                    await line.gateway.hear(*other, self.secrets)
            for secrets in ({name: f"{secret}x" for name, secret in self.secrets.items()}, {}):
                with pytest.raises(NotTheirs):
                    await line.gateway.hear(headers, body, secrets)
