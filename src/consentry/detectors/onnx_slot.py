"""A slot for an operator's own ONNX classifier of pictures: `[[detectors.onnx]]`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.config import OnnxSlot, Settings
from consentry.detectors._shared import LoadOnce
from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.errors import ConfigError, DetectorError, ModelError
from consentry.findings import Finding, Stage
from consentry.media.picture import Picture, Pixels
from consentry.models.locate import read_file
from consentry.models.resample import squash
from consentry.models.session import Session

__all__ = ["OnnxSlotDetector"]

Floats: TypeAlias = NDArray[np.float32]

_CODE: Final = "1"
_ROUNDING: Final = 1e-5
"""How far beyond 0 and 1 a probability in float32 may lie."""


class OnnxSlotDetector:
    """One finding for each category that the slot names, also when its score is low.

    The picture is squashed to a square of the slot's size, whatever its proportions.
    """

    kind: ClassVar[Kind] = "picture"
    needs: tuple[str, ...] = ()

    def __init__(self, slot: OnnxSlot, settings: Settings) -> None:
        """Prepare; the file is read later.

        Raises:
            ConfigError: the slot names no category, or an index below zero.
        """
        if not slot.outputs or min(slot.outputs.values()) < 0:
            raise ConfigError(
                f"The ONNX slot {slot.name} needs outputs: each a category and its index from 0."
            )
        self.name = slot.name
        self.version = _version(slot)
        self.stages = _stages(slot)
        self.categories = frozenset(slot.outputs)
        self._slot = slot
        self._session = LoadOnce(lambda: self._load(settings))

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[OnnxSlotDetector]:
        """One for each `[[detectors.onnx]]`."""
        return [cls(slot, settings) for slot in settings.detectors.onnx]

    def warm_up(self) -> None:
        """Load the model and try it on a black picture.

        Raises:
            ModelError: the file is missing, altered, or does not do what the slot says.
        """
        self._session()

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Score the picture.

        Raises:
            ModelError: the file is missing, altered or unusable.
            DetectorError: the subject is no picture, or the model gave no probabilities.
        """
        del seen
        if not isinstance(subject, Picture):
            raise DetectorError(f"The detector {self.name} looks at pictures only.")
        scores = self._scores(self._session(), subject.pixels)
        return [
            Finding(category, float(np.clip(scores[index], 0, 1)), self.name)
            for category, index in sorted(self._slot.outputs.items())
        ]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """None: only the operator knows what the model sees."""
        return []

    def _load(self, settings: Settings) -> Session:
        content = read_file(self.name, self._slot.file, self._slot.sha256, own=True)
        session = Session(self.name, content, settings)
        session.expect()
        self._row(session, np.zeros((1, 1, 3), np.uint8))
        return session

    def _row(self, session: Session, pixels: Pixels) -> Floats:
        outputs = session.run(self._prepare(pixels))
        row = _activate(np.asarray(outputs[session.outputs[0]], np.float32), self._slot.activation)
        highest = max(self._slot.outputs.values())
        if highest >= row.size:
            raise ModelError(
                f"The model {self.name} gives {row.size} values; there is none at {highest}.",
                hint="Correct `outputs` of the slot.",
            )
        return row

    def _scores(self, session: Session, pixels: Pixels) -> Floats:
        row = self._row(session, pixels)
        used = row[list(self._slot.outputs.values())]
        if not ((used >= -_ROUNDING) & (used <= 1 + _ROUNDING)).all():
            raise DetectorError(
                f"The model {self.name} gave what is no probability.",
                hint="Set `activation` of the slot to softmax or sigmoid.",
            )
        return row

    def _prepare(self, pixels: Pixels) -> Floats:
        slot = self._slot
        values = squash(pixels, slot.size)[:, :, :3].astype(np.float32)
        values = (values - np.array(slot.mean, np.float32)) * np.array(slot.scale, np.float32)
        if slot.channels == "bgr":
            values = values[:, :, ::-1]
        if slot.layout == "nchw":
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values[np.newaxis])


def _activate(values: Floats, activation: str) -> Floats:
    row = values.reshape(-1)
    if activation == "none":
        return row
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(row, -80, 80))), np.float32)
    powers = np.exp(row - row.max())
    return np.asarray(powers / powers.sum(), np.float32)


def _stages(slot: OnnxSlot) -> frozenset[Stage]:
    """A reference picture may also come with a prompt."""
    stages = {Stage(stage) for stage in slot.stages}
    return frozenset(stages | {Stage.PROMPT} if Stage.REFERENCE in stages else stages)


def _version(slot: OnnxSlot) -> str:
    """Changes with the file and with every setting that a score depends on."""
    described = slot.model_dump_json(exclude={"file", "stages"})
    return f"{_CODE}+{hashlib.sha256(described.encode()).hexdigest()[:12]}"
