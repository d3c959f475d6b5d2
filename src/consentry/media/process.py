"""One decoder child as the parent sees it: start it, ask it, end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from consentry.errors import DecoderError, MediaTooCostlyError
from consentry.media.arena import Arena
from consentry.media.protocol import (
    ARENAS,
    MAX_MESSAGE,
    Answer,
    Limits,
    Refusal,
    Request,
    pack,
    parse_answer,
)

__all__ = ["ChildProcess", "NeverReadError"]

START_SECONDS: Final = 30.0
"""A child that is not ready after this long cannot be started on this machine."""

_END_SECONDS: Final = 2.0
_LAUNCHER: Final = Path(__file__).parent / "child" / "launch.py"
_KEPT_VARIABLES: Final = ("LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
_ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}


class NeverReadError(Exception):
    """The child was dead before it read the request: another child may be asked."""


class ChildProcess:
    """A fresh interpreter that decodes one file at a time; not a fork of this process.

    One thread at a time may use it. It shares with the parent a socket for messages, an inbox for
    the file, and `ARENAS` arenas for pixels.
    """

    def __init__(self, limits: Limits, inbox_bytes: int) -> None:
        """Start it; it may be asked at once, and answers when it is ready.

        Must be called on a thread that outlives the child: the kernel ends the child with it.

        Raises:
            DecoderError: the system cannot start it.
        """
        self.limits = limits
        self._ready = False
        try:
            self._inbox = Arena("consentry-inbox", inbox_bytes)
            arenas = [
                Arena(f"consentry-pixels-{number}", limits.decode_memory_bytes)
                for number in range(ARENAS)
            ]
            self._start(arenas)
        except OSError as error:
            raise DecoderError(f"A decoder child could not be started: {error}.") from error
        self._numbers = {id(arena): number for number, arena in enumerate(arenas)}
        self.home: deque[Arena] = deque(arenas)

    def _start(self, arenas: list[Arena]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fds = [theirs.fileno(), self._inbox.fd, *(arena.fd for arena in arenas)]
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and file
                [sys.executable, "-I", "-S", str(_LAUNCHER), self._options(fds)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                pass_fds=fds,
                start_new_session=True,
            )
        for arena in (self._inbox, *arenas):
            arena.forget_fd()

    def _options(self, fds: list[int]) -> str:
        return json.dumps(
            {
                "parent": os.getpid(),
                "path": [entry for entry in sys.path if entry],
                "fds": fds,
                "limits": asdict(self.limits),
            }
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Return when it has loaded its libraries.

        Raises:
            DecoderError: it died or took longer than `START_SECONDS`.
        """
        if self._ready:
            return
        raw = b""
        with suppress(OSError):  # a TimeoutError too: it is killed below
            raw = self._receive(START_SECONDS)
        if raw != b"ready":
            reason = raw.decode("utf-8", "replace") or f"it {self._how_it_ended()}"
            self.kill()
            raise DecoderError(
                f"A decoder child could not be started: {reason}.",
                hint="Check the installation, and that media.decode_memory_bytes is enough.",
            )
        self._ready = True

    def send(self, format_: str, data: bytes) -> Arena:
        """Hand over a file; the arena that is given back will hold its pixels.

        Raises:
            NeverReadError: the child is dead.
        """
        arena = self.home.pop()  # the warm one
        try:
            self._inbox.fill(data)
            self._socket.settimeout(1.0)
            self._socket.send(pack(Request(format_, len(data), self._numbers[id(arena)])))
        except OSError as error:
            raise NeverReadError from error
        return arena

    def receive(self, arena: Arena, sent: int, deadline: float) -> Answer | Refusal:
        """Wait for what came of it, until `deadline` on the monotonic clock.

        After any error the child is of no use any more: `kill` it.

        Raises:
            NeverReadError: the child died before it read the request.
            MediaTooCostlyError: it is late, or used up its processor time.
            DecoderError: it died otherwise, or answered nonsense.
        """
        try:
            raw = self._receive(max(deadline - time.monotonic(), 0.001))
        except TimeoutError as error:
            raise MediaTooCostlyError(
                f"Decoding took longer than {self.limits.decode_seconds:g} seconds."
            ) from error
        except ConnectionResetError as error:
            raise NeverReadError from error
        except OSError:
            raw = b""
        if not raw:
            raise self._obituary()
        self._inbox.trim(sent)
        try:
            return parse_answer(raw, capacity=arena.capacity, limits=self.limits)
        except ValueError as error:
            raise DecoderError(f"A decoder child answered what it must not: {error}.") from error

    def kill(self) -> None:
        """End it and wait until it is gone; may be called twice."""
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def _receive(self, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        return self._socket.recv(MAX_MESSAGE)

    def _obituary(self) -> DecoderError | MediaTooCostlyError:
        if self._await_end() == -signal.SIGXCPU:
            return MediaTooCostlyError(
                f"Decoding used more than {self.limits.decode_seconds:g} processor seconds."
            )
        return DecoderError(f"The decoder child {self._how_it_ended()} while it decoded.")

    def _await_end(self) -> int | None:
        """Its exit status once it is gone; None when it closed the socket and lives on."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        return self._process.returncode

    def _how_it_ended(self) -> str:
        code = self._await_end()
        if code is None:
            return "did not answer"
        if code >= 0:
            return f"exited with status {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | _ONE_THREAD
