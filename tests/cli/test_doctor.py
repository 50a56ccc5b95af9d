"""Doctor: every setting with its origin, and a verdict with what to do on everything that a start needs."""

import pytest

from services.cli.doctor import checks, values
from shared.engines.embedded.engine import Engine
from shared.settings import Settings
from tests.customers.mailserver import mail_server
from tests.ports import free_port


async def verdicts(settings):
    return {check.name: check async for check in checks(settings)}


@pytest.fixture
async def made(settings):
    settings = Settings(data=settings.data, key_file=settings.key_file, port=free_port())
    await Engine(settings).close()
    return settings


async def test_before_the_first_start_all_is_well_and_nothing_is_made(settings):
    settings = Settings(data=settings.data, key_file=settings.key_file, port=free_port())
    found = await verdicts(settings)
    assert {check.verdict for check in found.values()} == {"ok"}
    assert not settings.data.exists()
    assert not settings.master_file.exists()


async def test_sound_data_is_sound(made):
    found = await verdicts(made)
    assert {name: check.verdict for name, check in found.items() if check.verdict != "ok"} == {}
    assert {"events.db", "keys.db", "offsets", "data", "port"} <= set(found)


async def test_a_damaged_database_is_named(made):
    path = made.data / "events.db"
    path.write_bytes(path.read_bytes()[:2000] + b"\xff" * 4000)
    found = await verdicts(made)
    assert found["events.db"].verdict == "fail"
    assert "backup" in found["events.db"].advice
    assert found["keys.db"].verdict == "ok"


async def test_a_damaged_ledger_is_named(made):
    path = made.data / "simulator.jsonl"
    path.write_text('{"reference": "A-1-1"}\n')
    assert (await verdicts(made))["simulator.jsonl"].found == "sound, entries: 1"
    path.write_text('half\n{"reference": "A-1-1"}\n')
    found = (await verdicts(made))["simulator.jsonl"]
    assert found.verdict == "fail"
    assert "Line 1" in found.found


async def test_a_key_that_others_can_read(made):
    made.master_file.chmod(0o644)
    found = await verdicts(made)
    assert (found["master key"].verdict, found["master key"].advice) == ("fail", f"chmod 600 {made.master_file}")


async def test_a_key_that_is_gone(made):
    made.master_file.unlink()
    found = await verdicts(made)
    assert (found["master key"].verdict, found["data"].verdict) == ("fail", "fail")
    assert not made.master_file.exists()


@pytest.mark.parametrize(
    ("host", "demo", "verdict"), [("192.0.2.1", True, "fail"), ("192.0.2.1", False, "ok"), ("127.0.0.1", True, "ok"), ("::1", True, "ok")]
)
async def test_a_demonstration_is_not_for_the_public(settings, host, demo, verdict):
    found = await verdicts(Settings(data=settings.data, key_file=settings.key_file, host=host, demo=demo, port=free_port()))
    assert found["demo"].verdict == verdict


async def test_offsets_beyond_the_end_of_their_topic(made):
    engine = Engine(made)
    engine.documents("qa").save_offsets("qa.views", {"catalog": 5})
    await engine.close()
    found = await verdicts(made)
    assert found["offsets"].verdict == "fail"
    assert "qa.views has read catalog up to 5, but that topic ends at 0" in found["offsets"].found


def test_every_setting_is_listed_with_where_it_came_from(monkeypatch):
    monkeypatch.setenv("RINGUP_PORT", "8123")
    monkeypatch.setenv("RINGUP_SIMULATOR_URL", "http://me:secret@127.0.0.1:9000")
    rows = {row["name"]: row for row in values(Settings())}
    assert set(rows) == {f"RINGUP_{name.upper()}" for name in Settings.model_fields}
    assert rows["RINGUP_PORT"] == {"name": "RINGUP_PORT", "value": "8123", "origin": "environment"}
    assert rows["RINGUP_HOST"]["origin"] == "default"
    assert rows["RINGUP_SIMULATOR_URL"]["value"] == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "url", ["smtp://user:s3cret@mail.example.com:587", "smtps://user:s3cr@et@mail.example.com", "smtp://user:s/3cret@h", "http://u:s3cret@h:x/#@y"]
)
def test_a_password_in_an_address_is_not_shown(settings, url):
    shown = {row["name"]: row["value"] for row in values(Settings(data=settings.data, smtp_url=url, mongo=url))}
    for name in ("RINGUP_SMTP_URL", "RINGUP_MONGO"):
        assert "s3c" not in shown[name]
        assert "3cret" not in shown[name]


def test_a_secret_is_not_shown(settings):
    shown = {row["name"]: row["value"] for row in values(Settings(data=settings.data, sms_secret="whsec_c2VjcmV0"))}
    assert shown["RINGUP_SMS_SECRET"] == "set"
    assert {row["name"]: row["value"] for row in values(Settings(data=settings.data))}["RINGUP_SMS_SECRET"] == ""


async def mail_check(settings, **changed):
    known = {"data": settings.data, "key_file": settings.key_file, "port": free_port(), "public_url": "https://orders.example.com", "demo": False}
    return (await verdicts(Settings(**{**known, **changed})))["mail"]


async def test_without_a_mail_server_mails_stay_here(settings):
    check = await mail_check(settings)
    assert (check.verdict, "outbox" in check.found, "RINGUP_SMTP_URL" in check.advice) == ("warn", True, True)
    assert (await mail_check(settings, demo=True)).verdict == "ok"


async def test_a_mail_server_answers_or_does_not(settings):
    async with mail_server() as kept:
        url = f"smtp://127.0.0.1:{kept.port}"
        assert (await mail_check(settings, smtp_url=url)).verdict == "ok"
        assert "RINGUP_PUBLIC_URL" in (await mail_check(settings, smtp_url=url, public_url="")).advice
    check = await mail_check(settings, smtp_url=url)
    assert (check.verdict, "cannot be reached" in check.found) == ("warn", True)


@pytest.mark.parametrize("wrong", [{"smtp_url": "mail.example.com"}, {"smtp_url": "ftp://user:s3cret@h"}, {"mail_from": "nobody"}])
async def test_a_mail_server_that_is_none_is_said_without_the_password(settings, wrong):
    check = await mail_check(settings, **wrong)
    assert (check.verdict, "s3cret" in check.found) == ("fail", False)
