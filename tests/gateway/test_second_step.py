"""The second step of signing in: each code once, wrong ones counted, recovery codes for a lost phone."""

import asyncio
import re
from datetime import timedelta

import pyotp
import pytest
import pytest_asyncio

from services.gateway.totp import Totp
from services.gateway.users import User
from tests.gateway.conftest import Clock
from tests.gateway.test_users import added, admin, chosen, key, settled, signed_in, told, written
from tests.samples import NOON

__all__ = ["added", "admin", "settled"]

WORDS = "a password of four words"


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest_asyncio.fixture(loop_scope="package")
async def stepped(ringup, settled, clock):
    """A user with a second step, at a door with a clock of its own; that door, the name, the secret and the recovery codes."""
    name, _ = await settled()
    beside = ringup.beside(clock=clock)
    person = await in_at(beside, name)
    assert (await person.form("/account/totp")).status_code == 303
    secret = told(await person.page("/account/totp")).replace(" ", "")
    wrong = await person.form("/account/totp/on", code="000000")
    assert (wrong.status_code, "This is not the code" in wrong.text) == (422, True)
    on = await person.form("/account/totp/on", code=code(secret, clock))
    assert on.status_code == 200, on.text
    return beside, name, secret, told_codes(on.text)


def told_codes(page):
    return re.search(r'id="secret"[^>]*>([^<]+)<', page)[1].split()


def code(secret, clock, steps=0):
    return pyotp.TOTP(secret).at(clock() + timedelta(seconds=30 * steps))


async def in_at(door, name):
    person = await signed_in(door, name, WORDS)
    person.csrf = re.search(r'name="csrf" content="([^"]+)"', await person.page("/account"))[1]
    return person


async def half(door, name, password=WORDS):
    """The password is right; the proof of it."""
    nobody = await door.nobody()
    answer = await nobody.http.post("/sign-in", data={"user": name, "password": password, "next": "/orders"})
    assert answer.status_code == 200, answer.text
    assert "set-cookie" not in answer.headers
    return nobody, re.search(r'name="proof" value="([^"]+)"', answer.text)[1]


async def stepping(nobody, proof, code):
    return await nobody.http.post("/sign-in/code", data={"proof": proof, "code": code, "next": "/orders"})


async def test_the_password_alone_lets_nobody_in(stepped, clock):
    door, name, secret, _ = stepped
    nobody, proof = await half(door, name)
    assert (await nobody.get("/orders")).status_code == 401
    clock.forward(seconds=60)
    assert (await stepping(nobody, proof, "123456")).status_code == 401
    answer = await stepping(nobody, proof, code(secret, clock))
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders")
    assert (await nobody.get("/orders")).status_code == 200


async def test_a_code_is_good_once_also_the_one_that_switched_it_on(stepped, clock):
    door, name, secret, _ = stepped
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 401
    clock.forward(seconds=30)
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 303
    again, proof = await half(door, name)
    assert (await stepping(again, proof, code(secret, clock))).status_code == 401
    at_once = [await half(door, name) for _ in range(4)]
    clock.forward(seconds=30)
    answers = await asyncio.gather(*(stepping(nobody, proof, code(secret, clock)) for nobody, proof in at_once))
    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 303), (0, 303), (1, 303), (2, 401)])
async def test_a_clock_may_be_off_by_one_step(stepped, clock, steps, status):
    door, name, secret, _ = stepped
    clock.forward(seconds=120)
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, code(secret, clock, steps))).status_code == status


async def test_each_recovery_code_is_good_once(stepped, clock):
    door, name, _, codes = stepped
    assert len(set(codes)) == 10
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, f" {codes[3].upper()} ")).status_code == 303
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, codes[3])).status_code == 401
    assert (await stepping(nobody, proof, codes[4].replace("-", ""))).status_code == 303
    user = await door.gateway.door.users.find(name)
    assert len(user.recovery) == 8
    assert not any(each.replace("-", "") in str(user) for each in codes)


async def test_wrong_codes_lock_and_a_right_password_buys_no_more(stepped, clock):
    door, name, secret, _ = stepped
    clock.forward(seconds=60)
    for n in range(9):
        nobody, proof = await half(door, name)
        assert (await stepping(nobody, proof, f"{n:06}")).status_code == 401
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, "999999")).status_code == 401
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 429
    assert (await nobody.http.post("/sign-in", data={"user": name, "password": WORDS})).status_code == 429
    clock.forward(minutes=15)
    nobody, proof = await half(door, name)
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 303


async def test_guesses_at_the_same_time_are_counted_one_by_one(stepped, clock):
    door, name, secret, _ = stepped
    clock.forward(seconds=60)
    nobody, proof = await half(door, name)
    await asyncio.gather(*(stepping(nobody, proof, f"{n:06}") for n in range(12)))
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 429


@pytest.mark.parametrize("spoil", [lambda proof: "", lambda proof: "x", lambda proof: "é.é", lambda proof: proof[:-1], lambda proof: f"x{proof}"])
async def test_what_proves_nothing_starts_again(stepped, clock, spoil):
    door, name, secret, _ = stepped
    clock.forward(seconds=60)
    nobody, proof = await half(door, name)
    answer = await nobody.http.post("/sign-in/code", data={"proof": spoil(proof) or " ", "code": code(secret, clock)})
    assert (answer.status_code, "Sign in once more" in answer.text) == (401, True)


async def test_a_proof_is_good_for_five_minutes_and_ends_with_the_password(stepped, clock, admin):
    door, name, secret, _ = stepped
    nobody, proof = await half(door, name)
    clock.forward(minutes=5, seconds=1)
    assert "took too long" in (await stepping(nobody, proof, code(secret, clock))).text
    nobody, proof = await half(door, name)
    await admin.form(f"/users/{name}/reset", key=key())
    assert "took too long" in (await stepping(nobody, proof, code(secret, clock))).text


async def test_an_administrator_takes_it_away_and_it_is_written_down(ringup, stepped, admin):
    door, name, _, _ = stepped
    assert "Second step off…" in await admin.page(f"/users/{name}")
    await admin.form(f"/users/{name}/totp-reset")
    assert await in_at(door, name)
    assert [did for did, _ in await written(ringup, name)][-2:] == ["totp-on", "totp-reset"]


async def test_the_user_switches_it_off_with_the_password(stepped, clock):
    door, name, secret, _ = stepped
    clock.forward(seconds=60)
    nobody, proof = await half(door, name)
    await stepping(nobody, proof, code(secret, clock))
    nobody.csrf = re.search(r'name="csrf" content="([^"]+)"', await nobody.page("/account"))[1]
    assert "10 recovery codes are left" in await nobody.page("/account")
    refused = await nobody.form("/account/totp/off", password="wrong")
    assert (refused.status_code, "This is not the password." in refused.text) == (422, True)
    made = await nobody.form("/account/totp/recovery", password=WORDS)
    assert len(told_codes(made.text)) == 10
    assert (await nobody.form("/account/totp/off", password=WORDS)).status_code == 303
    assert "Off. With it nobody" in await nobody.page("/account")
    assert await in_at(door, name)


async def test_the_picture_is_there_only_while_it_is_set_up(ringup, settled):
    _, person = await settled()
    assert (await person.get("/account/totp.svg")).status_code == 404
    assert (await person.get("/account/totp", headers={"accept": "text/html"})).headers["location"] == "/account"
    await person.form("/account/totp")
    picture = await person.get("/account/totp.svg")
    assert (picture.status_code, picture.headers["content-type"], picture.headers["cache-control"]) == (200, "image/svg+xml", "no-store")
    assert picture.content.startswith(b"<svg")


def test_a_secret_opens_for_its_user_and_under_its_key_alone():
    user = Totp(b"k" * 32).offered(User("agent1", "agent", ""))
    secret = Totp(b"k" * 32).secret_offered(user)
    assert len(secret) == 32
    assert secret not in str(user)
    assert Totp(b"o" * 32).secret_offered(user) == ""
    other = User("agent2", "agent", "", totp_offered=user.totp_offered)
    assert Totp(b"k" * 32).secret_offered(other) == ""
    assert Totp(b"k" * 32).switched_on(other, pyotp.TOTP(secret).at(NOON), NOON) is None


async def test_a_first_password_and_a_second_step_do_not_get_in_each_others_way(stepped, clock, admin):
    door, name, secret, _ = stepped
    first = told((await admin.form(f"/users/{name}/reset", key=key())).text)
    clock.forward(seconds=60)
    nobody, proof = await half(door, name, first)
    assert (await stepping(nobody, proof, code(secret, clock))).status_code == 303
    assert (await nobody.get("/orders")).status_code == 403
    await chosen(nobody, first, "other words for the same")
    assert (await nobody.get("/orders")).status_code == 200
