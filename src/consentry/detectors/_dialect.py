"""How an HTTP slot asks and how it reads the answer: one `Dialect` for each kind of server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias, TypeVar

import simplejpeg
from pydantic import BaseModel, ConfigDict, ValidationError

from consentry.config import HttpSlot
from consentry.detectors._answer import read_answer
from consentry.detectors.contract import Subject
from consentry.errors import ConfigError, DetectorError
from consentry.findings import Finding
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

__all__ = ["Dialect", "Foreign", "LabelMap", "Labels", "OwnDialect", "parsed", "prompt_of"]

LabelMap: TypeAlias = Mapping[str, tuple[str, ...]]

Shape = TypeVar("Shape", bound=BaseModel)

LEAST: Final = 0.01
"""A score below this is left out: half of what the most careful floor looks at."""

_QUALITY: Final = 95


class Dialect(Protocol):
    """One way to ask.

    Attributes:
        categories: every category that an answer may report.
        version: changes when what is sent, or how it is read, changes.
    """

    categories: frozenset[str]
    version: str

    def question(self, subject: Subject) -> tuple[bytes, str]:
        """The body to send, and its content type.

        Raises:
            DetectorError: it is not for such a subject.
        """
        ...

    def read(self, answer: bytes, subject: Subject) -> list[Finding]:
        """What `answer` says of `subject`.

        Raises:
            DetectorError: it is not of the agreed form, or says nothing that can be used.
        """
        ...


class OwnDialect:
    """Our own: a prompt or a picture in, findings out. See `consentry.detectors.http_slot`."""

    version = "1"

    def __init__(self, slot: HttpSlot) -> None:
        """Prepare.

        Raises:
            ConfigError: the slot names no category, or a mapping, which only others need.
        """
        if not slot.categories:
            raise ConfigError(f"The HTTP slot {slot.name} needs the categories it may report.")
        if slot.mapping or slot.model:
            raise ConfigError(
                f"The HTTP slot {slot.name} needs no mapping and no model.",
                hint='They are for a slot whose "speaks" is not consentry.',
            )
        self.categories = frozenset(slot.categories)
        self._slot = slot

    def question(self, subject: Subject) -> tuple[bytes, str]:
        """The prompt as JSON, or the picture as a JPEG that we made."""
        if isinstance(subject, Prompt) and self._slot.kind == "prompt":
            return json.dumps({"prompt": subject.text}).encode(), "application/json"
        if isinstance(subject, Picture) and self._slot.kind == "picture":
            picture = simplejpeg.encode_jpeg(
                subject.pixels, quality=_QUALITY, colorspace="RGB", colorsubsampling="444"
            )
            return picture, "image/jpeg"
        raise DetectorError(
            f"The detector {self._slot.name} looks at one {self._slot.kind} at a time only."
        )

    def read(self, answer: bytes, subject: Subject) -> list[Finding]:
        """The findings, checked."""
        return read_answer(answer, self._slot.name, self.categories, subject)


class Labels:
    """A server's labels, and the categories that they stand for here."""

    def __init__(self, slot: HttpSlot, default: LabelMap) -> None:
        """Take the slot's own mapping, or else `default`, whole.

        Raises:
            ConfigError: the slot is not for prompts, lists categories, or maps nothing.
        """
        self.name = slot.name
        self._map = slot.mapping or default
        self.score = slot.label_score
        if slot.kind != "prompt":
            raise ConfigError(f"The HTTP slot {slot.name} speaks {slot.speaks}: kind is prompt.")
        if slot.categories:
            raise ConfigError(
                f"The HTTP slot {slot.name} speaks {slot.speaks}: its mapping says its categories.",
                hint="Remove categories; write a mapping if the default does not suit you.",
            )
        self.categories = frozenset(one for found in self._map.values() for one in found)
        if not self.categories:
            raise ConfigError(f"The mapping of the HTTP slot {slot.name} names no category.")

    @property
    def judged(self) -> frozenset[str]:
        """The labels that stand for a category."""
        return frozenset(label for label, categories in self._map.items() if categories)

    def __contains__(self, label: str) -> bool:
        return label in self._map

    def findings(self, scores: Mapping[str, float]) -> list[Finding]:
        """One finding for each category, the strongest, naming the label that it comes from.

        Raises:
            DetectorError: a label is not in the mapping. It is not repeated: it may be anything.
        """
        strongest: dict[str, Finding] = {}
        for label, score in sorted(scores.items(), key=lambda one: -one[1]):
            if label not in self._map:
                raise DetectorError(
                    f"The answer of {self.name} has a label that its slot does not map.",
                    hint="Add it to the mapping, with an empty list if it does not matter here.",
                )
            for category in self._map[label] if score >= LEAST else ():
                found = Finding(category, score, self.name, None, {"label": label})
                strongest.setdefault(category, found)
        return list(strongest.values())


class Foreign(BaseModel):
    """A part of an answer in somebody else's form: what we read of it is strict, more may come."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def parsed(answer: bytes | str, shape: type[Shape], name: str) -> Shape:
    """`answer` as `shape`; nothing of it is repeated in an error.

    Raises:
        DetectorError: it is not of that form.
    """
    try:
        return shape.model_validate_json(answer)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        first = next(iter(fault["loc"]), None)
        # Any other name in it is the server's, or a model's, and may be anything.
        place = first if first in shape.model_fields else "the whole"
        raise DetectorError(
            f"The answer of {name} is not of the agreed form: {place}: {fault['type']}."
        ) from None


def prompt_of(subject: Subject, name: str) -> Prompt:
    """`subject`, which is a prompt.

    Raises:
        DetectorError: it is a picture.
    """
    if not isinstance(subject, Prompt):
        raise DetectorError(f"The detector {name} looks at prompts only.")
    return subject
