"""Persons and consents over real databases: what one process changes, another knows at once."""

from __future__ import annotations

import os

import numpy as np
import pytest

from consentry.config import Settings
from consentry.errors import PersonFormError, PersonUnknownError, StorageError
from consentry.ledger.log import Log
from consentry.likeness.consent import Use
from consentry.likeness.office import Likeness
from consentry.likeness.profile import Profile
from consentry.storage import open_storage

ASKED = Use(account="acme")


def template(seed):
    row = np.random.default_rng(seed).standard_normal((1, 128)).astype(np.float32)
    return row / np.linalg.norm(row)


@pytest.fixture(params=["sqlite", "postgres"])
def office(request, tmp_path):
    """Opens an installation, as often as a test likes: each is a process of its own."""
    storage = {}
    if request.param == "postgres":
        storage = {"url": request.getfixturevalue("postgres_url")}
    settings, opened = Settings(home=tmp_path / "home", storage=storage), []

    def open_():
        opened.append(open_storage(settings))
        log = Log.open(settings, opened[-1])
        opened.append(log)
        return Likeness(settings, opened[-2], log)

    yield open_
    for one in reversed(opened):
        one.close()


def test_what_one_process_changes_another_knows_at_its_next_question(office):
    here, there = office(), office()
    assert not there.register.anybody()
    anna = here.persons.enrol(Profile.of("Anna"), template(1), verified="operator")
    assert there.register.anybody()
    assert there.register.gallery.search(template(1), 0.9)[0][0][0] == anna.person_id
    given = here.consents.grant(
        anna.person_id, grantee="account", grantee_id="acme", purposes=("portrait",)
    )
    there.register.refresh()
    assert there.register.cover(anna.person_id, ASKED).consent_id == given.terms.id
    here.consents.revoke(given.terms.id)
    there.register.refresh()
    assert not there.register.cover(anna.person_id, ASKED).covers
    here.persons.erase(anna.person_id)
    assert not there.register.anybody()
    assert there.register.gallery.search(template(1), 0.9) == [[]]


def test_every_change_is_in_the_log(office):
    here = office()
    anna = here.persons.enrol(Profile.of("Anna"), verified="operator")
    given = here.consents.grant(anna.person_id, grantee="anyone", purposes=("satire",))
    here.consents.revoke(given.terms.id)
    here.persons.dispute(anna.person_id, "Not me.")
    entry = here.persons.erase(anna.person_id)
    log = here._log
    kinds = [log.entry(index).kind for index in range(entry + 1)]
    assert kinds == ["enrolment", "consent", "revocation", "dispute", "erasure"]
    assert [log.payload(index) for index in range(4)] == [None] * 4  # destroyed with the person


def test_a_token_is_counted_across_processes(office):
    here, there = office(), office()
    anna = here.persons.enrol(Profile.of("Anna"), verified="operator")
    given = here.consents.grant(anna.person_id, grantee="anyone", purposes=("portrait",))
    text = here.consents.make_token(given.terms.id, uses=2)
    token = here.consents.read_token(text, Use())
    here.consents.use_token(token, "output")
    there.consents.use_token(token, "output")
    there.consents.use_token(token, "prompt")  # each stage counts for itself
    with pytest.raises(Exception, match="used already"):
        here.consents.use_token(token, "output")


def test_a_lost_key_is_said_and_nobody_is_forgotten_silently(office, tmp_path):
    here, there = office(), office()
    anna = here.persons.enrol(Profile.of("Anna"), template(1), verified="operator")
    (tmp_path / "home" / "keys" / "persons" / anna.person_id).unlink()
    with pytest.raises(StorageError, match="is lost"):
        there.register.anybody()
    with pytest.raises(StorageError, match="is lost"):  # and again: it is not passed over
        there.warm_up()
    here.persons.erase(anna.person_id)
    assert not there.register.anybody()


def test_a_key_that_is_being_made_is_spared_and_an_old_one_without_a_row_goes(office):
    here = office()
    keys = here._storage.person_keys
    anna = here.persons.enrol(Profile.of("Anna"))
    keys.create("0" * 32)
    assert here.persons.tidy() == 0
    old = here.persons._storage.home / "keys" / "persons" / ("0" * 32)
    os.utime(old, (0, 0))
    assert here.persons.tidy() == 1
    assert set(keys.held()) == {anna.person_id}


def test_erasing_twice_and_ids_that_are_none(office):
    here = office()
    anna = here.persons.enrol(Profile.of("Anna"))
    here.persons.erase(anna.person_id)
    for unknown in (anna.person_id, "../../master.key", ""):
        with pytest.raises(PersonUnknownError):
            here.persons.erase(unknown)
    with pytest.raises(PersonFormError):
        here.persons.enrol(Profile.of("Anna"), np.zeros((1, 7), np.float32))
