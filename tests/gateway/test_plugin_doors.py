"""The door through which whoever ships asks and tells: by name and password, or signed."""

import base64
import json
import time
import uuid

from shared.webhooks import secret_of, signed

NAME, PASSWORD = "store-7f3a", "zwölf Zeichen und: mehr"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
EXPORT = "/hooks/plugins/ship?action=export&start_date=03%2f01%2f2026+00%3a00&end_date=03%2f01%2f2026+12%3a00&page=1"


def basic(password):
    return {"authorization": f"Basic {base64.b64encode(f'{NAME}:{password}'.encode()).decode()}"}


async def configured(ringup, name, **body):
    answer = await ringup.all.house.clients["fulfillment"].request("PUT", f"/plugins/{name}", json=body, headers={"x-ringup-actor": "user:admin"})
    assert answer.status == 200, answer.body


async def test_shipstation_comes_in_by_its_name_and_password(ringup):
    await configured(ringup, "ship", kind="shipstation", secrets={"username": NAME, "password": PASSWORD})
    shipstation = await ringup.nobody("192.0.2.60")
    fetched = await shipstation.http.get(EXPORT, headers=basic(PASSWORD))
    assert (fetched.status_code, fetched.headers["content-type"], fetched.headers["cache-control"]) == (
        200,
        "application/xml; charset=utf-8",
        "no-store",
    )
    assert fetched.text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<Orders pages="')
    for headers in ({}, basic("wrong"), {"authorization": "Bearer x"}):
        refused = await shipstation.http.get(EXPORT, headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"].split()[0]) == (401, "Basic")
    told = await shipstation.http.post(
        "/hooks/plugins/ship?action=shipnotify&order_number=nowhere",
        headers=basic(PASSWORD),
        content=b"<ShipNotice><OrderID>nowhere</OrderID></ShipNotice>",
    )
    assert told.status_code == 404
    hostile = await shipstation.http.post(
        "/hooks/plugins/ship?action=shipnotify", headers=basic(PASSWORD), content=b'<!DOCTYPE x [<!ENTITY a "b">]><ShipNotice>&a;</ShipNotice>'
    )
    assert hostile.status_code == 400


async def test_a_webhook_is_told_of_parcels_by_who_has_its_secret(ringup):
    await configured(ringup, "hook", kind="webhook", options={"url": "https://hooks.example.com/"}, secrets={"secret": SECRET}, on=True)
    warehouse = await ringup.nobody("192.0.2.61")
    body = json.dumps({"type": "shipment.shipped", "data": {"export_id": "nowhere-hook"}}, indent=4).encode()
    headers = signed(secret_of(SECRET), "msg_1", int(time.time()), body)
    known = await warehouse.http.post("/hooks/plugins/hook", content=body, headers=headers)
    assert (known.status_code, known.json()["code"]) == (404, "unknown")
    for other in ({"content": body + b" ", "headers": headers}, {"content": body}):
        assert (await warehouse.http.post("/hooks/plugins/hook", **other)).status_code == 401
    assert (await warehouse.http.post("/hooks/plugins/csv", content=body, headers=headers)).status_code == 404, "a kind without a door"


async def test_a_secret_is_changed_with_both_in_use_and_the_old_one_taken_away(ringup):
    """On the page, where what is left empty stays as it is."""
    admin = await ringup.sign_in("admin1")
    await configured(ringup, "turns", kind="webhook", options={"url": "https://hooks.example.com/"}, secrets={"secret": SECRET}, on=False)
    version = 1
    for typed, there in (
        ({"secrets.webhook.secret": NEW, "secrets.webhook.old_secret": SECRET}, ["old_secret", "secret"]),
        ({}, ["old_secret", "secret"]),
        ({"gone": "old_secret"}, ["secret"]),
    ):
        form = {"version": version, "title": f"Turn {version}", "options.webhook.url": "https://hooks.example.com/", "key": uuid.uuid4().hex, **typed}
        saved = await admin.form("/plugins/turns", **form)
        assert saved.status_code == 303, saved.text
        answer = await ringup.all.house.clients["fulfillment"].request("GET", "/plugins")
        (row,) = [row for row in answer.json()["rows"] if row["name"] == "turns"]
        assert (row["secrets"], row["title"]) == (there, f"Turn {version}")
        version = row["version"]


async def test_secrets_that_are_none_are_refused_where_they_are_typed_in(ringup):
    admin = await ringup.sign_in("admin1")
    for kind, typed, field in (
        ("webhook", {"secrets.webhook.secret": "whsec_c2hvcnQ=", "options.webhook.url": "https://hooks.example.com/"}, "24 to 64 bytes"),
        ("webhook", {"secrets.webhook.secret": SECRET, "options.webhook.url": "http://[::1"}, "This is not an address"),
        ("shipstation", {"secrets.shipstation.username": "a:b", "secrets.shipstation.password": PASSWORD}, "where a name ends"),
        ("shipstation", {"secrets.shipstation.username": "a", "secrets.shipstation.password": "short"}, "at least 12 characters"),
    ):
        said = await admin.form("/plugins", name="typo", kind=kind, on="true", key=uuid.uuid4().hex, **typed)
        assert (said.status_code, field in said.text) == (422, True), said.text
        assert "whsec_c2hvcnQ=" not in said.text
    answer = await ringup.all.house.clients["fulfillment"].request("GET", "/plugins")
    assert "typo" not in {row["name"] for row in answer.json()["rows"]}
