"""How often faces are confused or missed, measured on an operator's own lawful photos.

Every pair of photos is compared: pairs of one person for what is missed, pairs of two persons for
what is confused. Pairs share photos and so are not independent; the intervals are narrower than
the truth. Too few pairs are "not measured".
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ConsentryError, InputError
from consentry.evaluation.metrics import Rate
from consentry.likeness.templates import TemplateMaker
from consentry.likeness.thresholds import thresholds
from consentry.media import MediaDecoder, Picture

__all__ = ["LEAST_PAIRS", "measure"]

LEAST_PAIRS: Final = 30
NOT_MEASURED: Final = "not measured"
_STEPS: Final = (0.3, 0.36, 0.4, 0.45, 0.5, 0.55, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    person: str
    group: str
    template: NDArray[np.float32]


def measure(folder: Path, settings: Settings, decoder: MediaDecoder) -> dict[str, Any]:
    """Compare all photos in `folder`, which holds a folder for each person.

    Returns:
        JSON-ready: how many photos were used and left out, and for each cosine the rates of false
        matches and false non-matches with Wilson intervals at 95 %, over all and by group.

    Raises:
        InputError: there are not two persons with photos that can be used.
    """
    shots, left_out = _shots(folder, settings, decoder)
    if len({one.person for one in shots}) < 2:  # noqa: PLR2004  a pair
        raise InputError(
            "There are not two persons with usable photos.",
            hint="Make a folder for each person, with photos of that person alone.",
        )
    bars = thresholds(settings.likeness, len(shots))
    cosines = sorted({*_STEPS, bars.match, bars.review})
    groups = sorted({one.group for one in shots if one.group})
    return {
        "photos": len(shots),
        "persons": len({one.person for one in shots}),
        "left_out": left_out,
        "match": bars.match,
        "review": bars.review,
        "all": _rates(shots, cosines),
        "groups": {name: _rates([s for s in shots if s.group == name], cosines) for name in groups},
        "caveats": __doc__.split("\n\n", 1)[1].strip() if __doc__ else "",
    }


def _shots(
    folder: Path, settings: Settings, decoder: MediaDecoder
) -> tuple[list[_Shot], dict[str, str]]:
    maker, labels = TemplateMaker(settings), _labels(folder)
    shots: list[_Shot] = []
    left_out: dict[str, str] = {}
    for path in sorted(one for one in folder.glob("*/*") if one.is_file()):
        person = path.parent.name
        try:
            media = decoder.decode(path.read_bytes(), name=path.name)
            if not isinstance(media, Picture):
                raise InputError("This is no photo.")
            shots.append(_Shot(person, labels.get(person, ""), maker.take(media).template))
        except ConsentryError as error:
            left_out[f"{person}/{path.name}"] = str(error)
    return shots, left_out


def _labels(folder: Path) -> Mapping[str, str]:
    path = folder / "labels.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and not {"person", "group"} <= rows[0].keys():
        raise InputError("labels.csv has no columns person and group.", hint="Give it both.")
    return {row["person"]: row["group"] for row in rows}


def _rates(shots: Sequence[_Shot], cosines: Sequence[float]) -> list[dict[str, Any]]:
    genuine: list[float] = []
    impostor: list[float] = []
    for one, other in combinations(shots, 2):
        pairs = genuine if one.person == other.person else impostor
        pairs.append(float(one.template @ other.template))
    return [
        {
            "cosine": cosine,
            "false_match": _rate(sum(c >= cosine for c in impostor), len(impostor)),
            "false_non_match": _rate(sum(c < cosine for c in genuine), len(genuine)),
        }
        for cosine in cosines
    ]


def _rate(hits: int, pairs: int) -> dict[str, Any] | str:
    if pairs < LEAST_PAIRS:
        return NOT_MEASURED
    rate = Rate(hits, pairs)
    low, high = rate.interval or (0.0, 1.0)
    return {"rate": hits / pairs, "low": low, "high": high, "pairs": pairs}
