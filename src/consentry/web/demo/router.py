"""The demo's routes. Nobody is asked for a key, so only this machine's own browser may use them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from consentry.errors import ConsentryError
from consentry.findings import Action
from consentry.samples import SAMPLES, sample
from consentry.screening.submission import Submission
from consentry.storage.spool import EncryptedSpool
from consentry.web.demo.asking import Asking, Fault
from consentry.web.demo.guarding import DemoGuard
from consentry.web.demo.view import PictureView, ResultView, show_picture
from consentry.web.demo.wording import ACTIONS, GATES, STAGES
from consentry.web.forms import FormData, read_form
from consentry.web.origin import refusal
from consentry.web.pages import SECURITY_HEADERS, Pages

__all__ = ["DEMO_ROUTES", "demo_router"]

PREVIEW_SIDE: Final = 960
"""Longest side of the picture on the page, in pixels."""

_BYTES_PER_CHARACTER: Final = 4

_PAGES: Final = Pages(Path(__file__).parent / "templates")


DEMO_ROUTES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("GET", "/"): "Leads to the demo.",
        ("GET", "/demo"): "The demo's form.",
        ("POST", "/demo"): "Takes the form and shows the decision.",
        ("GET", "/demo/samples/{name}.jpg"): "One of the sample photos.",
    }
)
"""The routes that only `consentry demo` has, and what they do. They ask for no key and answer the
browser of this machine only."""


class _LocalRoute(APIRoute):
    """A route that answers this machine's own browser only (see `consentry.web.origin`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            why = refusal(request)
            if why is not None:
                return _PAGES.answer("refused.html", status=403, why=why)
            return await inner(request)

        return handle


def demo_router(guard: DemoGuard) -> APIRouter:
    """The pages of the demo: `/` leads to `/demo`, and `/demo` takes the form."""
    router = APIRouter(route_class=_LocalRoute, include_in_schema=False)
    demo = _Demo(guard)

    @router.get("/")
    def start() -> Response:
        return RedirectResponse("/demo", 303, dict(SECURITY_HEADERS))

    @router.get("/demo")
    def page() -> Response:
        return demo.page(Asking())

    @router.post("/demo")
    async def decide(request: Request) -> Response:
        return await demo.decide(request)

    @router.get("/demo/samples/{name}.jpg")
    def photo(name: str) -> Response:
        return _photo(name)

    return router


def _photo(name: str) -> Response:
    if name not in {one.name for one in SAMPLES}:
        return Response("There is no such sample.\n", 404, dict(SECURITY_HEADERS), "text/plain")
    headers = {**SECURITY_HEADERS, "Cache-Control": "private, max-age=3600"}
    return Response(sample(name).read(), 200, headers, "image/jpeg")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the working thread gives back."""

    result: ResultView
    fault: Fault | None


class _Demo:
    """Takes a form through the guard and renders what came of it."""

    def __init__(self, guard: DemoGuard) -> None:
        self._guard = guard
        self._threads = anyio.CapacityLimiter(guard.settings.server.max_concurrent)

    async def _read(self, request: Request) -> FormData:
        settings = self._guard.settings
        memory = settings.server.max_memory_body_bytes
        with EncryptedSpool(settings.home / "spool", memory) as spool:
            return await read_form(
                request.headers.get("content-type", ""),
                request.stream(),
                spool,
                names=frozenset({"stage", "sample", "prompt"}),
                max_field=settings.prompt.max_characters * _BYTES_PER_CHARACTER,
            )

    async def decide(self, request: Request) -> HTMLResponse:
        """Answer one form."""
        try:
            form = await self._read(request)
        except ConsentryError as error:
            return self.page(Asking().with_fault(Fault.of(error)))
        asking = Asking.of_form(form).checked(form)
        if asking.faults:
            return self.page(asking)
        return await self._screen(asking, form)

    async def _screen(self, asking: Asking, form: FormData) -> HTMLResponse:
        work = partial(self._work, asking.submission(form))
        try:
            outcome = await anyio.to_thread.run_sync(work, limiter=self._threads)
        except ConsentryError as error:
            return self.page(asking.with_fault(Fault.of(error)))
        if outcome.fault is not None:
            asking = asking.with_fault(outcome.fault)
        return self.page(asking, outcome.result)

    def _work(self, submission: Submission) -> _Outcome:
        started = perf_counter()
        decision = self._guard.screen(submission)
        ms = (perf_counter() - started) * 1000
        result = ResultView(
            decision,
            ms=ms,
            titles=self._titles(),
            prompt=submission.prompt,
            picture=None if decision.error else self._picture(submission, decision.action),
        )
        return _Outcome(result, Fault.of_decision(decision))

    def _picture(self, submission: Submission, action: Action) -> PictureView | None:
        """What may be shown of the picture: nothing when it is escalated, or cannot be opened."""
        if submission.media is None or action is Action.ESCALATE:
            return None
        try:
            preview = self._guard.preview(submission.media, max_side=PREVIEW_SIDE)
        except ConsentryError:
            return None  # the decision stands without it, and the page says that none is shown
        return show_picture(preview, action)

    def _titles(self) -> dict[str, str]:
        categories = self._guard.policy.taxonomy.categories
        return {name: category.title for name, category in categories.items()}

    def page(self, asking: Asking, result: ResultView | None = None) -> HTMLResponse:
        """The page with the form as it was left and, if there is one, the result."""
        settings = self._guard.settings
        return _PAGES.answer(
            "demo.html",
            status=asking.status,
            asking=asking,
            result=result,
            samples=SAMPLES,
            stages=STAGES,
            actions=ACTIONS,
            gate_words=GATES,
            max_bytes=settings.media.max_bytes,
            asked_elsewhere=[slot.name for slot in settings.detectors.http],
        )
