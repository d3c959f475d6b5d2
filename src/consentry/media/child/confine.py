"""What a decoder child takes away from itself before it sees a single untrusted byte."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

__all__ = ["allow_seconds", "confine", "end_with"]

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_DESCRIPTORS: Final = 64
_ROOM: Final = 64 * 1024 * 1024


def end_with(parent: int) -> None:
    """Be killed by the kernel when the parent ends, however it ends, even while stopped.

    Done before anything heavy is loaded: a child must not be left behind while it loads, either.

    Raises:
        OSError: the system refuses.
    """
    _set(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def confine(memory_bytes: int) -> None:
    """Limit memory, files and privileges.

    Raises:
        MemoryError: the limit leaves no room for a picture.
        OSError: the system refuses.
    """
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    if taken + _ROOM > memory_bytes:
        raise MemoryError(f"it needs {(taken + _ROOM) // 2**20} MiB of memory at least")
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    _lower(resource.RLIMIT_AS, memory_bytes)
    _set(_PR_SET_NO_NEW_PRIVS, 1)
    _set(_PR_SET_DUMPABLE, 0)


def allow_seconds(seconds: float) -> None:
    """Allow so many more processor seconds, from now; past them the kernel sends SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 1
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _set(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def _lower(which: int, limit: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(which, (limit, limit))
