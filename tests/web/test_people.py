"""The pages of persons, without a browser: who may send forms, and how often."""

from __future__ import annotations

import pytest

from consentry.likeness.persons import MOST_TRIES, Invitation
from consentry.likeness.profile import Profile

pytestmark = pytest.mark.anyio
FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def form(**fields):
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + "--b--\r\n").encode()


@pytest.fixture
def anna(guard):
    return guard.likeness.persons.enrol(Profile.of("Anna"), verified="operator")


async def test_a_form_from_another_site_is_not_looked_at(guard, connect, anna):
    foreign = {**FORM, "Sec-Fetch-Site": "cross-site"}
    content = form(do="erase", sure="yes")
    answer = await connect(guard).post(f"/my/{anna.secret}", content=content, headers=foreign)
    assert answer.status_code == 403
    assert guard.likeness.persons.get(anna.person_id)
    own = {**FORM, "Sec-Fetch-Site": "same-origin"}
    answer = await connect(guard).post(f"/my/{anna.secret}", content=content, headers=own)
    assert "You are erased" in answer.text
    again = await connect(guard).get(f"/my/{anna.secret}")
    assert again.status_code == 404


async def test_nobody_takes_back_what_somebody_else_agreed_to(guard, connect, anna):
    bo = guard.likeness.persons.enrol(Profile.of("Bo"))
    given = guard.likeness.consents.grant(anna.person_id, grantee="anyone", purposes=("portrait",))
    content = form(do="revoke", consent=given.terms.id)
    answer = await connect(guard).post(f"/my/{bo.secret}", content=content, headers=FORM)
    assert "There is no such consent" in answer.text
    assert guard.likeness.consents.get(given.terms.id).revoked_at is None


async def test_a_link_can_be_tried_only_so_often(guard, connect):
    secret = guard.likeness.persons.invite(Invitation())
    client = connect(guard)
    for _ in range(MOST_TRIES):
        answer = await client.post(f"/enrol/{secret}", content=form(step="finish"), headers=FORM)
        assert answer.status_code == 422
    answer = await client.post(f"/enrol/{secret}", content=form(step="finish"), headers=FORM)
    assert answer.status_code == 429


@pytest.mark.parametrize("name", ["", "<b>x</b>", "Anna\u202e", "x" * 300])
async def test_what_is_typed_comes_back_as_text(guard, connect, name):
    secret = guard.likeness.persons.invite(Invitation())
    content = form(step="photo", name=name, taken="not-a-template")
    answer = await connect(guard).post(f"/enrol/{secret}", content=content, headers=FORM)
    assert answer.status_code == 200
    assert "<b>x" not in answer.text


@pytest.mark.parametrize("until", ["tomorrow", "2020-01-01", "9999-99-99"])
async def test_a_day_that_cannot_be_is_said(guard, connect, anna, until):
    content = form(do="grant", grantee="anyone", for_satire="yes", until=until)
    answer = await connect(guard).post(f"/my/{anna.secret}", content=content, headers=FORM)
    assert answer.status_code == 422
    assert guard.likeness.consents.of(anna.person_id) == []
