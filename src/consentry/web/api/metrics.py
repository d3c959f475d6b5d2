"""What the server counts for Prometheus: no label ever holds anything about a person."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from consentry import __version__
from consentry.screening.decision import Decision
from consentry.web.api import matching_metrics

if TYPE_CHECKING:  # they stand on the database, and on all models and detectors
    from consentry.guard import Guard
    from consentry.matching.banks import Bank
    from consentry.matching.matcher import MatcherState

__all__ = ["exposition", "in_flight", "observe"]

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_lock = threading.Lock()


class _Meters:
    """The meters, in a registry of their own: nothing else that runs here mixes in."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.screenings: Final = Counter(
            "consentry_screenings",
            "Screenings decided.",
            ("stage", "action"),
            registry=self.registry,
        )
        self.gates: Final = Counter(
            "consentry_gates",
            "Gates by what came of them.",
            ("gate", "status"),
            registry=self.registry,
        )
        self.seconds: Final = Histogram(
            "consentry_screening_seconds",
            "Time from a whole body to a stored decision.",
            ("stage",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.known: Final = Counter(
            "consentry_known",
            "Decisions with a finding of this category: something known came back.",
            ("stage", "category"),
            registry=self.registry,
        )
        self.in_flight: Final = Gauge(
            "consentry_screenings_in_flight", "Screenings under way.", registry=self.registry
        )
        Info("consentry_build", "The version that runs.", registry=self.registry).info(
            {"version": __version__}
        )


@cache
def _meters() -> _Meters:
    with _lock:
        return _Meters()


def observe(decision: Decision, seconds: float) -> None:
    """Count one decision that took `seconds`."""
    meters = _meters()
    meters.screenings.labels(decision.stage.value, decision.action.value).inc()
    meters.seconds.labels(decision.stage.value).observe(seconds)
    for gate in decision.gates:
        meters.gates.labels(gate.name, gate.status).inc()
    for category in {one.category for one in decision.findings}:
        if category.startswith("known."):
            meters.known.labels(decision.stage.value, category).inc()


def in_flight(count: int) -> None:
    """Say how many screenings are under way."""
    _meters().in_flight.set(count)


def exposition(guard: Guard) -> bytes:
    """Everything that was counted, and how the banks of `guard` are, in Prometheus' text format."""
    now = CollectorRegistry()
    now.register(matching_metrics.IndexCollector(lambda: _state(guard)))
    now.register(matching_metrics.BankCollector(lambda: _counted(guard)))
    parts = (_meters().registry, matching_metrics.registry(), now)
    return b"".join(map(generate_latest, parts))


def _state(guard: Guard) -> MatcherState:
    return guard.matcher.state()  # which is opened here at the first need, and may raise


def _counted(guard: Guard) -> list[tuple[Bank, int]]:
    from consentry.matching.banks import Banks

    banks = Banks(guard.storage)
    return [(one, banks.count(one.name)) for one in banks.list()]
