"""Calls over HTTP that come to nothing."""

from types import SimpleNamespace

import httpx
import pytest

from shared.asgi import HttpClient


@pytest.mark.parametrize(("lost", "raised"), [("getpeername", OSError), ("sign", AttributeError)])
async def test_a_socket_that_closes_as_it_opens_is_nobody_there_and_a_bug_stays_one(monkeypatch, lost, raised):
    async def opens(transport, request):
        return getattr(SimpleNamespace(), lost)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", opens)
    with pytest.raises(raised):
        await HttpClient("http://127.0.0.1:1").request("GET", "/")
