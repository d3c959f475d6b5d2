"""What a consent covers, and what it does not; signed receipts and their forgeries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import ConsentFormError, TokenError
from consentry.likeness.consent import PURPOSES, Terms, Use
from consentry.likeness.receipts import ReceiptSigner, public_key, read_signed
from consentry.likeness.record import as_record

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def terms(**more):
    asked = {"grantee": "account", "grantee_id": "acme", "purposes": ("portrait",), "now": NOW}
    return Terms.of("0" * 32, "1" * 32, **{**asked, **more})


def test_it_covers_what_was_agreed_to():
    assert terms().objection(Use(account="acme"), NOW) == ""
    assert terms(grantee="anyone", grantee_id="").objection(Use(), NOW) == ""


@pytest.mark.parametrize(
    ("more", "use", "at", "why"),
    [
        ({}, Use(account="other"), NOW, "somebody else"),
        ({}, Use(), NOW, "somebody else"),
        ({}, Use(account="acme", purpose="satire"), NOW, "purpose satire"),
        ({}, Use(account="acme", medium="video"), NOW, "video"),
        ({"territory": ("de",)}, Use(account="acme"), NOW, "country"),
        ({"territory": ("de",)}, Use(account="acme", territory="FR"), NOW, "country"),
        ({"start": NOW + HOUR}, Use(account="acme"), NOW, "not hold yet"),
        ({"until": NOW + HOUR}, Use(account="acme"), NOW + HOUR, "ended"),
        ({"grantee": "organisation", "grantee_id": "Press"}, Use(account="Press"), NOW, "else"),
    ],
)
def test_it_covers_nothing_else(more, use, at, why):
    assert why in terms(**more).objection(use, at)


def test_a_token_stands_for_the_organisation():
    given_to = terms(grantee="organisation", grantee_id="Press")
    assert given_to.objection(Use(account="x", token_for=given_to.id), NOW) == ""


@given(st.sets(st.sampled_from(PURPOSES), min_size=1), st.booleans())
def test_intimate_use_is_never_covered(purposes, anyone):
    grantee = {"grantee": "anyone", "grantee_id": ""} if anyone else {}
    agreed = terms(purposes=tuple(purposes), **grantee)
    assert agreed.objection(Use(account="acme", purpose="intimate"), NOW)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"purposes": ()}, "At least one purpose"),
        ({"purposes": ("fun",)}, "At least one purpose"),
        ({"media": ("hologram",)}, "medium"),
        ({"grantee": "everyone"}, "one of"),
        ({"grantee": "anyone"}, "anyone has none"),
        ({"grantee_id": ""}, "has a name"),
        ({"territory": ("Germany",)}, "two letters"),
        ({"until": NOW}, "before it begins"),
        ({"start": NOW - 2 * HOUR, "until": NOW - HOUR}, "ended already"),
        ({"start": datetime(2026, 1, 1)}, "zone"),  # noqa: DTZ001  that is the point
        ({"grantee_id": "a\u202eb"}, "cannot be shown"),
        ({"evidence": "x" * 2001}, "too long"),
    ],
)
def test_what_cannot_be_used_is_said(more, why):
    with pytest.raises(ConsentFormError, match=why):
        terms(**more)


@pytest.fixture
def signer(tmp_path):
    return ReceiptSigner(tmp_path)


def test_a_receipt_is_checked_with_the_public_key_alone(signer):
    receipt = signer.sign("consentry-consent", terms().as_json())
    claims = read_signed("consentry-consent", receipt, public_key(signer.public_key))
    assert Terms.from_json(claims) == terms()


def test_every_altered_character_is_noticed(signer):
    receipt = signer.sign("consentry-consent", terms().as_json())
    for place in range(0, len(receipt), 7):
        other = "A" if receipt[place] != "A" else "B"
        altered = receipt[:place] + other + receipt[place + 1 :]
        with pytest.raises(TokenError):
            signer.read("consentry-consent", altered)


def test_a_receipt_is_no_token_and_another_house_signs_nothing_here(signer, tmp_path):
    receipt = signer.sign("consentry-consent", terms().as_json())
    with pytest.raises(TokenError, match="something else"):
        signer.read("consentry-token", receipt)
    (tmp_path / "b").mkdir()
    with pytest.raises(TokenError, match="not ours"):
        ReceiptSigner(tmp_path / "b").read("consentry-consent", receipt)


@pytest.mark.parametrize("text", ["", "a.b.c", "....", "é.é.é", "x" * 30_000, "e30.e30."])
def test_what_is_no_receipt_is_refused(signer, text):
    with pytest.raises(TokenError):
        signer.read("consentry-token", text)


def test_a_record_has_the_fields_of_the_standard():
    record = as_record(terms(), controller="example", signed="x", revoked_at="2027-01-01T00:00:00Z")
    assert record["schema_version"] == "ISO/IEC TS 27560:2023"
    assert {"record_id", "pii_principal_id", "pii_processing", "events"} <= record.keys()
    assert [one["event_state"] for one in record["events"]] == [
        "consent given",
        "consent withdrawn",
    ]
