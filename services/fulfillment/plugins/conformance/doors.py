"""Whoever asks at its door shows who they are, and whatever is asked is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Asking, Line, Rig
from services.fulfillment.plugins.protocol import Door, Reply, Secrets

_RUBBISH = ("", " ", "\x00", "0", "-1", "99999999999999999999", "1e309", "NaN", "13/45/2026 99:99", "'; --", "<x>&", "🛏️", "x" * 10_000)
_BODIES = (b"", b"\xff\xfe\x00", b"{", b"[" * 10_000, b"<a>" * 1_000, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"x" * 1_000_000)


@pytest.mark.asyncio
class Doors(Rig):
    async def test_a_good_request_is_answered(self) -> None:
        async with self.line() as line:
            await line.taken()
            reply = await self._asked(line, self._good())
            assert reply.status < 300, f"it answers {reply.status}"

    async def test_whoever_does_not_show_who_they_are_learns_nothing(self) -> None:
        good = self._good()
        async with self.line() as line:
            await line.taken()
            nameless = [replace(good, headers=headers) for headers in ({}, *_spoiled(good.headers))]
            for asking in nameless:
                reply = await self._asked(line, asking)
                assert reply.status in (400, 401, 403), f"without the right headers it answers {reply.status}"
                assert CANARY.encode() not in reply.body
            for secrets in ({name: f"{secret}x" for name, secret in self.secrets.items()}, {}):
                reply = await self._asked(line, good, secrets)
                assert reply.status in (400, 401, 403), f"with other secrets than ours it answers {reply.status}"
                assert CANARY.encode() not in reply.body
            assert line.desk.told == []

    @pytest.mark.parametrize("rubbish", _RUBBISH)
    async def test_a_query_of_rubbish_is_answered_and_not_believed(self, rubbish: str) -> None:
        good = self._good()
        async with self.line() as line:
            await line.taken()
            for name in {*good.query, "page", "action", "start_date", "end_date", "order_number"}:
                assert (await self._asked(line, replace(good, query={**good.query, name: rubbish}))).status < 500
            assert line.desk.told == []

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "TRACE"])
    async def test_a_body_of_rubbish_is_answered_and_not_believed(self, method: str) -> None:
        good = self._good()
        async with self.line() as line:
            for body in _BODIES:
                assert (await self._asked(line, replace(good, method=method, body=body))).status < 500
            assert line.desk.told == []

    def _good(self) -> Asking:
        good = self.asking()
        if good is None:
            pytest.skip("it has no door")
        return good

    async def _asked(self, line: Line, asking: Asking, secrets: Secrets | None = None) -> Reply:
        assert isinstance(line.plugin, Door)
        given = line.secrets if secrets is None else secrets
        reply = await line.plugin.asked(asking.method, asking.query, asking.headers, asking.body, line.options, given, line.desk)
        assert isinstance(reply, Reply)
        assert 200 <= reply.status < 600
        shown = reply.body + repr(dict(reply.headers)).encode()
        assert [secret for secret in line.secrets.values() if secret and secret.encode() in shown] == []
        return reply


def _spoiled(headers: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Each with one header that is not what it was."""
    return [{**headers, name: f"{value}x"} for name, value in headers.items() if name not in ("content-type", "user-agent", "accept", "host")]
