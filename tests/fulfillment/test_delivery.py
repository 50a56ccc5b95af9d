"""Plugins as they are run: one that is slow, hangs, refuses, answers nonsense, wants nothing any more, or is gone."""

import asyncio
import base64
import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from services.fulfillment import delivery, health, plugin_api, roster
from services.fulfillment.commands import Create, Release, Ship
from services.fulfillment.desk import OwnDesk
from services.fulfillment.health import Watch
from services.fulfillment.plugins import asked as asking
from services.fulfillment.plugins.protocol import NoAnswer, Refused, Reply, Stopped, Taken
from services.fulfillment.service import fulfillment
from services.fulfillment.shipment import shipment
from shared.contracts.fulfillment import Parcel
from shared.kernel import runner
from shared.kernel.effects import Work
from shared.kernel.errors import Unavailable
from tests.house.shop import Shop, until
from tests.samples import order_of

ADMIN = "agent:admin1"
ORDER = "7K2M9QX4TB"


class Warehouse:
    """Does as it is told, by the plugin that asks."""

    def __init__(self):
        self.says, self.sent, self.questions, self.has, self.waiting = {}, [], [], {}, 0
        self.let_go = asyncio.Event()

    async def deliver(self, outgoing, options, secrets):
        plugin = outgoing.export_id.partition("-")[2]
        self.sent.append(outgoing.export_id)
        said = self.says.get(outgoing.export_id, self.says.get(plugin, Taken(f"w-{outgoing.export_id}")))
        if said == "slow":
            self.waiting += 1
            await self.let_go.wait()
            said = Taken()
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, Taken) and isinstance(said.their_id, str) and said.same is True:
            self.has[outgoing.export_id] = said.their_id
        return said

    async def reconcile(self, outgoing, options, secrets):
        self.questions.append(outgoing.export_id)
        return Taken(self.has[outgoing.export_id]) if outgoing.export_id in self.has else None

    async def cancel(self, outgoing, their_id, options, secrets):
        return self.says.get("cancel", Stopped())

    async def erase(self, export_id, options):
        self.has.pop(export_id, None)

    async def trouble(self, options, secrets):
        return "" if secrets else "It has no secret."

    async def asked_at_the_door(self, query, desk):
        found, pages = await desk.exports(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), 1)
        told = await desk.shipped(query["export"], "UPS", "1Z1", "ground", found[0][2]) if found else False
        return Reply(200, f"{[(outgoing.export_id, status) for outgoing, status, _ in found]} {pages} {told}".encode())


class WithADoor(Warehouse):
    async def asked(self, method, query, headers, body, options, secrets, desk):
        return await self.asked_at_the_door(query, desk)


class Clock:
    def __init__(self):
        self.ahead, self.at = timedelta(), None

    def __call__(self):
        return self.at or datetime.now(UTC) + self.ahead


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, clock=Clock(), services=(fulfillment,)).open()
    yield shop
    await shop.close()


@pytest.fixture
def running(shop):
    return shop.house.running["fulfillment"]


@pytest.fixture
def warehouse(running):
    running.state["installed"].plugins["csv"] = found = Warehouse()
    return found


async def configured(shop, name, **changed):
    body = {"kind": "csv", "title": name, **changed}
    status, row = await shop.ask("fulfillment", "PUT", f"/plugins/{name}", body, ADMIN, idempotency_key=uuid.uuid4().hex)
    assert status == 200, row
    return row


async def approved(running, order_id, *plugins):
    await running.send(order_id, Create(order_of(order_id, *plugins), running.clock()), f"create-{order_id}", "test")
    await running.send(order_id, Release(order_id, "qa1", running.clock()), f"release-{order_id}", "test")


async def record(shop, order_id, plugin, wanted):
    async def there():
        _, body = await shop.ask("fulfillment", "GET", f"/shipments/{order_id}")
        return next((row for row in body.get("records", ()) if row["plugin"] == plugin and wanted(row)), None)

    return await until(there)


async def test_what_is_slow_for_one_keeps_nothing_for_another_waiting(shop, running, warehouse):
    await configured(shop, "slow")
    await configured(shop, "fast")
    warehouse.says["slow"] = "slow"
    slow = [f"{n:010}" for n in range(3 * (runner._FRESH_IN_A_LANE + runner._OVERDUE_AT_ONCE))]
    for order_id in slow:
        await approved(running, order_id, "slow")
    running.clock.ahead = timedelta(minutes=1)
    most = runner._FRESH_IN_A_LANE + runner._OVERDUE_AT_ONCE
    await until(lambda: is_busy(warehouse, most))
    await approved(running, ORDER, "fast")
    await record(shop, ORDER, "fast", lambda row: row["exported_at"])
    assert warehouse.waiting == most, "more was asked of it at once than there are slots"
    warehouse.let_go.set()
    await record(shop, slow[-1], "slow", lambda row: row["exported_at"])


async def is_busy(warehouse, most):
    return warehouse.waiting == most


@pytest.mark.parametrize(
    ("said", "reason", "given_up"),
    [
        (RuntimeError("at 100 Example Street"), "The plugin failed (RuntimeError).", False),
        (SystemExit(1), "The plugin failed (SystemExit).", False),
        (KeyboardInterrupt(), "The plugin failed (KeyboardInterrupt).", False),
        (asyncio.CancelledError(), "The plugin failed (CancelledError).", False),
        (BaseExceptionGroup("two", [SystemExit(1), ValueError()]), "The plugin failed (BaseExceptionGroup).", False),
        ("nonsense", "The plugin answered nonsense (str).", False),
        (Taken({"id": "w-1"}), "The plugin answered nonsense (Taken, whose their_id is dict).", False),
        (Taken(same="yes"), "The plugin answered nonsense (Taken, whose same is str).", False),
        (Refused("Full.", after="soon"), "The plugin answered nonsense (Refused, whose after is str).", False),
        (Refused("Full.", again=None), "The plugin answered nonsense (Refused, whose again is NoneType).", False),
        (Refused(None), "The plugin answered nonsense (Refused, whose reason is NoneType).", False),
        (Refused(" \n"), "It does not say why.", False),
        (NoAnswer("Late.", after=30), "The plugin answered nonsense (NoAnswer, whose after is int).", False),
        (NoAnswer("They hung up.", after=timedelta.min), "They hung up.", False),
        (Refused("They are\nfull\x00."), "They are full .", False),
        (Refused("No such SKU.", again=False), "No such SKU.", True),
    ],
)
async def test_whatever_it_answers_is_kept_in_words_and_tried_again(shop, running, warehouse, said, reason, given_up):
    warehouse.says["csv"] = said
    await approved(running, ORDER, "")
    row = await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    assert (row["reason"], row["retry_at"] is None) == (reason, given_up)
    del warehouse.says["csv"]
    running.clock.ahead = timedelta(hours=1)
    if given_up:
        assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/csv/resend", {"reason": "They know it now."}, ADMIN))[0] == 200
    row = await record(shop, ORDER, "csv", lambda row: row["exported_at"])
    assert (warehouse.questions, row["their_id"]) == ([f"{ORDER}-csv"], f"w-{ORDER}-csv")
    _, log = await shop.ask("fulfillment", "GET", f"/shipments/{ORDER}/log")
    assert [each["outcome"] for each in log["rows"]] == ["given-up" if given_up else "failed", "exported"]
    assert log["rows"][0]["answer"] == reason


async def test_one_that_hangs_is_asked_first_and_what_it_took_is_not_sent_again(shop, running, warehouse, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT", 0.2)
    warehouse.says["csv"] = "slow"
    warehouse.has[f"{ORDER}-csv"] = "took it, said nothing"
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    running.clock.ahead = timedelta(hours=1)
    row = await record(shop, ORDER, "csv", lambda row: row["exported_at"])
    assert (row["their_id"], warehouse.sent) == ("took it, said nothing", [f"{ORDER}-csv"])


async def test_a_plugin_that_fails_for_three_days_is_switched_off_and_goes_on_when_it_is_switched_on(shop, running, warehouse):
    warehouse.says["csv"] = Refused("They are closed.")
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    watch = Watch(running, running.state["roster"])
    running.clock.ahead = health.ALARM + timedelta(minutes=1)
    await watch.look()
    assert "has been failing for 16 minutes: They are closed." in running.warnings["plugin csv"]
    running.clock.ahead = health.GIVES_UP + timedelta(minutes=1)
    await watch.look()
    row = await plugin(shop, "csv")
    assert (row["on"], row["why"]) == (False, "It has failed for 3 days. The last answer: They are closed.")
    assert "switched off by itself" in running.warnings["plugin csv"]
    tried = len(warehouse.sent)
    await approved(running, "0000000001", "")
    waits = await record(shop, "0000000001", "csv", lambda row: row["status"] == "Failed")
    assert waits["reason"] == "The plugin csv is switched off. Switched on, it goes on with what waits."
    del warehouse.says["csv"]
    await configured(shop, "csv")
    await watch.look()
    assert "plugin csv" not in running.warnings
    running.clock.ahead += timedelta(hours=6)
    for order_id in (ORDER, "0000000001"):
        await record(shop, order_id, "csv", lambda row: row["exported_at"])
    assert len(warehouse.sent) == tried + 2


@pytest.mark.parametrize("again", [False, True])
async def test_one_that_works_stays_on_though_an_order_was_refused_and_is_not_tried_again(shop, running, warehouse, again):
    warehouse.says[f"{ORDER}-csv"] = Refused("No such SKU.", again=again)
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    if again:
        assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/cancel", {"reason": "Nobody has it."}, ADMIN))[0] == 200
        await record(shop, ORDER, "csv", lambda row: row["status"] == "Cancelled")
    running.clock.ahead = timedelta(minutes=5)
    await approved(running, "0000000001", "")
    await record(shop, "0000000001", "csv", lambda row: row["exported_at"])
    watch = Watch(running, running.state["roster"])
    for quiet in (timedelta(minutes=25), health.GIVES_UP + timedelta(hours=1)):
        running.clock.ahead = quiet
        await watch.look()
        assert ("plugin csv" in running.warnings, (await plugin(shop, "csv"))["on"]) == (False, True)


async def test_what_goes_well_begins_the_time_that_a_plugin_fails_anew(shop, running, warehouse):
    warehouse.says[f"{ORDER}-csv"] = Refused("They are closed.")
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    watch = Watch(running, running.state["roster"])
    running.clock.ahead = health.ALARM - timedelta(minutes=1)
    await approved(running, "0000000001", "")
    await record(shop, "0000000001", "csv", lambda row: row["exported_at"])
    running.clock.ahead = health.ALARM + timedelta(minutes=1)
    await watch.look()
    assert "plugin csv" not in running.warnings
    running.clock.ahead = 2 * health.ALARM
    await watch.look()
    assert "has been failing for 16 minutes: They are closed." in running.warnings["plugin csv"]


async def test_what_is_held_too_late_is_out_and_not_held(shop, running, warehouse):
    warehouse.says["csv"] = "slow"
    await approved(running, ORDER, "")
    await until(lambda: is_busy(warehouse, 1))
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/hold", {"reason": "An odd address."}, ADMIN))[0] == 200
    assert (await shop.ask("fulfillment", "GET", f"/shipments/{ORDER}"))[1]["held"]
    warehouse.let_go.set()
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Pending Shipment")
    _, body = await shop.ask("fulfillment", "GET", f"/shipments/{ORDER}")
    assert (body["held"], body["records"][0]["held"], body["holdable"]) == (None, None, False)
    status, told = await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/hand-out", {}, ADMIN)
    assert (status, told["held"]) == (200, False)


async def plugin(shop, name):
    _, body = await shop.ask("fulfillment", "GET", "/plugins")
    return next(row for row in body["rows"] if row["name"] == name)


async def test_one_that_wants_nothing_any_more_is_switched_off_at_once(shop, running, warehouse):
    warehouse.says["csv"] = Refused("410 Gone", gone=True)
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    row = await plugin(shop, "csv")
    assert (row["on"], row["why"], row["waiting"]) == (False, "They want nothing any more: 410 Gone", 1)


async def test_what_a_removed_plugin_was_to_ship_waits_and_says_so(shop, running, warehouse):
    running.state["installed"].plugins.pop("csv")
    running.state["roster"].changed()
    await approved(running, ORDER, "", "nobody")
    gone = await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    assert gone["reason"] == "The kind csv of this plugin is not installed any more. Install it again."
    never = await record(shop, ORDER, "nobody", lambda row: row["status"] == "Failed")
    assert never["reason"] == "There is no plugin nobody. Configure it, and what waits goes out."
    running.state["installed"].plugins["csv"] = warehouse
    await configured(shop, "nobody")
    running.clock.ahead = timedelta(hours=1)
    for name in ("csv", "nobody"):
        await record(shop, ORDER, name, lambda row: row["exported_at"])


async def test_what_went_out_is_stopped_by_whoever_ships_it(shop, running, warehouse):
    await configured(shop, "toys")
    await approved(running, ORDER, "", "toys")
    for name in ("csv", "toys"):
        await record(shop, ORDER, name, lambda row: row["exported_at"])
    status, _ = await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/cancel", {"reason": "Changed their mind."}, ADMIN)
    assert status == 200
    for name in ("csv", "toys"):
        row = await record(shop, ORDER, name, lambda row: row["status"] == "Cancelled")
        assert row["cancel"]["state"] == "stopped"


async def test_one_that_ends_the_program_is_broken_wherever_it_is_asked(shop, running, warehouse, monkeypatch):
    async def ends(*about):
        raise SystemExit(1)

    for name in ("trouble", "reconcile", "cancel", "erase"):
        monkeypatch.setattr(warehouse, name, ends)
    await configured(shop, "toys")
    status, failed = await shop.ask("fulfillment", "POST", "/plugins/toys/test", {}, ADMIN)
    assert (status, failed["detail"]) == (503, "The plugin toys cannot be asked: The plugin failed (SystemExit).")
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["exported_at"])
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/cancel", {"reason": "Changed their mind."}, ADMIN))[0] == 200
    await record(shop, ORDER, "csv", lambda row: (row["cancel"] or {}).get("answer") == "The plugin failed (SystemExit).")
    state, _ = await running.load(shipment, ORDER)
    with pytest.raises(Unavailable, match="could not be erased: The plugin failed"):
        await delivery.Dispatch(running, running.state["roster"]).erase(Work(ORDER, f"{ORDER}-csv"), state)


async def test_whoever_gives_up_on_a_plugin_is_not_answered_in_its_name():
    began = asyncio.Event()

    async def hangs():
        began.set()
        await asyncio.Event().wait()

    waiting = asyncio.ensure_future(asking.asked(hangs))
    await began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(("has", "status", "state"), [(True, "Pending Shipment", "too-late"), (False, "Cancelled", "stopped")])
async def test_what_may_be_anywhere_and_cannot_be_stopped_a_person_settles(shop, running, warehouse, has, status, state):
    warehouse.says |= {"csv": NoAnswer("They answered 500."), "cancel": Refused("They cannot be asked.", again=False)}
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Failed")
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/cancel", {"reason": "Changed their mind."}, ADMIN))[0] == 200
    running.clock.ahead = timedelta(hours=1)
    row = await record(shop, ORDER, "csv", lambda row: row["cancel"] and row["cancel"]["state"] == "unknown")
    assert (row["status"], row["exported_at"], row["reason"], row["retry_at"]) == ("Failed", None, "They answered 500.", None)
    assert await health.failing(running, "csv") is None
    said = {"has": has, "reason": "They were called."}
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/csv/settle", said, ADMIN))[0] == 200
    row = await record(shop, ORDER, "csv", lambda row: row["status"] == status)
    assert (row["cancel"]["state"], row["cancel"]["answer"]) == (state, "They were called.")
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/csv/settle", said, ADMIN))[0] == 409
    _, log = await shop.ask("fulfillment", "GET", f"/shipments/{ORDER}/log")
    assert [each["outcome"] for each in log["rows"]] == ["failed", "unknown"]


async def test_a_stop_that_nobody_answers_is_told_though_all_else_goes_well(shop, running, warehouse):
    warehouse.says["cancel"] = NoAnswer("They answered 500.")
    for order_id in (ORDER, "0000000001"):
        await approved(running, order_id, "")
        await record(shop, order_id, "csv", lambda row: row["exported_at"])
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/cancel", {"reason": "Changed their mind."}, ADMIN))[0] == 200
    await record(shop, ORDER, "csv", lambda row: (row["cancel"] or {}).get("answer") == "They answered 500.")
    watch = Watch(running, running.state["roster"])
    await watch.look()
    assert not running.warnings
    running.clock.ahead = health.ALARM + timedelta(minutes=1)
    await approved(running, "0000000002", "")
    await record(shop, "0000000002", "csv", lambda row: row["exported_at"])
    await watch.look()
    told = f"The plugin csv has not said for 16 minutes whether it stops {ORDER}-csv: They answered 500. Ask them yourself."
    assert running.warnings == {"plugin csv stops": told}
    warehouse.says["cancel"] = Stopped()
    running.clock.ahead = timedelta(hours=6)
    await record(shop, ORDER, "csv", lambda row: row["status"] == "Cancelled")
    await watch.look()
    assert not running.warnings


@pytest.mark.parametrize(("what", "field"), [("check", "options"), ("check_secrets", "secrets")])
async def test_a_kind_whose_check_fails_refuses_and_breaks_nothing(shop, running, warehouse, what, field):
    def fails(typed):
        raise SystemExit(1)

    kinds = running.state["installed"].kinds
    kinds["csv"] = dataclasses.replace(kinds["csv"], secrets=kinds["webhook"].secrets, **{what: fails})
    given = {"kind": "csv", "title": "toys", "secrets": {kinds["webhook"].secrets[0].name: "whsec_x"}}
    status, body = await shop.ask("fulfillment", "PUT", "/plugins/toys", given, ADMIN, idempotency_key="toys")
    assert (status, body["field"]) == (422, "kind")
    assert body["detail"] == f"{kinds['csv'].title} could not check its {field} (SystemExit). Mend it, or update it."


async def test_a_secret_is_encrypted_and_told_to_nobody(shop, running, warehouse):
    kinds = running.state["installed"].kinds
    secret = type(kinds["webhook"].secrets[0])("token", "Token", required=True)
    kinds["csv"] = dataclasses.replace(kinds["csv"], secrets=(secret,))
    status, wrong = await shop.ask("fulfillment", "PUT", "/plugins/toys", {"kind": "csv"}, ADMIN)
    assert (status, wrong["field"], wrong["detail"]) == (422, "secrets.token", "Token is needed.")
    row = await configured(shop, "toys", secrets={"token": "s3cret-of-theirs"})
    assert row["secrets"] == ["token"]
    assert "s3cret" not in str(await shop.ask("fulfillment", "GET", "/plugins"))
    written = [path.read_bytes() for path in shop.settings.data.rglob("*") if path.is_file()]
    assert not [data for data in written if b"s3cret-of-theirs" in data]
    assert (await shop.ask("fulfillment", "POST", "/plugins/toys/test", {}, ADMIN))[1]["answer"] == "ok"
    kept = await configured(shop, "toys", title="Toys")
    assert (kept["secrets"], kept["title"]) == (["token"], "Toys")
    assert (await configured(shop, "toys", on=False, secrets={"token": ""}))["secrets"] == []
    assert (await shop.ask("fulfillment", "POST", "/plugins/toys/test", {}, ADMIN))[1]["detail"] == "It has no secret."


async def test_no_more_plugins_are_configured_than_are_looked_at(shop, running, monkeypatch):
    monkeypatch.setattr(roster, "MOST", 2)
    await configured(shop, "aa")
    status, wrong = await shop.ask("fulfillment", "PUT", "/plugins/zz", {"kind": "csv"}, ADMIN)
    assert (status, wrong["code"], wrong["field"]) == (422, "too-many-plugins", "name")
    assert (await configured(shop, "aa", title="Toys"))["title"] == "Toys"
    assert [row["name"] for row in (await shop.ask("fulfillment", "GET", "/plugins"))[1]["rows"]] == ["aa", "csv"]


async def test_a_period_is_sent_once_more_under_the_same_names(shop, running, warehouse):
    for n in range(3):
        await approved(running, f"{n:010}", "")
        await record(shop, f"{n:010}", "csv", lambda row: row["exported_at"])
    wanted = {"from": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z", "reason": "They lost a day."}
    status, done = await shop.ask("fulfillment", "POST", "/plugins/csv/replay", wanted, ADMIN, idempotency_key="replay-1")
    assert (status, done) == (200, {"sent": 3, "left_out": [], "next": None})

    await all_sent(warehouse, 6)
    assert (await shop.ask("fulfillment", "POST", "/plugins/csv/replay", wanted, ADMIN, idempotency_key="replay-1"))[1]["sent"] == 3
    assert len(warehouse.sent) == 6
    assert sorted(warehouse.sent) == sorted([f"{n:010}-csv" for n in range(3)] * 2)
    status, wrong = await shop.ask("fulfillment", "POST", "/plugins/csv/replay", {**wanted, "until": "2025-01-01T00:00:00Z"}, ADMIN)
    assert (status, wrong["field"]) == (422, "until")
    await configured(shop, "csv", on=False)
    status, off = await shop.ask("fulfillment", "POST", "/plugins/csv/replay", wanted, ADMIN)
    assert (status, off["code"]) == (409, "plugin-off")
    assert off["detail"] == "Nothing was sent once more. The plugin csv is switched off. Switched on, it goes on with what waits."
    await configured(shop, "csv")
    running.state["installed"].plugins.pop("csv")
    status, gone = await shop.ask("fulfillment", "POST", "/plugins/csv/replay", wanted, ADMIN)
    assert (status, "is not installed any more" in gone["detail"]) == (409, True)


async def test_what_cannot_have_been_then_is_refused_and_stops_no_view(shop, running, warehouse):
    await approved(running, ORDER, "")
    await record(shop, ORDER, "csv", lambda row: row["exported_at"])
    for at, detail in (("0001-01-01T00:00:00+14:00", "before the order was placed"), ("9999-12-31T23:59:59-14:00", "still to come")):
        for what in ("shipped", "delivered", "returned"):
            status, refused = await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/csv/{what}", {"at": at}, ADMIN)
            assert (status, refused["code"], refused["field"], detail in refused["detail"]) == (422, "date-odd", "at", True), refused
        with pytest.raises(ValueError, match=detail):
            await OwnDesk(running, "csv").shipped(f"{ORDER}-csv", "UPS", "1Z1", "", datetime.fromisoformat(at))
    kept = Ship(ORDER, "csv", Parcel(tracking="1Z1"), datetime.fromisoformat("0001-01-01T00:00:00+14:00"), "plugin:csv")
    await running.send(ORDER, kept, "kept-of-before", "plugin:csv")
    row = await record(shop, ORDER, "csv", lambda row: row["status"] == "Shipped")
    assert row["parcels"][0]["at"].startswith("0001-01-01")


async def test_a_period_is_sent_once_more_page_by_page_and_meets_nothing_twice(shop, running, warehouse, monkeypatch):
    monkeypatch.setattr(plugin_api, "_AT_ONCE", 2)
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    running.clock.at = moment
    ids = [f"{n:010}" for n in range(5)]
    for order_id in ids:
        await approved(running, order_id, "")
    out = [(await record(shop, order_id, "csv", lambda row: row["exported_at"]))["exported_at"] for order_id in ids]
    assert len(set(out)) == 1
    period = {"from": "2026-03-01T00:00:00Z", "until": "2100-01-01T00:00:00Z", "reason": "They lost a day."}
    sent = 5
    for _ in range(2):
        pages, following = [], None
        while following or not pages:
            running.clock.at += timedelta(hours=1)
            status, done = await shop.ask("fulfillment", "POST", "/plugins/csv/replay", {**period, "cursor": following}, ADMIN)
            assert status == 200, done
            pages.append(done["sent"])
            following = done["next"]
            sent += done["sent"]
            assert len(pages) < 4
            await all_sent(warehouse, sent)
        assert pages == [2, 2, 1]
    assert (await shop.ask("fulfillment", "POST", "/plugins/csv/replay", {**period, "cursor": "x"}, ADMIN))[1]["field"] == "cursor"


async def all_sent(warehouse, count):
    async def there():
        return len(warehouse.sent) == count

    await until(there)


async def test_whoever_asks_at_its_door_sees_its_own_exports_alone(shop, running):
    running.state["installed"].plugins["csv"] = WithADoor()
    await configured(shop, "toys")
    await approved(running, ORDER, "", "toys")
    for name in ("csv", "toys"):
        await record(shop, ORDER, name, lambda row: row["exported_at"])
    _, own = await shop.ask("fulfillment", "POST", f"/plugins/toys/door?method=GET&query=export%3D{ORDER}-toys", {})
    assert base64.b64decode(own["body"]).decode() == f"[('{ORDER}-toys', 'Pending Shipment')] 1 True"
    row = await record(shop, ORDER, "toys", lambda row: row["status"] == "Shipped")
    assert (row["parcels"][0]["tracking"], row["parcels"][0]["source"]) == ("1Z1", "plugin:toys")
    _, other = await shop.ask("fulfillment", "POST", f"/plugins/toys/door?method=GET&query=export%3D{ORDER}-csv", {})
    assert base64.b64decode(other["body"]).decode() == f"[('{ORDER}-toys', 'Shipped')] 1 False"
    assert (await shop.ask("fulfillment", "POST", "/plugins/nobody/door", {}))[0] == 404
    status, failed = await shop.ask("fulfillment", "POST", "/plugins/toys/door?method=GET&query=nothing", {})
    assert (status, failed["detail"]) == (503, "The plugin toys cannot be asked: The plugin failed (KeyError).")


async def test_shipments_are_listed_by_status_plugin_order_and_tracking_number(shop, running, warehouse):
    await configured(shop, "toys")
    await approved(running, ORDER, "", "toys")
    for name in ("csv", "toys"):
        await record(shop, ORDER, name, lambda row: row["exported_at"])
    parcel = {"carrier": "UPS", "tracking": "1Z999"}
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{ORDER}/toys/shipped", parcel, ADMIN))[0] == 200
    await record(shop, ORDER, "toys", lambda row: row["status"] == "Shipped")
    for asked, plugins in (("status=Shipped", ["toys"]), ("plugin=csv", ["csv"]), ("q=1Z999", ["toys"]), (f"q={ORDER}&status=Shipped", ["toys"])):
        _, found = await shop.ask("fulfillment", "GET", f"/shipments?{asked}")
        assert [row["plugin"] for row in found["rows"]] == plugins, asked
    assert (found["counts"]["Shipped"], found["counts"]["Pending Shipment"]) == (1, 1)
    for wrong, field in (("status=Gone", "status"), ("plugin=%21", "plugin")):
        status, body = await shop.ask("fulfillment", "GET", f"/shipments?{wrong}")
        assert (status, body["field"]) == (422, field)


async def test_each_list_is_read_in_the_order_of_one_index_however_many_there_are(shop, running):
    running.state["installed"].plugins["csv"] = WithADoor()
    database, asked = running.documents._db, []
    period = {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "reason": "They lost a month."}
    database.set_trace_callback(asked.append)
    for wanted in ("", "status=Failed", "plugin=csv", "plugin=csv&status=Hold", "q=1Z999"):
        assert (await shop.ask("fulfillment", "GET", f"/shipments?{wanted}"))[0] == 200
    assert (await shop.ask("fulfillment", "GET", "/plugins"))[0] == 200
    assert (await shop.ask("fulfillment", "POST", "/plugins/csv/replay", period, ADMIN))[0] == 200
    assert (await shop.ask("fulfillment", "POST", "/plugins/csv/door?method=GET&query=export%3Dnone", {}))[1]["status"] == 200
    database.set_trace_callback(None)
    read = [each for each in asked if '"shipments@' in each and "limit" in each and "id in (" not in each]
    assert len(read) > 50
    for query in read:
        plan = " ".join(row[3] for row in database.execute(f"explain query plan {query}"))
        assert "INDEX" in plan, query
        sorted_afterwards = ("1Z999", "order by id")
        assert "TEMP B-TREE" not in plan or any(each in query for each in sorted_afterwards), query


async def test_a_reason_is_kept_without_what_is_personal(shop, running, warehouse):
    refused = Refused("Customer A,\n+1 512 555 0142 (a@example.com): nobody there. Ask Customer A.", again=False)
    warehouse.says["csv"] = refused
    await approved(running, ORDER, "")
    row = await record(shop, ORDER, "csv", lambda row: row["reason"])
    assert row["reason"] == "… A, … (…): nobody there. Ask … A."
    _, told = await shop.ask("fulfillment", "GET", f"/shipments/{ORDER}/log")
    assert "512" not in str(told)
