"""Anna decides how she may be depicted: enrolled, asked, agreed, taken back, erased."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from consentry.config import Settings
from consentry.errors import PersonUnknownError, StorageError
from consentry.findings import Action, Stage
from consentry.guard import Guard
from consentry.ledger import verify
from consentry.likeness.consent import Use
from consentry.likeness.profile import Profile
from consentry.screening.submission import Submission
from consentry.storage import open_storage

ENROLLED, LATER = "ardern_2018.jpg", "ardern_2022.jpg"
STRANGER = Use(account="stranger")


def person_of(guard, photos, **more):
    """Somebody enrolled with one photo; another photo, years later, is what others edit."""
    photo = guard.decode((photos / ENROLLED).read_bytes())
    profile = Profile.of("Anna Beispiel", account="anna", evidence="In person.", **more)
    return guard.likeness.enrol(profile, [photo], verified="operator")


def asked(photos, use=STRANGER, consent="", name=LATER):
    return Submission(Stage.REFERENCE, (photos / name).read_bytes(), use=use, consent=consent)


def codes(decision):
    return {reason.code for reason in decision.reasons}


def test_the_whole_story(tmp_path, photos):
    settings = Settings(home=tmp_path / "home", media={"decoders": 1})
    with Guard.open(settings) as guard:
        before = guard.screen(asked(photos))
        assert before.action is Action.ALLOW  # nobody is enrolled: nobody can be recognised

        anna = person_of(guard, photos)
        refused = guard.screen(asked(photos))
        assert refused.action is Action.BLOCK
        assert "without-consent" in codes(refused)
        assert "decides here how they may be depicted" in refused.reasons[0].text

        own = guard.screen(asked(photos, Use(account="anna")))
        assert own.action.releases

        consents = guard.likeness.consents
        given = consents.grant(
            anna.person_id, grantee="account", grantee_id="stranger", purposes=("portrait",)
        )
        allowed = guard.screen(asked(photos))
        assert allowed.action.releases
        assert allowed.context["consents"] == [given.terms.id]
        assert guard.decision(allowed.id).context["consents"] == [given.terms.id]
        assert guard.replay(allowed.id).verdict.action is allowed.action
        other = guard.screen(asked(photos, Use(account="stranger", purpose="advertising")))
        assert other.action is Action.BLOCK

        with Guard.open(settings) as worker:  # another process would see the same database
            assert worker.screen(asked(photos)).action.releases
            taken_back = consents.revoke(given.terms.id)
            started = time.monotonic()
            assert worker.screen(asked(photos)).action is Action.BLOCK
            assert time.monotonic() - started < 1

        swept = {one.decision_id for one in taken_back.past}
        assert allowed.id in swept
        assert refused.id not in swept
        marked = [one for one in consents.past(anna.person_id) if one.withdrawn_at]
        assert {one.decision_id for one in marked} == swept

        receipt_entry = guard.likeness.persons.get(anna.person_id)
        assert receipt_entry.templates == 1
        backup = tmp_path / "backup"
        guard.storage.close()
    shutil.copytree(settings.home, backup / "home")

    with Guard.open(settings) as guard:
        entry = guard.likeness.persons.erase(anna.person_id)
        with pytest.raises(PersonUnknownError):
            guard.likeness.persons.get(anna.person_id)
        again = guard.screen(asked(photos))
        assert again.action is Action.ALLOW
        guard.log.public.checkpoint()
        proof = tmp_path / "erasure.tlog-proof"
        proof.write_text(guard.log.prove(entry), encoding="utf-8")
        key = public_key(guard)

    assert_unrecoverable(settings, backup / "home", anna.person_id)
    told = subprocess.run(
        [sys.executable, verify.__file__, "proof", str(proof), "--key", key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def public_key(guard):
    from consentry.cli.ledger_work import public_key as of

    del guard
    return of()


def assert_unrecoverable(settings, backup, person_id):
    """Neither the database now, nor its backup with the master key, gives the template."""
    database = next(settings.home.glob("*.db*"))
    with sqlite3.connect(database) as now:
        row = now.execute("SELECT profile, templates FROM persons WHERE id = ?", [person_id])
        assert row.fetchone() == (None, None)
    old = next(backup.glob("*.db"))
    with sqlite3.connect(old) as then:
        profile, templates = then.execute(
            "SELECT profile, templates FROM persons WHERE id = ?", [person_id]
        ).fetchone()
    assert templates is not None
    content = b"".join(one.read_bytes() for one in settings.home.rglob("*") if one.is_file())
    assert bytes(templates) not in content
    assert bytes(profile) not in content
    # The backup of the database together with the keys as they are now:
    shutil.rmtree(backup / "keys")
    shutil.copytree(settings.home / "keys", backup / "keys")
    storage = open_storage(Settings(home=backup))
    try:
        with pytest.raises(PersonUnknownError):
            storage.person_keys.open(person_id)
        with pytest.raises(StorageError):
            storage.vault.open(bytes(templates), purpose=f"templates:{person_id}")
    finally:
        storage.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("likeness") / "home"
    with Guard.open(Settings(home=home, media={"decoders": 1})) as opened:
        yield opened


@pytest.fixture
def anna(house, photos):
    enrolled = person_of(house, photos)
    yield enrolled
    house.likeness.persons.erase(enrolled.person_id)


def test_somebody_else_is_left_to_a_person(house, photos, anna):
    assert anna
    decision = house.screen(asked(photos, name="obama.jpg"))
    assert decision.action is Action.REVIEW
    assert codes(decision) == {"face-nobody-vouches-for"}


def test_an_output_with_an_enrolled_face_is_left_to_a_person(house, photos, anna):
    assert anna
    media = (photos / LATER).read_bytes()
    assert house.screen(Submission(Stage.OUTPUT, media, use=STRANGER)).action is Action.REVIEW
    own = house.screen(Submission(Stage.OUTPUT, media, use=Use(account="anna")))
    assert own.action.releases


def test_an_enrolled_name_is_a_person_named(house, anna):
    assert anna
    found = house.check_prompt("a painting of Anna Beispiel in a garden").findings
    named = [one for one in found if one.detector == "likeness"]
    assert [(one.category, one.score) for one in named] == [("person.named", 1.0)]
    assert named[0].where == {"span": [14, 27]}


def test_a_token_covers_once_and_only_for_its_account(house, photos, anna):
    consents = house.likeness.consents
    given = consents.grant(
        anna.person_id, grantee="organisation", grantee_id="Press", purposes=("editorial",)
    )
    use = Use(account="reporter", purpose="editorial")
    assert house.screen(asked(photos, use)).action is Action.BLOCK
    token = consents.make_token(given.terms.id, account="reporter", purpose="editorial")
    assert house.screen(asked(photos, Use("thief", "editorial"), token)).action is Action.BLOCK
    assert house.screen(asked(photos, use, token)).action.releases
    replayed = house.screen(asked(photos, use, token))
    assert replayed.action is Action.BLOCK
    assert "used already" in " ".join(gate.note for gate in replayed.gates)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    assert house.screen(asked(photos, use, forged)).action is Action.BLOCK


def test_who_is_not_verified_is_left_to_a_person_and_cannot_consent(house, photos):
    photo = house.decode((photos / "sunak.jpg").read_bytes())
    persons = house.likeness.persons
    sam = house.likeness.enrol(Profile.of("Sam Example", account="sam"), [photo])
    try:
        use = Use(account="sam")
        first = house.screen(asked(photos, use, name="sunak.jpg"))
        assert (first.action, codes(first)) == (Action.REVIEW, {"protected-person"})
        persons.verify(sam.person_id, "document", "Passport seen.")
        assert house.screen(asked(photos, use, name="sunak.jpg")).action.releases
        persons.dispute(sam.person_id, "Somebody says it is their face.")
        assert house.screen(asked(photos, use, name="sunak.jpg")).action is Action.REVIEW
    finally:
        persons.erase(sam.person_id)


def test_a_child_is_covered_by_the_guardian_alone(house, photos):
    photo = house.decode((photos / "obama.jpg").read_bytes())
    profile = Profile.of("Kim", age="teen", guardian="A parent", account="kim")
    kim = house.likeness.enrol(profile, [photo], verified="operator")
    try:
        own = house.screen(asked(photos, Use(account="kim"), name="obama.jpg"))
        assert own.action is Action.BLOCK
        media = (photos / "obama.jpg").read_bytes()
        shown = house.screen(Submission(Stage.OUTPUT, media, use=STRANGER))
        assert (shown.action, "child-without-consent" in codes(shown)) == (Action.BLOCK, True)
        house.likeness.consents.grant(
            kim.person_id,
            given_by="guardian",
            grantee="account",
            grantee_id="kim",
            purposes=("portrait",),
        )
        assert house.screen(asked(photos, Use(account="kim"), name="obama.jpg")).action.releases
    finally:
        house.likeness.persons.erase(kim.person_id)


def test_a_burst_about_one_person_is_noticed_whoever_asks(tmp_path, photos):
    settings = Settings(
        home=tmp_path / "home", media={"decoders": 1}, likeness={"burst_requests": 3}
    )
    with Guard.open(settings) as guard:
        person_of(guard, photos)
        for number in range(3):
            told = guard.check_prompt("Anna Beispiel at the sea", use=Use(account=str(number)))
            assert "burst-about-one-person" not in codes(told)
        last = guard.check_prompt("Anna Beispiel at the sea", use=Use(account="another"))
        assert (last.action, "burst-about-one-person" in codes(last)) == (Action.REVIEW, True)


def test_without_biometrics_names_and_tokens_still_count(tmp_path, photos):
    settings = Settings(
        home=tmp_path / "home", media={"decoders": 1}, likeness={"mode": "no-biometrics"}
    )
    with Guard.open(settings) as guard:
        anna = guard.likeness.enrol(Profile.of("Anna Beispiel"), [], verified="operator")
        named = guard.check_prompt("Anna Beispiel at the sea").findings
        assert any(one.detector == "likeness" for one in named)
        assert guard.screen(asked(photos)).action is Action.REVIEW
        given = guard.likeness.consents.grant(
            anna.person_id, grantee="anyone", purposes=("portrait",)
        )
        token = guard.likeness.consents.make_token(given.terms.id)
        assert guard.screen(asked(photos, STRANGER, token)).action.releases
        assert guard.likeness.persons.get(anna.person_id).templates == 0


def test_a_register_that_cannot_be_read_lets_nothing_pass(house, photos, anna, monkeypatch):
    assert anna

    def broken():
        raise StorageError("The database cannot be read.")

    monkeypatch.setattr(house.storage.persons, "head", broken)
    media = Path(photos / LATER).read_bytes()
    decision = house.screen(Submission(Stage.OUTPUT, media))
    assert not decision.action.releases
    gates = {gate.name: gate.status for gate in decision.gates}
    assert gates["likeness"] == "failed"
