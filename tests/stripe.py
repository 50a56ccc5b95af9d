"""Stripe's own fake server, which holds every request against the published OpenAPI document, started once when the first test asks for it."""

import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import httpx
import pytest

_MODULE, _VERSION = "github.com/stripe/stripe-mock", "v0.203.0"
_GO = (1, 22)


@pytest.fixture(scope="session")
def stripe_mock(tmp_path_factory):
    """Its address. Skips, and says so in one line, where it cannot be had."""
    from deploy.downloads import Unobtainable

    try:
        started, url = _started(tmp_path_factory.mktemp("stripe-mock"))
    except Unobtainable as error:
        warnings.warn(f"STRIPE'S TESTS AGAINST STRIPE-MOCK ARE SKIPPED. {error}", stacklevel=2)
        pytest.skip(str(error))
    yield url
    started.stop()


def _started(folder):
    from deploy.processes import Process
    from deploy.servers import free_ports

    port, other = free_ports(2)
    url = f"http://127.0.0.1:{port}"
    command = [str(_binary()), "-http-addr", f"127.0.0.1:{port}", "-https-addr", f"127.0.0.1:{other}", "-strict-version-check"]
    process = Process("stripe-mock", command, folder / "stripe-mock.log", lambda: _answers(url))
    process.start()
    return process, url


def _answers(url):
    try:
        return httpx.get(url, timeout=2).status_code > 0
    except httpx.HTTPError:
        return False


def _binary():
    """Built once a machine. Raises Unobtainable."""
    from deploy.downloads import once

    return once(f"stripe-mock-{_VERSION}", _install) / "stripe-mock"


def _install(folder: Path):
    from deploy.downloads import Unobtainable

    go = shutil.which("go")
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout if go else ""
    version = re.search(r"go(\d+)\.(\d+)", said)
    if version is None or tuple(map(int, version.groups())) < _GO:
        raise Unobtainable(f"Go {'.'.join(map(str, _GO))} or newer is missing, with which stripe-mock is built.")
    folder.mkdir(parents=True)
    command = [go, "install", f"{_MODULE}@{_VERSION}"]
    done = subprocess.run(command, env={**os.environ, "GOBIN": str(folder)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unobtainable(f"Go could not build stripe-mock: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
