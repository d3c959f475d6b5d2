"""Which copies of the photos are found: ours against HMA's method, hash of the file and no more."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from common import PHOTOS, Peer, table
from PIL import Image, ImageEnhance, ImageOps

from consentry.matching.signals import crops, pdq, variants
from consentry.matching.signals.hashes import Words, to_words

Change = Callable[[Image.Image], Image.Image]
LIMIT = 31


def _saved(image: Image.Image, form: str = "JPEG", quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, quality=quality)
    return buffer.getvalue()


def _resized(factor: float) -> Change:
    return lambda i: i.resize((round(i.width * factor), round(i.height * factor)))


def _cropped(kind: str, depth: float, seed: int) -> Change:
    random = np.random.default_rng([seed, round(depth * 1000)])
    if kind == "one side":
        cut = tuple(np.roll([depth, 0, 0, 0], random.integers(4)))
    elif kind == "opposite sides":
        cut = tuple(np.roll([depth / 2, 0, depth / 2, 0], random.integers(2)))
    elif kind == "border":
        cut = (depth / 2,) * 4
    else:
        across, down = random.random(2) * depth
        cut = (across, down, depth - across, depth - down)
    return lambda i: Image.fromarray(crops.crop(np.asarray(i), cut))


def copies() -> Iterator[tuple[str, list[Callable[[Image.Image], bytes]]]]:
    """Names of kinds of copies, and how each is made."""
    for quality in (75, 30):
        yield f"JPEG {quality}", [lambda i, q=quality: _saved(i, quality=q)]
    yield "WebP 50", [lambda i: _saved(i, "WEBP", 50)]
    plain: dict[str, Change] = {
        "half the size": _resized(0.5),
        "a quarter of the size": _resized(0.25),
        "brighter, more contrast": lambda i: ImageEnhance.Contrast(
            ImageEnhance.Brightness(i).enhance(1.2)
        ).enhance(1.2),
        "grey": lambda i: i.convert("L").convert("RGB"),
        "mirrored": ImageOps.mirror,
        "upside down": ImageOps.flip,
        "rotated 90": lambda i: i.transpose(Image.Transpose.ROTATE_90),
        "rotated 180": lambda i: i.transpose(Image.Transpose.ROTATE_180),
        "rotated 270": lambda i: i.transpose(Image.Transpose.ROTATE_270),
    }
    for name, change in plain.items():
        yield name, [lambda i, c=change: _saved(c(i), quality=75)]
    for kind in ("one side", "opposite sides", "border", "at random"):
        for depth in (0.03, 0.10, 0.20, 0.30):
            made = [_cropped(kind, depth, seed) for seed in range(4)]
            yield (
                f"cropped, {kind}, {depth:.0%}",
                [lambda i, c=change: _saved(c(i), quality=80) for change in made],
            )


class Banked:
    """What is known of the photos."""

    def __init__(self) -> None:
        """Hash each photo."""
        self.images = {p.name: Image.open(p).convert("RGB") for p in _photos()}
        pixels = {name: np.asarray(image) for name, image in self.images.items()}
        self.plain = {name: _words(variants.bank_set(p)) for name, p in pixels.items()}
        self.crops = {
            name: np.vstack([self.plain[name], _words(crops.crop_set(p))])
            for name, p in pixels.items()
        }
        self.theirs = {name: pdq.hash_full(p).words[None] for name, p in pixels.items()}


def _photos() -> list[Path]:
    return sorted(path for path in PHOTOS.glob("*") if path.suffix in {".jpg", ".png"})


def _words(probes: tuple[variants.Probe, ...]) -> Words:
    return np.stack([probe.words for probe in probes])


def _near(one: Words, other: Words) -> bool:
    return bool((np.bitwise_count(one[:, None] ^ other[None]).sum(2) <= LIMIT).any())


def main(peer: Peer | None) -> None:
    """Measure and print."""
    banked = Banked()
    rows: list[tuple[str, ...]] = [("copies found", "ours", "with crops banked", "HMA's method")]
    wrong = asked = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        for name, makers in copies():
            found = np.zeros(3)
            for photo, image in banked.images.items():
                for make in makers:
                    path.write_bytes(make(image))
                    copy = np.asarray(Image.open(path).convert("RGB"))
                    ours = _words(variants.lookup_set(copy))
                    theirs = to_words([peer.ask(f"file {path}").split()[1]]) if peer else None
                    found += (
                        _near(ours, banked.plain[photo]),
                        _near(ours, banked.crops[photo]),
                        theirs is not None and _near(theirs, banked.theirs[photo]),
                    )
                    others = [banked.crops[other] for other in banked.crops if other != photo]
                    wrong += _near(ours, np.vstack(others))
                    asked += 1
            shares = found / (len(banked.images) * len(makers))
            last = f"{shares[2]:.2f}" if peer else "-"
            rows.append((name, f"{shares[0]:.2f}", f"{shares[1]:.2f}", last))
    table(rows)
    print(f"\n{len(banked.images)} photos, {asked} copies; matched another photo: {wrong}")
