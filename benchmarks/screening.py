"""One `output` screening of a 1024 px JPEG against the same packages called by their own code.

Ours decodes in a limited child, finds faces, judges ages and explicitness, reads the prompt, judges
by the policy and stores the decision. The peers find faces, judge ages and explicitness, one after
another. Both run in turn in one run; the peers' models use as many threads as they choose.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import Peer, fresh_home, median, milliseconds, portrait, table, varied

ROUNDS = 60
PROMPT = "a portrait of an astronaut in front of a flag, studio light, 35 mm"


def main() -> None:
    """Measure and print."""
    fresh_home()
    from consentry.guard import Guard

    picture = portrait()
    peer = Peer("peer_screening.py")
    ours, theirs = [], []
    with Guard.open() as guard, tempfile.TemporaryDirectory() as folder:
        guard.warm_up()
        for number in range(-5, ROUNDS):
            data = varied(picture, number)
            path = Path(folder) / "picture.jpg"
            path.write_bytes(data)
            mine = milliseconds(
                lambda data=data, number=number: guard.check_output(
                    data, prompt=f"{PROMPT} {number}"
                )
            )
            other = float(peer.ask(str(path)))
            if number >= 0:  # the first rounds warm both up
                ours.append(mine)
                theirs.append(other)
        decision = guard.check_output(varied(picture, ROUNDS), prompt=f"{PROMPT} {ROUNDS}")
    peer.close()
    unlooked = [gate.name for gate in decision.gates if gate.status != "checked"]
    if unlooked:
        sys.exit(f"Not a fair run: {unlooked} did not look.")
    table(
        [
            ("whole screening, 1024 px JPEG", "median ms", "best ms"),
            ("Consentry", f"{median(ours):.1f}", f"{min(ours):.1f}"),
            ("the packages' own code", f"{median(theirs):.1f}", f"{min(theirs):.1f}"),
            ("ratio", f"{median(theirs) / median(ours):.2f}", f"{min(theirs) / min(ours):.2f}"),
        ]
    )
    print("\ngates: " + ", ".join(f"{gate.name} {gate.ms:.1f} ms" for gate in decision.gates))


if __name__ == "__main__":
    main()
