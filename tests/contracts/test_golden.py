"""What was published once can be read for ever, and nobody changes it silently."""

import json
from dataclasses import replace

import pytest

from shared.contracts.registry import EVENTS
from shared.kernel.codec import Codec, Probe, open_sealed, sealed_under
from shared.kernel.errors import Oversize
from tests.contracts.publish import GOLDEN, KEY, SHAPES, STREAM, TIME, filled, published_views, sample_path, shapes, view_digests

SAMPLES = sorted(GOLDEN.glob("*.json"))
NEWEST = [path for path in SAMPLES if path in {sample_path(event_type) for event_type in EVENTS.values()}]
codec = Codec(EVENTS)


def read(path):
    sample = json.loads(path.read_text())
    return sample["headers"], json.dumps(sample["data"], separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("name", EVENTS)
def test_every_schema_of_every_type_has_a_sample(name):
    event_type = EVENTS[name]
    missing = [n for n in range(1, event_type.SCHEMA + 1) if not sample_path(event_type, n).exists()]
    assert not missing, f"python -m tests.contracts.publish makes the sample of {name}"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_of_any_schema_can_be_read(path):
    fact = codec.decode(*read(path))
    assert (fact.stream, fact.version, fact.time, fact.actor) == (STREAM, 1, TIME, "agent:agent1")


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: path.stem)
def test_a_sample_is_read_as_it_was_meant(path):
    event = codec.decode(*read(path)).event
    opened = type(event).model_validate(open_sealed(event.model_dump(mode="json"), {STREAM: KEY}))
    assert opened == filled(type(event)), "a published field is read otherwise than before, or a new one is not in the sample"


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: path.stem)
def test_a_sample_is_written_again_as_it_was(path):
    headers, data = read(path)
    stored = codec.encode(codec.decode(headers, data), Probe())
    assert (dict(stored.headers), stored.data) == (headers, data)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_personal_fields_lie_sealed(path):
    _, data = read(path)
    event = codec.decode(*read(path)).event
    probe = Probe()
    event.model_dump_json(context={"seal": probe})
    assert not probe.found
    assert set(sealed_under(json.loads(data))) <= {STREAM}


def test_no_sample_is_of_a_type_that_is_gone():
    assert {path.name.removesuffix(".json").rpartition(".")[0] for path in SAMPLES} <= EVENTS.keys()


def test_no_shape_changes_silently():
    """Fields may be added, with a default. Anything else is a new schema with an upcaster."""
    assert shapes() == SHAPES.read_text(), "python -m tests.contracts.publish writes the shapes anew: look at what changed"


def test_a_view_whose_rows_come_out_otherwise_has_another_number():
    """A build of the same number would differ from the live one, and readers would meet rows that they do not know."""
    now, published = view_digests(), published_views()
    changed = [name for name in now.keys() & published.keys() if now[name] != published[name]]
    assert not changed, "raise their numbers, then python -m tests.contracts.publish adds them"
    assert now.keys() == published.keys(), "python -m tests.contracts.publish adds new numbers"


def test_a_number_that_no_store_can_keep_is_not_recorded():
    fact = codec.decode(*read(sample_path(EVENTS["ringup.payments.PaymentCaptured"])))
    with pytest.raises(Oversize, match="number"):
        codec.encode(replace(fact, event=fact.event.model_copy(update={"amount": 2**63})), Probe())
