"""Sample photographs that come with Consentry: for the demo, the examples and the tests.

Who made them, and under which licence, stands in CREDITS.md beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CREDITS", "SAMPLES", "Sample", "sample"]

_FOLDER: Final = Path(__file__).parent

CREDITS: Final = _FOLDER / "CREDITS.md"
"""Where the authors and licences of all samples stand."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One photograph.

    Attributes:
        name: its short name, also the stem of its file.
        title: what it shows, in a few words for a person.
        credit: author and licence, in one line to show beside it.
        faces: people's faces in it.
    """

    name: str
    title: str
    credit: str
    faces: int

    @property
    def path(self) -> Path:
        """The JPEG file."""
        return _FOLDER / f"{self.name}.jpg"

    def read(self) -> bytes:
        """The bytes of the file, undecoded."""
        return self.path.read_bytes()


SAMPLES: Final = (
    Sample("astronaut", "Eileen Collins, astronaut", "NASA, public domain", 1),
    Sample("rocket", "A rocket launch", "SpaceX, CC0", 0),
    Sample("coffee", "A cup of coffee", "Rachel Michetti, CC0", 0),
    Sample("chelsea", "A cat", "Stéfan van der Walt, CC0", 0),
)
"""Every sample, the person first."""


def sample(name: str) -> Sample:
    """The sample called `name`.

    Raises:
        KeyError: there is none of this name.
    """
    return {one.name: one for one in SAMPLES}[name]
