"""JSON Schema as rows for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Field:
    """``name`` is dotted, with ``[]`` for what repeats."""

    name: str
    type: str
    required: bool
    detail: str
    personal: bool = False


def fields(schema: Schema, schemas: Mapping[str, Schema], before: str = "", depth: int = 0) -> Iterator[Field]:
    """A schema's fields and the fields of what lies in them."""
    whole = _resolved(schema, schemas)
    required = whole.get("required", ())
    for name, part in whole.get("properties", {}).items():
        inner = _resolved(part, schemas)
        path = f"{before}{name}"
        yield Field(path, type_name(inner, schemas), name in required, part.get("description", ""), bool(part.get("x-personal")))
        repeated = inner.get("type") == "array"
        nested = _resolved(inner.get("items", {}), schemas) if repeated else inner
        if nested.get("properties") and depth < _DEEPEST:
            yield from fields(nested, schemas, f"{path}[]." if repeated else f"{path}.", depth + 1)


def _resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """What a reference points to; of a choice between something and null, the something."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return _resolved(choices[0], schemas) if len(choices) == 1 else schema


def type_name(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    inner = _resolved(schema, schemas)
    if "const" in inner:
        return f"“{inner['const']}”"
    if "enum" in inner:
        return ", ".join(f"“{value}”" for value in inner["enum"])
    if inner.get("type") == "array":
        return f"list of {type_name(inner.get('items', {}), schemas)}"
    if inner.get("type") == "object" and "additionalProperties" in inner and isinstance(inner["additionalProperties"], Mapping):
        return f"{type_name(inner['additionalProperties'], schemas)} by name"
    return str(inner.get("format") or inner.get("type") or "anything")
