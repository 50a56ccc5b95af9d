"""Packages of Debian's that tests need, where root can install them."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def install(*packages):
    """One worker after the other."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with (Path(tempfile.gettempdir()) / "ringup-packages.lock").open("w") as one:
            fcntl.flock(one, fcntl.LOCK_EX)
            _install(packages)


def _install(packages):
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *command], check=False, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
