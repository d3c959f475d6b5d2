"""Another implementation of RFC 6962, by other people, gives the same roots and proofs.

pymerkle is published under the GPL, so it is a dependency of the tests alone. Its consistency
proofs have a form of their own; ours are checked against its roots.
"""

from __future__ import annotations

import random

import pytest
from pymerkle import InmemoryTree, verify_consistency
from tests.ledger.conftest import MemoryTiles

from consentry.ledger import verify

MOST = 2_000
DATA = [f"entry {number}".encode() for number in range(MOST)]


@pytest.fixture(scope="module")
def theirs():
    tree = InmemoryTree(algorithm="sha256")
    for entry in DATA:
        tree.append_entry(entry)
    return tree


@pytest.fixture(scope="module")
def ours():
    tiles = MemoryTiles()
    for entry in DATA:
        tiles.append(entry)
    return tiles.tree()


def test_every_root_from_0_to_2000_agrees(theirs, ours):
    for size in range(MOST + 1):
        assert ours.root(size) == theirs.get_root(size), size


def test_an_inclusion_proof_at_every_size_agrees(theirs, ours):
    chosen = random.Random(1)  # noqa: S311  a sample, nothing secret
    for size in range(1, MOST + 1):
        for index in {0, size - 1, chosen.randrange(size)}:
            told = theirs.prove_inclusion(index + 1, size).serialize()
            path = [bytes.fromhex(one) for one in told["path"]]
            assert path[0] == verify.leaf_hash(DATA[index])
            assert ours.inclusion(index, size) == path[1:], (index, size)


def test_a_consistency_proof_at_every_size_holds_between_their_roots(theirs, ours):
    chosen = random.Random(2)  # noqa: S311  a sample, nothing secret
    for new in range(1, MOST + 1):
        old = chosen.randint(1, new)
        first = verify.Checkpoint("a", old, theirs.get_root(old), "", ())
        second = verify.Checkpoint("a", new, theirs.get_root(new), "", ())
        verify.check_consistency(first, second, ours.consistency(old, new))
        proof = theirs.prove_consistency(old, new)
        verify_consistency(ours.root(old), ours.root(new), proof)
