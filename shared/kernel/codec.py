"""Facts to bytes and back: CloudEvents attributes in headers, the payload as JSON, personal fields sealed."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json

from shared.kernel.errors import Corrupt, Oversize, Unavailable, Unreadable
from shared.kernel.events import ERASED, Event, Fact, Seal
from shared.kernel.ports import Stored

MARK = "\ue000"
"""First character of every sealed text. Input with private-use characters is refused at the door, so nothing else begins with it."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


_LARGE, _ZEROS = b"0" * 19, bytes.maketrans(b"123456789", b"000000000")


class UnknownType(Unreadable):
    """The type is not in the contracts: views skip it, policies park it."""


class Codec:
    """``events`` by stored type name; ``upcasters`` by (type, older schema) lead one schema up. Raises Corrupt where one is missing."""

    def __init__(self, events: Mapping[str, type[Event]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None) -> None:
        self._events = events
        self._upcasters = upcasters or {}
        older = {(name, schema) for name, event in events.items() for schema in range(1, event.SCHEMA)}
        for name, schema in sorted(older - self._upcasters.keys()):
            raise Corrupt(f"No upcaster leads {name} on from schema {schema}.")
        for name, schema in sorted(self._upcasters.keys() - older):
            raise Corrupt(f"The upcaster of {name} from schema {schema} leads nowhere.")

    def encode(self, fact: Fact, seal: Seal) -> Stored:
        """``seal`` is given every personal text; a probe leaves all of them as they are. Raises Oversize."""
        event = fact.event
        data = event.model_dump_json(context={"seal": seal}, exclude_none=True).encode()
        if len(data) > event.MAX_BYTES:
            raise Oversize(f"{event.TYPE} of {fact.stream} is {len(data)} bytes; at most {event.MAX_BYTES} can be recorded.")
        try:
            _check_numbers(data)
        except ValueError as error:
            raise Oversize(f"{event.TYPE} of {fact.stream} has a number that cannot be recorded.") from error
        return Stored(fact.stream, fact.version, tuple(headers(fact)), data, fact=fact if isinstance(seal, Probe) else None)

    def type_of(self, headers: Mapping[str, str]) -> type[Event] | None:
        return self._events.get(headers.get("ce_type", ""))

    def decode(self, headers: Mapping[str, str], data: bytes, part: str = "", position: int = 0) -> Fact:
        """Raises UnknownType, Unreadable."""
        event_type = self.type_of(headers)
        if event_type is None:
            raise UnknownType(f"Nobody has published the type {headers.get('ce_type')!r}.")
        if len(data) > event_type.MAX_BYTES:
            raise Unreadable(
                f"{event_type.TYPE} at {headers.get('ce_id')} is {len(data)} bytes; at most {event_type.MAX_BYTES} can have been recorded."
            )
        try:
            event = self._event(event_type, _counted(headers.get("schema", "1")), data)
            return Fact(
                event=event,
                stream=headers["ce_subject"],
                version=_counted(headers["streamversion"]),
                time=datetime.fromisoformat(headers["ce_time"]),
                actor=headers["actor"],
                correlation=headers["correlationid"],
                causation=headers["causationid"],
                command_id=headers.get("commandid", ""),
                command_hash=headers.get("commandhash", ""),
                part=part,
                position=position,
            )
        except (LookupError, TypeError, ValueError) as error:
            named = headers.get("ce_id") or headers.get("ce_subject", "no stream")
            raise Unreadable(f"{event_type.TYPE} at {named} cannot be read: {type(error).__name__}.") from error

    def _event(self, event_type: type[Event], schema: int, data: bytes) -> Event:
        if schema > event_type.SCHEMA:
            raise Unreadable(f"{event_type.TYPE} has schema {schema}; this version knows {event_type.SCHEMA}.")
        _check_numbers(data)
        if schema == event_type.SCHEMA:
            return event_type.model_validate_json(data)
        payload = from_json(data)
        for step in range(schema, event_type.SCHEMA):
            payload = self._upcasters[event_type.TYPE, step](payload)
        return event_type.model_validate(payload)


def _check_numbers(data: bytes) -> None:
    """What is written and what is read has whole numbers of 64 bits. Raises ValueError."""
    if b"NaN" in data or b"Infinity" in data or _LARGE in data.translate(_ZEROS):
        json.loads(data, parse_int=_storable, parse_constant=_storable)


def _counted(text: str) -> int:
    """Versions and schemas count from 1."""
    number = _storable(text)
    if number < 1:
        raise ValueError(f"{number} is not a version")
    return number


def _storable(text: str) -> int:
    """A whole number of 64 bits, as every store can keep it. Raises ValueError."""
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError("the number is too large")
    return number


def headers(fact: Fact) -> Iterator[tuple[str, str]]:
    yield "ce_specversion", "1.0"
    yield "ce_id", fact.id
    yield "ce_type", fact.event.TYPE
    yield "ce_source", f"/ringup/{fact.event.TOPIC}"
    yield "ce_subject", fact.stream
    yield "ce_time", stamp(fact.time)
    yield "content-type", "application/json"
    yield "streamversion", str(fact.version)
    yield "schema", str(fact.event.SCHEMA)
    yield "correlationid", fact.correlation
    yield "causationid", fact.causation
    yield "actor", fact.actor
    if fact.command_id:
        yield "commandid", fact.command_id
        yield "commandhash", fact.command_hash


@lru_cache(maxsize=4096)
def stamp(time: datetime) -> str:
    """What is in no year of UTC, such as the first day of year 1 far in the east, is its first or last moment: no view stops at it."""
    try:
        utc = time.astimezone(UTC)
    except OverflowError:
        utc = (datetime.min if time.year == 1 else datetime.max).replace(tzinfo=UTC)
    return utc.isoformat(timespec="microseconds")


def sealer(stream: str, key: bytes) -> Seal:
    """Seals a text under the stream's key; what is sealed or erased already stays as it came."""
    cipher = AESGCM(key)
    aad = stream.encode()

    def seal(text: str) -> str:
        if _settled(text):
            return text
        nonce = os.urandom(12)
        return f"{MARK}{stream} {base64.b64encode(nonce + cipher.encrypt(nonce, text.encode(), aad)).decode()}"

    return seal


class Probe:
    """Seals nothing, and tells afterwards whether there was something to seal."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, text: str) -> str:
        self.found = self.found or not _settled(text)
        return text


def _settled(text: str) -> bool:
    return text.startswith(MARK) or text == ERASED


def sealed_under(value: Any) -> Iterator[str]:
    """The streams whose keys the sealed texts in a JSON-like value need."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            if part.startswith(MARK):
                yield part[1:].partition(" ")[0]
        elif isinstance(part, dict | Mapping):  # the plain one first: it is asked about thousands of times a page
            left.extend(part.values())
        elif isinstance(part, list | Sequence):
            left.extend(part)


def open_sealed(value: Any, keys: Mapping[str, bytes | None]) -> Any:
    """A copy with every sealed text opened; ``Erased`` where the key was dropped. Raises Unavailable for a key that is not there, Unreadable."""
    if isinstance(value, str):
        return _open_text(value, keys) if value.startswith(MARK) else value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict | Mapping):
        return {name: open_sealed(part, keys) for name, part in value.items()}
    if isinstance(value, list | Sequence):
        return [open_sealed(part, keys) for part in value]
    return value


def _open_text(text: str, keys: Mapping[str, bytes | None]) -> str:
    stream, _, body = text[1:].partition(" ")
    if stream not in keys:
        raise Unavailable(f"The key of {stream} is not in the keyring.")
    key = keys[stream]
    if key is None:
        return ERASED
    try:
        raw = binascii.a2b_base64(body)
        return AESGCM(key).decrypt(raw[:12], raw[12:], stream.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"A sealed field of {stream} does not open with its key.") from error
