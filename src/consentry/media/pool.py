"""The decoder children: who is idle, who takes the place of a dead one."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Final

from consentry.errors import DecoderError
from consentry.media.process import ChildProcess

__all__ = ["Pool"]

_PATIENCE_SECONDS: Final = 0.05


class Pool:
    """A fixed number of places, each with a child or empty; safe to use from many threads.

    The child that was used last is taken first: its memory is warm. A busy one is waited for a
    moment before another is started, since a start takes as long as forty pictures. Children are
    started on one thread of the pool's own, because the kernel ends a child together with the
    *thread* that started it (PR_SET_PDEATHSIG).
    """

    def __init__(self, start: Callable[[], ChildProcess], places: int) -> None:
        """Prepare `places` empty places; `start` makes a child."""
        self._start = start
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="consentry-decoders")
        self._changed = Condition()
        self._idle: list[ChildProcess | None] = [None] * places
        self._children: set[ChildProcess] = set()
        self._owner = os.getpid()
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of all children, idle and busy."""
        with self._changed:
            return tuple(sorted(child.pid for child in self._children))

    def take(self) -> ChildProcess:
        """A child that is alive and ready; waits while all are busy.

        Raises:
            DecoderError: none can be started, or the pool is closed.
        """
        place = self._take_place()
        try:
            child = self._revive(place)
            child.wait_ready()
        except BaseException:
            self._leave_place(None)
            raise
        return child

    def give_back(self, child: ChildProcess) -> None:
        """Return a child that is well."""
        self._leave_place(child)

    def replace(self, child: ChildProcess) -> None:
        """End a child that cannot be used any more; a fresh one takes its place."""
        self._bury(child)
        try:
            fresh = self._spawn()
        except DecoderError:
            fresh = None  # whoever takes this place next tries again and is told why
        self._leave_place(fresh)

    def warm_up(self, children: int | None = None) -> None:
        """Start so many children, or all, side by side; return when the idle ones are ready.

        Raises:
            DecoderError: one of them cannot be started.
        """
        with self._changed:
            self._check_open()
            cold = 0 if children is None else max(len(self._idle) - children, 0)
            places, self._idle = self._idle[cold:], self._idle[:cold]
        try:
            for number, place in enumerate(places):
                places[number] = self._revive(place)
            for child in places:
                if child is not None:
                    child.wait_ready()
        finally:
            for place in places:
                self._leave_place(place)

    def close(self) -> None:
        """End all children, also those at work; may be called twice."""
        with self._changed:
            self._closed = True
            self._idle.clear()  # what a child shares with us goes with the last reference to it
            self._changed.notify_all()
            children = list(self._children) if os.getpid() == self._owner else []
        for child in children:
            self._bury(child)
        self._starter.shutdown(wait=os.getpid() == self._owner)

    def _take_place(self) -> ChildProcess | None:
        with self._changed:
            self._check_open()
            if self._children:
                self._changed.wait_for(self._has_child, _PATIENCE_SECONDS)
            self._changed.wait_for(lambda: self._closed or self._idle)
            self._check_open()
            return self._idle.pop()

    def _has_child(self) -> bool:
        return self._closed or (bool(self._idle) and self._idle[-1] is not None)

    def _leave_place(self, child: ChildProcess | None) -> None:
        with self._changed:
            if self._closed:
                return
            if child in self._children:
                self._idle.append(child)
            else:
                self._idle.insert(0, None)
            self._changed.notify_all()

    def _revive(self, child: ChildProcess | None) -> ChildProcess:
        if child is not None:
            if child.is_alive():
                return child
            self._bury(child)
        return self._spawn()

    def _spawn(self) -> ChildProcess:
        try:
            child = self._starter.submit(self._start).result()
        except RuntimeError as error:
            raise DecoderError("The decoder is closed.") from error
        with self._changed:
            if not self._closed:
                self._children.add(child)
                return child
        child.kill()
        raise DecoderError("The decoder is closed.")

    def _bury(self, child: ChildProcess) -> None:
        child.kill()
        with self._changed:
            self._children.discard(child)

    def _check_open(self) -> None:
        if self._closed:
            raise DecoderError("The decoder is closed.", hint="Make a new MediaDecoder.")
        if os.getpid() != self._owner:
            raise DecoderError(
                "The decoder was made before this process was forked.",
                hint="Make a MediaDecoder in the process that uses it.",
            )
