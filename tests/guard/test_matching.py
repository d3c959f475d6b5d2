"""A picture that was removed stays removed: the story of the matching gate, on the real system."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from PIL import Image, ImageOps
from tests.conftest import encoded

from consentry.config import Settings
from consentry.errors import BankUnknownError, ContentUnknownError, SignalError
from consentry.findings import Action, Stage
from consentry.guard import Guard


@pytest.fixture
def guard(tmp_path):
    settings = Settings(home=tmp_path / "home", media={"decoders": 1})
    with Guard.open(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def removed() -> bytes:
    """A marked harmless picture that plays the removed one."""
    return encoded("coffee.png", side=600, quality=95)


@pytest.fixture(scope="session")
def copied(removed) -> bytes:
    """It comes back mirrored, smaller and recompressed."""
    with Image.open(io.BytesIO(removed)) as image:
        turned = ImageOps.mirror(image).resize((450, 300))
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def other() -> bytes:
    return encoded("rocket.jpg", side=600)


def gate(decision):
    (found,) = [one for one in decision.gates if one.name == "matching"]
    return found


def known(decision):
    return [one for one in decision.findings if one.category.startswith("known.")]


def checks(guard, data):
    return {
        Stage.UPLOAD: guard.check_upload(data),
        Stage.OUTPUT: guard.check_output(data),
        Stage.REFERENCE: guard.check_reference(data),
        Stage.PROMPT: guard.check_prompt("make it brighter", reference=data),
    }


def test_a_mirrored_recompressed_copy_of_a_removed_picture_is_blocked(
    guard, removed, copied, other
):
    guard.banks.create("TAKEN_DOWN", source="our own cases")
    added = guard.bank_picture("TAKEN_DOWN", removed, case="CASE-17")
    for stage, decision in checks(guard, copied).items():
        assert decision.action is Action.BLOCK, stage
        assert decision.reasons[0].code == "known-picture"
        (finding,) = known(decision)
        assert finding.category == "known.removed"
        assert finding.score >= 0.5
        assert finding.detail["bank"] == "TAKEN_DOWN"
        assert finding.detail["content"] == added.content_id
        assert finding.detail["turn"] == "mirrored"
        assert finding.detail["case"] == "CASE-17"
        assert finding.detail["distance"] <= 31
        assert gate(decision).status == "checked"
        assert gate(decision).saw == decision.input.removeprefix("sha256:")
        assert (finding.where or {}).get("input") == (
            "reference" if stage is Stage.PROMPT else None
        )
    for stage, decision in checks(guard, other).items():
        assert known(decision) == [], stage
        assert decision.action.releases
        assert gate(decision).status == "checked"


def test_the_decision_on_record_says_why(guard, removed, copied):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)
    decision = guard.check_upload(copied)
    assert guard.decision(decision.id).as_json() == decision.as_json()
    assert guard.replay(decision.id).same
    assert gate(decision).version.startswith("pdq-1+")


def test_what_was_released_before_is_stopped_once_it_is_banked(guard, removed, copied):
    guard.banks.create("TAKEN_DOWN")
    assert guard.check_upload(copied).action.releases
    added = guard.bank_picture("TAKEN_DOWN", removed)
    assert guard.check_upload(copied).action is Action.BLOCK  # the same bytes: nothing is cached
    guard.banks.remove("TAKEN_DOWN", added.content_id)
    assert guard.check_upload(copied).action.releases


def test_a_held_entry_goes_to_a_person(guard, removed, copied):
    guard.banks.create("TAKEN_DOWN")
    added = guard.bank_picture("TAKEN_DOWN", removed)
    guard.banks.hold("TAKEN_DOWN", added.content_id)
    for stage, decision in checks(guard, copied).items():
        assert decision.action is Action.REVIEW, stage
        assert [one.category for one in known(decision)] == ["known.held"]
    guard.banks.release("TAKEN_DOWN", added.content_id)
    assert guard.check_upload(copied).action is Action.BLOCK


def test_an_allow_bank_releases_it_and_a_watch_bank_reports_it(guard, removed, copied):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)
    guard.banks.create("OURS", kind="allow")
    allowed = guard.bank_picture("OURS", removed)
    assert guard.check_upload(copied).action.releases
    guard.banks.remove("OURS", allowed.content_id)
    guard.banks.update("TAKEN_DOWN", kind="watch")
    decision = guard.check_upload(copied)
    assert decision.action is Action.REVIEW
    assert [one.category for one in known(decision)] == ["known.watched"]


def test_nothing_lowers_a_match_with_a_child_protection_list(guard, removed, copied):
    guard.banks.create("HOTLINE", category="known.child_safety")
    guard.bank_picture("HOTLINE", removed)
    guard.banks.create("OURS", kind="allow")
    guard.bank_picture("OURS", removed)
    for stage, decision in checks(guard, copied).items():
        assert decision.action is Action.ESCALATE, stage


def test_a_sealed_bank_stops_it_too_and_its_hash_appears_nowhere(guard, removed, copied):
    from consentry.matching.signals.hashes import from_words
    from consentry.matching.signals.variants import bank_set

    guard.banks.create("VICTIMS", category="known.intimate", sealed=True)
    guard.bank_picture("VICTIMS", removed)
    decision = guard.check_upload(copied)
    assert decision.action is Action.BLOCK
    assert [one.category for one in known(decision)] == ["known.intimate"]
    with Image.open(io.BytesIO(removed)) as image:
        import numpy as np

        digits = from_words(bank_set(np.asarray(image.convert("RGB")))[0].words)[0]
    written = str(decision.as_json()).encode()
    kept = [path.read_bytes() for path in guard.settings.home.rglob("*") if path.is_file()]
    for text in (written, *kept):
        assert bytes.fromhex(digits) not in text
        assert bytes.fromhex(digits)[::-1] not in text
        assert digits.encode() not in text.lower()


def test_the_very_same_file_is_found_by_its_digest_alone(guard, other):
    from consentry.matching.signals.contract import Signal

    guard.banks.create("FILES")
    import hashlib

    guard.banks.add("FILES", [Signal("md5", hashlib.md5(other).hexdigest())])  # noqa: S324  a list
    (finding,) = known(guard.check_upload(other))
    assert (finding.detail["signal"], finding.score) == ("md5", 1.0)


def changed(data: bytes, change) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        made = change(image.convert("RGB"))
    buffer = io.BytesIO()
    made.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def test_a_border_does_not_hide_a_copy(guard, removed):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)

    def framed(image):
        return ImageOps.expand(ImageOps.mirror(image), border=(60, 120), fill=(0, 0, 0))

    decision = guard.check_upload(changed(removed, framed))
    assert decision.action is Action.BLOCK
    (finding,) = known(decision)
    assert (finding.detail["border"], finding.detail["turn"]) == ("taken away", "mirrored")


def test_darkness_does_not_hide_a_copy_from_a_person(guard, removed, other):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)

    def dark(image):
        return image.point(lambda level: level // 10)

    decision = guard.check_upload(changed(removed, dark))
    assert decision.action is Action.REVIEW
    (finding,) = known(decision)
    assert (finding.category, finding.detail["detail"]) == ("known.held", "little")
    assert known(guard.check_upload(changed(other, dark))) == []


def test_a_crop_of_a_kind_that_people_make_is_found(guard, removed):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)

    def cropped(image):
        return image.crop((image.width // 5, 0, image.width, image.height))

    assert guard.check_upload(changed(removed, cropped)).action is Action.BLOCK


def flat() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 300), (200, 200, 210)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_without_detail_is_said_to_be_unhashable(guard, removed):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", removed)
    decision = guard.check_upload(flat())
    assert "unhashable" in gate(decision).note
    assert decision.action.releases
    with pytest.raises(SignalError, match="too little detail"):
        guard.bank_picture("TAKEN_DOWN", flat())


def test_with_nothing_banked_no_gate_claims_to_have_looked(guard, other):
    assert [one.name for one in guard.check_upload(other).gates if one.name == "matching"] == []


def clip(removed: bytes, *, mirrored: bool) -> bytes:
    """An animation of five frames that show different parts of the picture."""
    with Image.open(io.BytesIO(removed)) as image:
        frames = [image.crop((x, 0, x + 400, 400)).resize((300, 300)) for x in range(0, 200, 40)]
    if mirrored:
        frames = [ImageOps.mirror(frame) for frame in frames]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "WEBP", save_all=True, append_images=frames[1:], duration=400, quality=70
    )
    return buffer.getvalue()


def test_a_clip_is_found_mirrored_and_a_still_of_it_as_well(guard, removed):
    guard.banks.create("TAKEN_DOWN")
    guard.bank_picture("TAKEN_DOWN", clip(removed, mirrored=False))
    decision = guard.check_upload(clip(removed, mirrored=True))
    assert decision.action is Action.BLOCK
    (finding,) = known(decision)
    assert (finding.detail["signal"], finding.detail["turn"]) == ("vpdq", "mirrored")
    assert finding.detail["percent_of_frames"] == 100


def test_a_sweep_finds_what_was_seen_before_it_was_banked(guard, removed, copied, other):
    uploaded, made = guard.check_upload(copied), guard.check_output(copied)
    guard.check_upload(other)
    guard.check_reference(removed)  # not remembered: it is not published
    guard.banks.create("TAKEN_DOWN")
    added = guard.bank_picture("TAKEN_DOWN", removed)
    found = guard.sweep("TAKEN_DOWN", added.content_id)
    assert [one.decision_id for one in found] == [made.id, uploaded.id]
    assert {one.stage for one in found} == {"upload", "output"}
    assert {one.content_id for one in found} == {added.content_id}
    assert all(0 < one.distance <= 31 for one in found)
    assert guard.sweep("TAKEN_DOWN") == found
    again = guard.check_upload(copied)  # what is blocked was seen as well
    assert guard.sweep("TAKEN_DOWN")[0].decision_id == again.id


def test_a_sweep_finds_the_very_same_file_and_works_for_sealed_banks(guard, removed, other):
    from consentry.matching.signals.contract import Signal

    decision, same = guard.check_upload(other), guard.check_upload(removed)
    guard.banks.create("FILES")
    guard.banks.add("FILES", [Signal("sha256", decision.input.removeprefix("sha256:"))])
    assert [(one.decision_id, one.distance) for one in guard.sweep("FILES")] == [(decision.id, 0)]
    guard.banks.create("VICTIMS", sealed=True)
    guard.bank_picture("VICTIMS", removed)
    assert [one.decision_id for one in guard.sweep("VICTIMS")] == [same.id]


def test_a_sweep_of_what_is_not_there_is_an_error(guard):
    with pytest.raises(BankUnknownError):
        guard.sweep("NO_SUCH")
    guard.banks.create("TAKEN_DOWN")
    with pytest.raises(ContentUnknownError):
        guard.sweep("TAKEN_DOWN", 99)
    assert guard.sweep("TAKEN_DOWN") == ()


@pytest.mark.parametrize(
    ("days", "policy_days", "kept"),
    [(30, None, 30), (0, None, 0), (30, 7, 7), (3, 7, 3), (9, 0, 0)],
)
def test_fingerprints_are_kept_as_long_as_settings_and_policy_both_allow(
    tmp_path, other, days, policy_days, kept
):
    policy = None
    if policy_days is not None:
        policy = tmp_path / "policy.toml"
        policy.write_text(f"remember_days = {policy_days}\n", encoding="utf-8")
    settings = Settings(
        home=tmp_path / "home",
        media={"decoders": 1},
        matching={"remember_days": days},
        policy={"file": policy},
    )
    with Guard.open(settings) as opened:
        decision = opened.check_upload(other)
        seen = opened.storage.seen
        rows = seen.decisions([seen.last_sequence()])
    if not kept:
        assert rows == {}
        return
    (row,) = rows.values()
    assert row.decision_id == decision.id
    lasts = datetime.fromisoformat(row.expires_at) - datetime.fromisoformat(row.at)
    assert round(lasts / timedelta(days=1), 2) == kept
