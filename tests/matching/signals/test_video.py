"""vPDQ: frames, and the rule by which two videos match."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import SignalError
from consentry.matching.signals import frames as frame_hashes
from consentry.matching.signals import video
from consentry.matching.signals.contract import Signal, Unhashable

A, B, C = ("f8" * 32, "0f" * 32, "1c" * 32)


def frames(*digits, quality=100):
    return [frame_hashes.FrameHash(d, quality, float(i)) for i, d in enumerate(digits)]


def test_a_part_of_a_longer_video_matches_it():
    found = frame_hashes.overlap(frames(A, B), frames(A, B, C))
    assert found.query_percent == 100
    assert found.compared_percent == pytest.approx(66.667, abs=0.001)
    assert found.matches()


def test_four_of_five_frames_are_enough_and_three_are_not():
    others = [f"{n:02x}" * 32 for n in (0x11, 0x33, 0x55, 0x77, 0x99)]
    known = frames(*others[:4])
    assert frame_hashes.overlap(frames(*others), known).matches()
    assert not frame_hashes.overlap(frames(*others), known[:3]).matches()


def test_repeated_and_poor_frames_do_not_count():
    query = frames(A, A, A) + frames(B, quality=49)
    assert frame_hashes.overlap(query, frames(A)).query_percent == 100
    assert [frame.digits for frame in frame_hashes.usable(query)] == [A]


def test_frames_match_up_to_31_bits():
    off = lambda bits: f"{int(A, 16) ^ ((1 << bits) - 1):064x}"  # noqa: E731  a word, not a function
    assert frame_hashes.overlap(frames(A), frames(off(31))).query_percent == 100
    assert frame_hashes.overlap(frames(A), frames(off(32))).query_percent == 0


def test_without_a_frame_that_counts_nobody_can_say():
    assert frame_hashes.overlap(frames(A, quality=10), frames(A)) is None


def test_one_frame_a_second_is_hashed(pictures):
    pixels = pictures["coffee.png"]
    clip = [(n / 10, pixels[:, n * 2 :]) for n in range(25)]
    outcome = video.VideoPdq().hash_frames(clip)
    assert isinstance(outcome, Signal)
    assert [frame.time_s for frame in frame_hashes.parse_frames(outcome.value)] == [0.0, 1.0, 2.0]
    every = video.VideoPdq(seconds_per_hash=0).hash_frames(clip)
    assert len(frame_hashes.parse_frames(every.value)) == 25


def test_a_black_or_empty_video_is_unhashable():
    black = np.zeros((90, 90, 3), np.uint8)
    assert isinstance(video.VideoPdq().hash_frames([(0.0, black)]), Unhashable)
    assert isinstance(video.VideoPdq().hash_frames([]), Unhashable)


@given(
    st.lists(
        st.builds(
            frame_hashes.FrameHash,
            st.integers(0, 2**256 - 1).map(lambda n: f"{n:064x}"),
            st.integers(0, 100),
            st.integers(0, 10**7).map(lambda n: n / 1000),
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_back(hashed):
    assert frame_hashes.parse_frames(frame_hashes.write_frames(hashed)) == hashed


@given(st.text())
def test_any_text_is_parsed_or_refused_by_name(text):
    with contextlib.suppress(SignalError):
        assert frame_hashes.parse_frames(text)
