"""The page of call centres, teams and affiliates."""

import pytest_asyncio

from services.gateway.pages.directory import changes
from tests.gateway.test_users import admin, key, somebody, told

__all__ = ["admin"]


@pytest_asyncio.fixture(loop_scope="package")
async def supervisor(ringup):
    return await ringup.sign_in("supervisor1")


@pytest_asyncio.fixture(loop_scope="package")
async def save(ringup, supervisor):
    """Saves rows beside those that are there."""
    catalog = ringup.all.house.clients["catalog"]

    async def saving(*, version=None, **rows):
        known = (await catalog.request("GET", "/directory")).json()
        parts = {part: [*known[part], *rows.get(part, [])] for part in ("call_centers", "teams", "affiliates")}
        fields = {f"{part}.{name}": [_said(row[name]) for row in parts[part]] for part in parts for name in (parts[part] or [{}])[0]}
        return await supervisor.form("/directory", version=known["version"] if version is None else version, key=key(), **fields)

    return saving


def _said(value):
    return {True: "true", False: "false"}.get(value, value)


async def test_a_call_centre_with_its_team_is_there_for_users(ringup, save, supervisor, admin):
    center, team = f"Centre {somebody()}", f"Team {somebody()}"
    answer = await save(call_centers=[{"name": center, "on": True}], teams=[{"name": team, "call_center": center, "on": True}])
    assert answer.status_code == 303, answer.text
    page = await supervisor.page("/directory")
    assert f"Team {team} added" in page
    assert "supervisor1" in page
    assert f'<option value="{center}|{team}">' in await admin.page("/users/new")
    name = somebody()
    made = await admin.form("/users", name=name, role="agent", place=f"{center}|{team}", key=key())
    assert told(made.text)
    user = await ringup.gateway.door.users.find(name)
    assert (user.call_center, user.team) == (center, team)


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(save):
    lost = f"Team {somebody()}"
    answer = await save(teams=[{"name": lost, "call_center": "Nowhere", "on": True}], affiliates=[{"code": "AF-9", "name": "", "on": True}])
    assert answer.status_code == 422
    assert "There is no call centre “Nowhere”" in answer.text
    assert "An affiliate needs a name." in answer.text
    assert f'value="{lost}"' in answer.text
    assert 'value="AF-9"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


async def test_two_supervisors_do_not_overwrite_each_other(save):
    name = f"Centre {somebody()}"
    assert (await save(call_centers=[{"name": f"Centre {somebody()}", "on": True}])).status_code == 303
    late = await save(version=0, call_centers=[{"name": name, "on": True}])
    assert (late.status_code, "This has changed meanwhile." in late.text) == (409, True)
    assert f'value="{name}"' in late.text


def test_each_change_is_told_in_words():
    first = {"call_centers": [{"name": "North", "on": True}], "teams": [{"name": "T", "call_center": "North", "on": True}], "affiliates": []}
    then = {
        "call_centers": [{"name": "North", "on": False}, {"name": "South", "on": True}],
        "teams": [{"name": "T", "call_center": "South", "on": True}],
        "affiliates": [{"code": "AF", "name": "Radio", "on": True}],
    }
    events = [{"version": n, "time": "", "actor": "agent:x", "data": data} for n, data in enumerate((first, then), 1)]
    assert [each["what"] for each in changes(events)] == [
        ["Call centre North switched off", "Call centre South added", "Team T: North → South", "Affiliate AF added"],
        ["Call centre North added", "Team T added"],
    ]
    late = [{**event, "version": n} for n, event in enumerate(events, 7)]
    assert [each["version"] for each in changes(late)] == [8]


async def test_the_newest_changes_are_told_however_many_there_were(supervisor, save):
    names = [f"Centre {somebody()}" for _ in range(22)]
    for name in names:
        assert (await save(call_centers=[{"name": name, "on": True}])).status_code == 303
    page = await supervisor.page("/directory")
    assert [name for name in names if f"{name} added" in page] == names[2:]
