"""Who may call what: every route, every role."""

import re

import pytest

from services.gateway.app import ROUTES
from services.gateway.users import ROLES

USERS = {"agent": "agent1", "qa": "reviewer1", "supervisor": "supervisor1", "ops": "ops1", "admin": "admin1"}
EVERYBODY = {*ROLES, "nobody"}
SELLS = {"agent", "supervisor", "admin"}
REVIEWS = {"qa", "supervisor", "admin"}
LOOKS_UP = SELLS | REVIEWS
OPERATES = {"ops", "admin"}
SETS = {"supervisor", "admin"}

WHO = {
    "everybody": (
        EVERYBODY,
        "GET /; GET /sign-in; POST /sign-in; POST /sign-in/code; GET /health/live; GET /health/ready; GET /health/door; GET /api/openapi.json; "
        "GET /api/docs; GET /api/events; GET /api/events/{name}; GET /asyncapi; "
        "GET /checkout/{campaign}; POST /checkout/{campaign}; GET /checkout/{campaign}/details; POST /checkout/{campaign}/fact; "
        "POST /checkout/{campaign}/token; POST /checkout/{campaign}/pay; GET /checkout/{campaign}/done; GET /checkout/{campaign}/status; "
        "GET /checkout/{campaign}/images/{sha256}; POST /hooks/gateways/{name}; "
        "GET /hooks/plugins/{name}; POST /hooks/plugins/{name}; PUT /hooks/plugins/{name}",
    ),
    "signed in": (
        {*ROLES},
        "GET /live; GET /palette; POST /sign-out; GET /account; GET /account/password; POST /account/password; POST /account/totp; "
        "GET /account/totp; GET /account/totp.svg; POST /account/totp/on; POST /account/totp/off; POST /account/totp/recovery",
    ),
    "sells": (
        SELLS,
        "GET /order-entry/calls; POST /order-entry/{id}/no-sale; POST /order-entry/{id}/recording; GET /order-entry/{id}/links; "
        "POST /order-entry/{id}/links; DELETE /order-entry/{id}/links/{link_id}; GET /order-entry/{id}/links/preview; "
        "GET /order-entry; GET /order-entry/regions; POST /order-entry/address; GET /order-entry/{id}/matches; "
        "GET /order-entry/{id}/known/{customer}; POST /order-entry/{id}/complete; POST /order-entry/{id}/overrides; "
        "GET /order-entry/products/{id}/{number}; "
        "GET /order-entry/{id}/why; POST /order-entry/{id}/reprice; GET /order-entry/{id}; GET /order-entry/{id}/status; POST /order-entry; "
        "POST /order-entry/{id}/changes; POST /order-entry/{id}/submit; POST /api/v1/tokens; POST /api/v1/orders; "
        "POST /api/v1/partials; "
        "POST /api/v1/tokens/account; POST /order-entry/{id}/pre-auth; GET /order-entry/{id}/instruments; "
        "POST /customers/{id}/instruments/{instrument}/remove; POST /customers/{id}/consents; POST /api/v1/customers/{id}/consents; "
        "POST /orders/{id}/reorder",
    ),
    "looks up": (
        LOOKS_UP,
        "GET /orders; GET /orders/{id}; GET /orders/{id}/why; POST /orders/views; POST /orders/views/{id}/forget; "
        "GET /customers; GET /customers/{id}; POST /customers/{id}/notes; "
        "GET /api/v1/customers; GET /api/v1/customers/{id}; GET /api/v1/customers/{id}/duplicates; POST /api/v1/customers/{id}/notes; "
        "GET /api/v1/campaigns; GET /api/v1/campaigns/{id}; GET /api/v1/orders; GET /api/v1/orders/{id}; "
        "GET /api/v1/orders/{id}/events; GET /api/v1/orders/{id}/why; GET /images/{sha256}; GET /fulfillment; GET /orders/{id}/deliveries; "
        "GET /api/v1/shipments; GET /api/v1/shipments/{id}; GET /api/v1/shipments/{id}/log",
    ),
    "reviews": (
        REVIEWS,
        "GET /quality; GET /quality/list; GET /quality/{id}; POST /quality/decide; POST /quality/undo; "
        "POST /quality/{id}/looking; DELETE /quality/{id}/looking; POST /quality/many/sum; POST /quality/many/approve; POST /quality/many/undo; "
        "POST /api/v1/orders/{id}/review",
    ),
    "sets": (
        SETS,
        "GET /approvals; GET /approvals/count; POST /approvals/{id}/{line}/approve; POST /approvals/{id}/{line}/refuse; "
        "POST /approvals/{id}/retry; GET /quality/rules; POST /quality/rules; POST /quality/rules/test; "
        "PUT /api/v1/campaigns/{id}; GET /settings; POST /settings; GET /gateways; GET /gateways/{name}; POST /gateways/{name}/test; "
        "GET /directory; POST /directory; "
        "GET /plugins; GET /plugins/{name}; POST /plugins/{name}/test; POST /orders/{id}/hold; POST /orders/{id}/shipments/{plugin}/resend; "
        "POST /orders/{id}/shipments/{plugin}/return; POST /orders/{id}/shipments/{plugin}/became; "
        "POST /orders/{id}/shipments/{plugin}/settle; POST /api/v1/shipments/{id}/{plugin}/settle; "
        "POST /api/v1/shipments/{id}/hold; POST /api/v1/shipments/{id}/release; POST /api/v1/shipments/{id}/{plugin}/resend; "
        "POST /api/v1/shipments/{id}/{plugin}/return; POST /api/v1/shipments/{id}/{plugin}/shipped; "
        "POST /api/v1/shipments/{id}/{plugin}/delivered; POST /api/v1/shipments/{id}/{plugin}/returned; "
        "POST /orders/{id}/refunds; POST /orders/{id}/retry; POST /orders/{id}/outcomes; POST /orders/{id}/release; "
        "POST /api/v1/orders/{id}/refunds; "
        "GET /orders/export.csv; POST /orders/{id}/cancel; POST /customers/{id}/erase; GET /fulfillment/import; POST /fulfillment/import; "
        "POST /customers/{id}/merge; POST /customers/{id}/unmerge; POST /customers/{id}/export; "
        "POST /api/v1/customers/{id}/merge; POST /api/v1/customers/{id}/unmerge; POST /api/v1/customers/{id}/export; "
        "POST /api/v1/customers/{id}/erase; "
        "POST /customers/{id}/tax-exemption; GET /outbox/{id}; POST /api/v1/orders/{id}/cancel; "
        "GET /taxes; POST /taxes/import; GET /taxes/{table}; POST /taxes/{table}/remove; "
        "GET /campaigns; POST /campaigns; POST /campaigns/import; GET /campaigns/regions; GET /campaigns/{id}; GET /campaigns/{id}/draft; "
        "PATCH /campaigns/{id}/draft; POST /campaigns/{id}/publish; POST /campaigns/{id}/discard; POST /campaigns/{id}/retire; "
        "POST /campaigns/{id}/duplicate; POST /campaigns/{id}/script; POST /campaigns/{id}/letters/{template}/preview; "
        "POST /campaigns/{id}/letters/{template}/test; POST /outbox/{id}/resend; POST /outbox/{id}/stop; "
        "GET /campaigns/{id}/versions; GET /campaigns/{id}/versions/{number}; "
        "GET /campaigns/{id}/preview; GET /campaigns/{id}/export; GET /campaigns/{id}/{table}.csv; POST /campaigns/{id}/{table}.csv; POST /images",
    ),
    "sends": (
        {*SETS, *OPERATES},
        "GET /outbox; POST /outbox/{id}/retry; GET /payments/attention; GET /payments/attention/count; GET /payments/gateways; "
        "GET /payments/limits; POST /payments/limits/{id}/release",
    ),
    "administers": (
        {"admin"},
        "GET /users; GET /users/new; POST /users; GET /users/{name}; POST /users/{name}; POST /users/{name}/switch; POST /users/{name}/unlock; "
        "POST /users/{name}/reset; POST /users/{name}/totp-reset; GET /keys; POST /keys; POST /keys/{id}/revoke; GET /gateways/new; "
        "POST /gateways; POST /gateways/{name}; GET /plugins/new; POST /plugins; POST /plugins/{name}; POST /plugins/{name}/replay",
    ),
    "operates": (
        OPERATES,
        "GET /ops; GET /ops/health; GET /ops/views; GET /ops/jobs; GET /ops/audit; GET /ops/views/{service}/{view}/rebuild; "
        "POST /ops/views/{service}/{view}/rebuild; GET /ops/jobs/{id}/switch; POST /ops/jobs/{id}/switch; POST /ops/jobs/{id}/cancel; "
        "POST /ops/jobs/{id}/drop; POST /ops/parked/retry; GET /ops/parked/{service}/{id}; POST /ops/parked/{service}/{id}/retry; "
        "POST /ops/parked/{service}/{id}/discard; POST /ops/relay/{service}/kick; "
        "GET /ops/streams; GET /ops/streams/{name}; GET /metrics; "
        "GET /payments/reconcile; GET /payments/reconcile.json; GET /payments/reconcile.csv",
    ),
}
TABLE = {route: roles for roles, routes in WHO.values() for route in routes.split("; ")}
FAR = "192.0.2.7"


def path_of(route):
    filled = {"service": "qa", "view": "queue", "name": "account", "line": "1"}
    return re.sub(r"{(\w+)}", lambda found: filled.get(found[1], "0000000000"), route.partition(" ")[2])


def test_the_table_names_every_route():
    assert {f"{method} {route.path}" for route in ROUTES for method in route.methods} == set(TABLE)


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
async def test_a_route_is_for_its_roles_alone(ringup, role):
    somebody = await (ringup.sign_in(USERS[role], FAR) if role != "nobody" else ringup.nobody(FAR))
    wrong = {}
    for route, roles in TABLE.items():
        if role in roles and route in ("GET /live", "POST /sign-out"):
            continue  # the one never ends, the other ends everything: both have tests of their own
        answer = await somebody.send(route.partition(" ")[0], path_of(route), headers={"accept": "application/json"})
        refused = answer.status_code == (401 if role == "nobody" else 403)
        if refused == (role in roles) or answer.status_code >= 500:
            wrong[route] = answer.status_code
    assert not wrong


async def test_a_browser_that_nobody_has_signed_in_is_led_to_the_sign_in_page_and_back(ringup):
    nobody = await ringup.nobody()
    answer = await nobody.get("/orders", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/orders")
    part = await nobody.get("/orders", headers={"hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")


async def test_metrics_are_for_programs_on_this_machine_without_signing_in(ringup):
    assert (await (await ringup.nobody()).get("/metrics")).status_code == 200
    assert (await (await ringup.nobody(FAR)).get("/metrics")).status_code == 401
    assert (await (await ringup.nobody(base="http://ringup.example")).get("/metrics")).status_code == 401
