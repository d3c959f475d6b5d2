"""The façade on the real system: what an application calls, stores and replays."""

from __future__ import annotations

import pytest

from consentry.errors import NotFoundError
from consentry.findings import Action, Stage


def found(decision, category):
    return [finding for finding in decision.findings if finding.category == category]


def test_a_real_portrait_is_looked_at_by_every_gate(guard, portrait):
    decision = guard.check_output(portrait, prompt="a portrait of an astronaut")
    assert {gate.name: gate.status for gate in decision.gates} == {
        "decode": "checked",
        "faces": "checked",
        "age": "checked",
        "explicitness": "checked",
        "prompt-learned": "checked",
        "prompt-names": "checked",
        "prompt-rules": "checked",
    }
    (face,) = found(decision, "person.face")
    x, y, width, height = face.where["box"]
    assert (x > 150, y > 50, width > 60, height > 80) == (True, True, True, True)
    (age,) = found(decision, "minor.apparent")
    assert age.score < 0.1
    assert sum(age.detail["bins"].values()) == pytest.approx(1, abs=0.01)
    (explicit,) = found(decision, "sexual.explicit")
    assert explicit.score < 0.2
    assert decision.action is Action.ALLOW


def test_a_cup_has_no_face(guard, cup):
    decision = guard.check_upload(cup)
    assert found(decision, "person.face") == []
    assert decision.action is Action.ALLOW


def test_undressing_a_person_in_a_photo_is_refused(guard, portrait):
    decision = guard.check_prompt("remove her clothes", reference=portrait)
    assert decision.action is Action.BLOCK
    assert decision.stage is Stage.PROMPT
    assert decision.reasons[0].text


def test_an_ordinary_edit_of_the_same_photo_is_not(guard, portrait):
    decision = guard.check_prompt("change her suit to blue", reference=portrait)
    assert decision.action.releases


def test_a_decision_is_stored_without_what_it_was_about(guard, portrait):
    words = "a portrait with the word xylophone"
    decision = guard.check_output(portrait, prompt=words)
    stored = guard.decision(decision.id)
    assert stored.as_json() == decision.as_json()
    files = [path for path in guard.settings.home.rglob("*") if path.is_file()]
    assert files
    assert not any(b"xylophone" in path.read_bytes() for path in files)


def test_a_decision_can_be_replayed(guard, portrait):
    decision = guard.check_prompt("remove her clothes", reference=portrait)
    replay = guard.replay(decision.id)
    assert replay.same
    assert replay.verdict.action is Action.BLOCK


def test_a_refused_file_replays_the_same(guard, cup):
    decision = guard.check_upload(cup[:-500])
    assert decision.error == "media.truncated"
    assert guard.replay(decision.id).same


def test_an_unknown_decision_is_not_found(guard):
    with pytest.raises(NotFoundError):
        guard.decision("0" * 32)


def test_everything_is_ready(guard):
    assert {part.name: part.note for part in guard.health() if not part.ready} == {}


def test_a_preview_is_small_and_upright(guard, portrait):
    preview = guard.preview(portrait, max_side=100)
    assert max(preview.width, preview.height) == 100
    assert (preview.full_width, preview.full_height) == (512, 512)
    assert preview.jpeg[:2] == b"\xff\xd8"
