"""The shelf: the folder of segments, as one process opens it, renews its view and tidies up."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import structlog

from consentry.errors import ConsentryError, IndexDamagedError, MatchIndexError
from consentry.matching.index.files import exclusive
from consentry.matching.index.log import ChangeLog
from consentry.matching.index.manifest import MANIFEST, Manifest, read_manifest
from consentry.matching.index.merge import Snapshot, Writing, merge, rebuild, sweep
from consentry.matching.index.selfcheck import check_segment
from consentry.matching.index.view import View, open_view

__all__ = ["NoShelf", "Shelf"]

_LOCK = "merge.lock"
_ATTEMPTS = 5
_log = structlog.get_logger(__name__)


class Shelf:
    """A folder of segments that belongs to one log."""

    def __init__(self, folder: Path, log: ChangeLog, writing: Writing, questions: int) -> None:
        """Make the folder where it is missing.

        Raises:
            MatchIndexError: it cannot be made.
        """
        self._folder = folder
        self._change_log = log
        self._writing = writing
        self._questions = questions
        self._random = np.random.default_rng()
        self._seen: tuple[int, int] | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MatchIndexError(f"The index folder cannot be made: {error}.") from error

    def open(self) -> View:
        """What is in force; built from the log first where nothing is, or something damaged.

        Raises:
            MatchIndexError: the folder cannot be written or the log cannot be read.
        """
        try:
            view = self._load(None)
            if view is not None:
                return view
        except IndexDamagedError as error:
            # A file may be gone because somebody merged meanwhile: the lock will tell.
            _log.warning("index_damaged", reason=error.message)
        with exclusive(self._folder / _LOCK, wait=True):
            try:
                return self._load(None) or self._rebuild()
            except IndexDamagedError:
                return self._rebuild()

    def newer(self, view: View) -> View | None:
        """A view of the manifest that is in force now; None when it is the one `view` has.

        It has an empty delta. Segments that `view` has open are shared with it.
        """
        if self._stamp() == self._seen:
            return None
        for _ in range(_ATTEMPTS):
            try:
                return self._load(view)
            except IndexDamagedError:
                continue  # somebody merged between our reading the manifest and opening a file
        return self.open()

    def merge(self, snapshot: Snapshot, *, thorough: bool = False) -> None:
        """Write `snapshot`, and tidy up. The caller holds `writing`.

        Raises:
            MatchIndexError: the folder cannot be written; nothing is changed then.
        """
        try:
            sweep(self._folder, merge(self._folder, snapshot, self._writing, thorough=thorough))
        except OSError as error:
            raise MatchIndexError(f"The index cannot be written: {error}.") from error

    def writing(self, *, wait: bool = False) -> exclusive:
        """The right to write, which one process and thread has at a time: a context manager."""
        return exclusive(self._folder / _LOCK, wait=wait)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._folder / MANIFEST).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _load(self, view: View | None) -> View | None:
        """A view of the manifest in force, its new segments checked; None when it is unusable."""
        stamp = self._stamp()
        manifest = read_manifest(self._folder)
        if manifest is None or not self._belongs(manifest):
            return None
        known = view.segments if view else ()
        fresh = open_view(self._folder, manifest, known)
        names = {live.segment.name for live in known}
        for live in fresh.segments:
            if live.segment.name not in names:
                check_segment(live, self._questions, self._random)
        self._seen = stamp
        return fresh

    def _belongs(self, manifest: Manifest) -> bool:
        """Whether the manifest speaks of this log, and not of one that has since been put back."""
        try:
            last = self._change_log.last_sequence()
        except ConsentryError as error:
            raise MatchIndexError(f"The log of known hashes cannot be read: {error}") from error
        return manifest.log == self._change_log.identity and manifest.sequence <= last

    def _rebuild(self) -> View:
        """Everything anew from the log. The caller holds the lock."""
        try:
            manifest = rebuild(self._folder, self._change_log, self._writing)
            sweep(self._folder, manifest)
        except OSError as error:
            raise MatchIndexError(f"The index cannot be written: {error}.") from error
        except ConsentryError as error:
            raise MatchIndexError(f"The log of known hashes cannot be read: {error}") from error
        view = self._load(None)
        if view is None:
            raise MatchIndexError("The log of known hashes changed while the index was built.")
        return view


class NoShelf:
    """In place of a folder, for an index that must leave no file: everything stays in the delta."""

    def __init__(self, log: ChangeLog) -> None:
        """Belong to `log`."""
        self._change_log = log

    def open(self) -> View:
        """Nothing yet.

        Raises:
            MatchIndexError: the log cannot be read.
        """
        try:
            return View(Manifest(self._change_log.identity, 0, ()), ())
        except ConsentryError as error:
            raise MatchIndexError(f"The log of known hashes cannot be read: {error}") from error

    def newer(self, view: View) -> None:
        """There is never a newer one."""

    def merge(self, snapshot: Snapshot, *, thorough: bool = False) -> None:
        """Nothing is written."""

    def writing(self) -> nullcontext[bool]:
        """Nobody may write."""
        return nullcontext(enter_result=False)
