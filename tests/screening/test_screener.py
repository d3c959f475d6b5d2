"""The Screener: one decision from whatever happens on the road."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image
from tests.fakes import FakeDetector, raising, saying

from consentry.detectors.loading import Roster
from consentry.errors import DetectorError, ModelMissingError, PolicyError
from consentry.findings import Action, Finding, Stage
from consentry.media import MediaDecoder, Prompt
from consentry.policy.engine import Policy
from consentry.screening.decision import Decision
from consentry.screening.screener import Screener
from consentry.screening.submission import Submission

MEDIA_STAGES = [Stage.REFERENCE, Stage.OUTPUT, Stage.UPLOAD]


@pytest.fixture(scope="module")
def decoder():
    from consentry.config import MediaSettings

    with MediaDecoder(MediaSettings(decoders=1)) as opened:
        yield opened


@pytest.fixture
def screener_with(decoder, settings):
    opened = []

    def make(*detectors, policy=None, disabled=()):
        roster = Roster(tuple(detectors), tuple(disabled))
        one = Screener(
            decoder=decoder,
            roster=roster,
            policy=policy or Policy.load(None),
            settings=settings,
        )
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


def gates(decision):
    return {gate.name: gate for gate in decision.gates}


def categories(decision):
    return [finding.category for finding in decision.findings]


def animation(frames: int) -> bytes:
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (32, 32), (index * 9 % 256, 0, 0)) for index in range(frames)]
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=100)
    return buffer.getvalue()


def test_nothing_found_is_allowed_and_each_gate_says_what_it_saw(screener_with, cup):
    decision = screener_with(FakeDetector()).screen(Submission(Stage.OUTPUT, media=cup)).decision
    digest = hashlib.sha256(cup).hexdigest()
    assert decision.action is Action.ALLOW
    assert decision.input == f"sha256:{digest}"
    assert {name: gate.saw for name, gate in gates(decision).items()} == {
        "decode": digest,
        "fake": digest,
    }
    assert all(gate.status == "checked" for gate in decision.gates)


@pytest.mark.parametrize("stage", MEDIA_STAGES)
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("boom"), "failed"),
        (DetectorError("It is broken."), "failed"),
        (ModelMissingError("Its file is gone."), "missing"),
    ],
)
def test_a_detector_that_cannot_look_is_unchecked(screener_with, cup, stage, error, status):
    decision = screener_with(raising(error)).screen(Submission(stage, media=cup)).decision
    assert "unchecked" in categories(decision)
    assert gates(decision)["fake"].status == status
    assert gates(decision)["fake"].note
    expected = Action.REVIEW if stage is Stage.UPLOAD else Action.BLOCK
    assert decision.action is expected
    assert any("check" in reason.text.lower() for reason in decision.reasons)


def test_no_detector_at_all_is_not_a_clean_bill(screener_with, cup):
    decision = screener_with().screen(Submission(Stage.OUTPUT, media=cup)).decision
    assert categories(decision) == ["unchecked"]
    assert decision.action is Action.BLOCK


def test_a_detector_switched_off_is_named(screener_with, cup):
    screener = screener_with(FakeDetector(), disabled=(FakeDetector(name="age"),))
    gate = gates(screener.screen(Submission(Stage.UPLOAD, media=cup)).decision)["age"]
    assert (gate.status, gate.saw) == ("not_assessed", None)


@pytest.mark.parametrize("stage", MEDIA_STAGES)
def test_a_file_that_cannot_be_opened_is_blocked_and_named(screener_with, cup, stage):
    decision = screener_with(FakeDetector()).screen(Submission(stage, media=cup[:-999])).decision
    assert decision.error == "media.truncated"
    assert decision.action is Action.BLOCK
    assert decision.reasons[0].code == "media.truncated"
    assert gates(decision)["decode"].status == "refused"
    assert gates(decision)["fake"].status == "missing"


def test_the_second_time_nothing_is_decoded_or_computed(screener_with, cup, monkeypatch):
    detector = saying("person.face", 0.9)
    screener = screener_with(detector)
    first = screener.screen(Submission(Stage.UPLOAD, media=cup)).decision
    monkeypatch.setattr(MediaDecoder, "decode", lambda *_, **__: pytest.fail("decoded again"))
    second = screener.screen(Submission(Stage.UPLOAD, media=cup)).decision
    assert len(detector.calls) == 1
    assert {gate.status for gate in second.gates} == {"cached"}
    assert second.findings == first.findings
    assert second.id != first.id


def test_another_name_is_checked_although_the_bytes_are_known(screener_with, cup):
    screener = screener_with(FakeDetector())
    known = screener.screen(Submission(Stage.UPLOAD, media=cup, name="a.jpg")).decision
    assert known.error is None
    decision = screener.screen(Submission(Stage.UPLOAD, media=cup, name="a.png")).decision
    assert decision.error == "media.wrong_extension"


def test_every_sampled_frame_is_looked_at_and_told_apart(screener_with):
    def dark(subject, seen):
        del seen
        red = int(subject.pixels[..., 0].mean())
        return [Finding("sexual.explicit", 0.9, "fake")] if red > 60 else []

    detector = FakeDetector(report=dark)
    decision = (
        screener_with(detector).screen(Submission(Stage.UPLOAD, media=animation(10))).decision
    )
    assert len(detector.calls) == 10
    times = [finding.where["time_s"] for finding in decision.findings]
    assert times == [0.7, 0.8, 0.9]
    assert decision.context["media"] == "clip"
    assert decision.action.severity >= Action.REVIEW.severity


def test_a_prompt_is_looked_at_by_prompt_detectors_only(screener_with):
    words = FakeDetector(name="words", kind="prompt")
    picture = FakeDetector(name="picture")
    decision = (
        screener_with(words, picture)
        .screen(Submission(Stage.PROMPT, prompt="a lighthouse"))
        .decision
    )
    assert list(gates(decision)) == ["words"]
    assert gates(decision)["words"].saw == hashlib.sha256(b"a lighthouse").hexdigest()
    assert picture.calls == []


def test_a_prompt_and_its_reference_are_judged_together(screener_with, cup):
    words = saying("sexual.suggestive", 0.9, name="words", kind="prompt")
    picture = saying("person.face", 0.9, name="picture", stages=frozenset({Stage.REFERENCE}))
    screener = screener_with(words, picture)
    decision = screener.screen(Submission(Stage.PROMPT, prompt="a portrait", media=cup)).decision
    assert words.calls[0].has_reference is True
    found = {finding.category: finding.where for finding in decision.findings}
    assert found == {"sexual.suggestive": None, "person.face": {"input": "reference"}}
    assert decision.context["has_reference"] is True


@pytest.mark.parametrize("prompt", ["", "   ", "x" * 40_000])
def test_a_prompt_that_is_no_prompt_is_refused(screener_with, prompt):
    words = FakeDetector(kind="prompt")
    decision = screener_with(words).screen(Submission(Stage.PROMPT, prompt=prompt)).decision
    assert (decision.error, decision.action) == ("prompt", Action.BLOCK)
    assert words.calls == []


def test_a_category_that_nobody_can_judge_is_refused_at_start(screener_with):
    with pytest.raises(PolicyError, match=r"acme\.umbrella"):
        screener_with(saying("acme.umbrella", 0.5))


def test_a_decision_survives_the_trip_through_json(screener_with, cup):
    detector = saying("person.face", 0.5)
    decision = screener_with(detector).screen(Submission(Stage.UPLOAD, media=cup)).decision
    plain = decision.as_json()
    assert Decision.from_json(plain).as_json() == plain


@pytest.mark.parametrize("stage", MEDIA_STAGES)
@pytest.mark.parametrize("sexual", ["sexual.explicit", "sexual.nudity", "sexual.undress"])
def test_sexual_and_minor_is_escalated_whatever_the_policy(screener_with, cup, stage, sexual):
    lax = """
    [[rule]]
    id = "lax"
    stages = ["prompt", "reference", "output", "upload"]
    when = "true"
    action = "allow"
    text = "Everything goes."
    why = "A policy that tries."
    [[rule.test]]
    given = { stage = "upload" }
    expect = "allow"
    """
    detectors = [
        saying(sexual, 0.9, name="one"),
        saying("minor.apparent", 0.9, name="two"),
    ]
    screener = screener_with(*detectors, policy=Policy.from_text(lax, "lax"))
    decision = screener.screen(Submission(stage, media=cup)).decision
    assert decision.action is Action.ESCALATE
    assert decision.keep is False


def test_a_picture_is_an_array_that_nobody_can_change(screener_with, cup):
    detector = FakeDetector()
    screener_with(detector).screen(Submission(Stage.UPLOAD, media=cup))
    with pytest.raises(ValueError, match="read-only"):
        detector.calls[0].pixels[0, 0] = np.zeros(3, np.uint8)


def test_detectors_are_told_what_is_about_to_come_and_may_fail_at_it(screener_with):
    words = saying("language.unknown", 1.0, name="words", kind="prompt")
    told: list[str] = []
    words.prepare = lambda prompts: told.extend(one.text for one in prompts)
    late = saying("language.unknown", 1.0, name="late", kind="prompt")

    def cannot(prompts):
        raise ModelMissingError(f"not for {len(prompts)}")

    late.prepare = cannot
    screener_with(late, words).expect([Prompt("a lamp"), Prompt("a chair")])
    assert told == ["a lamp", "a chair"]
