"""The Dockerfile, its steps taken by hand in a virtual environment: what comes of it is Ringup, whole."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import pytest

from services.gateway.app import ROUTES
from tests.deploy.kustomize import DEPLOY

ROOT = DEPLOY.parent
TEXT = (DEPLOY / "Dockerfile").read_text()
STEPS = [line.split(" ", 1) for line in TEXT.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
IGNORE = (ROOT / ".dockerignore").read_text().split()


def said(instruction):
    return [rest for name, rest in STEPS if name == instruction]


def sent(path):
    """Whether the builder gets this file: the last pattern that fits decides."""
    verdict = True
    for pattern in IGNORE:
        plain = pattern.removeprefix("!")
        if any(fnmatch(part, plain) or fnmatch(part, plain.removeprefix("**/")) for part in [path, *map(str, Path(path).parents)]) or (
            plain.startswith("**/") and plain[3:] in Path(path).parts
        ):
            verdict = pattern.startswith("!")
    return verdict


@lru_cache(maxsize=1)
def context():
    return [path for path in (str(file.relative_to(ROOT)) for file in ROOT.rglob("*") if file.is_file() and ".venv" not in file.parts) if sent(path)]


def test_the_builder_gets_what_is_installed_and_nothing_else():
    tops = {Path(path).parts[0] for path in context()}
    assert tops == {"requirements.lock", "pyproject.toml", "README.md", "LICENSE", "deploy", "services", "shared"}
    assert [path for path in context() if path.startswith("deploy")] == ["deploy/build_hook.py"]
    assert not [path for path in context() if "__pycache__" in path or "/vendor/" in path]


def test_it_runs_as_nobody_from_a_pinned_base_without_secrets():
    bases = {rest.split()[0] for rest in said("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", bases.pop())
    assert said("USER") == ["10001:0"]
    assert not re.search(r"(?i)password|secret|token|ARG ", TEXT)


def test_its_health_is_one_that_the_gateway_tells():
    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/[\w/]+)", TEXT)
    assert path in {route.path for route in ROUTES}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_its_steps_make_ringup(tmp_path):
    source, target = tmp_path / "src", tmp_path / "opt"
    source.mkdir()
    target.mkdir()
    for instruction, rest in STEPS:
        if instruction == "COPY" and not rest.startswith("--"):
            copied(rest.split(), source)
        elif instruction == "RUN":
            command = shlex.split(rest.replace("/opt/", f"{target}/"))
            command[0] = sys.executable if command[0] == "python" else command[0]
            subprocess.run(command, cwd=source, check=True)
    ringup = target / "ringup" / "bin" / "ringup"
    alone = {"PATH": os.environ["PATH"], "HOME": str(target / "data")}
    helped = subprocess.run([ringup, "--help"], cwd=target, env=alone, capture_output=True, text=True, check=True).stdout
    assert "serve" in helped
    assert list(target.glob("ringup/lib/python*/site-packages/services/gateway/static/vendor/htmx.min.js"))
    assert (target / "data").is_dir()


def copied(paths, source):
    *froms, to = paths
    for start in froms:
        for path in (path for path in context() if path == start or path.startswith(f"{start}/")):
            target = source / to / (Path(path).relative_to(start) if path != start else Path(path).name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
