"""Check a log of Consentry without Consentry: one file, Python and the package `cryptography`.

    python verify.py proof FILE.tlog-proof --key KEY       is this record in the log?
    python verify.py checkpoint FILE --key KEY             did the log sign this?
    python verify.py consistency OLD NEW HASHES --key KEY  did the log only grow in between?
    python verify.py log FOLDER --key KEY [--since OLD]    is the whole exported log as it says?

KEY is the public key of the log, one line, as its operator published it (a "vkey"). Get it from
somewhere else than the files that you check. Exit status: 0 verified, 1 not.

How it works. Each record of the log is an *entry*: its kind, its time and a commitment, which is
SHA-256(salt || payload), so that an entry tells nobody what the payload is. The entries are the
leaves of a Merkle tree (RFC 6962). A *checkpoint* is the size and the root of the tree, signed
(c2sp.org/tlog-checkpoint, c2sp.org/signed-note). A *proof* leads from one entry to the root
(c2sp.org/tlog-proof). *Witnesses* may sign checkpoints as well (c2sp.org/tlog-cosignature).
Nothing that is not one of these checks is trusted.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
LOG_SIGNATURE, COSIGNATURE = 0x01, 0x04  # signature types of c2sp.org/signed-note
MOST_CHARACTERS = 1_000_000
HASH_BYTES = 32  # of SHA-256, and of a public key of Ed25519
ID_BYTES = 4  # of a key, before each signature
LINES = 3  # at least, of a checkpoint and of the head of a proof
BUNDLE = 256  # entries in a full bundle, c2sp.org/tlog-tiles
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_ENTRY = re.compile(
    r"consentry-log/v1\n"
    r"kind ([a-z][a-z-]*)\n"
    r"time ([0-9TZ:-]{20})\n"
    r"commitment ([A-Za-z0-9+/=]{44})\n"
)


class NotVerifiedError(Exception):
    """What was given is not what the log says, or cannot be read; the message says why."""


# --- The tree (RFC 6962, section 2.1; RFC 9162, section 2.1 for the ways to check it) -----------


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(entries: Iterable[bytes], *sizes: int) -> dict[int, bytes]:
    """The root of the tree after all `entries`, and after each of `sizes` of them."""
    stack: list[bytes] = []  # roots of perfect subtrees, the largest first
    count, roots = 0, {}
    if 0 in sizes:
        roots[0] = _join(stack)
    for entry in entries:
        stack.append(leaf_hash(entry))
        count += 1
        for _ in range((count & -count).bit_length() - 1):  # two of a size become one
            right = stack.pop()
            stack.append(node_hash(stack.pop(), right))
        if count in sizes:
            roots[count] = _join(stack)
    return {**roots, count: _join(stack)}


def _join(stack: Sequence[bytes]) -> bytes:
    if not stack:
        return hashlib.sha256(b"").digest()
    root = stack[-1]
    for left in reversed(stack[:-1]):
        root = node_hash(left, root)
    return root


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root to which `path` leads from the leaf hash at `index` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotVerifiedError(f"Entry {index} is not in a log of {size} entries.")
    place, last, root = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise NotVerifiedError("The proof is too long.")
        if place & 1 or place == last:
            root = node_hash(step, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, step)
        place, last = place >> 1, last >> 1
    if last:
        raise NotVerifiedError("The proof is too short.")
    return root


def check_consistency(old: Checkpoint, new: Checkpoint, path: Sequence[bytes]) -> None:
    """Check that the tree of `new` begins with the tree of `old` (RFC 9162, 2.1.4.2)."""
    if old.size > new.size:
        raise NotVerifiedError("The later checkpoint is of a smaller log: entries are gone.")
    if old.size in {0, new.size}:
        same = not path and old.root == (new.root if old.size else _join(()))
    else:
        same = _roots_from_consistency(old, new, path) == (old.root, new.root)
    if not same:
        raise NotVerifiedError("The later log does not contain the earlier one unchanged.")


def _roots_from_consistency(
    old: Checkpoint, new: Checkpoint, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The earlier and the later root to which `path` leads."""
    steps = [old.root, *path] if old.size & (old.size - 1) == 0 else list(path)
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_root = new_root = steps[0] if steps else b""
    for step in steps[1:]:
        if last == 0:
            raise NotVerifiedError("The proof is too long.")
        if place & 1 or place == last:
            old_root, new_root = node_hash(step, old_root), node_hash(step, new_root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_root = node_hash(new_root, step)
        place, last = place >> 1, last >> 1
    if last:
        raise NotVerifiedError("The proof is too short.")
    return old_root, new_root


# --- Signed checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) ------------------------


@dataclass(frozen=True)
class Key:
    """A public key: its name, its 4-byte id, its signature type and 32 bytes of Ed25519."""

    name: str
    id: bytes
    type: int
    public: bytes

    def text(self) -> str:
        """The key as one line."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.type]) + self.public)}"


@dataclass(frozen=True)
class Checkpoint:
    """A log's name, its size in entries, its root, the text that is signed, and signatures.

    A signature is the name of a key, the id of the key, and the bytes of the signature.
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The id of a key: the first four bytes of a hash of all that it is."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:ID_BYTES]


def parse_key(text: str) -> Key:
    """Read a public key, `name+id+base64`."""
    name, _, rest = text.strip().partition("+")
    number, _, encoded = rest.partition("+")
    raw = _bytes(encoded)
    kind, public = raw[0] if raw else 0, raw[1:]
    known = kind in {LOG_SIGNATURE, COSIGNATURE} and len(public) == HASH_BYTES
    if not name or not known or number != key_id(name, kind, public).hex():
        raise NotVerifiedError("This is not a public key, or it was not copied whole.")
    return Key(name, bytes.fromhex(number), kind, public)


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint; no signature is checked yet."""
    if len(note) > MOST_CHARACTERS or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise NotVerifiedError("This is not a checkpoint.")
    text, blank, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or not tail.endswith("\n") or len(lines) < LINES or not all(lines):
        raise NotVerifiedError("This is not a checkpoint, or it was not copied whole.")
    signatures = tuple(_signature(line) for line in tail[:-1].split("\n"))
    if not _NUMBER.fullmatch(lines[1]) or len(_bytes(lines[2])) != HASH_BYTES:
        raise NotVerifiedError("The checkpoint does not name a size and a root.")
    return Checkpoint(lines[0], int(lines[1]), _bytes(lines[2]), text + "\n", signatures)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    parts = re.fullmatch(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
    if parts is None or len(raw := _bytes(parts[2])) <= ID_BYTES:
        raise NotVerifiedError("A signature of the checkpoint cannot be read.")
    return parts[1], raw[:ID_BYTES], raw[ID_BYTES:]


def check_signed(checkpoint: Checkpoint, key: Key) -> None:
    """Check that `key`, the log's or a witness's, has signed `checkpoint`."""
    if key.type == LOG_SIGNATURE and checkpoint.origin != key.name:
        raise NotVerifiedError(f"The checkpoint is of the log {checkpoint.origin}, not {key.name}.")
    found = [
        raw for name, number, raw in checkpoint.signatures if (name, number) == (key.name, key.id)
    ]
    if not found:
        raise NotVerifiedError(f"{key.name} has not signed this checkpoint.")
    for raw in found:
        _check(key, checkpoint.text, raw)


def _check(key: Key, text: str, raw: bytes) -> None:
    message, signature = text.encode(), raw
    if key.type == COSIGNATURE:  # eight bytes of time come first, and are signed too
        seconds, signature = int.from_bytes(raw[:8], "big"), raw[8:]
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise NotVerifiedError(f"The signature of {key.name} is not genuine.") from error


# --- Proofs of single entries (c2sp.org/tlog-proof) ----------------------------------------------


@dataclass(frozen=True)
class Proof:
    """An entry, its place, the path to the root, a checkpoint, and what was committed to.

    Attributes:
        salt, payload: None when they are not disclosed, or were erased.
    """

    index: int
    entry: bytes
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    salt: bytes | None = None
    payload: bytes | None = None


def parse_proof(text: str) -> Proof:
    """Read a `.tlog-proof` file; nothing is checked yet."""
    if len(text) > 40 * MOST_CHARACTERS:
        raise NotVerifiedError("This is too long for a proof.")
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < LINES or lines[0] != PROOF_HEADER:
        raise NotVerifiedError(f"This is not a proof: its first line is not {PROOF_HEADER}.")
    if not lines[1].startswith("extra ") or not re.fullmatch(
        rf"index ({_NUMBER.pattern})", lines[2]
    ):
        raise NotVerifiedError("The proof does not name its entry and index.")
    opened = _extra(lines[1].removeprefix("extra "))
    path = tuple(_hash(line) for line in lines[3:])
    index = int(lines[2].removeprefix("index "))
    return Proof(
        index,
        opened["entry"],
        path,
        parse_checkpoint(note),
        opened.get("salt"),
        opened.get("payload"),
    )


def _extra(text: str) -> dict[str, bytes]:
    try:
        plain = _bytes(text).decode()
        opened = json.loads(plain)
        strict = json.dumps(opened, separators=(",", ":"), sort_keys=True) == plain
        parts = {name: _bytes(value) for name, value in opened.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise NotVerifiedError("The line `extra` of the proof cannot be read.") from error
    if not strict or set(parts) not in ({"entry"}, {"entry", "salt", "payload"}):
        raise NotVerifiedError("The line `extra` of the proof has not the form of this log.")
    return parts


def check_proof(proof: Proof, key: Key, witnesses: Sequence[Key] = ()) -> None:
    """Check that the entry is in the log, and that it commits to the payload."""
    for one in (key, *witnesses):
        check_signed(proof.checkpoint, one)
    leaf = leaf_hash(proof.entry)
    root = root_from_inclusion(proof.index, proof.checkpoint.size, leaf, proof.path)
    if root != proof.checkpoint.root:
        raise NotVerifiedError("This entry is not in the log that the checkpoint describes.")
    commitment = parse_entry(proof.entry)[2]
    if proof.salt is None or proof.payload is None:
        return
    if hashlib.sha256(proof.salt + proof.payload).digest() != commitment:
        raise NotVerifiedError("The payload is not the one that was committed to.")


def parse_entry(entry: bytes) -> tuple[str, str, bytes]:
    """The kind, the time (UTC) and the commitment of an entry."""
    parts = _ENTRY.fullmatch(entry.decode("ascii", "replace"))
    if parts is None:
        raise NotVerifiedError("An entry has not the form of this log.")
    return parts[1], parts[2], _hash(parts[3])


# --- A whole exported log (the bundles of c2sp.org/tlog-tiles, in a folder) ----------------------


def entries_in(folder: Path, size: int) -> Iterator[bytes]:
    """The first `size` entries of the log in `folder`, oldest first."""
    for number in range((size + BUNDLE - 1) // BUNDLE):
        width = min(BUNDLE, size - number * BUNDLE)
        data = _bundle(folder, number, width)
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            entry, data = data[2 : 2 + length], data[2 + length :]
            parse_entry(entry)
            yield entry
        if data:
            raise NotVerifiedError(f"The bundle of entries {number} is too long.")


def _bundle(folder: Path, number: int, width: int) -> bytes:
    digits = f"{number:0{(len(str(number)) + 2) // 3 * 3}d}"
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    suffix = "" if width == BUNDLE else f".p/{width}"
    try:
        return (folder / "tile" / "entries" / (name + suffix)).read_bytes()
    except OSError as error:
        raise NotVerifiedError(f"The bundle of entries {name}{suffix} is missing.") from error


def check_log(folder: Path, key: Key, old: Checkpoint | None = None) -> Checkpoint:
    """Check every entry in `folder` against its checkpoint, and against an earlier one."""
    new = parse_checkpoint(_read(folder / "checkpoint"))
    check_signed(new, key)
    sizes = [] if old is None else [old.size]
    roots = root_of(entries_in(folder, new.size), *sizes)
    if roots[new.size] != new.root:
        raise NotVerifiedError("The entries are not those that the checkpoint was signed for.")
    if old is not None:
        check_signed(old, key)
        if roots.get(old.size) != old.root:
            raise NotVerifiedError("The log does not contain the earlier one unchanged.")
    return new


# --- The command line ----------------------------------------------------------------------------


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotVerifiedError("A line is not Base64.") from error
    if _base64(raw) != text:  # one way to write it, so that nothing can be altered unnoticed
        raise NotVerifiedError("A line is not Base64.")
    return raw


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _hash(text: str) -> bytes:
    raw = _bytes(text)
    if len(raw) != HASH_BYTES:
        raise NotVerifiedError("A hash has not 32 bytes.")
    return raw


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise NotVerifiedError(f"{path} cannot be read as text.") from error


def parse_hashes(text: str) -> list[bytes]:
    """Read hashes, one a line, as a consistency proof is written."""
    return [_hash(line) for line in text.splitlines()]


def _proof(options: argparse.Namespace, key: Key) -> str:
    proof = parse_proof(_read(options.file))
    check_proof(proof, key, _witnesses(options))
    kind, time, _ = parse_entry(proof.entry)
    told = "not disclosed" if proof.payload is None else proof.payload.decode("utf-8", "replace")
    return f"Verified: entry {proof.index}, {kind}, {time}, in {key.name}.\nPayload: {told}"


def _checkpoint(options: argparse.Namespace, key: Key) -> str:
    checkpoint = parse_checkpoint(_read(options.file))
    for one in (key, *_witnesses(options)):
        check_signed(checkpoint, one)
    return f"Verified: {key.name} signed this for {checkpoint.size} entries."


def _consistency(options: argparse.Namespace, key: Key) -> str:
    old, new = (parse_checkpoint(_read(path)) for path in (options.old, options.new))
    for checkpoint, one in ((old, key), *((new, one) for one in (key, *_witnesses(options)))):
        check_signed(checkpoint, one)
    check_consistency(old, new, parse_hashes(_read(options.hashes)))
    return f"Verified: the log only grew, from {old.size} to {new.size} entries."


def _log(options: argparse.Namespace, key: Key) -> str:
    old = parse_checkpoint(_read(options.since)) if options.since else None
    new = check_log(options.folder, key, old)
    for one in _witnesses(options):
        check_signed(new, one)
    return f"Verified: all {new.size} entries are those that {key.name} signed."


def _witnesses(options: argparse.Namespace) -> list[Key]:
    return [parse_key(one) for one in options.witness]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names; the exit status."""
    parser = argparse.ArgumentParser(description="Check a log of Consentry, offline.")
    commands = parser.add_subparsers(required=True)
    for work, names in (
        (_proof, ("file",)),
        (_checkpoint, ("file",)),
        (_consistency, ("old", "new", "hashes")),
        (_log, ("folder",)),
    ):
        command = commands.add_parser(work.__name__[1:])
        for name in names:
            command.add_argument(name, type=Path)
        command.add_argument("--key", required=True, help="public key of the log")
        command.add_argument(
            "--witness", action="append", default=[], help="key of one who must have signed too"
        )
        command.set_defaults(work=work)
    command.add_argument("--since", type=Path, help="an earlier checkpoint of the same log")
    options = parser.parse_args(arguments)
    try:
        sentence = options.work(options, parse_key(options.key))
    except NotVerifiedError as error:
        sys.stderr.write(f"NOT VERIFIED: {error}\n")
        return 1
    sys.stdout.write(sentence + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
