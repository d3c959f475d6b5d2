"""The runner: order, budget, failures, and computing identical input once."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from tests.fakes import FakeDetector, raising, saying

from consentry.errors import ModelMissingError
from consentry.findings import Finding
from consentry.media.picture import Picture
from consentry.screening.runner import Look, Runner

PICTURE = Picture.from_pixels(np.zeros((4, 4, 3), np.uint8))


@pytest.fixture
def runner():
    runner = Runner(workers=2, budget_seconds=5.0, cache_entries=16)
    yield runner
    runner.close()


@pytest.fixture
def hasty():
    runner = Runner(workers=2, budget_seconds=0.2, cache_entries=16)
    yield runner
    runner.close()


def look(*detectors, key="one", subject=lambda: PICTURE, **where):
    return Look(("picture", key), subject, detectors, where)


def statuses(results):
    return {result.detector.name: result.status for result in results}


def test_a_detector_gets_the_findings_that_it_needs(runner):
    faces = saying("person.face", 0.9, name="faces")
    age = FakeDetector(
        name="age",
        needs=("faces",),
        categories=frozenset({"minor.apparent"}),
        report=lambda subject, seen: [Finding("minor.apparent", seen["faces"][0].score, "age")],  # noqa: ARG005
    )
    results = runner.run([look(age, faces)])
    assert [result.detector.name for result in results] == ["age", "faces"]
    assert results[0].findings[0].score == 0.9


def test_two_detectors_run_at_the_same_time(runner):
    meeting = threading.Barrier(2, timeout=4)

    def meet(subject, seen):
        del subject, seen
        meeting.wait()
        return []

    pair = [FakeDetector(name=name, report=meet) for name in ("a", "b")]
    assert set(statuses(runner.run([look(*pair)])).values()) == {"checked"}


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (RuntimeError("secret words"), "failed", "RuntimeError"),
        (ModelMissingError("The file is gone."), "missing", "The file is gone."),
    ],
)
def test_a_detector_that_raises_says_so_without_its_innards(runner, error, status, word):
    (result,) = runner.run([look(raising(error))])
    assert result.status == status
    assert word in result.note
    assert "secret" not in result.note


def test_what_needs_a_failed_detector_is_missing_too(runner):
    faces = raising(RuntimeError(), name="faces")
    age = FakeDetector(name="age", needs=("faces",))
    assert statuses(runner.run([look(faces, age)])) == {"faces": "failed", "age": "missing"}
    assert age.calls == []


def test_what_needs_an_absent_detector_is_missing(runner):
    (result,) = runner.run([look(FakeDetector(name="age", needs=("faces",)))])
    assert result.status == "missing"
    assert "faces" in result.note


def test_detectors_that_need_each_other_end(hasty):
    a, b = FakeDetector(name="a", needs=("b",)), FakeDetector(name="b", needs=("a",))
    assert set(statuses(hasty.run([look(a, b)])).values()) <= {"late", "missing"}


def test_an_undeclared_category_is_a_failure(runner):
    liar = saying("person.face", 0.5)
    liar.categories = frozenset({"sexual.explicit"})
    (result,) = runner.run([look(liar)])
    assert result.status == "failed"
    assert result.findings == ()


def test_identical_input_is_computed_once(runner):
    detector = saying("sexual.explicit", 0.5)
    runner.run([look(detector)])
    (result,) = runner.run([look(detector, subject=lambda: pytest.fail("decoded again"))])
    assert (result.status, len(detector.calls)) == ("cached", 1)
    assert result.findings[0].score == 0.5


def test_a_new_version_looks_again(runner):
    detector = saying("sexual.explicit", 0.5)
    runner.run([look(detector)])
    detector.version = "2"
    runner.run([look(detector)])
    assert len(detector.calls) == 2


def test_identical_input_at_the_same_time_is_computed_once(runner):
    go = threading.Event()

    def slow(subject, seen):
        del subject, seen
        go.wait(4)
        return []

    detector = FakeDetector(report=slow)
    threads = [threading.Thread(target=runner.run, args=([look(detector)],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert len(detector.calls) == 1


def test_a_failure_is_not_remembered(runner):
    detector = raising(RuntimeError())
    runner.run([look(detector)])
    detector.report = lambda subject, seen: []  # noqa: ARG005
    assert statuses(runner.run([look(detector)])) == {"fake": "checked"}


def test_a_late_detector_is_late_and_cannot_starve_the_others(hasty):
    release = threading.Event()
    hanging = FakeDetector(name="hanging", report=lambda subject, seen: release.wait(10) and [])  # noqa: ARG005
    quick = saying("person.face", 0.9, name="quick")
    for key in ("a", "b", "c"):
        result = statuses(hasty.run([look(hanging, quick, key=key)]))
        assert result == {"hanging": "late", "quick": "checked"}
    assert len(hanging.calls) == 1  # while it hangs it is given nothing more
    release.set()
    for _ in range(100):
        if statuses(hasty.run([look(hanging, key="d")])) == {"hanging": "checked"}:
            break
        time.sleep(0.02)
    else:
        pytest.fail("a detector that came back was not used again")


def test_the_cache_forgets_what_was_used_longest_ago():
    runner = Runner(workers=1, budget_seconds=5.0, cache_entries=2)
    detector = saying("sexual.explicit", 0.5)
    for key in ("a", "b", "a", "c", "a", "b"):
        runner.run([look(detector, key=key)])
    runner.close()
    assert len(detector.calls) == 4  # a, b, c, and b again


def test_a_quick_detector_is_run_by_whoever_asks_and_beside_the_others(runner):
    ran: dict[str, str] = {}

    def note(name):
        def report(subject, seen):
            del subject, seen
            ran[name] = threading.current_thread().name
            return []

        return FakeDetector(name=name, report=report)

    here, there = note("here"), note("there")
    here.quick = True
    assert statuses(runner.run([look(here, there)])) == {"here": "checked", "there": "checked"}
    assert ran["here"] == threading.current_thread().name != ran["there"]
    assert statuses(runner.run([look(here)])) == {"here": "cached"}


def test_a_quick_detector_that_raises_fails_alone_and_is_asked_again(runner):
    broken, fine = raising(ValueError("no"), name="broken"), saying("person.face", 0.9)
    broken.quick = True
    for _ in range(2):
        assert statuses(runner.run([look(broken, fine)]))["broken"] == "failed"


def test_who_waits_for_a_quick_detector_is_told_when_it_is_interrupted(runner):
    broken = raising(KeyboardInterrupt(), name="broken")
    broken.quick = True
    with pytest.raises(KeyboardInterrupt):
        runner.run([look(broken)])
    broken.report = lambda subject, seen: []  # noqa: ARG005
    assert statuses(runner.run([look(broken)])) == {"broken": "checked"}
