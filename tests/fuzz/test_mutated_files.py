"""Two thousand damaged files: each gives a picture, a clip or a named error, and nothing else."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import ConsentryError
from consentry.media import Clip, MediaDecoder, Picture

FILES = 2000
SEED = 20260223
SECONDS = 5.0


def originals() -> list[bytes]:
    stills = [makers.photo(size=(40, 28)), makers.photo("coffee.png", (40, 28))]
    files = [makers.encode(stills[0], format_) for format_ in makers.STILLS]
    files += [
        makers.animation(stills, format_) for format_ in ("gif", "webp", "png", "avif", "tiff")
    ]
    files += [
        makers.encode(stills[0], "jpeg", progressive=True),
        makers.encode(stills[0].convert("CMYK"), "jpeg"),
        makers.encode(stills[0].convert("P"), "png"),
        makers.encode(stills[0].convert("I;16"), "png"),
        makers.encode(stills[0], "tiff", compression="jpeg"),
        makers.encode(stills[0], "webp", lossless=True),
    ]
    pytest.importorskip("av")
    return files + [makers.video(stills * 4, format_) for format_ in ("mp4", "webm")]


def mutate(files: list[bytes], chance: random.Random) -> bytes:
    data = bytearray(chance.choice(files))
    kind = chance.choice(("flip", "flip", "flip", "cut", "splice", "repeat", "zero", "number"))
    place = chance.randrange(len(data))
    if kind == "flip":
        for _ in range(chance.choice((1, 2, 8, 40))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del data[place:]
    elif kind == "splice":
        other = chance.choice(files)
        data[place:] = other[chance.randrange(len(other)) :]
    elif kind == "repeat":
        data[place:place] = data[place : place + chance.randrange(1, 200)]
    elif kind == "zero":
        data[place : place + chance.randrange(1, 60)] = bytes(chance.randrange(1, 60))
    else:
        near = chance.randrange(min(len(data), 120))
        data[near : near + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)))
    return bytes(data)


def test_damaged_files_never_do_more_than_fail_with_a_name() -> None:
    chance = random.Random(SEED)  # noqa: S311  the same files in every run
    files = originals()
    mutated = [mutate(files, chance) for _ in range(FILES)]
    settings = MediaSettings(
        decoders=2, decode_seconds=SECONDS, max_pixels=200_000, max_side=4000, max_frames=4
    )
    outcomes: Counter[str] = Counter()
    longest = 0.0

    def look(data: bytes) -> str:
        nonlocal longest
        start = time.monotonic()
        try:
            media = decoder.decode(data)
        except ConsentryError as error:
            return error.code
        finally:
            longest = max(longest, time.monotonic() - start)
        assert isinstance(media, Picture | Clip)
        pictures = [media] if isinstance(media, Picture) else [f.picture for f in media.frames]
        assert 1 <= len(pictures) <= 4
        assert all(p.pixels.shape[0] * p.pixels.shape[1] <= 200_000 for p in pictures)
        return media.format

    with MediaDecoder(settings) as decoder, ThreadPoolExecutor(2) as threads:
        decoder.warm_up()
        outcomes.update(threads.map(look, mutated))
        assert isinstance(decoder.decode(files[0]), Picture)

    assert outcomes.total() == FILES
    assert outcomes["decoder"] == 0, outcomes  # no codec crashed
    assert longest < 3 * SECONDS  # two callers, two children: at most one wait behind another
