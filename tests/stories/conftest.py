"""A browser, a running demo and a person in front of it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn
from tests.stories.demo_page import DESKTOP, DemoPage
from tests.web.demo.fake_guard import fake_app
from tools.browser import axe_source, find_chromium, open_browser, running_demo


# For a module, not for the whole session: as long as Playwright is open its event loop runs in
# this thread, and every later test that wants a loop of its own would fail.
@pytest.fixture(scope="module")
def browser():
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("there is no Chromium here: tools/ensure-browser says how to get one")
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="session")
def axe():
    source = axe_source()
    if source is None:
        pytest.skip("axe-core is not here: tools/ensure-browser fetches it through npm")
    return source


@pytest.fixture(scope="session")
def live_demo(tmp_path_factory):
    """The address of a running demo: the real system, in its own process."""
    with running_demo(tmp_path_factory.mktemp("demo") / "home") as address:
        yield address


@pytest.fixture(scope="module")
def every_action():
    """The address of the pages over a stand-in for the guard, which takes any action on request.

    The real policy escalates and labels only what no test may show it.
    """
    with running_fake() as address:
        yield address


@contextmanager
def running_fake():
    """The pages over a stand-in for the guard, served from a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(fake_app(), log_config=None, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture
def person(browser, live_demo):
    """Gives somebody a browser of their own, with what they prefer; checks it when they leave."""
    contexts, visits = [], []

    def arrive(*, at=live_demo, screen=DESKTOP, **preferences):
        context = browser.new_context(viewport=screen, **preferences)
        contexts.append(context)
        visits.append(DemoPage(context.new_page(), at))
        return visits[-1].open()

    yield arrive
    for context in contexts:
        assert context.cookies() == []
        context.close()
    for visit in visits:
        assert visit.went_to() == {"127.0.0.1"}
        assert visit.complaints == []
