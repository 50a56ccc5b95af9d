"""What is served to programs is true: of the routes, and of every event that was recorded."""

import json

import jsonschema
import pytest
import pytest_asyncio

from services.gateway.pages import api
from services.gateway.schemas import Field, fields
from shared.contracts.registry import EVENTS, SERVICES
from tests.contracts.publish import sample_path

DIALECT = jsonschema.Draft202012Validator


@pytest_asyncio.fixture(loop_scope="package")
async def openapi(ringup):
    return (await (await ringup.nobody()).get("/api/openapi.json")).json()


@pytest_asyncio.fixture(loop_scope="package")
async def asyncapi(ringup):
    return (await (await ringup.nobody()).get("/asyncapi")).json()


def references(value):
    if isinstance(value, dict):
        yield from (part for name, part in value.items() if name == "$ref")
        yield from (found for part in value.values() for found in references(part))
    if isinstance(value, list):
        yield from (found for part in value for found in references(part))


def follow(document, reference):
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_openapi_has_every_public_operation_and_no_other(openapi):
    assert openapi["openapi"] == "3.1.0"
    served = {(method, path) for path, methods in openapi["paths"].items() for method in methods}
    assert served == {(method.lower(), route.path) for route in api.router.routes for method in route.methods}


def test_every_operation_says_who_may_call_it_and_how_it_is_refused(openapi):
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            assert operation["x-roles"], path
            key, session = operation["security"]
            assert key == {"key": operation["x-scopes"]}
            assert operation["x-scopes"], path
            assert "session" in session
            assert ("csrf" in session) == (method != "get")
            for status in ("401", "403", "409", "422", "503"):
                schema = operation["responses"][status]["content"]["application/problem+json"]["schema"]
                assert follow(openapi, schema["$ref"])["required"] == ["type", "title", "status", "code", "detail"]


def test_schemas_are_schemas_and_every_reference_leads_somewhere(openapi, asyncapi):
    for document in (openapi, asyncapi):
        for schema in document["components"]["schemas"].values():
            DIALECT.check_schema(schema)
        found = set(references(document))
        assert found
        assert all(follow(document, reference) for reference in found)


async def test_a_refusal_is_as_openapi_says(ringup, openapi):
    agent = await ringup.sign_in("agent1")
    problem = (await agent.send("POST", "/api/v1/orders", json={}, key="test-key-0001")).json()
    jsonschema.validate(problem, openapi["components"]["schemas"]["Problem"])


def test_asyncapi_has_a_channel_a_topic_and_a_message_an_event(asyncapi):
    assert asyncapi["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in asyncapi["channels"].values()} == {f"ringup.{topic}" for topic in SERVICES}
    told = {follow(asyncapi, message["$ref"])["name"] for channel in asyncapi["channels"].values() for message in channel["messages"].values()}
    assert told == set(EVENTS)
    assert {operation["action"] for operation in asyncapi["operations"].values()} == {"send"}


def agree(asyncapi, headers, data):
    message = asyncapi["components"]["messages"][headers["ce_type"].rpartition(".")[2]]
    DIALECT(message["headers"]).validate(headers)
    DIALECT({**message["payload"], "components": asyncapi["components"]}).validate(data)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_sample_of_every_event_is_as_asyncapi_says(asyncapi, event):
    sample = json.loads(sample_path(event).read_text())
    agree(asyncapi, sample["headers"], sample["data"])


async def test_every_event_that_was_recorded_is_as_asyncapi_says(ringup, asyncapi):
    topics = ringup.all.house.running["ops"].topics
    recorded = [stored for topic in SERVICES for stored in await topics.read(topic, 0, 10_000)]
    for stored in recorded:
        agree(asyncapi, dict(stored.headers), json.loads(stored.data))
    assert len({dict(stored.headers)["ce_type"] for stored in recorded}) >= 25


def test_what_is_personal_is_marked(asyncapi):
    schemas = asyncapi["components"]["schemas"]
    assert {name for name, field in schemas["Person"]["properties"].items() if field.get("x-personal")} == set(schemas["Person"]["properties"])
    assert not schemas["Address"]["properties"]["region"].get("x-personal")
    assert schemas["CartChanges"]["properties"]["notes"]["x-personal"]
    assert schemas["OrderDenied"]["properties"]["reason"]["x-personal"]
    assert not schemas["OrderDenied"]["properties"]["reviewer"].get("x-personal")


async def test_the_pages_name_every_operation_and_every_event(ringup, openapi):
    nobody = await ringup.nobody()
    page = await nobody.page("/api/docs")
    assert all(operation["operationId"] in page for methods in openapi["paths"].values() for operation in methods.values())
    events = await nobody.page("/api/events")
    assert all(f'href="/api/events/{name.rpartition(".")[2]}"' in events for name in EVENTS)
    assert "ringup.qa.OrderApproved" in (approved := await nobody.page("/api/events/OrderApproved"))
    assert "lines[].sku" in approved
    assert (await nobody.get("/api/events/OrderEaten")).status_code == 404


def test_fields_of_fields_are_dotted():
    line = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}
    order = {"properties": {"lines": {"type": "array", "items": {"$ref": "#/x/Line"}}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    assert list(fields(order, {"Line": line})) == [
        Field("lines", "list of object", False, ""),
        Field("lines[].sku", "string", True, ""),
        Field("lines[].at", "date-time", False, ""),
        Field("note", "string", False, ""),
    ]
