"""A package of npm's, and the Node that runs it, brought once a machine."""

import json
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest

from tests.debian import install


def node():
    """Its path. Installs it where that is possible."""
    if not (shutil.which("node") and shutil.which("npm")):
        install("nodejs", "npm")
    return shutil.which("node") if shutil.which("npm") else None


def run(package, version, script, told):
    """What the script prints, which finds ``told`` as JSON in its input. Skips, and says so in one line, where package or Node cannot be had."""
    from deploy.downloads import Unobtainable, once

    try:
        found = node()
        if found is None:
            raise Unobtainable("Node and npm are missing.")
        folder = once(f"npm-{package}-{version}", lambda folder: _bring(folder, package, version))
    except Unobtainable as error:
        warnings.warn(f"THE TEST WITH NPM'S {package.upper()} IS SKIPPED. {error}", stacklevel=2)
        pytest.skip(str(error))
    done = subprocess.run([found, "-e", script], cwd=folder, input=json.dumps(told), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _bring(folder: Path, package, version):
    from deploy.downloads import run

    folder.mkdir(parents=True)
    npm = [shutil.which("npm"), "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    run([*npm, f"{package}@{version}"], f"npm could not bring {package}")
