"""Writing proofs that an entry is in the log (`c2sp.org/tlog-proof@v1`, files `.tlog-proof`).

The line `extra` holds Base64 of a JSON object: the entry, and where it is disclosed, its salt and
payload, each in Base64. `verify` reads and checks it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from consentry.ledger.entry import Opening
from consentry.ledger.verify import PROOF_HEADER

__all__ = ["proof_text"]


def proof_text(
    index: int, entry: bytes, path: Sequence[bytes], checkpoint: str, opening: Opening | None
) -> str:
    """The proof as it is written to a file.

    Args:
        index: of the entry.
        entry: its bytes.
        path: from the leaf's neighbour up to the root's child, 32 bytes each.
        checkpoint: the signed note, as it is.
        opening: with a payload, or None to disclose nothing.
    """
    members = {"entry": _base64(entry)}
    if opening is not None:
        members |= {"salt": _base64(opening.salt), "payload": _base64(opening.payload or b"")}
    extra = json.dumps(members, separators=(",", ":"), sort_keys=True)
    lines = [PROOF_HEADER, f"extra {_base64(extra.encode())}", f"index {index}"]
    return "\n".join([*lines, *map(_base64, path), "", checkpoint])


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
