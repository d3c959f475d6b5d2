"""The routes of persons' pages. Who has the link may use them; links are long and by chance.

`/enrol/…` works once, to enrol; `/my/…` is the page on which a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from consentry.errors import ConsentryError, LinkUnknownError, PersonUnknownError, ThrottledError
from consentry.storage.spool import EncryptedSpool
from consentry.web.api.problems import status_of
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of
from consentry.web.forms import FormData, read_form
from consentry.web.i18n import N_
from consentry.web.origin import foreign_site
from consentry.web.pages import SECURITY_HEADERS, Pages
from consentry.web.people import deciding, enrolling
from consentry.web.people.enrolment import enrol_step

__all__ = ["router"]

_PAGES: Final = Pages(Path(__file__).parent / "templates")
_MOST_FIELD: Final = 20_000
_FOREIGN: Final = N_("This form was sent from another site, so it was not looked at.")


class _PageRoute(APIRoute):
    """A route that answers with pages, errors as well, and takes forms of its own pages only."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method == "POST" and foreign_site(request):
                return _PAGES.answer("gone.html", status=403, why=_FOREIGN, hint="")
            try:
                return await inner(request)
            except (LinkUnknownError, PersonUnknownError, ThrottledError) as error:
                status = status_of(type(error))
                return _PAGES.answer("gone.html", status=status, why=error.message, hint=error.hint)

        return handle


router = APIRouter(route_class=_PageRoute, include_in_schema=False)


@router.get("/enrol/{secret}", dependencies=needs("GET", "/enrol/{secret}"))
def enrol_page(request: Request, secret: str) -> HTMLResponse:
    """The page to enrol on."""
    service = service_of(request)
    service.guard.likeness.persons.invitation(secret)
    return _enrol_page(service, enrolling.Enrolling())


@router.post("/enrol/{secret}", dependencies=needs("POST", "/enrol/{secret}"))
async def enrol(request: Request, secret: str) -> HTMLResponse:
    """Take a photo, or enrol."""
    service = service_of(request)
    likeness = service.guard.likeness
    await to_thread.run_sync(partial(likeness.persons.invitation, secret, trying=True))
    form = await _form(request, service, enrolling.FIELDS)
    asked = enrolling.Enrolling.of_form(form)
    step = partial(enrol_step, service.guard, secret, asked, form.file)
    with service.screenings.place():
        done = await to_thread.run_sync(step, limiter=service.screening_threads)
    if isinstance(done, enrolling.Enrolling):
        return _enrol_page(service, done)
    return _PAGES.answer("enrolled.html", page=f"/my/{done.secret}", host=request.url.netloc)


@router.get("/my/{secret}", dependencies=needs("GET", "/my/{secret}"))
def my_page(request: Request, secret: str) -> HTMLResponse:
    """A person's own page."""
    return _my_page(service_of(request), secret)


@router.get("/my/{secret}/record.json", dependencies=needs("GET", "/my/{secret}/record.json"))
def my_record(request: Request, secret: str) -> Response:
    """All that is kept of a person, and their consents as records, to save."""
    told = deciding.record(service_of(request).guard, secret)
    headers = {**SECURITY_HEADERS, "Content-Disposition": 'attachment; filename="record.json"'}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    return Response(text, 200, headers, "application/json")


@router.post("/my/{secret}", dependencies=needs("POST", "/my/{secret}"))
async def decide(request: Request, secret: str) -> HTMLResponse:
    """Agree to something, take it back, or be erased."""
    service = service_of(request)
    form = await _form(request, service, deciding.FIELDS)
    return await to_thread.run_sync(_decide, service, secret, form)


def _decide(service: Service, secret: str, form: FormData) -> HTMLResponse:
    person = service.guard.likeness.persons.by_secret(secret)
    try:
        told = deciding.act(service.guard, person, form.fields)
    except ConsentryError as error:
        if isinstance(error, PersonUnknownError):
            raise
        trouble = enrolling.Trouble(error.message, error.hint, "grant")
        return _my_page(service, secret, trouble=trouble, status=422)
    if told.proof is not None:
        return _PAGES.answer("erased.html", proof=told.proof)
    return _my_page(service, secret, said=told.said)


def _enrol_page(service: Service, asked: enrolling.Enrolling) -> HTMLResponse:
    return _PAGES.answer(
        "enrol.html",
        status=422 if asked.trouble else 200,
        asked=asked,
        biometrics=service.guard.likeness.biometrics,
        days=service.guard.settings.likeness.remember_days,
    )


def _my_page(
    service: Service,
    secret: str,
    *,
    said: str = "",
    trouble: enrolling.Trouble | None = None,
    status: int = 200,
) -> HTMLResponse:
    shown = deciding.shown(service.guard, secret)
    return _PAGES.answer(
        "mine.html", status=status, shown=shown, said=said, trouble=trouble, secret=secret
    )


async def _form(request: Request, service: Service, names: frozenset[str]) -> FormData:
    memory = service.settings.server.max_memory_body_bytes
    with EncryptedSpool(service.settings.home / "spool", memory) as spool:
        return await read_form(
            request.headers.get("content-type", ""),
            request.stream(),
            spool,
            names=names,
            max_field=_MOST_FIELD,
        )
