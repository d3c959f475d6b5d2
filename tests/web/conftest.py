"""A guard that decides by the first bytes, over a real database; clients in and out of process."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import httpx
import pytest
import uvicorn

from consentry.config import Settings
from consentry.errors import NotFoundError
from consentry.findings import Action, Finding
from consentry.guard import PartHealth
from consentry.ledger.log import Log
from consentry.likeness.office import Likeness
from consentry.matching.banks import Banks
from consentry.matching.matcher import Matcher
from consentry.screening.decision import Decision, Gate, Reason
from consentry.screening.recorder import Recorder
from consentry.screening.submission import Submission
from consentry.storage import Storage, open_storage
from consentry.web.app import create_app
from consentry.web.running import url_of
from consentry.web.server import _CHOICES

JPEG = b"\xff\xd8\xff\xe0 stands for a photograph"


@dataclass
class FakeGuard:
    """What the routes need of a `Guard`; the real one is tested in tests/screening."""

    settings: Settings
    storage: Storage
    seen: list[Submission] = field(default_factory=list)
    made: dict[str, Decision] = field(default_factory=dict)
    parts: list[PartHealth] = field(default_factory=lambda: [PartHealth("decode", ready=True)])
    failure: Exception | None = None
    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    held: bool = False

    @cached_property
    def log(self) -> Log:
        return Log.open(self.settings, self.storage)

    @cached_property
    def likeness(self) -> Likeness:
        return Likeness(self.settings, self.storage, self.log)

    @cached_property
    def banks(self) -> Banks:
        return Banks(self.storage)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.open(self.settings, self.storage)

    def screen(self, submission: Submission) -> Decision:
        self.seen.append(submission)
        self.entered.set()
        if self.held:
            assert self.release.wait(20)
        if self.failure is not None:
            raise self.failure
        decision = _decide(submission)
        decision = Recorder(self.settings, self.storage, self.log).keep(decision)
        self.made[decision.id] = decision
        return decision

    def decision(self, decision_id: str) -> Decision:
        if decision_id not in self.made:
            raise NotFoundError("No decision has this id.")
        return self.made[decision_id]

    def health(self) -> list[PartHealth]:
        return self.parts


def _reasons(error: str | None) -> tuple[Reason, ...]:
    if error is None:
        return ()
    return (
        Reason("undecoded", "It does not go on by itself.", Action.BLOCK),
        Reason(error, "The file could not be opened.", Action.BLOCK),
    )


def _decide(submission: Submission) -> Decision:
    error = None
    if submission.media is not None and not submission.media.startswith(b"\xff\xd8"):
        error = "media.too_large" if submission.media.startswith(b"BIG") else "media.truncated"
    seen = submission.media or (submission.prompt or "").encode()
    digest = hashlib.sha256(seen).hexdigest()
    action = Action.BLOCK if error else Action.ALLOW
    return Decision(
        id=secrets.token_hex(16),
        created_at=datetime.now(UTC).isoformat(),
        input=submission.reference or f"sha256:{digest}",
        stage=submission.stage,
        action=action,
        reasons=_reasons(error),
        shadow=(Reason("trial", "On trial.", Action.REVIEW, shadow=True),),
        findings=(Finding("face", 0.97, "faces", {"box": [1.0, 2.0, 3.0, 4.0]}),),
        gates=(
            Gate("decode", "1", digest, 1.5, "refused" if error else "checked"),
            Gate("age", "1", None, 0.0, "missing", "The model is missing."),
        ),
        context={"stage": submission.stage.value},
        policy="sha256:" + "0" * 64,
        error=error,
    )


@pytest.fixture
def make_guard(tmp_path: Path) -> Iterator:
    """Makes guards with settings of one's own; they share one home."""
    opened = []

    def make(**server: object) -> FakeGuard:
        settings = Settings(home=tmp_path / "home", log_level="error", server=server)
        guard = FakeGuard(settings, open_storage(settings))
        opened.append(guard)
        return guard

    yield make
    for guard in opened:
        guard.matcher.close()
        guard.log.close()
        guard.storage.close()


@pytest.fixture
def guard(make_guard) -> FakeGuard:
    return make_guard()


@pytest.fixture
def token(guard: FakeGuard) -> str:
    """A key that may screen and read."""
    return guard.storage.keys.create("test", ["screen", "read"])[1]


@pytest.fixture
def connect():
    """Makes clients that speak to the application of a guard, in this process."""

    def make(guard: FakeGuard, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(create_app(guard))
        return httpx.AsyncClient(transport=transport, base_url="http://server", headers=headers)

    return make


@pytest.fixture
def client(guard: FakeGuard, token: str, connect) -> httpx.AsyncClient:
    return connect(guard, token)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextlib.contextmanager
def _serve(guard):
    """A real uvicorn on a free port of the loopback, with our choices."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(guard), **_CHOICES))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def serve():
    """Serves a guard from a real server while a `with` lasts, and gives its URL."""
    return _serve
