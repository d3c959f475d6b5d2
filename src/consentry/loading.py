"""Loading much at once, quickly: for programs that start, not for code that others embed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """Load modules and models inside of this; garbage is collected as before when it ends.

    Modules that are loaded leave no garbage, but the collector looks through all of them again
    and again: a tenth of the start. Afterwards it passes over what is there (`gc.freeze`), so that
    no later screening waits while it looks through thousands of classes.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
