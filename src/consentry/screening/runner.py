"""Running detectors: side by side, each after those that it needs, within one budget of time."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from consentry.errors import ConsentryError, DetectorError, MatchingMissingError, ModelError
from consentry.findings import Finding
from consentry.screening.cache import ResultCache
from consentry.screening.decision import GateStatus

__all__ = ["Look", "Looker", "Result", "Runner"]


class Looker(Protocol):
    """What the Runner asks of a detector, and of the matching gate."""

    @property
    def name(self) -> str:
        """Stands in every decision."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever a finding could."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of those whose findings it reads."""
        ...

    @property
    def categories(self) -> frozenset[str]:
        """Every category that it may report."""
        ...

    def detect(self, subject: Any, seen: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:  # noqa: ANN401  prompt, picture or file: each knows its own
        """Look at `subject`."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One subject that a set of detectors looks at.

    Attributes:
        key: identifies the subject; equal keys give equal findings.
        subject: gives the subject; called only when some result is not known yet.
        detectors: who looks.
        where: what is added to each finding's `where`, e.g. the time in a clip.
        fresh: the findings rest on more than the subject: look every time.
    """

    key: tuple[object, ...]
    subject: Callable[[], object]
    detectors: Sequence[Looker]
    where: Mapping[str, float] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one detector and one subject."""

    detector: Looker
    look: Look
    status: GateStatus
    findings: tuple[Finding, ...] = ()
    ms: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    findings: tuple[Finding, ...]
    ms: float


@dataclass(slots=True)
class _Job:
    """A detector and a look on their way through one screening."""

    detector: Looker
    look: Look
    future: Future[_Answer] | None = None
    known: bool = False


@dataclass(slots=True)
class _Round:
    """The state of one call of `Runner.run`."""

    waiting: list[_Job]
    running: dict[Future[_Answer], list[_Job]] = field(default_factory=dict)
    quick: list[tuple[_Job, Mapping[str, Sequence[Finding]]]] = field(default_factory=list)
    results: dict[tuple[str, int], Result] = field(default_factory=dict)


class Runner:
    """Runs detectors in a pool of threads; the models release the interpreter lock."""

    def __init__(self, *, workers: int, budget_seconds: float, cache_entries: int) -> None:
        """Prepare `workers` threads and a cache of `cache_entries` results."""
        self._budget = budget_seconds
        self._cache: ResultCache[_Answer] = ResultCache(cache_entries)
        self._workers = workers
        self._pool = self._new_pool()
        self._stuck: dict[str, Future[_Answer]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let the threads go; what is still running finishes unheard."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def knows(self, look: Look) -> bool:
        """Whether every result for `look` is there already."""
        futures = [self._cache.get(_cache_key(one, look)) for one in look.detectors]
        return all(future is not None and future.done() for future in futures)

    def run(self, looks: Sequence[Look]) -> list[Result]:
        """Look at everything; a result for each detector and look, in the order given."""
        jobs = [_Job(one, look) for look in looks for one in look.detectors]
        state = _Round(waiting=list(jobs))
        deadline = perf_counter() + self._budget
        self._advance(state)
        while state.running and (left := deadline - perf_counter()) > 0:
            _do_quick(state)
            done = [one for one in state.running if one.done()]
            if not done:
                done = [*wait(state.running, timeout=left, return_when=FIRST_COMPLETED).done]
            for future in done:
                for job in state.running.pop(future):
                    self._record(state, job, future)
            self._advance(state)
        self._give_up(state)
        return [state.results[_place(job)] for job in jobs]

    def _advance(self, state: _Round) -> None:
        """Start what has all that it needs; end what can never have it."""
        progress = True
        while progress:
            progress = False
            for job in list(state.waiting):
                needed = [state.results.get((name, id(job.look))) for name in job.detector.needs]
                absent = [name for name in job.detector.needs if not _offered(name, job.look)]
                if absent or any(one is not None and not _looked(one) for one in needed):
                    state.waiting.remove(job)
                    note = f"It needs {' and '.join(absent or job.detector.needs)}."
                    _end(state, job, "missing", note)
                    progress = True
                elif all(one is not None for one in needed):
                    state.waiting.remove(job)
                    seen = {one.detector.name: one.findings for one in needed if one is not None}
                    self._start(state, job, seen)

    def _start(self, state: _Round, job: _Job, seen: Mapping[str, Sequence[Finding]]) -> None:
        """Hand the job to a thread, or take the result that is known or on its way."""
        key = _cache_key(job.detector, job.look)
        if job.detector.name in self._stuck and self._cache.get(key) is None:
            _end(state, job, "late", "It is still busy with an earlier input.")
            return
        if getattr(job.detector, "quick", False) and not job.look.fresh:
            job.future, job.known = self._cache.get_or_start(key, Future)
            if not job.known:
                state.quick.append((job, seen))
        elif job.look.fresh:
            job.future = self._pool.submit(_detect, job.detector, job.look, seen)
        else:
            job.future, job.known = self._cache.get_or_start(
                key, lambda: self._pool.submit(_detect, job.detector, job.look, seen)
            )
        state.running.setdefault(job.future, []).append(job)

    def _record(self, state: _Round, job: _Job, future: Future[_Answer]) -> None:
        if future.cancelled():  # by another screening that shared it and ran out of time
            _end(state, job, "late", "It was not started in time.")
            return
        error = future.exception()
        if error is None:
            answer = future.result()
            status: GateStatus = "cached" if job.known else "checked"
            ms = 0.0 if job.known else answer.ms
            result = Result(job.detector, job.look, status, answer.findings, ms)
            state.results[_place(job)] = result
            return
        if not isinstance(error, ConsentryError):
            _log("detector.failed", detector=job.detector.name, **_place_of(error))
        absent = isinstance(error, (ModelError, MatchingMissingError))
        status = "missing" if absent else "failed"
        _end(state, job, status, _sentence(error))

    def _give_up(self, state: _Round) -> None:
        """The budget is used up: whatever has no result now is late."""
        for future, jobs in state.running.items():
            cancelled = not jobs[0].known and future.cancel()
            for job in jobs:
                _end(state, job, "late", f"It did not answer within {self._budget:g} s.")
            if not cancelled and not future.done():
                self._set_aside(jobs[0].detector.name, future)
        for job in state.waiting:
            _end(state, job, "late", "What it needs did not answer in time.")

    def _set_aside(self, name: str, future: Future[_Answer]) -> None:
        """A thread hangs in this detector: give the others a fresh pool, and spare this one."""
        with self._lock:
            if name in self._stuck:
                return
            self._stuck[name] = future
            old, self._pool = self._pool, self._new_pool()
        old.shutdown(wait=False)
        _log("detector.stuck", detector=name)
        future.add_done_callback(lambda _: self._stuck.pop(name, None))

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._workers, thread_name_prefix="detector")


def _do_quick(state: _Round) -> None:
    """Run the quick ones here, when all others have been started: a thread would cost more."""
    while state.quick:
        job, seen = state.quick.pop()
        assert job.future is not None  # noqa: S101  for the type checker: it was put there
        try:
            job.future.set_result(_detect(job.detector, job.look, seen))
        except BaseException as error:  # whoever waits for it must not wait for ever
            job.future.set_exception(error)
            if not isinstance(error, Exception):
                raise


def _detect(detector: Looker, look: Look, seen: Mapping[str, Sequence[Finding]]) -> _Answer:
    started = perf_counter()
    findings = tuple(detector.detect(look.subject(), seen))
    for finding in findings:
        if not isinstance(finding, Finding) or finding.category not in detector.categories:
            raise DetectorError(f"{detector.name} reported what it did not declare: {finding!r}.")
    return _Answer(findings, (perf_counter() - started) * 1000)


def _cache_key(detector: Looker, look: Look) -> tuple[object, ...]:
    needed = {one.name: one.version for one in look.detectors if one.name in detector.needs}
    return (detector.name, detector.version, tuple(sorted(needed.items())), *look.key)


def _offered(name: str, look: Look) -> bool:
    return any(one.name == name for one in look.detectors)


def _looked(result: Result) -> bool:
    return result.status in {"checked", "cached"}


def _place(job: _Job) -> tuple[str, int]:
    return (job.detector.name, id(job.look))


def _end(state: _Round, job: _Job, status: GateStatus, note: str) -> None:
    state.results[_place(job)] = Result(job.detector, job.look, status, note=note)


def _log(event: str, **fields: str) -> None:
    import structlog  # takes as long to load as a detector: only when there is something to say

    structlog.get_logger(__name__).error(event, **fields)


def _place_of(error: BaseException) -> dict[str, str]:
    """The kind and the place of an error for the log; its message may quote a prompt."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "at": place}


def _sentence(error: BaseException) -> str:
    """What went wrong, without the innards of somebody's exception."""
    if isinstance(error, ConsentryError):
        return str(error)
    return f"It raised {type(error).__name__}."
