"""Roots and proofs agree with the definitions of RFC 6962, for every size to 2,000."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.conftest import MemoryTiles
from tests.ledger.rfc6962 import Tree

from consentry.ledger import verify
from consentry.ledger.merkle import EMPTY_ROOT, TileTree, tile_width
from consentry.ledger.verify import NotVerifiedError

MOST = 2_000
DATA = [f"entry {number}".encode() for number in range(MOST)]
RFC = Tree(DATA)


@pytest.fixture(scope="module")
def grown():
    tiles = MemoryTiles()
    for entry in DATA:
        tiles.append(entry)
    return tiles


def checkpoint(size):
    return verify.Checkpoint("a", size, RFC.mth(0, size), "", ())


def test_known_values_of_rfc_6962():
    """The tree of seven or eight leaves that implementations have published since 2013."""
    data = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
    assert EMPTY_ROOT.hex() == hashlib.sha256().hexdigest()
    roots = verify.root_of(data, 1, 2, 7)
    assert roots[1].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert roots[2].hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert roots[7].hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    assert roots[8].hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_every_root_to_2000_is_the_definition(grown):
    tiles = MemoryTiles()
    assert tiles.edge.root() == RFC.mth(0, 0)
    streamed = verify.root_of(DATA, *range(MOST))
    for size in range(1, MOST + 1):
        tiles.append(DATA[size - 1])
        expected = RFC.mth(0, size)
        assert tiles.edge.root() == streamed[size] == expected
        assert grown.tree().root(size) == expected
    assert streamed[0] == grown.tree().root(0) == RFC.mth(0, 0)


def test_a_tree_read_at_any_size_goes_on_as_it_was():
    tiles = MemoryTiles()
    for size, entry in enumerate(DATA[:1200]):
        if size in {0, 1, 255, 256, 257, 511, 512, 777, 1024}:
            tiles.edge = type(tiles.edge).of(tiles.tree())
        tiles.append(entry)
    assert tiles.edge.root() == RFC.mth(0, 1200)
    assert {key: tile.root for key, tile in tiles.full.items()} == {
        (0, number): RFC.mth(256 * number, 256 * number + 256) for number in range(4)
    }


def test_sampled_inclusion_proofs_agree_and_verify(grown):
    chosen = random.Random(6962)  # noqa: S311  a sample, nothing secret
    sizes = [*range(1, 70), 255, 256, 257, 512, 1023, 1999, 2000]
    for size in sizes + chosen.sample(range(70, MOST), 60):
        for index in {0, size - 1, *(chosen.randrange(size) for _ in range(4))}:
            path = grown.tree().inclusion(index, size)
            assert path == RFC.path(index, 0, size)
            leaf = verify.leaf_hash(DATA[index])
            assert verify.root_from_inclusion(index, size, leaf, path) == RFC.mth(0, size)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_consistency_proofs_agree_and_verify(grown, data):
    new = data.draw(st.integers(0, MOST))
    old = data.draw(st.integers(0, new))
    path = grown.tree().consistency(old, new)
    assert path == (RFC.proof(old, new) if old else [])
    verify.check_consistency(checkpoint(old), checkpoint(new), path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_false_consistency_proof_never_verifies(grown, data):
    new = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, new - 1))
    path = list(grown.tree().consistency(old, new))
    other = bytes(32)
    how = data.draw(st.sampled_from(["step", "shorter", "longer", "old", "new", "sizes"]))
    first, second = checkpoint(old), checkpoint(new)
    if how == "step":
        path[data.draw(st.integers(0, len(path) - 1))] = other
    elif how == "shorter":
        path.pop()
    elif how == "longer":
        path.append(other)
    elif how == "old":
        first = verify.Checkpoint("a", old, other, "", ())
    elif how == "new":
        second = verify.Checkpoint("a", new, other, "", ())
    else:
        first, second = checkpoint(new), checkpoint(old)
    with pytest.raises(NotVerifiedError):
        verify.check_consistency(first, second, path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_false_inclusion_proof_never_verifies(grown, data):
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    path = list(grown.tree().inclusion(index, size))
    leaf = verify.leaf_hash(DATA[index])
    how = data.draw(st.sampled_from(["step", "shorter", "longer", "leaf", "index", "outside"]))
    if how == "step":
        path[data.draw(st.integers(0, len(path) - 1))] = bytes(32)
    elif how == "shorter":
        path.pop()
    elif how == "longer":
        path.append(bytes(32))
    elif how == "leaf":
        leaf = verify.leaf_hash(b"another")
    elif how == "index":
        index = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
    else:
        index = size
    try:
        found = verify.root_from_inclusion(index, size, leaf, path)
    except NotVerifiedError:
        return
    assert found != RFC.mth(0, size)


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        (70_000, {(0, 272): 256, (0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1}),
        (256, {(1, 0): 1}),
    ],
)
def test_widths_are_those_of_the_specification(size, widths):
    for (level, number), width in widths.items():
        assert tile_width(size, level, number) == width
        assert tile_width(size, level, number + 1) == (
            0 if width < 256 else widths.get((level, number + 1), 0)
        )


def test_a_tree_has_no_part_beyond_its_end(grown):
    tree = TileTree(10, grown.read)
    for ask in (
        lambda: tree.root(11),
        lambda: tree.inclusion(10, 10),
        lambda: tree.inclusion(0, 11),
        lambda: tree.consistency(4, 11),
        lambda: tree.consistency(5, 4),
    ):
        with pytest.raises(ValueError, match="tree"):
            ask()


def test_a_proof_reads_two_tiles_a_level_at_most(grown):
    asked = []

    def read(level, number, width):
        asked.append((level, number))
        return grown.read(level, number, width)

    TileTree(MOST, read).inclusion(700, MOST)
    assert len(asked) == len(set(asked)) <= 4
