"""The first file that a decoder child runs, in an isolated interpreter (`python -I -S`).

It is given the parent's import path as data, and puts bare stand-ins in the places of the
packages `consentry` and `consentry.media`: their modules load, their `__init__` does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType


def _stand_in(name: str, folder: Path) -> None:
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


def _launch() -> None:
    options = json.loads(sys.argv[1])
    sys.path[:] = options["path"]
    media = Path(__file__).resolve().parent.parent
    _stand_in("consentry", media.parent)
    _stand_in("consentry.media", media)
    from consentry.media.child.loop import run

    run(options)


if __name__ == "__main__":
    _launch()
