"""What kustomize makes of a folder, as far as ours use it: resources, labels, patches by kind, namespace and images."""

from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
KEYS = ("name", "mountPath", "topologyKey", "containerPort")
"""What the parts of a list are known by when they are merged."""


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def built(folder):
    (wanted,) = documents(folder / "kustomization.yaml")
    resources = [one for name in wanted["resources"] for one in (built(folder / name) if (folder / name).is_dir() else documents(folder / name))]
    for patch in wanted.get("patches", ()):
        (change,) = documents(folder / patch["path"])
        for resource in resources:
            if resource["kind"] == patch["target"]["kind"]:
                resource["spec"] = merged(resource["spec"], change["spec"])
    for labels in wanted.get("labels", ()):
        for resource in resources:
            for labelled in labelled_in(resource):
                labelled.setdefault("labels", {}).update(labels["pairs"])
    for image in wanted.get("images", ()):
        for container in (c for resource in resources for c in containers(resource) if c["image"] == image["name"]):
            container["image"] = f"{image['newName']}:{image['newTag']}"
    return resources


def labelled_in(resource):
    yield resource["metadata"]
    if "template" in resource.get("spec", {}):
        yield resource["spec"]["template"]["metadata"]


def containers(resource):
    return resource.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])


def merged(value, change):
    """A strategic merge."""
    if isinstance(value, dict) and isinstance(change, dict):
        return {name: merged(value[name], change[name]) if name in value and name in change else {**value, **change}[name] for name in value | change}
    if isinstance(value, list) and change and isinstance(change[0], dict):
        key = next(key for key in KEYS if key in change[0])
        changes = {part[key]: part for part in change}
        kept = {part[key]: merged(part, changes.get(part[key], part)) for part in value}
        return list({**changes, **kept}.values())
    return change
