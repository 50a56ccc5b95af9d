"""The ASGI app of a running service: its own routes, and those of its operators."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from shared.http import answer_refusals
from shared.operate import live, measure, metrics, ready, router
from shared.service import Running
from shared.streams import router as streams


def service_app(service: Running) -> FastAPI:
    app = FastAPI(title=f"ringup {service.service.name}", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.running = service
    answer_refusals(app)
    app.add_api_route("/metrics", metrics)
    app.add_api_route("/health/live", live)
    app.add_api_route("/health/ready", ready)
    service.meter.metrics.looked_up.append(partial(measure, service))
    for routes in filter(None, (service.service.router, router, streams)):
        app.router.routes += routes.routes
    return app
