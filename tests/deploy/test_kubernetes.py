"""The Kubernetes manifests: right by the schemas, complete, agreed with the code, and no more open than they must be."""

import re

import kubernetes_validate
import pytest
import yaml

from services.house import SERVICES
from shared.metrics import Metrics
from shared.settings import Settings
from tests.deploy.kustomize import DEPLOY, built, containers, documents

KUBERNETES = DEPLOY / "kubernetes"
EXAMPLE = KUBERNETES / "overlays" / "example"
FOLDERS = (KUBERNETES / "base", EXAMPLE)
RESOURCES = built(EXAMPLE)
NAMES = {service.name for service in SERVICES}
EIGHT = NAMES | {"gateway"}
MADE_BY_HAND = {("Secret", "ringup-master-key"), ("Secret", "ringup-mongo"), ("Secret", "ringup-mail"), ("Secret", "ringup-tls")}


def of(*kinds):
    return {resource["metadata"]["name"]: resource for resource in RESOURCES if resource["kind"] in kinds}


WORKLOADS = of("StatefulSet", "Deployment")
CONFIG = of("ConfigMap")["ringup"]["data"]


def template(name):
    return WORKLOADS[name]["spec"]["template"]


def labels(name):
    return template(name)["metadata"]["labels"]


def spec(name):
    return template(name)["spec"]


def container(name):
    (one,) = containers(WORKLOADS[name])
    return one


def selects(selector, found):
    return all(found.get(name) == value for name, value in selector.get("matchLabels", {}).items()) and all(
        found.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: f"{resource['kind']}-{resource['metadata']['name']}")
def test_every_resource_is_right_by_the_schema(resource):
    kubernetes_validate.validate(resource, "1.31", strict=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_is_named_and_every_name_is_a_file(folder):
    (wanted,) = documents(folder / "kustomization.yaml")
    named = {*wanted["resources"], *(patch["path"] for patch in wanted.get("patches", ()))}
    assert all((folder / name).exists() for name in named)
    assert {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"} == {name for name in named if not (folder / name).is_dir()}


def test_each_of_the_eight_processes_runs_and_serves_itself():
    assert set(WORKLOADS) == EIGHT == set(of("Service")) == set(of("PodDisruptionBudget"))
    for name in EIGHT:
        assert container(name)["args"] == ["serve", name]


def references(value):
    """(kind, name) of everything that a resource refers to."""
    if isinstance(value, list):
        for part in value:
            yield from references(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            match name, part:
                case ("configMapRef", {"name": referred}):
                    yield "ConfigMap", referred
                case ("secretKeyRef" | "secretRef", {"name": referred}):
                    yield "Secret", referred
                case ("secretName", referred):
                    yield "Secret", referred
                case ("claimName", referred):
                    yield "PersistentVolumeClaim", referred
                case ("serviceAccountName", referred):
                    yield "ServiceAccount", referred
                case ("serviceName", referred):
                    yield "Service", referred
                case ("scaleTargetRef" | "describedObject", {"kind": kind, "name": referred}):
                    yield kind, referred
                case ("service", {"name": referred}):
                    yield "Service", referred
                case _:
                    yield from references(part)


def test_everything_that_is_referred_to_is_there():
    there = {(resource["kind"], resource["metadata"]["name"]) for resource in RESOURCES} | MADE_BY_HAND
    found = set(references(RESOURCES))
    assert found <= there
    assert found >= MADE_BY_HAND


def test_every_selector_finds_what_it_means():
    for name, service in of("Service").items():
        assert [pod for pod in EIGHT if selects({"matchLabels": service["spec"]["selector"]}, labels(pod))] == [name]
    for name, resource in {**WORKLOADS, **of("PodDisruptionBudget")}.items():
        assert [pod for pod in EIGHT if selects(resource["spec"]["selector"], labels(pod))] == [name]
    for policy in of("NetworkPolicy").values():
        assert any(selects(policy["spec"]["podSelector"], labels(pod)) for pod in EIGHT)


def test_ports_and_addresses_agree():
    for name in EIGHT:
        (port,), (door,) = of("Service")[name]["spec"]["ports"], container(name)["ports"]
        assert port["targetPort"] == door["name"]
        assert port["port"] == door["containerPort"] == 8000
    assert {name: CONFIG[f"RINGUP_{name.upper()}_URL"] for name in NAMES} == {name: f"http://{name}:8000" for name in NAMES}


@pytest.mark.parametrize("name", sorted(EIGHT))
async def test_every_probe_asks_for_what_the_code_answers(name, answers):
    probes = {kind: container(name)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert all([await answers(name, probe["path"]) for probe in probes.values()])
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert probes["startup"] == probes["liveness"] != probes["readiness"]


def test_every_setting_is_one():
    known = {f"RINGUP_{name.upper()}" for name in Settings.model_fields}
    for name in EIGHT:
        assert {variable["name"] for variable in container(name)["env"]} <= known
    assert set(CONFIG) <= known
    assert CONFIG["RINGUP_KEY_FILE"] == "/run/secrets/ringup/master.key"
    Settings(**{name.removeprefix("RINGUP_").lower(): value for name, value in CONFIG.items()})


def test_what_reads_topics_grows_with_its_lag_and_not_beyond_the_parts():
    scalers = of("HorizontalPodAutoscaler")
    assert set(scalers) == {service.name for service in SERVICES if service.views or service.policies}
    counted = {family.name for family in Metrics().registry.collect()}
    for name, scaler in scalers.items():
        (metric,) = scaler["spec"]["metrics"]
        assert metric["object"]["metric"]["name"] in counted
        assert metric["object"]["describedObject"]["name"] == scaler["spec"]["scaleTargetRef"]["name"] == name
        assert scaler["spec"]["maxReplicas"] == int(CONFIG["RINGUP_PARTITIONS"])
    (rule,) = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text())["rules"]["custom"]
    assert all(scaler["spec"]["metrics"][0]["object"]["metric"]["name"] in rule["seriesQuery"] for scaler in scalers.values())


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_a_process_may_do_no_more_than_it_must(name):
    assert spec(name)["automountServiceAccountToken"] is False
    assert spec(name)["securityContext"]["runAsNonRoot"] is True
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(name)["resources"]["limits"]["memory"]
    mounted, volumes = {m["name"] for m in container(name)["volumeMounts"]}, {v["name"] for v in spec(name)["volumes"]}
    assert mounted == volumes
    assert re.fullmatch(r"[\w./-]+:\d[\w.]*", container(name)["image"])


OUTSIDE = {"ingress": "ingress-nginx", "monitoring": "monitoring", "kafka": "kafka", "mongodb": "mongodb", "somebody": "somebody"}
WEB = "93.184.216.34"


def matches(peer, other):
    """``other`` is one of the eight, the name of a namespace, or an address."""
    if "ipBlock" in peer:
        return other == WEB
    if "namespaceSelector" in peer:
        return selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other})
    return other in EIGHT and selects(peer["podSelector"], labels(other))


def lets(pod, direction, other, port):
    """As a pod that any policy selects: nothing goes but what one of them lets."""
    way = "from" if direction == "ingress" else "to"
    mine = [policy["spec"] for policy in of("NetworkPolicy").values() if selects(policy["spec"]["podSelector"], labels(pod))]
    assert any(direction.capitalize() in policy["policyTypes"] for policy in mine)
    return any(
        any(matches(peer, other) for peer in rule[way]) and any(each["port"] == port for each in rule["ports"])
        for policy in mine
        for rule in policy.get(direction, ())
    )


def test_only_the_gateway_and_ops_reach_services():
    reach = {(one, other) for one in EIGHT for other in EIGHT if lets(one, "egress", other, 8000) and lets(other, "ingress", one, 8000)}
    assert reach == {(one, other) for one in ("gateway", "ops") for other in NAMES}


def test_from_outside_the_gateway_alone_is_reached_and_by_the_ingress_alone():
    assert {(pod, other) for pod in EIGHT for other in OUTSIDE.values() if lets(pod, "ingress", other, 8000)} == {
        ("gateway", "ingress-nginx"),
        *((name, "monitoring") for name in NAMES),
    }


def test_all_reach_the_stores_and_those_with_somebody_outside_alone_the_web():
    for pod in EIGHT:
        assert lets(pod, "egress", "kafka", 9092)
        assert lets(pod, "egress", "mongodb", 27017)
        assert lets(pod, "egress", WEB, 443) is (pod in ("payments", "customers", "fulfillment"))
        assert all(lets(pod, "egress", WEB, mail) is (pod == "customers") for mail in (25, 465, 587))
        assert not lets(pod, "egress", WEB, 80)


def test_no_file_holds_a_secret():
    assert not of("Secret")
    for path in KUBERNETES.rglob("*.yaml"):
        assert not re.search(r"[0-9a-fA-F]{32}|://[^\s/]+:[^\s/@]+@(?!host)", path.read_text())
