"""The gate: what a match in a bank becomes as a finding."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from consentry.matching import gate
from consentry.matching.fingerprints import Fingerprints, FramePrint
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.probes import Probe

SHA256 = "ab" * 32


@dataclass
class Bank:
    name: str = "TAKEN_DOWN"
    kind: str = "deny"
    category: str = "known.removed"
    max_distance: int = 31


@dataclass
class Match:
    bank: Bank = field(default_factory=Bank)
    content_id: int = 1
    signal_type: str = "pdq"
    distance: int = 0
    probe: int = 0
    state: str = "active"
    case: str | None = None


@dataclass
class Answer:
    matches: tuple
    sequence: int = 7


class FakeMatcher:
    """Answers one question after another."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def match(self, probes, **how):
        self.asked.append((len(probes), how))
        return Answer(tuple(self.answers.pop(0) if self.answers else ()))


def probe(turn="upright", quality=90, value=1):
    return Probe(np.full(4, value, np.uint64), turn, "full", quality)


def frame(*probes, time_s=None):
    """A frame as hashing gives it: without what is too poor."""
    return FramePrint(tuple(one for one in probes if one.quality >= 5), time_s, len(probes))


def prints(*frames, clip=False):
    digests = (Signal("sha256", SHA256), Signal("md5", "cd" * 16))
    return Fingerprints(frames, digests, SHA256, clip)


def picture(quality=90):
    return prints(frame(probe(quality=quality), probe("mirrored", quality)))


def clip(frames):
    shown = (frame(probe(value=n), probe("mirrored"), time_s=n / 2) for n in range(frames))
    return prints(*shown, clip=True)


def seen(fingerprints, *answers, count=None):
    return gate.look(fingerprints, FakeMatcher(*answers), count)


def categories(looked):
    return [finding.category for finding in looked.findings]


@pytest.mark.parametrize(
    ("distance", "limit", "score"), [(0, 31, 1.0), (31, 31, 0.5), (10, 20, 0.75), (0, 0, 1.0)]
)
def test_the_score_falls_to_a_half_at_the_banks_own_distance(distance, limit, score):
    (finding,) = seen(picture(), [Match(Bank(max_distance=limit), distance=distance)]).findings
    assert finding.score == score


def test_a_finding_says_where_the_match_comes_from():
    looked = seen(picture(), [Match(distance=4, probe=1, case="CASE-9")])
    (finding,) = looked.findings
    assert (finding.category, finding.detector, finding.where) == (
        "known.removed",
        "matching",
        None,
    )
    assert finding.detail == {
        "bank": "TAKEN_DOWN",
        "content": 1,
        "signal": "pdq",
        "distance": 4,
        "turn": "mirrored",
        "pipeline": "full",
        "case": "CASE-9",
    }
    assert looked.sequence == 7


def test_a_digest_of_the_file_has_no_turn():
    (finding,) = seen(picture(), [Match(signal_type="md5", probe=3)]).findings
    assert "turn" not in finding.detail
    assert finding.score == 1.0


def test_the_nearest_match_of_a_content_is_told_once():
    looked = seen(picture(), [Match(distance=9), Match(distance=2, probe=1), Match(content_id=2)])
    told = [(one.detail["content"], one.detail["distance"]) for one in looked.findings]
    assert told == [(1, 2), (2, 0)]


def test_what_an_allow_bank_holds_is_no_finding():
    assert categories(seen(picture(), [Match(Bank(kind="allow"))])) == []


@pytest.mark.parametrize(
    ("bank", "state", "category"),
    [
        (Bank(category="known.intimate"), "active", "known.intimate"),
        (Bank(category="known.intimate"), "held", "known.held"),
        (Bank(kind="watch"), "active", "known.watched"),
        (Bank(kind="watch"), "held", "known.watched"),
        (Bank(category="known.child_safety"), "active", "known.child_safety"),
        (Bank(category="known.child_safety"), "held", "known.child_safety"),
        (Bank(kind="watch", category="known.child_safety"), "active", "known.child_safety"),
    ],
)
def test_what_a_match_means(bank, state, category):
    assert categories(seen(picture(), [Match(bank, state=state)])) == [category]


def test_the_upload_that_floods_an_entry_is_held_itself():
    counted = []

    def count(contents, upload):
        counted.append((list(contents), upload))
        return [1]

    assert categories(seen(picture(), [Match()], count=count)) == ["known.held"]
    assert counted == [([1], bytes.fromhex(SHA256))]


def test_nothing_matched_and_nothing_held_is_counted():
    def count(*_):
        raise AssertionError

    seen(picture(), count=count)
    seen(picture(), [Match(state="held")], count=count)


def test_a_picture_without_detail_is_compared_by_its_bytes_and_said_to_be_unhashable():
    matcher = FakeMatcher([Match(signal_type="sha256", probe=0)])
    looked = gate.look(picture(quality=4), matcher, None)
    ((probes, how),) = matcher.asked
    assert (probes, len(how["exact"])) == (0, 2)
    assert categories(looked) == ["known.removed"]
    assert "unhashable" in looked.note
    assert seen(picture()).note == ""


@pytest.mark.parametrize(
    ("category", "told"),
    [("known.intimate", "known.held"), ("known.child_safety", "known.child_safety")],
)
def test_a_match_with_little_detail_is_in_doubt_and_must_be_near(category, told):
    matcher = FakeMatcher([Match(Bank(category=category))])
    (finding,) = gate.look(picture(quality=49), matcher, None).findings
    ((_, how),) = matcher.asked
    assert (how["radius"], finding.category, finding.detail["detail"]) == (15, told, "little")
    sharp = FakeMatcher()
    gate.look(picture(quality=50), sharp, None)
    assert sharp.asked[0][1]["radius"] == 31


def test_a_clip_says_how_many_frames_are_unhashable():
    poor = frame(probe(quality=3), time_s=1.0)
    looked = seen(prints(poor, *clip(2).frames, clip=True))
    assert looked.note.startswith("1 of 3 frames are unhashable")


def test_each_frame_of_a_clip_is_compared_with_banked_pictures():
    (finding,) = seen(clip(4), [], [], [Match(distance=3)]).findings
    assert (finding.category, finding.where) == ("known.removed", {"time_s": 1.0})


def video(**how):
    return Match(signal_type="vpdq", **how)


@pytest.mark.parametrize(("found", "category"), [(4, "known.removed"), (3, "known.held")])
def test_a_clip_is_a_copy_of_a_video_that_has_four_fifths_of_its_frames(found, category):
    (finding,) = seen(clip(5), *[[video()]] * found).findings
    assert finding.category == category
    assert finding.detail["percent_of_frames"] == found * 20


def test_frames_that_match_in_different_turns_do_not_add_up():
    answers = [[video(probe=place % 2)] for place in range(4)]
    (finding,) = seen(clip(4), *answers).findings
    assert finding.detail["percent_of_frames"] == 50


def test_part_of_a_video_that_children_were_harmed_in_is_never_in_doubt():
    bank = Bank(category="known.child_safety")
    assert categories(seen(clip(5), [video(bank=bank)])) == ["known.child_safety"]


def test_a_still_of_a_banked_video_is_a_copy():
    (finding,) = seen(picture(), [video(distance=2)]).findings
    assert finding.category == "known.removed"
    assert "percent_of_frames" not in finding.detail
