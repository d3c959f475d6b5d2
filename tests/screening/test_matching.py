"""The matching gate on the road: beside the detectors, never cached, never silent."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image
from tests.fakes import FakeDetector

from consentry.config import Settings
from consentry.detectors.loading import Roster
from consentry.errors import IndexBehindError, MatchingMissingError
from consentry.findings import Action, Finding, Stage
from consentry.matching.gate import Looked
from consentry.media import MediaDecoder
from consentry.policy.engine import Policy
from consentry.screening.screener import Screener
from consentry.screening.submission import Submission

EVERYWHERE = [Stage.REFERENCE, Stage.OUTPUT, Stage.UPLOAD]


class FakeMatching:
    """Banks that answer as a test asks of them."""

    def __init__(self, findings=(), *, banked=True, remembered=(), error=None, seconds=0.0):
        self.findings = findings
        self.banked = banked
        self.remembered = remembered
        self.error = error
        self.seconds = seconds
        self.looks = []

    def anything_banked(self):
        return self.banked

    def remembers(self, stage):
        return stage in self.remembered

    def look(self, prints, stage):
        self.looks.append((prints, stage))
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return Looked(tuple(self.findings), "", len(self.looks))


@pytest.fixture(scope="module")
def decoder():
    from consentry.config import MediaSettings

    with MediaDecoder(MediaSettings(decoders=1)) as opened:
        yield opened


@pytest.fixture
def screener_with(decoder, tmp_path):
    opened = []

    def make(matching, *, budget=8.0):
        settings = Settings(
            home=tmp_path / "home", screening={"workers": 2, "budget_seconds": budget}
        )
        one = Screener(
            decoder=decoder,
            roster=Roster((FakeDetector(), FakeDetector(name="words", kind="prompt")), ()),
            policy=Policy.load(None),
            settings=settings,
            matching=matching,
        )
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


def gates(screened):
    return {one.name: one for one in screened.decision.gates}


REMOVED = Finding("known.removed", 0.81234567, "matching")


@pytest.mark.parametrize("stage", EVERYWHERE)
def test_what_it_finds_is_judged(screener_with, cup, stage):
    screened = screener_with(FakeMatching([REMOVED])).screen(Submission(stage, media=cup))
    assert screened.decision.action is Action.BLOCK
    assert screened.decision.findings[-1].score == 0.8123  # what is judged is what is stored
    assert gates(screened)["matching"].version == "pdq-1+1"


def test_at_the_stage_prompt_it_looks_at_the_reference_picture(screener_with, cup):
    matching = FakeMatching([REMOVED])
    submission = Submission(Stage.PROMPT, media=cup, prompt="a cup")
    screened = screener_with(matching).screen(submission)
    ((_, stage),) = matching.looks
    assert stage is Stage.REFERENCE
    (finding,) = screened.decision.findings
    assert finding.where == {"input": "reference"}
    assert screened.decision.action is Action.BLOCK
    assert screener_with(matching).screen(Submission(Stage.PROMPT, prompt="a cup")).prints is None
    assert len(matching.looks) == 1


def test_the_same_bytes_are_hashed_once_and_compared_every_time(screener_with, cup):
    matching = FakeMatching()
    screener = screener_with(matching)
    first, second = (screener.screen(Submission(Stage.UPLOAD, media=cup)) for _ in range(2))
    assert [gates(one)["matching"].version for one in (first, second)] == ["pdq-1+1", "pdq-1+2"]
    assert [gates(one)["matching"].status for one in (first, second)] == ["checked", "checked"]
    assert first.prints is second.prints
    assert gates(second)["decode"].status == "cached"
    assert gates(second)["fake"].status == "cached"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IndexBehindError("The log of known hashes cannot be read."), "failed"),
        (MatchingMissingError("Hashes are banked here."), "missing"),
        (RuntimeError("secret"), "failed"),
    ],
)
@pytest.mark.parametrize("stage", EVERYWHERE)
def test_when_it_cannot_look_that_is_unchecked_and_says_why(
    screener_with, cup, error, status, stage
):
    screened = screener_with(FakeMatching(error=error)).screen(Submission(stage, media=cup))
    (finding,) = screened.decision.findings
    assert (finding.category, finding.detector) == ("unchecked", "matching")
    assert not screened.decision.action.releases
    assert gates(screened)["matching"].status == status
    assert gates(screened)["matching"].note == finding.detail["reason"]
    assert "secret" not in finding.detail["reason"]


def test_it_keeps_to_the_budget(screener_with, cup):
    screener = screener_with(FakeMatching(seconds=1.0), budget=0.4)
    screened = screener.screen(Submission(Stage.OUTPUT, media=cup))
    assert gates(screened)["matching"].status == "late"
    assert screened.decision.action is Action.BLOCK


def test_with_nothing_banked_and_nothing_remembered_nothing_is_hashed(screener_with, cup):
    matching = FakeMatching([REMOVED], banked=False)
    screened = screener_with(matching).screen(Submission(Stage.UPLOAD, media=cup))
    assert screened.prints is None
    assert matching.looks == []
    assert "matching" not in gates(screened)


def test_with_nothing_banked_the_fingerprint_is_taken_and_nobody_claims_a_look(screener_with, cup):
    matching = FakeMatching([REMOVED], banked=False, remembered={Stage.UPLOAD})
    screener = screener_with(matching)
    screened = screener.screen(Submission(Stage.UPLOAD, media=cup))
    assert len(screened.prints.words) == 8
    assert matching.looks == []
    assert "matching" not in gates(screened)
    assert screener.screen(Submission(Stage.REFERENCE, media=cup)).prints is None


def test_a_fingerprint_that_could_not_be_taken_is_said(screener_with, cup, monkeypatch):
    def broken(*_args, **_how):
        raise MemoryError

    monkeypatch.setattr("consentry.screening.matching.take_fingerprints", broken)
    matching = FakeMatching(banked=False, remembered={Stage.UPLOAD})
    screened = screener_with(matching).screen(Submission(Stage.UPLOAD, media=cup))
    assert screened.decision.action is Action.ALLOW
    assert gates(screened)["matching"].note.startswith("No fingerprint was kept")


def test_a_file_that_does_not_open_is_not_compared_and_the_gate_says_so(screener_with, cup):
    matching = FakeMatching()
    screened = screener_with(matching).screen(Submission(Stage.UPLOAD, media=cup[:-999]))
    assert matching.looks == []
    assert gates(screened)["matching"].status == "missing"
    assert screened.prints is None


def test_a_clip_is_compared_as_a_whole(screener_with):
    pages = [Image.effect_noise((64, 64), 9 * index + 20).convert("RGB") for index in range(4)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=100)
    matching = FakeMatching()
    screened = screener_with(matching).screen(Submission(Stage.UPLOAD, media=buffer.getvalue()))
    ((prints, _),) = matching.looks
    assert (prints.clip, len(prints.frames)) == (True, 4)
    assert [round(frame.time_s, 3) for frame in prints.frames] == [0.0, 0.1, 0.2, 0.3]
    assert [one.name for one in screened.decision.gates].count("matching") == 1
