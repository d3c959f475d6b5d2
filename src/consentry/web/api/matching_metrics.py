"""What the server counts about known hashes: the index, the lookups, the hits. No bank's name.

The names of banks say where hashes come from, and of sealed banks not even that is for a dashboard;
kinds and categories are enough.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consentry.errors import ConsentryError

if TYPE_CHECKING:  # they stand on the database
    from consentry.matching.banks import Bank
    from consentry.matching.matcher import MatcherState, Matches
    from consentry.matching.signals.contract import Signal

__all__ = ["BankCollector", "IndexCollector", "observe", "registry"]

_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class _Meters:
    """The meters of lookups, in a registry of their own."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.hashes: Final = Counter(
            "consentry_lookup_hashes", "Hashes looked up.", ("signal",), registry=self.registry
        )
        self.hits: Final = Counter(
            "consentry_lookup_hits",
            "Hashes that matched a bank of this kind and category.",
            ("kind", "category"),
            registry=self.registry,
        )
        self.seconds: Final = Histogram(
            "consentry_lookup_seconds",
            "Time of one call to look hashes up.",
            buckets=_BUCKETS,
            registry=self.registry,
        )


@cache
def _meters() -> _Meters:
    return _Meters()


def registry() -> CollectorRegistry:
    """Where lookups are counted."""
    return _meters().registry


def observe(signals: Sequence[Signal], found: Matches, seconds: float) -> None:
    """Count one call that took `seconds`."""
    meters = _meters()
    for kind, count in Tally(one.type for one in signals).items():
        meters.hashes.labels(kind).inc(count)
    hits = {(one.probe, one.bank.kind, one.bank.category) for one in found.matches}
    for (kind, category), count in Tally(hit[1:] for hit in hits).items():
        meters.hits.labels(kind, category).inc(count)
    meters.seconds.observe(seconds)


class IndexCollector(Collector):
    """The state of the indexes at the moment of the question; nothing while it cannot be told."""

    def __init__(self, state: Callable[[], MatcherState]) -> None:
        """Ask `state`, which may raise a `ConsentryError`."""
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        known = GaugeMetricFamily("consentry_index_up", "Whether the index can say how it is.")
        try:
            state = self._state()
        except ConsentryError:
            known.add_metric((), 0)
            return [known]
        known.add_metric((), 1)
        return [known, *_overall(state), *_each(state)]


def _overall(state: MatcherState) -> Iterator[Metric]:
    for name, text, value in (
        ("sequence", "The last change of the banks that is in.", state.sequence),
        ("lag_seconds", "Seconds since everything was known to be in.", state.lag_s),
        ("entries", "Known hashes; each frame of a video is one.", state.entries),
        ("ready", "Whether a lookup could be answered at once.", state.ready),
    ):
        family = GaugeMetricFamily(f"consentry_index_{name}", text)
        family.add_metric((), float(value))
        yield family


def _each(state: MatcherState) -> Iterator[Metric]:
    delta = GaugeMetricFamily(
        "consentry_index_delta", "Hashes that are compared one by one.", labels=("index",)
    )
    segments = GaugeMetricFamily(
        "consentry_index_segment_entries", "Hashes of a segment.", labels=("index", "segment")
    )
    memory = GaugeMetricFamily(
        "consentry_index_bytes",
        "Memory: mapped once for all workers, or of this one.",
        labels=("index", "memory"),
    )
    for name, one in state.indexes.items():
        delta.add_metric((name,), one.delta)
        for place, entries in enumerate(one.segments):
            segments.add_metric((name, str(place)), entries)
        memory.add_metric((name, "mapped"), one.mapped_bytes)
        memory.add_metric((name, "own"), one.own_bytes)
    yield from (delta, segments, memory)


class BankCollector(Collector):
    """How many banks and contents there are, by kind and category."""

    def __init__(self, banks: Callable[[], Iterable[tuple[Bank, int]]]) -> None:
        """Ask `banks` for each bank and its number of contents; it may raise a `ConsentryError`."""
        self._banks = banks

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        labels = ("kind", "category")
        number = GaugeMetricFamily("consentry_banks", "Banks.", labels=labels)
        inside = GaugeMetricFamily("consentry_bank_contents", "Banked contents.", labels=labels)
        banks, contents = Tally[tuple[str, str]](), Tally[tuple[str, str]]()
        try:
            for bank, count in self._banks():
                banks[bank.kind, bank.category] += 1
                contents[bank.kind, bank.category] += count
        except ConsentryError:
            return []
        for group in banks:
            number.add_metric(group, banks[group])
            inside.add_metric(group, contents[group])
        return [number, inside]
