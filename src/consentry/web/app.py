"""The HTTP application: routers, limits, safe headers and problem documents around one `Guard`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI

from consentry import __version__
from consentry.web import logs
from consentry.web.api import consents, lookups, operations, persons, problems, screenings
from consentry.web.api import log as public_log
from consentry.web.api.operations import HealthWatch
from consentry.web.api.service import Service
from consentry.web.assets import asset_router
from consentry.web.body import BodyLimit
from consentry.web.hma.desk import Desk
from consentry.web.hma.paths import HmaPaths
from consentry.web.hma.routes import hma_routes
from consentry.web.middleware import RequestContext, SafetyNet
from consentry.web.people import router as people

if TYPE_CHECKING:  # only its name is needed here; it stands on all models and detectors
    from consentry.guard import Guard

__all__ = ["create_app"]

# Newer versions of FastAPI can report spans, failures and their messages to others: never ours.
_NO_TELEMETRY: Final[dict[str, Any]] = {
    "telemetry": {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
}


def create_app(guard: Guard, *, demo: bool = False) -> FastAPI:
    """The application that serves `guard`; with `demo`, the demo's pages too.

    Whoever made the guard closes it: the application does not.
    """
    logs.configure(guard.settings)
    app = FastAPI(
        title="Consentry",
        version=__version__,
        openapi_url=None,  # served by us, behind the key where the settings say so
        docs_url=None,  # its page loads scripts from a stranger
        redoc_url=None,
        redirect_slashes=False,
        **_NO_TELEMETRY,
    )
    app.state.service = Service(guard)
    app.state.health = HealthWatch(app.state.service)
    app.state.hma = Desk(app.state.service)
    problems.install(app)
    app.router.routes[:0] = hma_routes()  # first: they are asked for most often
    app.include_router(screenings.router)
    app.include_router(lookups.router)
    app.include_router(persons.router)
    app.include_router(consents.router)
    app.include_router(people.router)
    app.include_router(asset_router())
    app.include_router(operations.router)
    app.include_router(public_log.router)
    if demo:
        pages = importlib.import_module("consentry.web.demo.router")
        app.include_router(pages.demo_router(guard))
    server = guard.settings.server
    app.add_middleware(SafetyNet)
    app.add_middleware(BodyLimit, max_bytes=server.max_body_bytes, seconds=server.body_seconds)
    app.add_middleware(HmaPaths, base=guard.settings.hma.base_path)
    app.add_middleware(RequestContext)  # added last, so outermost
    return app
