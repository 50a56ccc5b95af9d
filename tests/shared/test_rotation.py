"""Several processes of one service take turns, and stand in for each other where that can do no harm."""

import asyncio

import pytest

from shared.asgi import Response, Rotation


class Process:
    def __init__(self, name, fails=None):
        self.name, self.fails, self.heard = name, fails, []

    async def request(self, method, path, *, json=None, headers=None):
        self.heard.append(headers)
        if self.fails:
            raise self.fails
        return Response(200, {}, self.name.encode())


async def said(rotation, method="GET", **headers):
    return (await rotation.request(method, "/", headers=headers)).body.decode()


async def test_they_take_turns():
    rotation = Rotation([Process("a"), Process("b")])
    assert "".join([await said(rotation) for _ in range(4)]) in ("abab", "baba")


@pytest.mark.parametrize("trouble", [ConnectionRefusedError(), OSError("RemoteProtocolError")])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_one_is_not_there_or_broke_off_the_next_is_asked_the_same(method, trouble):
    first, second = Process("a", trouble), Process("b")
    rotation = Rotation([first, second])
    assert [await said(rotation, method) for _ in range(2)] == ["b", "b"]
    assert len(first.heard) == 1
    assert first.heard[0] in second.heard


async def test_many_at_once_are_all_answered_while_one_is_away():
    class Dying(Process):
        async def request(self, *asked, **with_):
            await asyncio.sleep(0)
            return await super().request(*asked, **with_)

    rotation = Rotation([Dying("a", OSError()), Dying("b")])
    assert await asyncio.gather(*(said(rotation) for _ in range(20))) == ["b"] * 20


async def test_one_that_was_away_is_asked_again_after_a_while(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("shared.asgi.time.monotonic", lambda: now[0])
    first, second = Process("a", OSError()), Process("b")
    rotation = Rotation([first, second])
    assert [await said(rotation) for _ in range(4)] == ["b"] * 4
    first.fails = None
    now[0] += 2
    assert {await said(rotation) for _ in range(2)} == {"a", "b"}


async def test_where_all_are_away_all_are_tried():
    rotation = Rotation([Process("a", OSError()), only := Process("b", OSError())])
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011
            await said(rotation)
    only.fails = None
    assert await said(rotation) == "b"


async def test_a_command_goes_with_a_key_of_its_own_or_its_callers():
    only = Process("a")
    for headers in ({}, {}, {"idempotency-key": "mine"}):
        await said(Rotation([only]), "POST", **headers)
    keys = [headers["idempotency-key"] for headers in only.heard]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


async def test_where_one_takes_too_long_no_other_is_asked():
    processes = [Process("a", TimeoutError()), Process("b", TimeoutError())]
    with pytest.raises(TimeoutError):
        await said(Rotation(processes))
    assert sum(len(each.heard) for each in processes) == 1


async def test_a_single_one_is_asked_twice_and_then_no_more():
    only = Process("a", ConnectionRefusedError("nobody"))
    with pytest.raises(OSError, match="nobody"):
        await said(Rotation([only]))
    assert len(only.heard) == 2
