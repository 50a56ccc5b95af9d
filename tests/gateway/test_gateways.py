"""The pages of payment gateways: supervisors look, administrators change, and what was typed in once is shown to nobody again."""

import re

import pytest
import pytest_asyncio

from tests.gateway.test_users import admin, key

__all__ = ["admin"]

SECRET = "canary-9c41e7-secret"


def version(page):
    return re.search(r'name="version" value="(\d+)"', page)[1]


@pytest_asyncio.fixture(loop_scope="package")
async def front(admin):
    """A gateway that needs a hosted form; its name."""
    name = f"front-{key()[:8]}"
    sent = {"kind": "hosted-form", "title": "Front door", "credentials.hosted-form.password": SECRET, "capabilities": ["refund"], "on": "true"}
    answer = await admin.form("/gateways", name=name, key=key(), **sent)
    assert answer.status_code == 303, answer.text
    return name


async def test_a_supervisor_looks_and_tests_and_changes_nothing(ringup, front):
    supervisor = await ringup.sign_in("supervisor1")
    page = await supervisor.page("/gateways")
    assert "Needs a hosted form" in page
    assert "Add a gateway" not in page
    assert "Cannot be used" in page
    assert "disabled" in (one := await supervisor.page(f"/gateways/{front}"))
    assert "Credentials" not in one
    assert "Save" not in one
    tested = await supervisor.form("/gateways/simulator/test")
    assert (tested.status_code, "OK" in tested.text) == (200, True)
    assert "cannot ask" in (await supervisor.form(f"/gateways/{front}/test")).text


async def test_credentials_are_on_no_page(ringup, admin, front):
    pages = [await admin.page("/gateways"), one := await admin.page(f"/gateways/{front}")]
    assert "They are kept encrypted" in one
    refused = await admin.form(f"/gateways/{front}", version="99", title="x", key=key(), **{"credentials.hosted-form.password": f"{SECRET}-2"})
    assert refused.status_code == 409
    pages += [refused.text, await admin.page(f"/ops/streams/gateway-{front}"), await admin.page("/ops/audit")]
    events = b"".join(each.data for each in await ringup.all.house.running["payments"].topics.read("payments", 0, 10_000))
    assert front.encode() in events
    assert SECRET not in "".join(pages) + events.decode()


async def test_credentials_are_replaced_kept_and_removed(ringup, admin, front):
    async def change(**fields):
        page = await admin.page(f"/gateways/{front}")
        answer = await admin.form(f"/gateways/{front}", version=version(page), title="Front door", key=key(), **fields)
        assert answer.status_code == 303, answer.text
        return await admin.page(f"/gateways/{front}")

    assert "They are kept encrypted" in await change(on="true")
    assert "They are kept encrypted" in await change(**{"credentials.hosted-form.password": "another-secret"})
    page = await change(forget="true", on="false")
    assert "None are kept." in page
    assert 'name="on" value="true" checked' not in page


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(admin, front):
    for fields, field in (
        ({"name": "Front Door"}, "name"),
        ({"name": ""}, "name"),
        ({"name": front}, "name"),
        ({"kind": "bank"}, "kind"),
        ({"kind": "simulator", "capabilities": ["teleport"]}, "capabilities"),
        ({"fallback": "nowhere"}, "fallback"),
    ):
        sent = {"name": "side-door", "kind": "hosted-form", "title": "A side door", **fields}
        answer = await admin.form("/gateways", key=key(), **sent)
        assert answer.status_code == 422, fields
        assert f'href="#{field}"' in answer.text
        assert 'value="A side door"' in answer.text


async def test_two_administrators_do_not_overwrite_each_other(admin, front):
    seen = version(await admin.page(f"/gateways/{front}"))
    assert (await admin.form(f"/gateways/{front}", version=seen, title="First", key=key())).status_code == 303
    late = await admin.form(f"/gateways/{front}", version=seen, title="Second", key=key())
    assert (late.status_code, "This has changed meanwhile." in late.text) == (409, True)
    assert 'value="Second"' in late.text
    assert "First" in await admin.page("/gateways")


@pytest.mark.parametrize("path", ["/gateways/nowhere", "/gateways/Nowhere%20at%20all"])
async def test_there_is_no_such_gateway(admin, path):
    assert (await admin.get(path)).status_code in (404, 422)
    assert (await admin.form(path, version="1", key=key())).status_code in (404, 422)


async def test_what_is_asked_instead_is_chosen_and_taken_away(admin):
    name = f"spare-{key()[:8]}"
    secrets = {"credentials.simulator.password": f"{SECRET}-1", "credentials.simulator.hook": "", "credentials.hosted-form.password": "not-its-own"}
    sent = {"kind": "simulator", "title": "Spare", "on": "true", "fallback": "simulator", "renews": "true", **secrets}
    assert (await admin.form("/gateways", name=name, key=key(), **sent)).status_code == 303
    page = await admin.page(f"/gateways/{name}")
    assert '<option value="simulator" selected>' in page
    assert f'<option value="{name}"' not in page
    assert 'name="renews" value="true" checked' in page
    itself = await admin.form(f"/gateways/{name}", version=version(page), title="Spare", on="true", fallback=name, key=key())
    assert (itself.status_code, "cannot be its own fallback" in itself.text) == (422, True)
    wrong = await admin.form(f"/gateways/{name}", version=version(page), title="Spare", key=key(), **{"credentials.simulator.hook": "x" * 5_000})
    assert wrong.status_code == 422
    assert 'href="#credentials.simulator.hook"' in wrong.text
    assert (await admin.form(f"/gateways/{name}", version=version(page), title="Spare", on="true", key=key())).status_code == 303
    page = await admin.page(f"/gateways/{name}")
    assert '<option value="simulator" selected>' not in page
    assert "They are kept encrypted" in page
