"""``ringup users``: on the running server, and on the files where none runs."""

import asyncio
import json
import sys

import pytest

from tests.cli.ringup import Ringup, one_sentence
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


async def started(ringup):
    """Once, so that there is something."""
    async with ringup.running():
        pass


async def names(ringup, **wanted):
    rows = (await ringup.json("users", "list"))["rows"]
    return [row["name"] for row in rows if all(row[name] == value for name, value in wanted.items())]


async def works(ringup):
    added = await ringup.json("users", "add", "admin2", "--role", "admin", "--full-name", "Admin Two")
    assert len(added["password"]) == 19
    assert (added["must_change"], added["full_name"]) == (True, "Admin Two")
    assert (await ringup.json("users", "role", "admin2", "ops"))["role"] == "ops"
    assert (await ringup.json("users", "disable", "admin2"))["on"] is False
    assert await names(ringup, on=False) == ["admin2"]
    assert (await ringup.json("users", "enable", "admin2"))["on"] is True
    assert (await ringup.json("users", "passwd", "admin2"))["password"] != added["password"]
    assert (await ringup.json("users", "unlock", "admin2"))["locked"] is False
    assert (await ringup.json("users", "totp-reset", "admin2"))["totp"] is False
    code, out, _ = await ringup("users", "list", "--role", "ops")
    assert (code, "admin2" in out, "first password" in out) == (0, True, True)


async def audit(ringup):
    return [row["data"]["did"] for row in (await ringup.json("streams", "show", "audit"))["rows"]]


async def test_without_a_server_the_files_are_changed_and_written_down(ringup):
    await started(ringup)
    await works(ringup)
    assert await audit(ringup) == ["added", "changed", "switched-off", "switched-on", "password-reset"]


async def test_a_running_server_is_asked_and_knows_at_once(ringup):
    async with ringup.running():
        await works(ringup)
        assert await audit(ringup) == ["added", "changed", "switched-off", "switched-on", "password-reset"]


async def test_a_dry_run_changes_nothing(ringup):
    await started(ringup)
    for act in ("add new --role qa", "passwd admin", "disable admin", "role admin qa", "totp-reset admin", "unlock admin"):
        code, out, err = await ringup("users", *act.split(), "--dry-run")
        assert (code, err) == (0, ""), err
        assert "would" in out
    assert (await ringup.json("users", "passwd", "admin", "--dry-run"))["dry_run"] is True
    assert await names(ringup, on=True, role="admin") == ["admin"]
    code, _, err = await ringup("streams", "show", "audit")
    assert (code, "There is no stream audit" in err) == (1, True)


async def test_a_password_is_read_from_standard_input(ringup):
    await started(ringup)
    for password, wanted in ((b"too short\n", 1), (b"a password of four words\n", 0)):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", "users", "passwd", "admin", "--stdin", "--json"),
            env=ringup.env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate(password)
        assert process.returncode == wanted, err
    assert json.loads(out)["must_change"] is False
    assert "password" not in json.loads(out)


async def test_what_cannot_be_is_refused_in_a_sentence(ringup):
    await started(ringup)
    for act, said in (
        (["disable", "admin"], "last administrator"),
        (["role", "admin", "qa"], "last administrator"),
        (["role", "admin", "boss"], "A role is one of"),
        (["role", "nobody", "qa"], "There is no user nobody."),
        (["add", "admin", "--role", "qa"], "There is a user admin already."),
        (["add", "Not A Name", "--role", "qa"], "small letters"),
    ):
        code, _, err = await ringup("users", *act)
        assert code == 1
        one_sentence(err, said)
