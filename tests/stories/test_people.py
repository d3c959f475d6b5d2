"""Anna enrols on her phone by a link, agrees, takes it back, and has herself erased."""

from __future__ import annotations

import socket
import threading

import pytest
import uvicorn
from tests.stories.demo_page import DESKTOP, PHONE, DemoPage

from consentry.config import Settings
from consentry.findings import Action, Stage
from consentry.guard import Guard
from consentry.ledger import verify
from consentry.likeness.consent import Use
from consentry.likeness.persons import Invitation
from consentry.screening.submission import Submission
from consentry.web.app import create_app

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A real system that is being served, and its address."""
    settings = Settings(home=tmp_path_factory.mktemp("people") / "home", media={"decoders": 1})
    with Guard.open(settings) as guard, socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(guard), log_config=None, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield guard, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture
def visit(browser):
    contexts, visits = [], []

    def open_(address, *, screen=PHONE, **preferences):
        context = browser.new_context(viewport=screen, **preferences)
        contexts.append(context)
        visits.append(DemoPage(context.new_page(), address))
        return visits[-1].open()

    yield open_
    for context in contexts:
        assert context.cookies() == []
        context.close()
    for one in visits:
        assert one.went_to() == {"127.0.0.1"}


def link(house, **terms):
    guard, address = house
    invitation = Invitation(**{"verified": "link", "evidence": "Handed over.", **terms})
    return f"{address}/enrol/{guard.likeness.persons.invite(invitation)}"


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def add(page, photo):
    page.get_by_label("A photo of your face").set_input_files(photo)
    press(page, "Add this photo")


def edits(guard, photos):
    media = (photos / "ardern_2022.jpg").read_bytes()
    return guard.screen(Submission(Stage.REFERENCE, media, use=Use(account="studio")))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_whole_story_on_a_phone(  # noqa: PLR0915  it is one story
    house, visit, photos, axe, tmp_path, script
):
    guard, _ = house
    told = visit(link(house, account="anna"), java_script_enabled=script)
    page = told.page
    objections = (lambda: told.violations(axe)) if script else list
    assert objections() == []

    add(page, photos / "coffee.png")
    assert "No face was found" in page.get_by_role("alert").inner_text()
    assert objections() == []
    page.get_by_label("Your name, as you write it").fill("ليلى حسن")
    add(page, photos / "ardern_2018.jpg")
    assert "1 photo is good" in page.get_by_role("status").inner_text()
    assert page.get_by_label("Your name, as you write it").input_value() == "ليلى حسن"
    add(page, photos / "sunak.jpg")
    assert "same person" in page.get_by_role("alert").inner_text()
    press(page, "Enrol")
    assert "Tick the box if you agree" in page.get_by_role("alert").inner_text()
    page.get_by_label("I agree that the numbers").check()
    press(page, "Enrol")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "You are enrolled"
    assert objections() == []
    assert edits(guard, photos).action is Action.BLOCK

    with page.expect_navigation():
        page.get_by_role("link", name="Open my page").click()
    assert "you decide" in page.get_by_role("heading", level=1).inner_text()
    assert "Nobody may have pictures of you made here" in page.inner_text("main")
    assert objections() == []
    press(page, "Agree to this")
    assert "has a name" in page.get_by_role("alert").inner_text()
    page.get_by_label("Which account or organisation").fill("studio")
    page.get_by_label("Portraits and edits of my photos").check()
    press(page, "Agree to this")
    assert "It is noted" in page.get_by_role("status").inner_text()
    assert "The account studio" in page.inner_text("main")
    assert objections() == []
    assert edits(guard, photos).action.releases
    press(page, "Take it back")
    assert "It is taken back" in page.get_by_role("status").inner_text()
    assert edits(guard, photos).action is Action.BLOCK

    with page.expect_download() as saved:
        page.get_by_role("link", name="Save all of it").click()
    assert "ليلى حسن" in saved.value.path().read_text("utf-8")
    press(page, "Erase everything")
    assert "Tick the box if you are sure" in page.get_by_role("alert").inner_text()
    page.get_by_label("I am sure").check()
    press(page, "Erase everything")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "You are erased"
    assert objections() == []
    proof = tmp_path / "erased.tlog-proof"
    proof.write_text(page.get_by_label("The receipt").input_value(), "utf-8")
    assert verify.main(["proof", str(proof), "--key", guard.log.public.verifier]) == 0
    assert edits(guard, photos).action is Action.ALLOW


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_wide_and_narrow(house, visit, axe, scheme):
    guard, address = house
    from consentry.likeness.profile import Profile

    child = Profile.of("Kim", age="child", guardian="A parent")
    kim = guard.likeness.persons.enrol(child)
    pages = [link(house), f"{address}/my/{kim.secret}", f"{address}/my/{'x' * 43}"]
    for where in pages:
        for screen in (PHONE, DESKTOP):
            told = visit(where, screen=screen, color_scheme=scheme)
            assert told.violations(axe) == []
            wide = told.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= screen["width"]
    guard.likeness.persons.erase(kim.person_id)


def test_a_link_works_once_and_for_its_own_photos_only(house, visit, photos):
    guard, _ = house
    first, second = link(house), link(house)
    page = visit(first).page
    add(page, photos / "obama.jpg")
    taken = page.locator('input[name="taken"]').input_value()
    other = visit(second).page
    other.evaluate("value => document.querySelector('[name=taken]').value = value", taken)
    other.get_by_label("Your name, as you write it").fill("Bo Example")
    other.get_by_label("I agree that the numbers").check()
    press(other, "Enrol")
    assert "cannot be used" in other.get_by_role("alert").inner_text()
    page.get_by_label("Your name, as you write it").fill("Bo Example")
    page.get_by_label("I agree that the numbers").check()
    press(page, "Enrol")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "You are enrolled"
    assert "does not work" in visit(first).page.get_by_role("heading", level=1).inner_text()
    for one in guard.likeness.persons.list():
        guard.likeness.persons.erase(one.id)


def test_a_guardian_decides_for_a_child(house, visit):
    guard, address = house
    from consentry.likeness.profile import Profile

    profile = Profile.of("Kim", age="teen", guardian="A parent")
    kim = guard.likeness.persons.enrol(profile, verified="operator")
    page = visit(f"{address}/my/{kim.secret}").page
    page.get_by_role("radio", name="Anyone").check()
    page.get_by_label("Satire").check()
    press(page, "Agree to this")
    assert "parent or guardian decides" in page.get_by_role("alert").inner_text()
    page.get_by_role("radio", name="Anyone").check()
    page.get_by_label("Satire").check()
    page.get_by_label("I am A parent").check()
    press(page, "Agree to this")
    assert "It is noted" in page.get_by_role("status").inner_text()
    guard.likeness.persons.erase(kim.person_id)
