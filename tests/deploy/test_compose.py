"""compose.yaml: right by the schema, complete, and agreed with the code."""

import json
import re
from importlib.resources import files

import jsonschema
import yaml

from services.house import SERVICES
from shared.settings import Settings
from tests.deploy.kustomize import DEPLOY

TEXT = (DEPLOY / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
NAMES = {service.name for service in SERVICES}
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("ringup:")}
ROOMS = {name: service for name, service in OURS.items() if "command" in service}
OTHERS = {name: service for name, service in COMPOSE["services"].items() if name not in OURS}


def test_it_is_right_by_the_schema():
    schema = json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_all_services_and_the_gateway_are_served_cart_and_payments_twice():
    served = sorted(service["command"][1] for service in ROOMS.values())
    assert served == sorted([*NAMES, "gateway", "cart", "payments"])
    assert all(service["command"][0] == "serve" for service in ROOMS.values())
    assert len({service["environment"]["RINGUP_INSTANCE"] for service in ROOMS.values()}) == len(ROOMS)


def test_everything_that_is_named_is_there():
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", ())) <= set(COMPOSE["services"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert {volume.partition(":")[0] for volume in service.get("volumes", ())} <= set(COMPOSE["volumes"])
    used = {volume.partition(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", ())}
    assert used == set(COMPOSE["volumes"])


def test_what_others_wait_for_says_when_it_is_well():
    for service in COMPOSE["services"].values():
        waits = service.get("depends_on", {})
        for name in waits if isinstance(waits, dict) else ():
            assert waits[name]["condition"] == "service_healthy"
            assert name in ROOMS or "healthcheck" in COMPOSE["services"][name]


def test_every_setting_is_one_and_every_address_a_process():
    known = {f"RINGUP_{name.upper()}" for name in Settings.model_fields}
    for service in ROOMS.values():
        assert set(service["environment"]) <= known
        for name in NAMES:
            asked = {
                address.removeprefix("http://").removesuffix(":8000") for address in service["environment"][f"RINGUP_{name.upper()}_URL"].split(",")
            }
            assert asked == {room for room, other in ROOMS.items() if other["command"] == ["serve", name]}
        assert service["environment"]["RINGUP_KEY_FILE"] == f"/run/secrets/{service['secrets'][0]}"


def test_ours_may_do_no_more_than_they_must():
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert {"/data", "/tmp"} == {where.split(":")[-2 if ":mode" in where else -1] for where in service["tmpfs"] + service.get("volumes", [])}  # noqa: S108
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["gateway"]
    assert OURS["gateway"]["ports"] == ["127.0.0.1:8000:8000"]


def test_images_are_pinned_and_no_secret_stands_here():
    assert all(re.search(r":\d+\.\d+", service["image"]) for service in OTHERS.values())
    assert not re.search(r"[0-9a-fA-F]{32}|://[^\s/]+:[^\s/@]+@", TEXT)
    assert COMPOSE["secrets"]["master-key"]["file"].startswith("${RINGUP_MASTER_KEY:?")
