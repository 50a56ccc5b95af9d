"""A process that is watched: started again, asked how it is, ended politely."""

import asyncio
import contextlib
import sys

import pytest

from deploy.members import Member
from deploy.supervision import Supervised
from tests.house.shop import until
from tests.ports import free_port

SERVER = """
import signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        body = {
            "/health/ready": b'{"reasons": ["qa.views waits: MongoDB does not answer."]}',
            "/health/live": b'{}',
            "/metrics": b'ringup_lag_events{group="qa.views",service="qa"} 2.0\\nringup_lag_events{group="qa.policies",service="qa"} 1.0\\n',
        }[self.path]
        self.send_response(503 if b"waits" in body else 200)
        self.end_headers()
        self.wfile.write(body)

def ended(*_):
    Path(sys.argv[2]).touch()
    sys.exit(0)

signal.signal(signal.SIGTERM, ended)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""


@contextlib.asynccontextmanager
async def supervised(folder, command, port=0, health="/health/live"):
    process = Supervised(Member("qa", tuple(map(str, command)), {}, f"http://127.0.0.1:{port}", health), folder)
    keeping = asyncio.create_task(process.keep())
    try:
        yield process
    finally:
        keeping.cancel()
        await process.end()


@pytest.fixture
def serving(tmp_path):
    """A process that answers, in this or that state of health."""
    port = free_port()
    command = (sys.executable, "-c", SERVER, port, tmp_path / "ended")
    return lambda health: supervised(tmp_path, command, port, health)


async def test_what_died_is_started_again_and_said_to_have_died(tmp_path):
    async with supervised(tmp_path, (sys.executable, "-c", "print('no store'); raise SystemExit(3)")) as process:

        async def twice():
            return process.restarts == 2

        await until(twice)
        assert process.health == f"ended with 3, see {tmp_path / 'qa.log'}"
    assert (tmp_path / "qa.log").read_text().splitlines()[:2] == ["no store", "no store"]


async def test_a_healthy_one_is_well_and_its_lag_is_that_of_all_its_groups(serving):
    async with serving("/health/live") as process:

        async def well():
            await process.ask()
            return not process.health

        await until(well)
        await process.count()
        assert process.lag == 3
        assert process.pid


async def test_one_that_waits_says_why(serving):
    async with serving("/health/ready") as process:

        async def said():
            await process.ask()
            return process.health == "qa.views waits: MongoDB does not answer."

        await until(said)


async def test_it_is_ended_politely_and_stays_so(serving, tmp_path):
    async with serving("/health/live") as process:

        async def well():
            await process.ask()
            return not process.health

        await until(well)
    assert (tmp_path / "ended").exists()
    assert process.pid is None
