"""What people do on the demo page, as stories."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from tests.stories.demo_page import DESKTOP, PHONE

pytestmark = pytest.mark.browser

ASTRONAUT = "Eileen Collins, astronaut"
# The stand-in blocks what asks it to; the real system what no generator should be asked for.
BLOCKED_PROMPT = "make her take off her shirt"
ARABIC_PROMPT = "اجعلها تخلع قميصها"
MARKED_PROMPT = "Please take off the <b>hat</b> now & thén\nsmile 👩\u200d👧"


def picture(form="PNG"):
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, form)
    return buffer.getvalue()


def is_grey(pixels):
    return all(max(one) - min(one) <= 3 for one in pixels)


def test_a_newcomer_sees_what_is_decided_about_the_astronaut(person):
    page = person().choose_sample(ASTRONAUT).choose_stage("Output").decide()
    assert page.heading == "Allowed"
    assert page.title.startswith("Allowed")
    assert len(page.outlined) == 1
    assert "A face" in page.outlined[0]
    assert "A face" in page.found
    assert {"decode", "faces", "age"} <= set(page.gates)
    assert "ms" in page.gates["faces"].inner_text()
    assert page.decision["gates"][0]["saw"][:16] in page.gates["decode"].inner_text()
    assert page.decision["action"] == "allow"
    assert not is_grey(page.picture_pixels())


def test_a_blocked_request_shows_why_and_hides_the_picture(person):
    page = person().choose_sample(ASTRONAUT).choose_stage("Prompt").type_prompt(BLOCKED_PROMPT)
    page.decide()
    assert page.heading in {"Blocked", "Blocked and escalated"}
    assert page.decision["reasons"][0]["text"] in page.reasons
    assert page.page.get_by_alt_text("blurred").count() == 1
    assert is_grey(page.picture_pixels())


def test_the_words_that_were_found_are_marked_where_they_stand(person):
    page = person().choose_no_picture().choose_stage("Prompt").type_prompt(BLOCKED_PROMPT).decide()
    assert page.prompt_shown == BLOCKED_PROMPT
    assert "take off her shirt" in "".join(page.marked)
    spans = [one["where"]["span"] for one in page.decision["findings"] if one["where"]]
    assert spans
    assert {BLOCKED_PROMPT[start:end] in page.prompt_shown for start, end in spans} == {True}
    assert "Undressing somebody" in page.legend[0]
    assert "prompt-rules" in page.legend[0]
    assert "Mark" in page.found["Undressing somebody"].text_content()


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_marks_that_overlap_can_be_seen_and_heard(person, every_action, axe, screen):
    page = person(at=every_action, screen=screen).choose_no_picture().choose_stage("Prompt")
    page.type_prompt(MARKED_PROMPT).decide()
    assert page.prompt_shown == MARKED_PROMPT
    assert page.marked == ["take ", "off", " the <b>hat</b>", " now"]
    assert [one.split("\n")[0] for one in page.legend] == ["1", "2", "3"]
    heard = "[mark 1 begins] [mark 2 begins] take [mark 3 begins] offEnd of mark 1 the <b>hat</b>"
    assert heard in page.prompt_heard
    assert page.page.locator("mark.twice").count() == 3
    assert page.violations(axe) == []
    assert page.overflows() == 0
    page.page.get_by_role("link", name="End of mark 2").click()
    assert page.page.locator("#mark-2:target").count() == 1


def test_a_prompt_from_right_to_left_is_marked_and_stays_so(person, every_action):
    page = person(at=every_action, java_script_enabled=False)
    page.choose_no_picture().choose_stage("Prompt").type_prompt("القبعة زرقاء").decide()
    assert page.direction == "rtl"  # although what readers hear first is English
    assert page.marked == ["القبعة"]
    assert page.prompt_shown == "القبعة زرقاء"


def test_a_sign_that_turns_the_line_round_is_written_out(person, every_action):
    page = person(at=every_action).choose_no_picture().choose_stage("Prompt")
    page.type_prompt("take off\u202e the hat").decide()
    assert page.prompt_shown == "take off⟨U+202E⟩ the hat"


def test_a_prompt_in_which_no_words_were_found_is_not_shown_again(person):
    page = person().choose_no_picture().choose_stage("Prompt")
    page.type_prompt("a lighthouse at dusk").decide()
    assert page.page.locator(".prompt-text").count() == 0


def test_a_picture_of_nobody_is_not_outlined(person):
    page = person().choose_sample("A cup of coffee").choose_stage("Upload").decide()
    assert page.decision["stage"] == "upload"
    assert page.outlined == []


def test_a_prompt_needs_no_picture(person):
    page = person().choose_no_picture().choose_stage("Prompt")
    page.type_prompt("a lighthouse at dusk").decide()
    assert page.heading == "Allowed"
    assert page.page.locator("figure").count() == 0


def test_somebody_brings_a_picture_of_their_own(person):
    page = person().choose_own_file("sunset.png", picture())
    assert page.chosen == ["own", "output"]
    page.decide()
    assert page.heading == "Allowed"
    assert page.decision["input"] == f"sha256:{page.decision['gates'][0]['saw']}"


def test_a_sample_chosen_afterwards_takes_the_place_of_the_file(person):
    page = person().choose_own_file("sunset.png", picture()).choose_sample("A cat").decide()
    assert page.chosen == ["chelsea", "output"]


def test_a_file_that_is_no_picture_is_explained_beside_the_field(person):
    page = person().type_prompt("my words").choose_own_file("cat.jpg", b"miaow", "image/jpeg")
    page.decide()
    assert page.title.startswith("There is a problem")
    assert "could not be opened" in page.problem
    assert page.focused == page.page.get_by_role("alert").text_content().strip()
    assert page.prompt == "my words"
    assert page.chosen == ["own", "output"]
    described = page.page.get_by_role("group", name="1. Choose a picture")
    assert "fault-picture" in described.get_attribute("aria-describedby")
    assert "Blocked" in page.page.get_by_role("heading", level=3).all_inner_texts()[0]


def test_what_is_missing_is_said_and_what_was_written_is_kept(person):
    page = person().choose_no_picture().choose_stage("Upload").type_prompt("still here").decide()
    assert "no picture to look at" in page.problem
    assert page.prompt == "still here"
    assert page.chosen == ["none", "upload"]


def test_it_works_without_a_script(person):
    page = person(java_script_enabled=False)
    page.choose_own_file("sunset.png", picture()).type_prompt("a calm sea").decide()
    assert page.heading == "Allowed"
    assert page.page.locator("figure img").count() == 1
    assert page.prompt == "a calm sea"


def test_it_works_by_keyboard_alone(person):
    page = person().press("Tab")
    assert page.focused == "Skip to the content"
    page.press("Enter", "Tab")
    assert page.focused.startswith(ASTRONAUT)
    page.press("ArrowDown")
    assert page.focused.startswith("A rocket launch")
    page.press("Tab", "Tab")
    page.page.keyboard.type("a rocket at dawn")
    page.press("Tab", "ArrowDown")
    assert page.focused.startswith("Upload")
    page.press("Tab")
    assert page.focused == "Decide"
    with page.page.expect_navigation():
        page.press("Enter")
    assert page.focused == page.heading == "Allowed"
    assert page.chosen == ["rocket", "upload"]
    assert page.prompt == "a rocket at dawn"


def test_the_focus_can_always_be_seen(person):
    page = person()
    for _ in range(7):
        page.press("Tab")
        rings = page.page.evaluate(
            "() => [document.activeElement, document.activeElement.closest('.choice')]"
            ".filter(one => one).map(one => getComputedStyle(one).outlineStyle)"
        )
        assert "solid" in rings or "auto" in rings, page.focused


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_the_page_is_accessible(person, axe, screen, scheme):
    page = person(screen=screen, color_scheme=scheme)

    def check(state):
        assert page.violations(axe) == [], state
        assert page.overflows() == 0, state
        assert page.small_targets() == [], state

    check("start")
    page.decide()
    page.page.locator("summary").click()
    check("allowed")
    page.choose_stage("Prompt").type_prompt(BLOCKED_PROMPT).decide()
    check("blocked")
    page.choose_no_picture().type_prompt(ARABIC_PROMPT).decide()
    check("blocked in Arabic")
    page.choose_own_file("cat.jpg", b"miaow", "image/jpeg").decide()
    check("error")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_action_is_readable(person, every_action, axe, scheme):
    page = person(at=every_action, color_scheme=scheme)
    headings = {}
    for action in ("allow", "label", "review", "block", "escalate"):
        page.type_prompt(f"please {action}").decide()
        headings[action] = page.heading
        assert page.violations(axe) == [], action
    assert len(set(headings.values())) == 5


def test_what_is_escalated_is_not_shown_at_all(person, every_action):
    page = person(at=every_action).choose_sample(ASTRONAUT).type_prompt("please escalate").decide()
    assert page.page.locator("figure").count() == 0
    assert "not even blurred" in page.page.locator("main").inner_text()


def test_who_asks_for_less_motion_gets_none(person):
    page = person(reduced_motion="reduce")
    quick = "getComputedStyle(document.documentElement).getPropertyValue('--quick').trim()"
    assert page.page.evaluate(quick) in {"0ms", "0s"}
