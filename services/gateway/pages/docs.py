"""What programs may rely on: the public API as OpenAPI, the events as AsyncAPI, and both as pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from services.gateway import asyncapi
from services.gateway.door import PUBLIC, Allow
from services.gateway.keys import SCOPES
from services.gateway.pages import api
from services.gateway.render import page
from services.gateway.schemas import Field, fields, type_name

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

PROBLEMS = {
    "401": "Nobody is signed in, or the key is not in use.",
    "403": "Not for this role or key, or the request does not come with its CSRF token.",
    "404": "There is no such thing.",
    "409": "Refused as things stand now.",
    "413": "The body is larger than 1 MB.",
    "422": "Something in the request is not right; `errors` names every field.",
    "503": "Not available right now. Try again.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; programs decide by it."},
        "detail": {"type": "string", "description": "For people."},
        "field": {"type": "string", "description": "The first field that is not right."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_ABOUT = (
    "Errors are problem+json (RFC 9457) with stable codes. Every POST takes an Idempotency-Key: the same key again gets the same answer, "
    "the same key with another body is refused. Amounts are whole minor units of the order's currency. "
    "Programs send an API key, `Authorization: Bearer rk_…`, which an administrator makes under Settings; it does what its scopes say. "
    "A signed-in browser sends the session's cookie, and with each request that changes something its CSRF token, from the page's meta tag `csrf`."
)


@router.get("/api/openapi.json")
async def openapi() -> JSONResponse:
    return JSONResponse(document())


@router.get("/api/docs")
async def api_docs(request: Request) -> Response:
    whole = document()
    return page(request, "api_docs.html", about=_ABOUT, operations=list(_operations(whole)), problems=PROBLEMS)


@router.get("/api/events")
async def events(request: Request) -> Response:
    return page(request, "api_events.html", topics=asyncapi.catalogue())


@router.get("/api/events/{name}")
async def event(request: Request, name: str) -> Response:
    for _, events in asyncapi.catalogue():
        for found, its_fields in events:
            if found.TYPE.rpartition(".")[2] == name:
                return page(request, "api_event.html", event=found, fields=its_fields)
    raise HTTPException(404, "There is no such event.")


@router.get("/asyncapi")
async def asyncapi_document() -> JSONResponse:
    return JSONResponse(asyncapi.document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, with who may call what and how it is refused."""
    routes = [route for route in api.router.routes if isinstance(route, APIRoute)]
    whole: dict[str, Any] = get_openapi(title="Ringup", version="1", openapi_version="3.1.0", description=_ABOUT, routes=routes)
    components = whole["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "ringup", "description": "`__Host-ringup` over TLS."},
        "csrf": {"type": "apiKey", "in": "header", "name": "x-csrf-token"},
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "rk_<id>_<secret>", "description": _scopes()},
    }
    for route in routes:
        for method in route.methods or ():
            _tell(whole["paths"][route.path_format][method.lower()], route, method)
    return whole


def _tell(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    allowed = [needed.call for needed in route.dependant.dependencies if isinstance(needed.call, Allow)]
    scopes = sorted({each.scope for each in allowed})
    operation["security"] = [{"key": scopes}, {"session": []} if method == "GET" else {"session": [], "csrf": []}]
    operation["x-roles"] = sorted({role for each in allowed for role in each.roles})
    operation["x-scopes"] = scopes
    for status, said in PROBLEMS.items():
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"][status] = {"description": said, "content": content}


def _scopes() -> str:
    return "Scopes: " + "; ".join(f"`{scope}`: {said}" for scope, said in SCOPES.items()) + "."


def _operations(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = whole["components"]["schemas"]
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "title": operation["summary"],
                "detail": operation.get("description", ""),
                "roles": operation["x-roles"],
                "scopes": operation["x-scopes"],
                "parameters": [_parameter(each, schemas) for each in operation.get("parameters", ())],
                "body": list(fields(body, schemas)) if body else [],
                "answers": [(status, each["description"]) for status, each in operation["responses"].items() if status not in PROBLEMS],
            }


def _parameter(parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[str, Field]:
    kind = type_name(parameter.get("schema", {}), schemas)
    return parameter["in"], Field(parameter["name"], kind, parameter.get("required", False), parameter.get("description", ""))
