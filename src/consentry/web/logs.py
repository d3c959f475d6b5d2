"""Log lines of the server: what happened, never what was said.

No prompt, file name, token, query or exception message of a library is ever logged: only names
that we chose, ids, numbers and the places in the code.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from consentry.config import Settings

__all__ = ["configure", "log", "log_failure", "preload"]

Level = Literal["debug", "info", "warning", "error"]
_state: Final[dict[str, str]] = {"level": "info", "format": "text"}


def configure(settings: Settings) -> None:
    """Take level and form from `settings`; structlog itself is loaded at the first line."""
    _state.update(level=settings.log_level, format=settings.log_format)
    _logger.cache_clear()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def preload() -> None:
    """Load structlog now, so that the first line does not wait for it."""
    _logger()


def log(level: Level, event: str, **fields: Any) -> None:  # noqa: ANN401  plain values
    """Write one line to standard error."""
    getattr(_logger(), level)(event, **fields)


def log_failure(error: BaseException) -> None:
    """Write that something nobody foresaw happened, and where; its message could quote input."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    log("error", "failure", kind=type(error).__name__, where=where)


class _Lines:
    """Writes lines to what standard error is now; a full disk or a closed pipe stops no answer."""

    def write(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201  this is the log

    debug = info = warning = error = write


def _plain_renderer(structlog: Any) -> Any:  # noqa: ANN401  a module that is loaded late
    """One line of `name=value` pairs."""
    return structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
    )


@cache
def _logger() -> Any:  # noqa: ANN401  structlog's loggers are typed by what they are bound to
    import structlog

    renderer: Any = structlog.processors.JSONRenderer()
    if _state["format"] != "json":
        # For a person at a terminal, in columns and colours; that takes ten times as long.
        watched = sys.stderr.isatty()
        renderer = structlog.dev.ConsoleRenderer() if watched else _plain_renderer(structlog)
    return structlog.wrap_logger(
        _Lines(),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_state["level"]),
    )
