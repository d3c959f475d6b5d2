"""Checkpoints, keys, cosignatures, tile paths and proofs, field by field as C2SP has them."""

from __future__ import annotations

import base64

import pytest

from consentry.errors import ConfigError, LedgerDamagedError, ProofError
from consentry.ledger import verify
from consentry.ledger.checkpoint import LogKey, genuine, join_cosignatures, witness_keys
from consentry.ledger.tiles import ENTRIES, TilePath, paths
from consentry.ledger.verify import NotVerifiedError, parse_checkpoint, parse_key

# The example of c2sp.org/signed-note: a key and a note that it signed.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNATURE = (
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
)


def test_the_example_of_the_specification_verifies():
    key = parse_key(VKEY)
    assert (key.name, key.id.hex(), key.type) == ("example.com/foo", "530d903a", 1)
    assert key.text() == VKEY
    raw = base64.b64decode(SIGNATURE)
    note = verify.Checkpoint(
        "example.com/foo", 0, b"", "This is an example message.\n", ((key.name, raw[:4], raw[4:]),)
    )
    verify.check_signed(note, key)


@pytest.fixture
def key():
    return LogKey("example.org/log", bytes(range(32)))


@pytest.fixture
def note(key):
    return key.sign(7, b"r" * 32)


def test_a_checkpoint_has_the_form_of_the_specification(key, note):
    root = base64.b64encode(b"r" * 32).decode()
    text, _, tail = note.partition("\n\n")
    assert text == f"example.org/log\n7\n{root}"
    dash, name, signature = tail.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", "example.org/log")
    raw = base64.b64decode(signature)
    assert (len(raw), raw[:4]) == (68, key.public.id)
    assert genuine(note, key.public).root == b"r" * 32


def test_any_character_that_changes_is_noticed(key, note):
    for place, sign in enumerate(note):
        other = note[:place] + ("x" if sign != "x" else "y") + note[place + 1 :]
        with pytest.raises(LedgerDamagedError):
            genuine(other, key.public)
    for end in range(len(note)):
        with pytest.raises(LedgerDamagedError):
            genuine(note[:end], key.public)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a\n1\n\n— a AAAAAAA=\n",
        "a\n01\n{r}\n\n— a AAAAAAAA\n",
        "a\n1\nAAAA\n\n— a AAAAAAAA\n",
        "a\n-1\n{r}\n\n— a AAAAAAAA\n",
        "a\n1\n{r}\n\n- a AAAAAAAA\n",
        "a\n1\n{r}\n\n— a b AAAAAAAA\n",
        "a\n1\n{r}\n\n",
        "a\r\n1\n{r}\n\n— a AAAAAAAA\n",
        "a\n1\n{r}\n\n— a AAAAAAAB=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NotVerifiedError):
        parse_checkpoint(text.replace("{r}", base64.b64encode(bytes(32)).decode()))


def test_a_signature_of_a_stranger_is_passed_over_and_left_out(key, note, witness):
    stranger = type(witness)("stranger.example/w")
    signed = witness.sign(stranger.sign(note))
    assert len(parse_checkpoint(signed).signatures) == 3
    joined, names = join_cosignatures(signed, key.public, witness_keys([witness.vkey]))
    assert names == [witness.name]
    assert [name for name, _, _ in parse_checkpoint(joined).signatures] == [
        key.public.name,
        witness.name,
    ]
    verify.check_signed(parse_checkpoint(joined), parse_key(witness.vkey))


def test_a_false_cosignature_spoils_the_note(key, note, witness):
    signed = witness.sign(note)
    other = witness.sign(key.sign(8, b"s" * 32)).splitlines()[-1]
    forged = f"{note}{other}\n"
    with pytest.raises(ProofError, match="not genuine"):
        join_cosignatures(forged, key.public, witness_keys([witness.vkey]))
    with pytest.raises(ProofError, match="No witness"):
        join_cosignatures(note, key.public, witness_keys([witness.vkey]))
    later = signed.replace(signed.splitlines()[-1].split(" ")[2][:20], "A" * 20)
    with pytest.raises(ProofError):
        join_cosignatures(later, key.public, witness_keys([witness.vkey]))


def test_a_key_of_another_sort_is_not_taken(key):
    for text in (key.public.text(), "nonsense", "", VKEY[:-1], VKEY.replace("530d", "530e")):
        with pytest.raises(ConfigError):
            witness_keys([text])


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\u00a0b"])
def test_an_origin_that_no_key_can_have_is_refused(origin):
    with pytest.raises(ConfigError, match=r"ledger\.origin"):
        LogKey(origin, bytes(32))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(0, 0, 256), "0/000"),
        (TilePath(0, 67, 3), "0/067.p/3"),
        (TilePath(1, 1234067, 256), "1/x001/x234/067"),
        (TilePath(ENTRIES, 999, 255), "entries/999.p/255"),
        (TilePath(ENTRIES, 1000, 1), "entries/x001/000.p/1"),
    ],
)
def test_tile_paths_are_written_as_specified(path, text):
    assert str(path) == text
    assert TilePath.parse(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0/",
        "0/0",
        "0/0000",
        "00/000",
        "64/000",
        "0/x000/000",
        "0/001/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "0/000/",
        "-1/000",
        "entries/",
        "\u0660/000",
        "0/\u0660\u0660\u0660",
        "other/000",
        "0/" + "x001/" * 90 + "000",
    ],
)
def test_other_paths_are_none(text):
    assert TilePath.parse(text) is None


def test_a_log_of_70000_has_the_tiles_of_the_specification():
    names = {str(path) for path in paths(70_000)}
    assert {
        "0/272",
        "0/273.p/112",
        "1/000",
        "1/001.p/17",
        "2/000.p/1",
        "entries/273.p/112",
    } <= names
    assert len(names) == 2 * 274 + 2 + 1
    assert list(paths(0)) == []
