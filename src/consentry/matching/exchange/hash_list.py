"""One hash a line, alone or after its type: `<hash>`, `pdq <hash>`, `pdq:<hash>`; # is a comment.

A type that neither the line nor the caller names is guessed from the form, and the guess is told.
32 digits are an MD5. 64 digits are a PDQ hash or a SHA-256: a PDQ bit says whether a frequency lies
above the median, so nearly every PDQ hash has 128 ones, and of random digests only one in twenty.
Eight lines or more that agree decide; fewer, or mixed ones, do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from consentry.errors import ImportFileError
from consentry.matching.banks import NewContent
from consentry.matching.exchange.entries import FieldError, read_signal
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.lines import NumberedLine
from consentry.matching.exchange.numbered import Numbered, Selection

__all__ = ["read_hash_list"]

_AHEAD_SIZE: Final = 65_536  # characters looked at for a guess: a thousand hashes
_ENOUGH: Final = 8
_MOST: Final = 0.9
_FEW: Final = 0.5
_HALF: Final = 128
_HEX: Final = re.compile(r"[0-9a-fA-F]{32}(?:[0-9a-fA-F]{32})?")
_TYPED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)[ :\t]+(.*)")


def read_hash_list(
    lines: Iterator[NumberedLine],
    faults: Faults,
    chosen: Selection,
    tell: Callable[[str], None],
) -> Iterator[Numbered]:
    """The hashes of a plain list; `tell` gets one sentence when their type was guessed.

    Raises:
        ImportFileError: a type is needed and cannot be guessed.
    """
    stripped = ((number, text.strip()) for number, text in lines)
    meant = (line for line in stripped if not line[1].startswith("#"))
    ahead = _look_ahead(meant)
    kind = chosen.kind or _guess([text for _, text in ahead], tell)
    for number, text in chain(ahead, meant):
        try:
            yield number, NewContent((read_signal(*_parts(text, kind)),))
        except FieldError as error:
            faults.add(number, str(error))


def _look_ahead(lines: Iterator[NumberedLine]) -> list[NumberedLine]:
    """The first lines; fewer when they are long, since they are held in memory."""
    ahead: list[NumberedLine] = []
    size = 0
    while size < _AHEAD_SIZE and (line := next(lines, None)) is not None:
        ahead.append(line)
        size += len(line[1])
    return ahead


def _parts(text: str, kind: str) -> tuple[str, str]:
    typed = _TYPED.fullmatch(text)
    if typed:
        return typed[1], typed[2]
    if not kind:
        raise FieldError("The line does not name its type, as others do: write `pdq <hash>`.")
    return kind, text


def _guess(texts: Sequence[str], tell: Callable[[str], None]) -> str:
    """The type of the lines that do not name it; "" when all do, or none looks like a hash."""
    bare = [text for text in texts if _HEX.fullmatch(text)]
    long = [text for text in bare if len(text) > 32]  # noqa: PLR2004  digits of an MD5
    if not bare:
        return "" if any(map(_TYPED.fullmatch, texts)) else "pdq"
    if not long:
        tell("The hashes have 32 digits: taken for md5.")
        return "md5"
    if len(long) < len(bare):
        raise ImportFileError.of_file(
            "Hashes of 32 and of 64 digits are mixed.", hint="Write the type before each hash."
        )
    balanced = sum(int(text, 16).bit_count() == _HALF for text in long)
    share = balanced / len(long)
    if len(long) < _ENOUGH or _FEW <= share < _MOST:
        raise ImportFileError.of_file(
            "Hashes of 64 digits may be pdq or sha256, and this list does not show which.",
            hint="Say it: --type pdq or --type sha256.",
        )
    kind = "pdq" if share >= _MOST else "sha256"
    tell(
        f"The hashes have 64 digits: taken for {kind}, since {balanced} of the {len(long)} looked "
        "at have as many ones as zeros, as PDQ hashes have."
    )
    return kind
