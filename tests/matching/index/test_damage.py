"""A torn, altered or missing file is noticed, never believed, and built again from the log."""

import json

import numpy as np
import pytest

from consentry.errors import IndexDamagedError
from consentry.matching.index import Change, selfcheck
from consentry.matching.index.files import replace_bytes
from consentry.matching.index.segment import Segment, build_segment
from consentry.matching.index.view import LiveSegment


@pytest.fixture
def folder(open_index, log, add, hashes, tmp_path):
    """An index with two segments, dead rows, and a manifest."""
    add(hashes[:1000])
    index = open_index()
    log.append([Change(5, None)])
    add(hashes[1000:1010], first=1000)
    index.catch_up()
    index.merge()
    return tmp_path / "index"


def check(open_index, hashes):
    found = open_index().lookup(hashes[:1010])
    assert found.entry_ids.tolist() == [n for n in range(1010) if n != 5]


def only(folder, pattern):
    return max(folder.glob(pattern), key=lambda path: path.stat().st_size)


def flip(place):
    def damage(path):
        data = bytearray(path.read_bytes())
        data[place if place >= 0 else len(data) + place] ^= 4
        path.write_bytes(data)

    return damage


DAMAGE = {
    "first byte": flip(0),
    "length": flip(9),
    "description": flip(60),
    "hashes": flip(8192 + 40),
    "middle": flip(400_000),
    "torn": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "a page short": lambda path: path.write_bytes(path.read_bytes()[:-4096]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_segment_is_rebuilt(folder, open_index, hashes, damage):
    DAMAGE[damage](only(folder, "segment-*"))
    check(open_index, hashes)


@pytest.mark.parametrize("damage", ["first byte", "empty", "gone"])
@pytest.mark.parametrize("pattern", ["dead-*", "manifest.json"])
def test_so_are_the_small_files(folder, open_index, hashes, damage, pattern):
    DAMAGE[damage](only(folder, pattern))
    check(open_index, hashes)


def test_a_manifest_of_another_version_is_not_read(folder, open_index, hashes):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    check(open_index, hashes)


def test_what_a_dead_writer_left_behind_is_swept(folder, open_index, hashes):
    left = [folder / "segment-0-0.bin.12ab.part", folder / "segment-7-7.bin"]
    for path in left:
        path.write_bytes(b"half")
    open_index().merge()
    assert not any(path.exists() for path in left)
    check(open_index, hashes)


def test_damage_under_a_running_index_is_repaired_at_the_next_manifest(
    folder, open_index, add, hashes
):
    running = open_index()
    other = open_index()
    add(hashes[1010:1011], first=1010)
    other.catch_up()
    other.merge()
    flip(8192)(only(folder, "segment-*"))
    (folder / "manifest.json").touch()
    running._view.segments = ()  # nothing is shared: everything is opened again
    running.refresh()
    assert len(running.lookup(hashes[:1011]).queries) == 1010


def test_a_segment_whose_tables_lie_fails_the_self_check(tmp_path, hashes):
    path = tmp_path / "segment.bin"
    build_segment(path, np.arange(len(hashes), dtype=np.uint64), hashes, "fast")
    segment = Segment(path)
    live = LiveSegment(segment, None, np.zeros(500, np.uint8))
    random = np.random.default_rng(1)
    selfcheck.check_segment(live, 20, random)
    segment.arrays = {name: array.copy() for name, array in segment.arrays.items()}
    segment.arrays["sketches"][:] = 0
    with pytest.raises(IndexDamagedError, match="wrong answers"):
        selfcheck.check_segment(live, 20, random)


def test_a_file_is_replaced_as_a_whole(tmp_path):
    replace_bytes(tmp_path / "a", b"one")
    replace_bytes(tmp_path / "a", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"two")]


def test_the_manifest_is_plain_json_with_a_checksum(folder):
    body, digest = (folder / "manifest.json").read_text().splitlines()
    assert json.loads(body)["sequence"] == 1011
    assert len(digest) == 64
