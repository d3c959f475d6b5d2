"""What the server counts for Prometheus: no label ever holds anything about a person."""

from __future__ import annotations

import threading
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from consentry import __version__
from consentry.screening.decision import Decision

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


def in_flight(count: int) -> None:
    """Say how many screenings are under way."""
    _meters().in_flight.set(count)


def exposition() -> bytes:
    """Everything that was counted, in Prometheus' text format."""
    return generate_latest(_meters().registry)
