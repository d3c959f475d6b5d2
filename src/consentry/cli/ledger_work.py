"""The work behind `consentry ledger`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from consentry.config import load_settings
from consentry.errors import NotFoundError, ProofError, StorageError
from consentry.ledger import verify
from consentry.ledger.audit import audit
from consentry.ledger.checkpoint import log_key, witness_keys
from consentry.ledger.entry import decision_payload
from consentry.ledger.log import Log
from consentry.ledger.tiles import TilePath, paths
from consentry.storage import Storage, open_storage

__all__ = [
    "as_text",
    "checkpoint",
    "export",
    "growth",
    "proof",
    "public_key",
    "take_cosigned",
    "verify_file",
    "verify_log",
]

_DECISION: Final = re.compile(r"[0-9a-f]{32}")
_MOST_FAULTS: Final = 20


@contextmanager
def _opened() -> Iterator[tuple[Storage, Log]]:
    settings = load_settings()
    storage = open_storage(settings)
    try:
        log = Log.open(settings, storage)
        try:
            yield storage, log
        finally:
            log.close()
    finally:
        storage.close()


def public_key() -> str:
    """The log's public key."""
    with _opened() as (_, log):
        return log.public.verifier


def checkpoint() -> str:
    """A new checkpoint."""
    with _opened() as (_, log):
        return log.public.checkpoint()


def take_cosigned(file: Path) -> list[str]:
    """Take in a checkpoint that witnesses signed; their names."""
    with _opened() as (_, log):
        return log.public.take_cosigned(_text(file))


def growth(file: Path) -> str:
    """The consistency proof since the checkpoint in `file`, one hash a line."""
    with _opened() as (_, log):
        _, hashes = log.public.growth(_text(file))
    return "".join(f"{base64.b64encode(one).decode()}\n" for one in hashes)


def proof(thing: str, *, bare: bool) -> str:
    """The proof for a decision, or for the entry with an index.

    Raises:
        NotFoundError: there is no such decision, it is older than the log, or no such entry.
        ProofError: the decision is not what its entry commits to.
    """
    with _opened() as (storage, log):
        if not _DECISION.fullmatch(thing):
            if not (thing.isascii() and thing.isdecimal() and len(thing) < 19):  # noqa: PLR2004  the database's largest number has 19 digits
                raise NotFoundError("This is neither the id of a decision nor an index.")
            return log.prove(int(thing), bare=bare)
        document = storage.decisions.get(thing)
        if document.get("receipt") is None:
            raise NotFoundError("This decision was made before there was a log.")
        payload = None if bare else decision_payload(document)
        return log.prove(int(document["receipt"]), payload, bare=bare)


def export(folder: Path) -> int:
    """Write the public log into `folder`; gives its size.

    Raises:
        StorageError: a file could not be written.
    """
    with _opened() as (_, log):
        note = log.public.checkpoint()
        size = verify.parse_checkpoint(note).size
        try:
            for path in paths(size):
                _export_one(folder, log, path)
            (folder / "checkpoint").write_text(note, encoding="utf-8")
            (folder / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
        except OSError as error:
            raise StorageError(
                f"{error.filename} cannot be written: {error.strerror}.",
                hint="Name a folder that this user may write in, with enough space.",
            ) from error
    return size


def _export_one(folder: Path, log: Log, path: TilePath) -> None:
    file = folder / "tile" / str(path)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}")
        draft.write_bytes(log.public.tile(path))
        draft.replace(file)  # a torn file would be taken for whole the next time


def verify_log() -> dict[str, Any]:
    """Check everything; the first faults, as sentences."""
    settings = load_settings()
    storage = open_storage(settings)
    try:
        faults = list(islice(audit(settings, storage), _MOST_FAULTS))
        with storage.ledger.reading() as connection:
            size = storage.ledger.size(connection)
    finally:
        storage.close()
    return {"verified": not faults, "what": f"the log, {size} entries", "faults": faults}


def verify_file(file: Path, key: str | None, witnesses: Sequence[str]) -> dict[str, Any]:
    """Check a proof or a checkpoint; what is wrong with it, if anything.

    Raises:
        ProofError: the key is none.
        ConfigError: the key of a witness is none.
    """
    public = log_key(key or public_key())
    known = witness_keys(witnesses)
    text = _text(file)
    told: dict[str, Any] = {"verified": True, "what": file.name, "faults": []}
    try:
        if text.startswith(verify.PROOF_HEADER):
            told |= _check_proof(verify.parse_proof(text), public, known)
        else:
            read = verify.parse_checkpoint(text)
            for one in (public, *known):
                verify.check_signed(read, one)
            told |= {"size": read.size}
    except verify.NotVerifiedError as error:
        told |= {"verified": False, "faults": [str(error)]}
    return told


def _check_proof(
    proof: verify.Proof, key: verify.Key, witnesses: Sequence[verify.Key]
) -> dict[str, Any]:
    verify.check_proof(proof, key, witnesses)
    kind, time, _ = verify.parse_entry(proof.entry)
    payload = None if proof.payload is None else json.loads(proof.payload)
    return {"index": proof.index, "kind": kind, "time": time, "payload": payload}


def as_text(told: dict[str, Any], *, as_json: bool) -> str:
    """What is printed."""
    if as_json:
        return json.dumps(told, ensure_ascii=False)
    if not told["verified"]:
        faults = [f"  {one}" for one in told["faults"]]
        return "\n".join([f"NOT VERIFIED: {told['what']}", *faults])
    lines = [f"Verified: {told['what']}."]
    if "index" in told:
        lines += [f"Entry {told['index']}, {told['kind']}, {told['time']}."]
        payload = json.dumps(told["payload"], ensure_ascii=False)
        lines += [f"Payload: {'not disclosed' if told['payload'] is None else payload}"]
    return "\n".join(lines)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"{file} cannot be read as text.") from error
