"""Tax tables on their page: checked, taken in, looked up, removed."""

import base64

from services.catalog.taxtable import taxtable
from tests.house.shop import until

ROWS = "country,region,postal_from,postal_to,class,rate,from,until\nUS,TX,,,standard,6.25,,\nUS,TX,75201,75209,standard,8.25,2025-01-01,\n"


async def imported(somebody, text, table="us-texas", *, dry_run=False):
    body = {"table": table, "kind": "csv", "text": base64.b64encode(text.encode()).decode(), "dry_run": dry_run}
    return await somebody.send("POST", "/taxes/import", key=f"tax-{table}-{dry_run}-{abs(hash(text))}", json=body)


async def test_a_table_is_checked_taken_in_looked_up_and_removed(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    assert "No table says more than the rates" in await supervisor.page("/taxes")
    dry = (await imported(supervisor, ROWS, dry_run=True)).json()
    assert (dry["rows"], dry["added"], dry["removed"]) == (2, 2, 0)
    assert (await imported(supervisor, ROWS)).status_code == 200

    async def listed():
        return ">us-texas</a>" in await supervisor.page("/taxes")

    await until(listed)
    found = await supervisor.page("/taxes/us-texas?country=us&region=tx&postal=75205")
    assert "75201 to 75209" in found
    assert "8.25 %" in found
    assert "6.25 %" not in found
    assert "No row is for this place" in await supervisor.page("/taxes/us-texas?postal=99999")
    assert (await supervisor.form("/taxes/us-texas/remove", key="remove-texas")).headers["hx-redirect"] == "/taxes"
    assert (await imported(supervisor, ROWS + "US,TX,75210,,standard,8,,\n")).status_code == 200
    assert (await supervisor.form("/taxes/us-texas/remove", key="remove-texas")).headers["hx-redirect"] == "/taxes"
    assert not (await ringup.all.house.running["catalog"].load(taxtable, "us-texas"))[0].gone


async def test_every_bad_row_is_named_and_nothing_is_taken_in(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    refused = await imported(supervisor, ROWS.replace("6.25", "much").replace("75209", "10000"), table="bad")
    assert refused.status_code == 422
    assert {error["field"].partition(",")[0] for error in refused.json()["errors"]} == {"row 2", "row 3"}
    assert (await supervisor.get("/taxes/bad")).status_code == 404


async def test_a_file_of_twenty_megabytes_is_read_and_one_of_sixty_is_not(ringup):
    supervisor, nobody = await ringup.sign_in("supervisor1"), await ringup.nobody()
    large = await imported(supervisor, ROWS + "US,TX,1,1,standard,6.25,,\n" * 750_000, table="large", dry_run=True)
    assert (large.status_code, large.json()["code"]) == (422, "file-invalid")
    huge = await supervisor.send("POST", "/taxes/import", key="tax-huge-0001", content=b"x" * 60_000_000)
    assert (huge.status_code, huge.json()["code"]) == (413, "too-large")
    unknown = await nobody.send("POST", "/taxes/import", key="tax-huge-0002", content=b"x" * 2_000_000)
    assert unknown.status_code == 413
