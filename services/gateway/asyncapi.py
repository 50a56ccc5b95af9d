"""The published language as AsyncAPI 3, and as rows for people; both from the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import PlainSerializer
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from services.gateway.schemas import Field, fields
from shared.contracts.registry import EVENTS, SERVICES
from shared.kernel.events import Event, Personal, Value

_SEALED = get_args(Personal[str])[1]
_TEXT = {"type": "string"}


@cache
def document() -> dict[str, Any]:
    """Channels are topics, messages are events as CloudEvents 1.0 in Kafka's binary binding."""
    refs, schemas = _schemas()
    messages = {name(event): _message(event, refs[event]) for event in EVENTS.values()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ringup events",
            "version": "1",
            "description": "Every fact about an order. Types only ever grow: ignore fields that you do not know. "
            "Outside consumers act on OrderApproved of ringup.qa alone. Fields marked x-personal leave sealed.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in SERVICES},
        "operations": {f"send-{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}} for topic in SERVICES},
        "components": {"messages": messages, "schemas": schemas},
    }


def name(event: type[Event]) -> str:
    return event.TYPE.rpartition(".")[2]


def _events(topic: str) -> list[type[Event]]:
    return [event for event in EVENTS.values() if topic == event.TOPIC]


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": f"ringup.{topic}",
        "description": f"What {topic} says, kept for ever. The record key is what follows the first dash of the stream's name.",
        "messages": {name(event): {"$ref": f"#/components/messages/{name(event)}"} for event in _events(topic)},
    }


def _message(event: type[Event], payload: dict[str, Any]) -> dict[str, Any]:
    said = {"description": event.__doc__} if event.__doc__ else {}
    return {
        "name": event.TYPE,
        "title": name(event),
        **said,
        "contentType": "application/json",
        "headers": _headers(event),
        "payload": payload,
        "bindings": {"kafka": {"key": _TEXT}},
    }


def _headers(event: type[Event]) -> dict[str, Any]:
    optional = {"commandid": _TEXT, "commandhash": _TEXT}
    always = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "<stream>@<version>: unique, and the key to know a repeat by."},
        "ce_type": {"type": "string", "const": event.TYPE},
        "ce_source": {"type": "string", "const": f"/ringup/{event.TOPIC}"},
        "ce_subject": {"type": "string", "description": "The stream."},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "const": "application/json"},
        "streamversion": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "schema": {"type": "string", "const": str(event.SCHEMA)},
        "correlationid": {"type": "string", "description": "The order's id."},
        "causationid": {"type": "string", "description": "The event or command that led here."},
        "actor": {"type": "string", "description": "Such as agent:agent1 or policy:qa.open_review."},
    }
    return {"type": "object", "required": list(always), "properties": {**always, **optional}}


def _schemas() -> tuple[dict[type[Value], dict[str, Any]], dict[str, Any]]:
    models = list(dict.fromkeys(model for event in EVENTS.values() for model in _reachable(event)))
    refs, found = models_json_schema([(model, "validation") for model in models], ref_template="#/components/schemas/{model}")
    schemas = found["$defs"]
    for model in models:
        properties = schemas[refs[model, "validation"]["$ref"].rpartition("/")[2]].get("properties", {})
        for field, info in model.model_fields.items():
            if _personal(info):
                properties[field]["x-personal"] = True
    return {model: refs[model, "validation"] for model in models}, schemas


def _reachable(model: type[Value]) -> Iterator[type[Value]]:
    yield model
    for info in model.model_fields.values():
        for inner in _models(info.annotation):
            yield from _reachable(inner)


def _models(annotation: Any) -> Iterator[type[Value]]:
    if isinstance(annotation, type) and issubclass(annotation, Value):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _personal(info: FieldInfo) -> bool:
    inner = [part for choice in get_args(info.annotation) for part in get_args(choice)]
    return any(isinstance(mark, PlainSerializer) and mark == _SEALED for mark in [*info.metadata, *inner])


def catalogue() -> list[tuple[str, list[tuple[type[Event], list[Field]]]]]:
    """Topic by topic, each event and its fields."""
    schemas = document()["components"]["schemas"]
    refs = document()["components"]["messages"]
    return [(topic, [(event, list(fields(refs[name(event)]["payload"], schemas))) for event in _events(topic)]) for topic in SERVICES]
