"""Compiled kernels: one decorator, and a safe place for what it compiles.

numba keeps machine code beside the source where it may write there. In a read-only installation
it would look for a folder of its own choice and fail where there is none; here the code goes to
`CONSENTRY_HOME/cache/kernels/<version>` (mode 0700: what lies there is executed), and where even
that is impossible every process compiles anew. `NUMBA_CACHE_DIR`, when set, wins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from consentry import __version__
from consentry.config import default_home

__all__ = ["count_bits", "kernel", "loose_kernel", "prefetch", "signed"]

_settings: Any = numba.config  # its names are made at run time
F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` at its first call: strict IEEE arithmetic, no interpreter lock."""
    return _compile(function, loose=False)


def loose_kernel(function: F) -> F:
    """The same, but sums may be reordered and fused: only where the caller bounds the error."""
    return _compile(function, loose=True)


def _compile(function: F, *, loose: bool) -> F:
    source_folder = Path(function.__code__.co_filename).parent
    with _cache_folder(source_folder) as cache:
        # Division follows IEEE instead of raising, as in the C++ that we are compared with.
        decorate = numba.njit(cache=cache, nogil=True, fastmath=loose, error_model="numpy")
        return cast("F", decorate(function))


@contextmanager
def _cache_folder(source_folder: Path) -> Iterator[bool]:
    """Point numba at a folder that may be written; give False where there is none."""
    if _settings.CACHE_DIR or os.access(source_folder, os.W_OK):
        yield True
        return
    home = Path(os.environ.get("CONSENTRY_HOME") or default_home())
    folder = home / "cache" / "kernels" / __version__
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        yield False
        return
    _settings.CACHE_DIR = str(folder)
    try:
        yield True
    finally:
        _settings.CACHE_DIR = ""


def _count_bits(typing_context: Any, word: Any) -> Any:  # noqa: ANN401, ARG001  numba's protocol
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401  numba's protocol
        kind = arguments[0].type
        return builder.call(builder.module.declare_intrinsic("llvm.ctpop", [kind]), arguments)

    return word(word), generate


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ANN401, ARG001  numba's protocol
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  numba's protocol
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(view.data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(function, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


count_bits = cast("Callable[[Any], Any]", intrinsic(_count_bits))
"""How many bits of a uint32 or uint64 are set: one instruction, and a vector one in a loop."""

prefetch = cast("Callable[[Any, int], None]", intrinsic(_prefetch))
"""Ask the processor to bring `array[place]` (one dimension) nearer; changes nothing."""

signed = cast("Callable[[Any], int]", np.int64)
"""An int64, which is what compiled code counts with; a type checker sees an int."""
