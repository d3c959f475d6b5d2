"""What the picture detectors that run one model share: when it is loaded, and what they look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, Self, TypeVar

from consentry.config import Settings
from consentry.detectors._shared import PICTURE_STAGES, LoadOnce
from consentry.detectors.contract import Kind, Subject
from consentry.errors import DetectorError
from consentry.media.picture import Picture
from consentry.models.locate import locate

__all__ = ["ModelDetector"]


class _Model(Protocol):
    name: ClassVar[str]

    @classmethod
    def load(cls, settings: Settings) -> Self: ...


M = TypeVar("M", bound=_Model)


class ModelDetector(Generic[M]):
    """A detector of pictures by one model; a class of it says which, what it finds, and how.

    Attributes:
        model: the class of the model.
        code: changes whenever the detector's own code could change a finding.
        version: of the code and of the model's file.
    """

    name: str
    kind: Kind = "picture"
    stages = PICTURE_STAGES
    needs: tuple[str, ...] = ()
    categories: frozenset[str]
    model: type[M]
    code: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        """Prepare; the model is loaded later."""
        self.version = f"{self.code}+{locate(self.model.name, settings).version}"
        self._model: LoadOnce[M] = LoadOnce(lambda: self.model.load(settings))

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[Self]:
        """One, always."""
        return [cls(settings)]

    def warm_up(self) -> None:
        """Load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        self._model()

    def _picture(self, subject: Subject) -> Picture:
        """The subject, which must be a picture.

        Raises:
            DetectorError: it is not.
        """
        if not isinstance(subject, Picture):
            raise DetectorError(f"The detector {self.name} looks at pictures only.")
        return subject
