"""Files over HTTP: all of one or nothing; pictures by what they are."""

import asyncio
import base64
import struct
import zlib

import httpx
import pytest

from services.catalog.images import MOST_BYTES, read
from tests.catalog.samples import WHOLE

PILLOW = {"name": "Cloud pillow", "sku": "P-1", "price": 4995}


def png(width=2, height=3):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\0\0\0" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


GIF = b"GIF89a\x04\x00\x05\x00\x80\x00\x00" + b"\0" * 6 + b"!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x04\0\x05\0\0\x02\x02D\x01\0;"
WEBP = b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\x05\0\0" + b"\x06\0\0" + b"\0" * 8
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\xff\xc0\x00\x11\x08\x00\x07\x00\x08\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"
)


@pytest.mark.parametrize(
    ("data", "type", "size"),
    [(png(), "image/png", (2, 3)), (GIF, "image/gif", (4, 5)), (WEBP, "image/webp", (6, 7)), (JPEG, "image/jpeg", (8, 7))],
)
def test_an_image_is_known_by_what_it_is(data, type, size):
    image = read(data)
    assert (image.type, (image.width, image.height), len(image.sha256)) == (type, size, 64)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (png() + b"\0" * MOST_BYTES, "2.0 MB"),
        (b"\0" * 50 * 1024 * 1024, "50.0 MB"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no image that browsers show safely"),
        (b"<html>", "no image"),
        (b"%PDF-1.7", "no image"),
        (b"BM" + b"\0" * 60, "no image"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0", "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\0\0\0\0WEBP", "damaged"),
        (png(1, 1)[:16] + struct.pack(">II", 0, 5) + png(1, 1)[24:], "damaged"),
        (png(1, 1)[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1) + png(1, 1)[24:], "pixels"),
    ],
)
def test_what_is_no_image_is_refused_with_a_sentence(data, says):
    with pytest.raises(ValueError, match=says):
        read(data)


async def test_an_image_is_kept_once_and_shown_as_what_it_is(catalog):
    transport = httpx.ASGITransport(app=catalog.shop.house.apps["catalog"])
    async with httpx.AsyncClient(transport=transport, base_url="http://catalog") as client:
        made = [await client.post("/images", content=png(), headers={"content-type": "text/html"}) for _ in (1, 2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].json() == made[1].json() == {"sha256": read(png()).sha256, "type": "image/png", "width": 2, "height": 3}
        found = await client.get(f"/images/{made[0].json()['sha256']}")
        assert (found.content, found.headers["content-type"]) == (png(), "image/png")
        assert (await client.get(f"/images/{'0' * 64}")).status_code == 404
        assert (await client.get("/images/..%2Fkeys.db")).status_code == 404
        refused = await client.post("/images", content=b"<svg/>")
        assert (refused.status_code, refused.json()["field"]) == (422, "image")
    sha256 = made[0].json()["sha256"]
    id, _ = await catalog.draft(offers=[{**PILLOW, "image": sha256}])
    assert (await catalog("GET", f"/campaigns/{id}/draft"))[1]["problems"] == []


@pytest.mark.parametrize("format", ["json", "yaml"])
async def test_a_campaign_goes_out_and_comes_in_under_new_numbers(catalog, format):
    whole = WHOLE.model_dump(mode="json") | {"call_center": "", "teams": []}
    assert (await catalog("PUT", "/campaigns/restful", whole))[0] == 200
    text = (await catalog.text(f"/campaigns/restful/export?format={format}")).decode()
    body = {"format": format, "text": text, "name": "Again"}
    dry = await catalog("POST", "/campaigns/import", {**body, "dry_run": True})
    assert dry == (201, {"id": "", "version": 0, "name": "Again", "problems": []})
    status, made = await catalog("POST", "/campaigns/import", body)
    assert (status, made["version"], made["problems"]) == (201, 1, [])
    draft = (await catalog("GET", f"/campaigns/{made['id']}/draft"))[1]["draft"]
    assert draft["name"] == "Again"
    assert draft["coupons"][0]["products"] == [offer["id"] for offer in draft["offers"]]
    assert draft["profiles"][0]["rules"][0]["of"] == draft["offers"][0]["id"]
    without = [{**each, "id": ""} for each in draft["coupons"]]
    assert [{**each, "products": [], "id": ""} for each in whole["coupons"]] == [{**each, "products": []} for each in without]
    assert not {offer["id"] for offer in draft["offers"]} & {offer["id"] for offer in whole["offers"]}
    assert (await catalog("POST", f"/campaigns/{made['id']}/publish"))[0] == 200


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "text"),
        ('{"ringup_campaign": 2, "campaign": {"name": "x"}}', "ringup_campaign"),
        ('{"ringup_campaign": 1, "campaign": {}}', "name"),
        ('{"ringup_campaign": 1, "campaign": {"name": "x", "offers": [{"price": -1}]}}', "offers.0.price"),
        ('{"ringup_campaign": 1, "campaign": {"name": "x", "offers": [{"price": 1, "id": "1"}, {"price": 1, "id": "1"}]}}', "offers.1.id"),
        ('{"ringup_campaign": 1, "campaign": {"name": "x", "offers": [{"price": 1, "image": "%s"}]}}' % ("a" * 64), "offers.0.image"),
    ],
)
async def test_a_document_that_does_not_fit_is_refused_whole(catalog, text, field):
    status, refused = await catalog("POST", "/campaigns/import", {"format": "json", "text": text})
    assert (status, refused["errors"][0]["field"]) == (422, field)
    assert (await catalog("GET", "/campaigns"))[1]["rows"] == []


def file(text, **more):
    return {"text": base64.b64encode(text.encode()).decode(), **more}


async def test_products_come_in_whole_or_not_at_all(catalog):
    id, version = await catalog.draft(offers=[PILLOW])
    good = "type,sku,name,price\noffer,P-1,Cloud pillow,39.95\noffer,P-2,Topper,99\n"
    counts = {"added": 1, "changed": 1, "unchanged": 0, "removed": 0, "rows": 2}
    assert await catalog("POST", f"/campaigns/{id}/offers.csv", file(good, dry_run=True)) == (200, {**counts, "version": version})
    status, refused = await catalog("POST", f"/campaigns/{id}/offers.csv", file(good + "offer,P-3,Bad,x\nupsell,P-4,Worse,-1\n"))
    assert (status, refused["code"], [error["field"] for error in refused["errors"]]) == (422, "file-invalid", ["row 4, price", "row 5, price"])
    assert (await catalog("GET", f"/campaigns/{id}/draft"))[1]["version"] == version
    assert await catalog("POST", f"/campaigns/{id}/offers.csv", file(good)) == (200, {**counts, "version": version + 1})
    draft = (await catalog("GET", f"/campaigns/{id}/draft"))[1]["draft"]
    assert [(offer["sku"], offer["price"]) for offer in draft["offers"]] == [("P-1", 3995), ("P-2", 9900)]
    assert all(offer["id"] for offer in draft["offers"])
    again = (await catalog.text(f"/campaigns/{id}/offers.csv")).decode()
    assert (await catalog("POST", f"/campaigns/{id}/offers.csv", file(again)))[1]["unchanged"] == 2
    assert (await catalog("POST", f"/campaigns/{id}/offers.csv", file(good), if_match='"1"'))[0] == 200, "nothing was changed by it"
    stale = file("type,sku,price\noffer,P-1,1")
    assert (await catalog("POST", f"/campaigns/{id}/offers.csv", stale, if_match='"1"'))[1]["code"] == "stale"


async def test_of_two_files_at_once_none_is_lost_that_was_taken(catalog):
    id, _ = await catalog.draft(offers=[PILLOW])
    skus = ("P-2", "P-3")
    answers = await asyncio.gather(
        *(catalog("POST", f"/campaigns/{id}/offers.csv", file(f"type,sku,name,price\noffer,{sku},{sku},1\n")) for sku in skus)
    )
    taken = {sku for sku, (status, _) in zip(skus, answers, strict=True) if status == 200}
    assert taken
    assert all(status == 200 or body["code"] == "stale" for status, body in answers)
    draft = (await catalog("GET", f"/campaigns/{id}/draft"))[1]["draft"]
    assert {offer["sku"] for offer in draft["offers"]} == {"P-1", *taken}


async def test_coupons_come_in_and_go_out(catalog):
    id, _ = await catalog.draft(offers=[PILLOW])
    assert (await catalog("POST", f"/campaigns/{id}/coupons.csv", file("code,percent,products\nTEN,10,P-1\n")))[1]["added"] == 1
    draft = (await catalog("GET", f"/campaigns/{id}/draft"))[1]["draft"]
    assert draft["coupons"][0]["products"] == [draft["offers"][0]["id"]]
    assert b"TEN,price,percent,,10" in await catalog.text(f"/campaigns/{id}/coupons.csv")
    for wrong in ("not base64", "é"):
        assert (await catalog("POST", f"/campaigns/{id}/coupons.csv", {"text": wrong}))[1]["field"] == "text"
    assert (await catalog("POST", f"/campaigns/{id}/coupons.csv", file("")))[1]["field"] == "file"
