"""What is secret in an address is in no log, however much is logged."""

import subprocess
import sys

import pytest

from tests.http import Connection
from tests.site import site

TOKEN = "canary-token-7f3a9c21-0123456789"

ASKED = """
import httpx
from services.cli.app import _log
_log("debug")
transport = httpx.MockTransport(lambda request: httpx.Response(404))
httpx.Client(transport=transport).get("http://cart/links/canary-token-7f3a9c21-0123456789")
import structlog
structlog.get_logger().debug("still.logged")
"""


@pytest.mark.slow
async def test_the_server_logs_no_address_of_a_link(tmp_path, capfd):
    async with site(tmp_path, RINGUP_LOG_LEVEL="debug") as shop:
        connection = await Connection("127.0.0.1", shop.port).open()
        for path in (f"/checkout/2?link={TOKEN}", f"/checkout/2?link={TOKEN}%", f"/checkout/nothing?link={TOKEN}"):
            status, _, _ = await connection.request("GET", path, headers={"accept": "text/html"})
            assert status == 404
        connection.close()
    logged = "".join(capfd.readouterr())
    assert logged
    assert "canary" not in logged


def test_what_the_gateway_asks_of_other_processes_is_not_logged_by_its_client():
    ran = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert "still.logged" in ran.stderr
    assert "canary" not in ran.stderr
