"""Which kinds of gateways are there, what becomes of one that is broken, and where a gateway falls back to."""

import json
from importlib.metadata import EntryPoint, entry_points

import pytest

from services.payments.gateway import Configure, Introduce, gateway
from services.payments.gateways.installed import GROUP, installed
from services.payments.gateways.kinds import HOSTED_FORM, Kind, Surroundings
from services.payments.gateways.simulator import KIND
from services.payments.simulator.app import simulator
from shared.asgi import AsgiClient
from shared.contracts.payments import GatewayConfigured
from shared.service import utc_now
from tests.given import given
from tests.house.shop import GOOD, Shop
from tests.payments.kinds import KINDS

PLAIN = Kind("Plain", frozenset(("authorise",)))
FLYING = Kind("Flying", frozenset(("fly",)))
HALF = Kind("Half", frozenset(("authorise",)), make=lambda around: object())
UNMADE = Kind("Unmade", frozenset(("authorise",)), make=lambda around: 1 / 0)
NO_KIND = "a text"

CONFIGURED = GatewayConfigured(name="first", kind="simulator", capabilities=("authorise", "capture", "void", "refund"), on=True)
OTHER = CONFIGURED.model_copy(update={"name": "second"})


def entry(name, value, module=__name__):
    return EntryPoint(name, f"{module}:{value}", GROUP)


@pytest.fixture
def around(settings):
    return Surroundings(settings, utc_now, lambda: AsgiClient(simulator(settings.data / "simulator.jsonl")))


def test_ringup_brings_its_own(around):
    found = installed(entry_points(group=GROUP), around)
    assert {"simulator", "hosted-form"} <= found.kinds.keys()
    assert "simulator" in found.gateways
    assert "hosted-form" not in found.gateways
    assert found.broken == {}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Nothing", "cannot be loaded (AttributeError"),
        ("NO_KIND", "is no Kind"),
        ("FLYING", "names capabilities that there are not: fly"),
        ("HALF", "its adapter lacks authorise, capture, void"),
        ("UNMADE", "its adapter cannot be made (ZeroDivisionError: division by zero)"),
    ],
)
def test_one_that_is_broken_is_said_so_and_stops_no_other(around, value, says):
    found = installed([entry("bad", value), entry("plain", "PLAIN"), entry("sim", "KIND", "services.payments.gateways.simulator")], around)
    assert found.kinds == {"plain": PLAIN, "sim": KIND}
    assert list(found.gateways) == ["sim"]
    assert found.broken["bad"].startswith("The gateway kind bad cannot be used: ")
    assert says in found.broken["bad"]
    assert "Mend or uninstall it." in found.broken["bad"]


def test_of_two_of_a_kind_nobody_could_say_which_one_charges(around):
    found = installed([entry("plain", "PLAIN"), entry("plain", "HALF"), entry("form", "HOSTED_FORM", "services.payments.gateways.kinds")], around)
    assert found.kinds == {"form": HOSTED_FORM}
    assert "there are 2 of it" in found.broken["plain"]
    assert "Uninstall all but one." in found.broken["plain"]


def test_the_same_one_found_twice_is_one(around):
    assert installed([entry("plain", "PLAIN"), entry("plain", "PLAIN")], around).kinds == {"plain": PLAIN}


def test_one_that_was_there_learns_what_its_kind_can_do_by_now():
    before = CONFIGURED.model_copy(update={"capabilities": ("authorise", "capture", "void", "ach"), "on": False, "credentials": "first/1"})
    (grown,) = given(gateway, before).when(Introduce("first", "simulator", KINDS)).then_types(GatewayConfigured)
    assert grown == before.model_copy(update={"capabilities": ("authorise", "capture", "void", "refund", "ach")})


def configure(name="first", **changed):
    return Configure(name, "simulator", (), KINDS, others={"second": OTHER}, **changed)


def test_a_fallback_is_kept_until_another_comes_or_it_is_taken_away():
    (chosen,) = given(gateway, CONFIGURED).when(configure(fallback="second", renews=True)).then_types(GatewayConfigured)
    assert (chosen.fallback, chosen.renews) == ("second", True)
    (renamed,) = given(gateway, chosen).when(configure(title="First")).then_types(GatewayConfigured)
    assert (renamed.fallback, renamed.renews) == ("second", True)
    (without,) = given(gateway, chosen).when(configure(fallback="", renews=False)).then_types(GatewayConfigured)
    assert (without.fallback, without.renews) == ("", False)


@pytest.mark.parametrize(
    ("name", "fallback", "others", "says"),
    [
        ("first", "first", {"first": CONFIGURED}, "its own fallback"),
        ("first", "third", {}, "There is no gateway third."),
        ("first", "second", {"second": OTHER.model_copy(update={"fallback": "first"})}, "falls back to this gateway already"),
        ("first", "second", {"second": OTHER.model_copy(update={"on": False})}, "cannot be charged"),
        ("first", "second", {"second": OTHER.model_copy(update={"capabilities": ("authorise", "requires-3ds")})}, "cannot be charged"),
        ("first", "second", {"second": OTHER.model_copy(update={"capabilities": ("capture",)})}, "cannot be charged"),
        ("first", "second", {"second": OTHER.model_copy(update={"kind": "hosted-form"})}, "cannot be charged"),
    ],
)
def test_what_can_be_no_fallback_is_refused_at_its_field(name, fallback, others, says):
    refused = (
        given(gateway, CONFIGURED).when(Configure(name, "simulator", (), KINDS, fallback=fallback, others=others)).then_refused("gateway-invalid")
    )
    assert refused.field == "fallback"
    assert says in refused.detail


def test_what_is_never_charged_from_here_needs_no_fallback():
    command = Configure("form", "hosted-form", (), KINDS, fallback="second", others={"second": OTHER})
    assert given(gateway).when(command).then_refused("gateway-invalid").field == "fallback"


@pytest.fixture
async def shop(settings, tmp_path, monkeypatch):
    """With a package that brings a gateway kind that cannot be loaded."""
    folder = tmp_path / "packages" / "broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nbroken = nowhere.at_all:KIND\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def put(shop, name, body):
    return await shop.ask("payments", "PUT", f"/gateways/{name}", body, actor="agent:admin1")


async def test_with_a_broken_plugin_the_others_charge_and_its_own_gateways_are_refused_with_words(shop):
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)
    _, body = await shop.ask("payments", "GET", "/gateways")
    assert body["broken"]["broken"].startswith("The gateway kind broken cannot be used: nowhere.at_all:KIND cannot be loaded")
    status, refused = await put(shop, "mine", {"kind": "broken"})
    assert (status, refused["field"], refused["detail"]) == (422, "kind", body["broken"]["broken"])
    _, health = await shop.ask("payments", "GET", "/-/health")
    assert health["status"] == "ok"
    assert health["warnings"] == [body["broken"]["broken"]]


async def test_secrets_are_asked_for_by_name_and_changed_one_by_one(shop):
    credentials = shop.house.running["payments"].state["credentials"]

    async def kept(given):
        status, row = await put(shop, "till", {"kind": "simulator", "credentials": given})
        known = await shop.engine.blobs.ids("credentials")
        assert (status, row["credentials"]) == (200, "set" if known else "none")
        return await credentials.find(known[0]) if known else {}

    _, body = await shop.ask("payments", "GET", "/gateways")
    assert [secret["name"] for secret in body["kinds"]["simulator"]["secrets"]] == ["password", "hook"]
    assert await kept({"password": "one"}) == {"password": "one"}
    assert await kept({"hook": "whsec_two"}) == {"password": "one", "hook": "whsec_two"}
    assert await kept({"password": "three", "hook": ""}) == {"password": "three"}
    assert await kept({}) == {}
    status, refused = await put(shop, "till", {"kind": "simulator", "credentials": {"pasword": "canary"}})
    assert (status, refused["field"], "canary" in json.dumps(refused)) == (422, "credentials.pasword", False)
