"""Find the detectors: the built-in ones and plug-ins come in by the same entry-point group.

What cannot be built is not left out: a `MissingDetector` takes its place, and so every decision
says `unchecked` in its name. Only what an operator switched off is left out, and it is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from consentry.config import Settings
from consentry.detectors._attributes import attribute_faults
from consentry.detectors.contract import ENTRY_POINT_GROUP, Detector, Kind
from consentry.detectors.missing import MissingDetector
from consentry.errors import ConfigError
from consentry.findings import UNCHECKED, Stage
from consentry.models.locate import check_overrides

__all__ = ["Roster", "load_detectors"]


@dataclass(frozen=True, slots=True)
class Roster:
    """Who looks, and who was told not to.

    Attributes:
        active: in a fixed order: by name, but each after those that it needs.
        disabled: switched off by the operator: to be listed as not assessed, never to be called.
    """

    active: tuple[Detector, ...]
    disabled: tuple[Detector, ...] = ()


def load_detectors(settings: Settings) -> Roster:
    """Build every detector that `settings` asks for. Quick: no model is loaded.

    A plug-in that cannot be imported is missed at both kinds, since nobody knows what it looks
    at: two stand-ins then share its entry point's name.

    Raises:
        ConfigError: a plug-in breaks the contract; two have the same name; one needs another that
            does not exist, or itself; `detectors.disabled` or `[models.…]` names what is not
            there; or a detector refuses its own settings.
    """
    check_overrides(settings)
    built: list[Detector] = []
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        built.extend(_build(point, settings))
    _refuse_twins(built)
    ordered = _in_order(built)
    off = set(settings.detectors.disabled)
    _refuse_unknown(off, ordered)
    return Roster(
        active=tuple(one for one in ordered if one.name not in off),
        disabled=tuple(one for one in ordered if one.name in off),
    )


def _build(point: EntryPoint, settings: Settings) -> Sequence[Detector]:
    try:
        factory = point.load()
    except Exception as error:  # noqa: BLE001  importing a plug-in may raise whatever it likes
        return _stand_ins(point, None, error)
    try:
        made = list(factory.from_settings(settings))
    except ConfigError:
        raise  # the operator can put it right, so do not start until that is done
    except Exception as error:  # noqa: BLE001  so may making a detector
        return _stand_ins(point, factory, error)
    for one in made:
        faults = attribute_faults(one)
        if faults:
            raise ConfigError(
                f"The detector of {point.name} ({point.value}) breaks the contract: "
                f"{'; '.join(faults)}.",
                hint="Correct or remove the plug-in; see docs/guide/detectors.md.",
            )
    return made


def _stand_ins(point: EntryPoint, factory: Any, error: Exception) -> list[Detector]:  # noqa: ANN401  a plug-in's class
    """One for the kind that the class says; two, for both kinds, if there is no such class."""
    name, kind, stages, categories = (
        getattr(factory, attribute, None) for attribute in ("name", "kind", "stages", "categories")
    )
    known = name if isinstance(name, str) else point.name
    kinds = (kind,) if kind in get_args(Kind) else get_args(Kind)
    reason = f"The detector {known} could not be built ({type(error).__name__}: {error})."
    return [
        MissingDetector(
            known,
            one,
            reason,
            stages=stages if isinstance(stages, frozenset) else frozenset(Stage),
            categories=categories if isinstance(categories, frozenset) else frozenset({UNCHECKED}),
        )
        for one in kinds
    ]


def _refuse_twins(detectors: Iterable[Detector]) -> None:
    real = [one.name for one in detectors if not isinstance(one, MissingDetector)]
    missed = {one.name for one in detectors if isinstance(one, MissingDetector)}
    twins = [name for name, times in Counter([*real, *missed]).items() if times > 1]
    if twins:
        raise ConfigError(
            f"Two detectors are called {', '.join(sorted(twins))}.",
            hint="Give each slot under [detectors] a name of its own, or remove a plug-in.",
        )


def _in_order(detectors: Sequence[Detector]) -> list[Detector]:
    ranked = sorted(detectors, key=lambda one: (one.name, one.kind))
    kinds = {(one.name, one.kind) for one in ranked}
    for one in ranked:
        for need in one.needs:
            if (need, one.kind) not in kinds:
                raise ConfigError(f"The detector {one.name} needs {need}, which does not exist.")
    needs = {one.name: one.needs for one in ranked}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ConfigError(f"Detectors need each other: {' → '.join(error.args[1])}.") from error
    return sorted(ranked, key=lambda one: order.index(one.name))


def _refuse_unknown(off: set[str], detectors: Iterable[Detector]) -> None:
    known = {one.name for one in detectors}
    unknown = sorted(off - known)
    if unknown:
        raise ConfigError(
            f"detectors.disabled names {', '.join(unknown)}, which does not exist. "
            f"There are: {', '.join(sorted(known))}."
        )
