"""Several processes of one service take turns, and stand in for each other where that can do no harm."""

import pytest

from shared.asgi import Response, Rotation


class Process:
    def __init__(self, name, fails=None):
        self.name, self.fails, self.asked = name, fails, 0

    async def request(self, method, path, *, json=None, headers=None):
        self.asked += 1
        if self.fails:
            raise self.fails
        return Response(200, {}, self.name.encode())


async def said(rotation, method="GET", **headers):
    return (await rotation.request(method, "/", headers=headers)).body.decode()


async def test_they_take_turns():
    rotation = Rotation([Process("a"), Process("b")])
    assert [await said(rotation) for _ in range(4)] == ["a", "b", "a", "b"]


async def test_what_was_not_sent_goes_to_the_next():
    rotation = Rotation([Process("a", ConnectionRefusedError()), Process("b")])
    assert await said(rotation, "POST") == "b"


async def test_what_may_have_been_heard_is_asked_again_only_where_that_does_no_harm():
    for method, headers in (("GET", {}), ("POST", {"idempotency-key": "k"})):
        assert await said(Rotation([Process("a", OSError()), Process("b")]), method, **headers) == "b"
    other = Process("b")
    with pytest.raises(OSError, match="gone"):
        await said(Rotation([Process("a", OSError("gone")), other]), "POST")
    assert not other.asked


async def test_a_single_one_is_asked_twice_and_then_no_more():
    only = Process("a", ConnectionRefusedError("nobody"))
    with pytest.raises(OSError, match="nobody"):
        await said(Rotation([only]))
    assert only.asked == 2
