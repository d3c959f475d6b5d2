"""The peer alt-profanity-check for `consentry evaluate --peer`: a text a line in, a score out.

Run it in an environment of its own in which `alt-profanity-check` is installed.
"""

from __future__ import annotations

import sys

from profanity_check import predict_prob

for score in predict_prob([line.rstrip("\n") for line in sys.stdin]):
    print(f"{score:.6f}")
