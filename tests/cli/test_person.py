"""`consentry person` and `consentry consent`, as an operator types them."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from consentry.cli import cli
from consentry.errors import (
    ConsentFormError,
    ConsentUnknownError,
    PersonFormError,
    PersonTakenError,
    PersonUnknownError,
    PortraitError,
    TokenError,
)
from consentry.ledger import verify
from consentry.storage.persons import PersonStore


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CONSENTRY_MEDIA__DECODERS", "1")

    def call(*words, status=0):
        told = CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=True)
        if isinstance(told.exception, Exception) and not isinstance(told.exception, SystemExit):
            raise told.exception
        assert told.exit_code == status, told.output
        return told.stdout

    return call


@pytest.fixture
def anna(run):
    made = run(
        "person", "enrol", "Anna Beispiel", "--alias", "Анна", "--account", "anna",
        "--verified", "operator", "--evidence", "In person.", "--json",
    )  # fmt: skip
    return json.loads(made)["id"]


def test_somebody_is_enrolled_listed_shown_and_erased(run, anna, tmp_path):
    assert anna in run("person", "list")
    shown = json.loads(run("person", "show", anna, "--json"))
    assert (shown["name"], shown["aliases"], shown["templates"]) == ("Anna Beispiel", ["Анна"], 0)
    proof = tmp_path / "erased.tlog-proof"
    run("person", "erase", anna, "--yes", "--out", proof)
    assert (
        verify.main(
            ["proof", str(proof), "--key", run("ledger", "checkpoint", "--public-key").strip()]
        )
        == 0
    )
    assert json.loads(run("person", "list", "--json")) == []
    with pytest.raises(PersonUnknownError):
        run("person", "show", anna)
    assert json.loads(run("ledger", "verify", "--json"))["verified"]


def test_an_interrupted_erasure_is_finished(run, anna, tmp_path, monkeypatch):
    from consentry.storage.person_keys import PersonKeys

    key = tmp_path / "home" / "keys" / "persons" / anna
    assert key.exists()
    monkeypatch.setattr(PersonKeys, "destroy", lambda *_: None)  # the power goes
    run("person", "erase", anna, "--yes")
    assert key.exists()
    monkeypatch.undo()
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    run("person", "list")
    assert not key.exists()


def test_who_cannot_be_stored_leaves_no_key(run, anna, tmp_path, monkeypatch):
    def full(*_):
        raise RuntimeError

    monkeypatch.setattr(PersonStore, "add", full)
    with pytest.raises(RuntimeError):
        run("person", "enrol", "Somebody Else")
    assert [one.name for one in (tmp_path / "home" / "keys" / "persons").iterdir()] == [anna]


def test_photos_are_looked_at_and_the_bad_ones_named(run, photos):
    with pytest.raises(PortraitError, match=r"coffee\.png: No face"):
        run("person", "enrol", "Anna", photos / "ardern_2018.jpg", photos / "coffee.png")
    with pytest.raises(PortraitError, match="same person"):
        run("person", "enrol", "Anna", photos / "ardern_2018.jpg", photos / "sunak.jpg")
    both = (photos / "ardern_2018.jpg", photos / "ardern_2022.jpg")
    run("person", "enrol", "Anna", *both)
    assert "2 templates  not verified" in run("person", "list")
    with pytest.raises(PersonTakenError):
        run("person", "enrol", "Somebody Else", both[0])


def test_being_sure_asks_for_evidence(run):
    with pytest.raises(PersonFormError, match="how you made sure"):
        run("person", "enrol", "Anna", "--verified", "operator")
    with pytest.raises(PersonFormError, match="how you made sure"):
        run("person", "invite", "--verified", "link")


def test_a_link_is_made_and_renewed(run, anna):
    assert run("person", "invite", "--base", "https://example.org/").startswith(
        "https://example.org/enrol/"
    )
    assert run("person", "link", anna) != run("person", "link", anna)


def test_a_dispute_stands_until_it_is_settled(run, anna):
    run("person", "dispute", anna, "--why", "It is my face, says B.")
    assert "disputed" in run("person", "list")
    run("person", "verify", anna, "--how", "document", "--evidence", "Passport.")
    assert "document" in run("person", "list")


def test_a_consent_is_granted_shown_made_into_a_token_and_taken_back(run, anna, tmp_path):
    given = json.loads(
        run(
            "consent", "grant", anna, "--to", "account", "--id", "acme", "--for", "editorial",
            "--until", "2099-01-01", "--given-by", "self", "--json",
        )
    )  # fmt: skip
    record = json.loads(run("consent", "show", given["id"], "--record", "--json"))
    assert record["schema_version"] == "ISO/IEC TS 27560:2023"
    receipt = tmp_path / "receipt.jws"
    receipt.write_text(run("consent", "show", given["id"], "--receipt"))
    key = run("consent", "verify", "--public-key").strip()
    assert json.loads(run("consent", "verify", receipt, "--key", key, "--json"))["person"] == anna
    receipt.write_text(receipt.read_text()[:-8] + "AAAAAAA\n")
    with pytest.raises(TokenError):
        run("consent", "verify", receipt)
    assert run("consent", "token", given["id"], "--for", "editorial").count(".") == 2
    with pytest.raises(ConsentFormError, match="not for the purpose"):
        run("consent", "token", given["id"], "--for", "satire")
    assert json.loads(run("consent", "revoke", given["id"], "--json"))["to_take_down"] == []
    with pytest.raises(ConsentFormError, match="taken back"):
        run("consent", "token", given["id"], "--for", "editorial")
    run("person", "outputs", anna)
    again = ("consent", "grant", anna, "--to", "anyone", "--for", "satire", "--given-by", "self")
    run(*again)
    assert json.loads(run("person", "revoke", anna, "--json"))["revoked"] == 1
    run("person", "erase", anna, "--yes")
    with pytest.raises(ConsentUnknownError):
        run("consent", "show", given["id"])


def test_nobody_agrees_for_somebody_else(run, anna):
    grant = ("consent", "grant", anna, "--to", "anyone", "--for", "portrait", "--given-by")
    with pytest.raises(ConsentFormError, match="cannot agree"):
        run(*grant, "operator")
    child = json.loads(
        run("person", "enrol", "Kim", "--age", "child", "--guardian", "Mum", "--json")
    )["id"]
    with pytest.raises(ConsentFormError, match="guardian decides"):
        run("consent", "grant", child, *grant[3:], "self")


def test_calibration_says_what_was_measured_and_what_was_not(run, photos, tmp_path):
    for name in ("ardern_2018", "ardern_2022", "obama", "sunak", "macron_2025"):
        folder = tmp_path / "set" / name.split("_", maxsplit=1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(photos / f"{name}.jpg", folder)
    shutil.copy(photos / "coffee.png", tmp_path / "set" / "obama")
    report = json.loads(run("person", "calibrate", tmp_path / "set", "--json"))
    assert (report["photos"], report["persons"]) == (5, 4)
    assert "obama/coffee.png" in report["left_out"]
    assert report["all"][0]["false_match"] == "not measured"  # nine pairs are too few
