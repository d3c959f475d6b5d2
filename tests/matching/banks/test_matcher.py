"""What is banked is found at once, by everybody, under the rules of its bank."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.matching.banks.conftest import near, pdq, words

from consentry.errors import IndexBehindError, MatchingMissingError, SignalError, StorageError
from consentry.matching.banks import Banks, NewContent
from consentry.matching.matcher import Matcher
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import from_words

CHILD = "known.child_safety"
SHA = Signal("sha256", "ab" * 32)


def found(matcher, probes, **how):
    return [
        (one.bank.name, one.probe, one.distance) for one in matcher.match(probes, **how).matches
    ]


@pytest.mark.parametrize("sealed", [False, True])
def test_what_is_added_is_found_and_what_is_removed_is_not(banks, matcher, sealed):
    banks.create("ONE", sealed=sealed)
    added = banks.add("ONE", [pdq(1)], case="C-1")
    answer = matcher.match([words(2), near(1, 31), near(1, 32)], at_least=added.sequence)
    (match,) = answer.matches
    assert (match.probe, match.distance, match.content_id) == (1, 31, added.content_id)
    assert (match.signal_type, match.signal_id) == ("pdq", added.signal_ids[0])
    assert (match.case, match.state, match.frame) == ("C-1", "active", 0)
    assert answer.sequence >= added.sequence
    gone = banks.remove("ONE", added.content_id)
    assert matcher.match([words(1)], at_least=gone).matches == ()


def test_a_deleted_bank_is_not_matched_and_its_hashes_are_wiped(banks, matcher, storage):
    banks.create("ONE")
    banks.create("TWO")
    banks.add_many("ONE", (NewContent([pdq(n)]) for n in range(2_500)))
    banks.add("TWO", [pdq(1)])
    last = banks.delete("ONE")
    assert found(matcher, [words(1), words(2_499)], at_least=last) == [("TWO", 0, 0)]
    with storage.reading() as connection:
        left = "SELECT count(*) FROM bank_signals WHERE live OR value IS NOT NULL"
        assert connection.exec_driver_sql(left).scalar() == 1


def test_what_a_crash_leaves_of_a_deleted_bank_is_wiped_later(banks, matcher, monkeypatch):
    banks.create("ONE")
    added = banks.add("ONE", [pdq(1)])
    with monkeypatch.context() as broken:
        broken.setattr(Banks, "_wipe", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            banks.delete("ONE")
    assert found(matcher, [words(1)], at_least=added.sequence) == []
    assert matcher.state().entries == 1
    assert banks.withdraw_expired() == 0
    matcher.match([words(1)], at_least=banks.sequence)
    assert matcher.state().entries == 0


def test_a_sealed_bank_leaves_no_file(banks, matcher, settings):
    banks.create("ONE", sealed=True)
    banks.add("ONE", [pdq(1)])
    assert found(matcher, [words(1)])
    assert not (settings.home / "index").exists()


def test_hashes_of_both_logs_in_one_content(banks, matcher):
    banks.create("ONE", sealed=True)
    for signals in ([pdq(1), SHA], [SHA, pdq(2)]):
        added = banks.add("ONE", signals)
        assert len(matcher.match([words(1)], exact=[SHA], at_least=added.sequence).matches) > 1


def test_digests_are_found_by_equality_in_the_same_question(banks, matcher):
    banks.create("ONE", sealed=True)
    banks.create("TWO")
    md5 = Signal("md5", "0f" * 16)
    banks.add("ONE", [SHA])
    banks.add("TWO", [md5, pdq(1)])
    other = Signal("sha256", "ab" * 31 + "ac")
    hits = found(matcher, [words(1)], exact=[other, SHA, md5])
    assert hits == [("TWO", 0, 0), ("ONE", 2, 0), ("TWO", 3, 0)]
    assert [one.probe for one in matcher.match_exact("sha256", [SHA.value]).matches] == [0]
    assert matcher.match_exact("video_md5", [md5.value]).matches[0].signal_type == "md5"
    assert matcher.match_exact("md5", ["ab" * 16]).matches == ()
    with pytest.raises(SignalError):
        matcher.match_exact("pdq", [pdq(1).value])


def test_a_bank_may_ask_for_less_distance(banks, matcher):
    banks.create("NARROW", max_distance=10)
    banks.create("WIDE")
    for name in ("NARROW", "WIDE"):
        banks.add(name, [pdq(1)])
    assert len(found(matcher, [near(1, 10)])) == 2
    assert found(matcher, [near(1, 11)]) == [("WIDE", 0, 11)]
    assert found(matcher, [near(1, 11)], radius=10) == []
    assert found(matcher, [near(1, 10)], banks={"NARROW"}) == [("NARROW", 0, 10)]
    banks.update("NARROW", max_distance=11)
    assert len(found(matcher, [near(1, 11)])) == 2


def test_expiry_and_times_of_rest_hold_to_the_moment(banks, matcher):
    banks.create("ONE")
    now, hour = datetime.now(UTC), timedelta(hours=1)
    banks.add("ONE", [pdq(1)], expires_at=now - hour)
    banks.add("ONE", [pdq(2)], expires_at=now + hour)
    banks.add("ONE", [pdq(3)], disable_until=now + hour)
    banks.add("ONE", [pdq(4)], disable_until=now - hour)
    assert [probe for _, probe, _ in found(matcher, [words(n) for n in range(5)])] == [2, 4]


def test_what_is_held_says_so_and_child_safety_is_never_held(banks, matcher):
    banks.create("ONE")
    banks.create("CHILDREN", category=CHILD)
    held = banks.add("ONE", [pdq(1)]).content_id
    banks.add("CHILDREN", [pdq(1)])
    banks.hold("ONE", held)
    states = {one.bank.name: one.state for one in matcher.match([words(1)]).matches}
    assert states == {"ONE": "held", "CHILDREN": "active"}


def test_an_allowed_picture_clears_what_is_no_nearer(banks, matcher):
    banks.create("DENY")
    banks.create("WATCH", kind="watch")
    banks.create("CHILDREN", category=CHILD)
    banks.create("ALLOW", kind="allow")
    for name in ("DENY", "WATCH", "CHILDREN"):
        banks.add(name, [pdq(1)])
    allowed = banks.add("ALLOW", [Signal("pdq", from_words(near(1, 8))[0])])
    at_allowed = {name for name, _, _ in found(matcher, [near(1, 8)])}
    assert at_allowed == {"ALLOW", "CHILDREN"}
    at_denied = {name for name, _, _ in found(matcher, [words(1)])}
    assert at_denied == {"ALLOW", "CHILDREN", "DENY", "WATCH"}
    banks.hold("ALLOW", allowed.content_id)
    assert len(found(matcher, [near(1, 8)])) == 4


def test_one_allowed_probe_clears_the_whole_picture_if_asked_together(banks, matcher):
    banks.create("DENY")
    banks.create("ALLOW", kind="allow")
    banks.add("DENY", [pdq(1)])
    banks.add("ALLOW", [SHA])
    assert len(found(matcher, [words(1)], exact=[SHA])) == 2
    assert found(matcher, [words(1)], exact=[SHA], together=True) == [("ALLOW", 1, 0)]


def test_an_md5_clears_nothing(banks, matcher):
    banks.create("DENY")
    banks.create("ALLOW", kind="allow")
    md5 = Signal("md5", "0f" * 16)
    banks.add("DENY", [pdq(1)])
    banks.add("ALLOW", [md5])
    assert len(found(matcher, [words(1)], exact=[md5], together=True)) == 2


def test_a_bank_may_be_enabled_for_a_part(banks, matcher):
    banks.create("HALF", enabled_ratio=0.5)
    banks.create("NONE", enabled_ratio=0)
    banks.add("HALF", [pdq(1)])
    banks.add("NONE", [pdq(1)])
    hits = [found(matcher, [words(1)], seed=str(n)) for n in range(400)]
    assert 140 < sum(map(len, hits)) < 260
    assert hits == [found(matcher, [words(1)], seed=str(n)) for n in range(400)]
    assert len(found(matcher, [words(1)], bypass_ratio=True)) == 2


def video(*numbers, start=0):
    frames = [
        f"{pdq(number).value},100,{second:.3f}" for second, number in enumerate(numbers, start)
    ]
    return Signal("vpdq", json.dumps(frames))


def test_a_picture_finds_the_frame_of_a_video_and_a_video_its_like(banks, matcher):
    banks.create("ONE")
    added = banks.add("ONE", [video(*range(10))])
    (frame,) = matcher.match([near(7, 3)]).matches
    assert (frame.signal_type, frame.frame, frame.distance) == ("vpdq", 7, 3)
    asked = [pdq(7), video(3, 4, 5, 6, 99), video(3, 4, 5, 98, 99)]
    (whole,) = matcher.match_signals(asked).matches
    assert (whole.probe, whole.distance, whole.content_id) == (1, 20, added.content_id)
    gone = banks.remove("ONE", added.content_id)
    assert matcher.match([words(n) for n in range(10)], at_least=gone).matches == ()


def test_thousands_at_once(banks, matcher):
    banks.create("ONE")
    banks.add_many("ONE", (NewContent([pdq(n)]) for n in range(3_000)))
    hits = found(matcher, np.stack([words(n) for n in range(0, 6_000, 2)]))
    assert [probe for _, probe, _ in hits] == list(range(1_500))


def test_with_nothing_banked_nothing_is_compiled_and_the_answer_is_true(settings, storage, banks):
    banks.create("ONE")
    with Matcher.open(settings, storage) as matcher:
        assert matcher.ready
        assert matcher.match([words(1)]).matches == ()
        added = banks.add("ONE", [pdq(1)])
        assert matcher.match([words(1)], at_least=added.sequence).matches
        assert matcher.state().entries == 1
    code = (
        "import sys; from pathlib import Path; from consentry.config import Settings;"
        "from consentry.matching.matcher import Matcher;"
        "from consentry.storage import open_storage;"
        "import numpy; s = Settings(home=Path(sys.argv[1]));"
        "Matcher.open(s, open_storage(s)).match(numpy.zeros((1, 4), 'u8'));"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, settings.home.parent / "other"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_without_the_extra_something_banked_is_an_error(banks, matcher, monkeypatch):
    banks.create("ONE")
    banks.add("ONE", [pdq(1)])
    for name in list(sys.modules):
        if name.startswith(("consentry.matching.index", "numba")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setitem(sys.modules, "consentry.matching.compiled", None)
    with pytest.raises(MatchingMissingError):
        matcher.match([words(1)])


def test_a_change_that_is_not_there_yet_is_an_error(banks, matcher):
    banks.create("ONE")
    added = banks.add("ONE", [pdq(1)])
    assert matcher.match([words(1)], at_least=added.sequence).matches
    with pytest.raises(IndexBehindError):
        matcher.match([words(1)], at_least=added.sequence + 1)


def test_without_its_database_it_gives_no_answer(banks, matcher, storage):
    banks.create("ONE")
    banks.add("ONE", [pdq(1)])
    assert matcher.match([words(1)]).matches
    with storage._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sequences")
    matcher._shelves._asked = float("-inf")
    with pytest.raises(StorageError):
        matcher.match([words(2)])
