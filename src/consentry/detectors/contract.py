"""The whole plug-in contract: what a detector is, and how one is found.

A detector looks at one prompt or one picture and says what it saw, as findings. To add one, write
a class as below, and name it under the entry-point group `consentry.detectors`. The detectors
that come with Consentry use this same door. Test yours by inheriting the suite in
`consentry.detectors.testing`.

    class Umbrellas:
        name = "umbrellas"
        version = "1"
        kind = "picture"
        stages = frozenset({Stage.UPLOAD})
        needs = ()
        categories = frozenset({"acme.umbrella"})

        @classmethod
        def from_settings(cls, settings):
            return [cls()]

        def warm_up(self): ...

        def detect(self, subject, seen):
            return [Finding("acme.umbrella", 0.9, self.name, {"box": [3, 4, 50, 60]})]

        @classmethod
        def get_examples(cls):
            return [Example(a_picture_with_an_umbrella, expects={"acme.umbrella": (0.5, 1.0)})]

What the Screener promises: `detect` is called from several threads at once; `seen` holds the
findings of every detector that `needs` names, for the same subject; a video is given frame by
frame; a detector that raises, is late or breaks this contract becomes the finding `unchecked`.

A detector may say `quick = True`: it takes less than 0.2 s, whatever the subject. It is then run by
the thread that asks, which saves two changes of thread, and no budget of time ends it.

What a detector promises: it keeps nothing of the subject after `detect` returns, sends nothing to
anybody (unless that is what the operator configured it for), reports only `categories`, and gives
the same findings for the same subject and version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from consentry.config import Settings
from consentry.findings import Finding, Stage
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

__all__ = ["ENTRY_POINT_GROUP", "Detector", "Example", "Kind", "Prepares", "Seen", "Subject"]

ENTRY_POINT_GROUP = "consentry.detectors"

Kind: TypeAlias = Literal["prompt", "picture"]
Subject: TypeAlias = Prompt | Picture
Seen: TypeAlias = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Example:
    """A subject with what a detector must and must not say of it: demo, docs and test in one.

    Attributes:
        subject: the prompt or picture.
        expects: category to the lowest and highest score that some finding of it must have.
        absent: categories that must not be found at all.
        seen: findings of other detectors that the detector needs.
    """

    subject: Subject
    expects: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    seen: Seen = field(default_factory=dict)


@runtime_checkable
class Detector(Protocol):
    """What turns a prompt or a picture into findings.

    Attributes:
        name: unique, lower case, `[a-z][a-z0-9-]*`; appears in every decision.
        version: changes whenever a finding could change: of the code, the model, the rules.
        kind: whether it looks at prompts or at pictures.
        stages: where it runs.
        needs: names of detectors of the same kind whose findings it reads.
        categories: every category that it may report.
    """

    name: str
    version: str
    kind: Kind
    stages: frozenset[Stage]
    needs: tuple[str, ...]
    categories: frozenset[str]

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[Detector]:
        """The detectors of this class that `settings` asks for: none, one or several.

        Must be quick: load models in `warm_up` or at the first `detect`.

        Raises:
            ConsentryError: it cannot be built; the Screener then reports `unchecked` in its name.
        """
        ...

    def warm_up(self) -> None:
        """Load what is heavy, so that the first screening is not slow. May be called twice.

        Raises:
            ModelError: the model is missing or altered. `detect` must raise it as well.
        """
        ...

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Look at `subject`.

        Raises:
            ConsentryError: it could not look. Never return an empty answer instead.
        """
        ...

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """At least one example that must be found and one that must not."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A detector that is quicker when it is told beforehand what is about to come."""

    def prepare(self, subjects: Sequence[Subject]) -> None:
        """Work out for many subjects together what `detect` will need for each; keep no subject.

        Only for speed: `detect` must find the same without it.

        Raises:
            ConsentryError: it could not. `detect` must raise it as well.
        """
        ...
