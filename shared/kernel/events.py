"""Events: frozen facts with a stored type name, a topic and a schema number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, SerializationInfo

T = TypeVar("T")
Seal = Callable[[str], str]

ERASED = "Erased"


def _seal(value: Any, info: SerializationInfo) -> Any:
    seal: Seal | None = (info.context or {}).get("seal")
    return seal(value) if seal and isinstance(value, str) and value else value


Personal = Annotated[T, PlainSerializer(_seal, when_used="json")]
"""A field that leaves the codec sealed under its stream's data key (architecture: personal data and keys)."""


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are ignored: contracts only ever grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


V = TypeVar("V", bound=Value)


def erased(value: V) -> V:
    """The same with every personal field that says something reading ``Erased``."""
    return type(value).model_validate_json(value.model_dump_json(context={"seal": lambda text: ERASED}))


class Event(Value):
    """A fact. Subclasses name their stored type, e.g. ``class OrderDenied(Event, type="ringup.qa.OrderDenied")``.

    The topic is the middle part of the type. A personal field of an event is text, so that it can be sealed.
    """

    TYPE: ClassVar[str] = ""
    TOPIC: ClassVar[str] = ""
    SCHEMA: ClassVar[int] = 1
    MAX_BYTES: ClassVar[int] = 256 * 1024

    def __init_subclass__(cls, *, type: str = "", schema: int = 1, max_bytes: int = 256 * 1024, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TYPE, cls.SCHEMA, cls.MAX_BYTES = type, schema, max_bytes
        cls.TOPIC = type.split(".")[1] if type else ""


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as it was recorded: where, when, by whom and why. ``position`` orders facts of one part of a topic."""

    event: Event
    stream: str
    version: int
    time: datetime
    actor: str
    correlation: str
    causation: str
    command_id: str = ""
    command_hash: str = ""
    part: str = ""
    position: int = 0

    @property
    def id(self) -> str:
        return f"{self.stream}@{self.version}"

    @property
    def subject(self) -> str:
        """What follows the first dash of the stream's name: the order id, for every stream of one order."""
        return self.stream.partition("-")[2] or self.stream
