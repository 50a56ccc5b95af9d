"""Who may sign in: made, changed and shut out by administrators, each change written down first."""

import asyncio
import re
import uuid

import pytest
import pytest_asyncio

from services.gateway.access import Access, Entered
from services.gateway.accounts import PASSWORD
from services.gateway.audit import Audit
from services.gateway.users import Users
from services.ops.audit import audit
from shared.engines.embedded.blobs import SqliteBlobs
from shared.kernel.commands import Refusal
from shared.kernel.errors import Unavailable
from tests.gateway.conftest import Clock
from tests.samples import NOON


def key():
    return uuid.uuid4().hex


def somebody():
    return f"user-{uuid.uuid4().hex[:12]}"


def told(page):
    """What is shown once."""
    return re.search(r'id="secret">([^<]+)<', page)[1]


@pytest_asyncio.fixture(loop_scope="package")
async def admin(ringup):
    return await ringup.sign_in("admin1")


@pytest_asyncio.fixture(loop_scope="package")
async def added(ringup, admin):
    """Adds a user; name and the password for the first sign-in."""

    async def adding(role="agent", **fields):
        name = somebody()
        answer = await admin.form("/users", name=name, role=role, key=key(), **fields)
        assert answer.status_code == 200, answer.text
        return name, told(answer.text)

    return adding


@pytest_asyncio.fixture(loop_scope="package")
async def settled(ringup, added):
    """A user with a password of their own, signed in."""

    async def settling(role="agent"):
        name, first = await added(role)
        person = await signed_in(ringup, name, first)
        person = await chosen(person, first, "a password of four words")
        return name, person

    return settling


async def signed_in(ringup, name, password):
    person = await ringup.nobody()
    answer = await person.http.post("/sign-in", data={"user": name, "password": password})
    assert answer.status_code == 303, answer.text
    return person


async def chosen(person, old, new):
    page = await person.page("/account/password")
    person.csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    answer = await person.send("POST", "/account/password", data={"password": old, "new": new, "again": new})
    assert answer.status_code == 303, answer.text
    person.csrf = re.search(r'name="csrf" content="([^"]+)"', await person.page("/account"))[1]
    return person


async def written(ringup, name):
    events = await ringup.all.house.running["ops"].streams.load(audit.stream(""))
    facts = [ringup.all.house.running["ops"].codec.decode(dict(each.headers), each.data, "ops", 0) for each in events]
    return [(fact.event.did, fact.actor) for fact in facts if getattr(fact.event, "user", "") == name]


async def test_a_first_password_is_good_for_choosing_another_and_nothing_else(ringup, added):
    name, first = await added(full_name="Agent Nine")
    person = await signed_in(ringup, name, first)
    for path in ("/order-entry", "/orders", "/account"):
        answer = await person.get(path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/password")
    assert (await person.get("/api/v1/orders")).json()["code"] == "password-first"
    part = await person.get("/orders", headers={"hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (403, "/account/password")
    await chosen(person, first, "a password of four words")
    assert (await person.get("/orders")).status_code == 200
    again = await (await ringup.nobody()).http.post("/sign-in", data={"user": name, "password": first})
    assert again.status_code == 401
    assert await written(ringup, name) == [("added", "agent:admin1"), ("password-changed", f"agent:{name}")]


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("too short", "too short", "at least 12"),
        ("a" * 20, "a" * 20, "too simple"),
        ("a password of four words", "a password of for words", "not the same as above"),
        ("", "", "at least 12"),
    ],
)
async def test_a_password_that_is_none_is_refused_at_its_field(ringup, settled, new, again, said):
    name, person = await settled()
    answer = await person.form("/account/password", password="a password of four words", new=new, again=again)
    assert answer.status_code == 422
    assert said in answer.text
    assert new not in answer.text or not new
    assert 'aria-invalid="true"' in answer.text
    named = await person.form("/account/password", password="a password of four words", new=f"{name} is my name", again=f"{name} is my name")
    assert "must not be in the password" in named.text


async def test_a_form_sent_twice_is_one_user_with_one_password(ringup, admin):
    name, once = somebody(), key()
    answers = [await admin.form("/users", name=name, role="agent", key=once) for _ in range(2)]
    assert {told(answer.text) for answer in answers} == {told(answers[0].text)}
    taken = await admin.form("/users", name=name, role="agent", key=key())
    assert (taken.status_code, f"There is a user {name} already." in taken.text) == (422, True)
    assert await written(ringup, name) == [("added", "agent:admin1")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Agent One"}, "name"),
        ({"name": "agent/../x"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"name": "ägent"}, "name"),
        ({"role": "boss"}, "role"),
        ({"full_name": "x" * 101}, "full_name"),
        ({"full_name": "line\nbreak"}, "full_name"),
        ({"place": "Nowhere|Team 9"}, "place"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(admin, fields, field):
    sent = {"name": "somebody-new", "role": "agent", "full_name": "Some Body", **fields}
    answer = await admin.form("/users", key=key(), **sent)
    assert answer.status_code == 422
    invalid = re.findall(r'<(?:input|select) id="(\w+)"[^>]*aria-invalid="true"', answer.text)
    assert invalid == [field]
    assert "somebody-new" in answer.text or field == "name"


async def test_the_list_is_searched_and_filtered(added, admin):
    name, _ = await added("qa", full_name="Reviewer <Nine>")
    for address in (f"/users?q={name}", f"/users?q={name.upper()}&role=qa", "/users?q=reviewer+%3Cnine"):
        page = await admin.page(address)
        assert f'href="/users/{name}"' in page
        assert "Reviewer &lt;Nine&gt;" in page
    assert f'href="/users/{name}"' not in await admin.page(f"/users?q={name}&role=agent")
    assert "No such user" in await admin.page("/users?q=nobody-has-this-name")
    assert (await admin.get("/users/nobody-at-all")).status_code == 404


async def test_a_change_holds_at_once_for_who_is_signed_in(ringup, settled, admin):
    name, person = await settled()
    assert (await person.get("/quality")).status_code == 403
    page = await admin.page(f"/users/{name}")
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    answer = await admin.form(f"/users/{name}", version=version, role="qa", full_name="Reviewer", key=key())
    assert answer.status_code == 303
    assert (await person.get("/quality")).status_code == 200
    assert (await person.get("/order-entry")).status_code == 403
    stale = await admin.form(f"/users/{name}", version=version, role="agent", full_name="Agent", key=key())
    assert stale.status_code == 409
    assert "This has changed meanwhile." in stale.text
    assert 'value="Agent"' in stale.text
    assert (await ringup.gateway.door.users.find(name)).role == "qa"
    assert "Role: agent → qa" in (await admin.page(f"/users/{name}")).replace("changed: ", "").replace("Changed: name; role", "Role")


async def test_whoever_is_switched_off_is_out_at_once_and_stays_out(ringup, settled, admin):
    name, person = await settled()
    assert (await admin.form(f"/users/{name}/switch", on="false")).status_code == 303
    assert (await person.get("/orders")).status_code == 401
    refused = await (await ringup.nobody()).http.post("/sign-in", data={"user": name, "password": "a password of four words"})
    assert refused.status_code == 401
    await admin.form(f"/users/{name}/switch", on="true")
    assert (await person.get("/orders")).status_code == 401
    assert await signed_in(ringup, name, "a password of four words")
    assert [did for did, _ in await written(ringup, name)] == ["added", "password-changed", "switched-off", "switched-on"]


async def test_another_process_at_the_door_lets_nobody_in_for_more_than_a_moment(ringup, settled, admin):
    clock = Clock(NOON)
    other = ringup.beside(clock=clock)
    name, _ = await settled()
    person = await other.nobody()
    assert (await person.http.post("/sign-in", data={"user": name, "password": "a password of four words"})).status_code == 303
    assert (await person.get("/orders")).status_code == 200
    await admin.form(f"/users/{name}/switch", on="false")
    clock.forward(seconds=3)
    assert (await person.get("/orders")).status_code == 401


async def test_an_administrator_stays(ringup, admin):
    page = (await admin.form("/users/admin1/switch", on="false")).text
    assert "Nobody switches off or demotes themself" in page
    demoted = await admin.form("/users/admin1", version="0", role="agent", key=key())
    assert demoted.status_code == 422
    assert "Nobody switches off or demotes themself" in demoted.text
    assert (await admin.get("/users")).status_code == 200


async def test_wrong_tries_lock_and_an_administrator_unlocks(ringup, settled, admin):
    name, _ = await settled()
    nobody = await ringup.nobody()
    for _ in range(10):
        await nobody.http.post("/sign-in", data={"user": name, "password": "wrong"})
    locked = await nobody.http.post("/sign-in", data={"user": name, "password": "a password of four words"})
    assert locked.status_code == 429
    assert "Locked" in await admin.page(f"/users?q={name}")
    assert "Unlock" in await admin.page(f"/users/{name}")
    await admin.form(f"/users/{name}/unlock")
    assert await signed_in(ringup, name, "a password of four words")
    assert (await written(ringup, name))[-2:] == [("locked", "service:gateway"), ("unlocked", "agent:admin1")]


async def test_a_reset_ends_sessions_and_is_the_same_for_the_same_form(ringup, settled, admin):
    name, person = await settled()
    once = key()
    first, second = [told((await admin.form(f"/users/{name}/reset", key=once)).text) for _ in range(2)]
    assert first == second
    assert (await person.get("/orders")).status_code == 401
    assert await chosen(await signed_in(ringup, name, first), first, "another password of words")
    assert first != told((await admin.form(f"/users/{name}/reset", key=key())).text)


async def test_no_password_is_in_an_event_or_in_the_audit_page(ringup, added, admin):
    _, first = await added(full_name="Kept Apart")
    stored = [each.data for each in await ringup.all.house.running["ops"].topics.read("ops", 0, 10_000)]
    assert stored
    for secret in (first.encode(), b"Kept Apart"):
        assert all(secret not in data for data in stored)
        assert secret.decode() not in await admin.page("/ops/audit")
    assert "role: agent" in await admin.page("/ops/audit")


class Nowhere:
    async def request(self, method, path, *, json=None, headers=None):
        raise OSError


@pytest_asyncio.fixture(loop_scope="package")
async def own(ringup, tmp_path):
    """Users by themselves, and what changes them."""
    blobs = SqliteBlobs(tmp_path)
    users = Users(blobs)
    yield users, Access(users, Audit(ringup.all.house.clients), b"k" * 32), blobs
    blobs.close()


async def test_nothing_is_changed_that_nobody_could_write_down(own):
    users, _, _ = own
    await users.put("agent1", "agent", PASSWORD)
    access = Access(users, Audit({"ops": Nowhere()}), b"k" * 32)
    for change in (access.switch("cli:x", "agent1", False), access.reset("cli:x", "agent1", key()), access.add("cli:x", "new", Entered("qa"), key())):
        with pytest.raises(Unavailable, match="ops does not answer"):
            await change
    assert [(user.name, user.on, user.must_change) for user in await users.all()] == [("agent1", True, False)]


async def test_of_two_last_administrators_who_shut_each_other_out_one_stays(own):
    users, access, _ = own
    for name in ("one", "two"):
        await users.put(name, "admin", PASSWORD)
    done = await asyncio.gather(access.switch("agent:one", "two", False), access.change("agent:two", "one", Entered("agent")), return_exceptions=True)
    assert [type(each) for each in done].count(Refusal) == 1
    assert sum(user.role == "admin" and user.on for user in await users.all()) == 1
    with pytest.raises(Refusal, match="last administrator"):
        await access.switch("cli:x", "one", False)


async def test_users_of_an_earlier_version_are_read(own):
    users, _, blobs = own
    await blobs.put(
        "users", "old", b'{"name": "old", "role": "qa", "password": "x", "call_center": "North", "team": "", "demo": false, "failures": 2}'
    )
    old = await users.find("old")
    assert (old.role, old.failures, old.on, old.recovery) == ("qa", 2, True, ())
