"""A campaign as a JSON or YAML document: written to be read by people, read without trust. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

import yaml

from services.catalog.bodies import Body, CampaignBody
from shared.contracts.catalog import Campaign

Format = Literal["json", "yaml"]
MOST_CHARACTERS = 4 * 1024 * 1024
_DEEPEST = 20


class Document(Body):
    """``ringup_campaign`` is the number of this form."""

    ringup_campaign: Literal[1]
    campaign: CampaignBody


def to_text(campaign: Campaign, format: Format) -> str:
    document = {"ringup_campaign": 1, "campaign": campaign.model_dump(mode="json")}
    if format == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=140)
    return text


def from_text(text: str, format: Format) -> Document:
    """Raises ValueError with a sentence for what is no document, ValidationError for one that does not fit."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"The document has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read.")
    try:
        read = _from_json(text) if format == "json" else _from_yaml(text)
    except RecursionError as error:
        raise ValueError("The document is nested too deeply.") from error
    return Document.model_validate(read)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"The key {key!r} is there twice in one object.")
        found[key] = value
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number.")


class _Loader(yaml.CSafeLoader):
    """Plain values only: no aliases, which let a small text stand for a huge one, no key twice; NO is Norway, on a word, 2030-06-30 a text."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
        for first, forms in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for n, key in enumerate(keys):
            if not isinstance(key, str):
                raise ValueError(f"A key in line {node.start_mark.line + 1} is no word.")
            if key in keys[:n]:
                raise ValueError(f"The key {key!r} is there twice, in line {node.value[n][0].start_mark.line + 1}.")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def _from_yaml(text: str) -> Any:
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader's child
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"This is no YAML: {error.problem or 'it cannot be read'}{where}.") from error
    except yaml.YAMLError as error:
        raise ValueError("This is no YAML: it holds characters that no text has.") from error


def _check_events(text: str) -> None:
    """Before anything is built of them: what is nested deeply is built by recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            where = f" in line {event.start_mark.line + 1}" if event.start_mark else ""
            raise ValueError(f"Aliases are not read, and there is one{where}. Write out what it stands for.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("The document is nested too deeply.")
