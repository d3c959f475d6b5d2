"""Whatever is altered, in the database, in files or in a proof, is found: 500 times at random."""

from __future__ import annotations

import base64
import json
import random
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from consentry.config import Settings
from consentry.errors import ConsentryError, LedgerDamagedError, StorageError
from consentry.ledger import verify
from consentry.ledger.audit import audit
from consentry.ledger.checkpoint import witness_keys
from consentry.ledger.entry import decision_payload
from consentry.ledger.log import Log
from consentry.ledger.tiles import paths
from consentry.storage import open_storage

SIZE = 300
TIMES = 500


def decision(number):
    return {
        "id": f"{number:032x}",
        "created_at": "2099-01-01T00:00:00.000+00:00",
        "stage": "output",
        "action": "block",
        "input": f"sha256:{number}",
        "policy": "sha256:p",
        "findings": [{"category": "person.face", "score": 0.75}],
    }


def append_decision(log, storage, number):
    document = decision(number)

    def save(connection, index):
        storage.decisions.save(connection, {**document, "receipt": str(index)})

    log.append("decision", decision_payload(document), also=save, keep=False, durable=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An installation with decisions, changes, an erasure and a cosigned checkpoint; its proofs."""
    from tests.ledger.conftest import Witness

    folder = tmp_path_factory.mktemp("whole")
    witness = Witness()
    settings = Settings(home=folder / "home", ledger={"witnesses": (witness.vkey,)})
    storage = open_storage(settings)
    log = Log.open(settings, storage)
    log.append_change("policy", {"version": "a"})
    log.append_change("models", {"version": "a"})
    for number in range(100):
        append_decision(log, storage, number)
    for number in range(SIZE - 104):
        log.append("consent", {"n": number}, durable=False)
    log.erase([110, 120], {})
    log.public.take_cosigned(witness.sign(log.public.checkpoint()))
    log.append_change("policy", {"version": "b"})
    note = log.public.checkpoint()
    for path in paths(log.size()):
        file = folder / "export" / "tile" / str(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log.public.tile(path))
    (folder / "export" / "checkpoint").write_text(note)
    proofs = [log.prove(5, decision_payload(decision(3))), log.prove(150), log.prove(SIZE - 1)]
    key = verify.parse_key(log.public.verifier)
    assert log.size() == SIZE
    log.close()
    storage.close()
    return settings, folder, proofs, key, witness_keys([witness.vkey])


def faults(settings):
    try:
        storage = open_storage(settings)
    except ConsentryError as error:
        return [error.message]
    try:
        return list(audit(settings, storage))
    finally:
        storage.close()


def test_untouched_everything_verifies(whole):
    settings, folder, proofs, key, witnesses = whole
    assert faults(settings) == []
    for proof, known in zip(proofs, (witnesses, witnesses, ()), strict=True):
        verify.check_proof(verify.parse_proof(proof), key, known)
    verify.check_log(folder / "export", key)


# --- What may be done to it: each takes a source of chance and the database or the home ----------


def flip(chance, data):
    altered = bytearray(data)
    altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
    return bytes(altered)


def cell(table, column, chance, base, where="1"):
    """One bit of one value of a random row."""
    rows = base.execute(
        f"SELECT rowid, {column} FROM {table} WHERE {where} AND {column} IS NOT NULL"  # noqa: S608  our own names
    ).fetchall()
    row, value = chance.choice(rows)
    if isinstance(value, int):
        new = value + chance.choice([-2, -1, 1, 2])
    elif isinstance(value, str):
        place = chance.randrange(len(value))
        new = value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]
    else:
        new = flip(chance, value)
    base.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))  # noqa: S608  the same


def remove(table, chance, base, where="1"):
    rows = base.execute(f"SELECT rowid FROM {table} WHERE {where}").fetchall()  # noqa: S608  the same
    base.execute(f"DELETE FROM {table} WHERE rowid = ?", chance.choice(rows))  # noqa: S608  the same


def swap(columns, chance, base):
    first, second = chance.sample([one for one in range(SIZE) if one not in {110, 120}], 2)
    names = ", ".join(columns)
    rows = [
        base.execute(f"SELECT {names} FROM log_entries WHERE id = ?", (one,)).fetchone()  # noqa: S608  the same
        for one in (second, first)
    ]
    marks = ", ".join(f"{name} = ?" for name in columns)
    for one, row in zip((first, second), rows, strict=True):
        base.execute(f"UPDATE log_entries SET {marks} WHERE id = ?", (*row, one))  # noqa: S608  the same


def cut(chance, base, *, counted):
    end = chance.randrange(SIZE)
    base.execute("DELETE FROM log_entries WHERE id >= ?", (end,))
    if counted:
        base.execute("DELETE FROM log_tiles WHERE (number + 1) * 256 > ?", (end,))
        base.execute("UPDATE sequences SET value = ? WHERE name = 'log'", (end,))


def forge(chance, base, *, counted):
    (entry, sealed, key) = base.execute(
        "SELECT entry, sealed, wrapped_key FROM log_entries WHERE id = ?", (chance.randrange(100),)
    ).fetchone()
    base.execute(
        "INSERT INTO log_entries VALUES (?, ?, ?, ?)", (SIZE, flip(chance, entry), sealed, key)
    )
    if counted:
        base.execute("UPDATE sequences SET value = value + 1 WHERE name = 'log'")


def hide(columns, chance, base):
    index = chance.choice([one for one in range(SIZE) if one not in {110, 120}])
    marks = ", ".join(f"{name} = NULL" for name in columns)
    base.execute(f"UPDATE log_entries SET {marks} WHERE id = ?", (index,))  # noqa: S608  the same


def rewrite_decision(chance, base):
    row, document = chance.choice(base.execute("SELECT rowid, document FROM decisions").fetchall())
    plain = json.loads(document)
    name, value = chance.choice(
        [("action", "allow"), ("findings", []), ("receipt", "7"), ("receipt", None), ("x", 1)]
    )
    if plain.get(name) == value:
        value = "8"
    plain[name] = value
    base.execute("UPDATE decisions SET document = ? WHERE rowid = ?", (json.dumps(plain), row))


def invent_decision(chance, base):
    row = list(base.execute("SELECT * FROM decisions LIMIT 1").fetchone())
    plain = json.loads(row[-1])
    plain |= {"id": f"{chance.getrandbits(120):032x}"}
    if chance.random() < 0.5:
        del plain["receipt"]
    row[0], row[-1] = plain["id"], json.dumps(plain)
    base.execute(f"INSERT INTO decisions VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  question marks


def invent_tile(chance, base):
    level, number = chance.choice([(0, 1), (0, 7), (1, 0), (3, 0)])
    base.execute(
        "INSERT INTO log_tiles VALUES (?, ?, ?, ?)", (level, number, bytes(32), bytes(8192))
    )


def misfile(chance, base):
    size = chance.choice(base.execute("SELECT size FROM log_checkpoints").fetchall())
    base.execute("UPDATE log_checkpoints SET cosigned = 1 - cosigned WHERE size = ?", size)


IN_DATABASE = [
    partial(cell, "log_entries", "entry"),
    partial(cell, "log_entries", "sealed"),
    partial(cell, "log_entries", "wrapped_key"),
    partial(cell, "log_entries", "id"),
    partial(remove, "log_entries"),
    partial(swap, ["entry", "sealed", "wrapped_key"]),
    partial(swap, ["sealed", "wrapped_key"]),
    partial(swap, ["entry"]),
    partial(hide, ["sealed", "wrapped_key"]),
    partial(hide, ["wrapped_key"]),
    partial(cut, counted=False),
    partial(cut, counted=True),
    partial(forge, counted=False),
    partial(forge, counted=True),
    partial(cell, "log_tiles", "hashes"),
    partial(cell, "log_tiles", "root"),
    partial(cell, "log_tiles", "number"),
    partial(remove, "log_tiles"),
    invent_tile,
    partial(cell, "log_checkpoints", "note"),
    partial(cell, "log_checkpoints", "size"),
    misfile,
    partial(remove, "log_checkpoints"),
    partial(cell, "log_state", "value"),
    partial(remove, "log_state"),
    partial(cell, "sequences", "value", where="name = 'log'"),
    partial(cell, "decisions", "document"),
    rewrite_decision,
    invent_decision,
    partial(remove, "decisions"),
]
FILES = ["keys/log.key", "keys/master.key", "log/checkpoint"]


def damage_file(chance, home):
    path = home / chance.choice(FILES)
    data = path.read_bytes()
    how = chance.choice(["flip", "flip", "flip", "cut", "gone"])
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(
            flip(chance, data) if how == "flip" else data[: chance.randrange(len(data))]
        )


def damage_proof(chance, whole):
    """A changed character, or a part of another proof; whether it is found."""
    _, _, proofs, key, witnesses = whole
    chosen = chance.randrange(len(proofs))
    text = proofs[chosen]
    lines = text.split("\n")
    how = chance.choice(["sign", "sign", "line gone", "line of another", "cut", "payload"])
    if how == "sign":
        place = chance.randrange(len(text))
        text = text[:place] + chance.choice("AZaz09+/ \n=") + text[place + 1 :]
    elif how == "line gone":
        del lines[chance.randrange(len(lines))]
        text = "\n".join(lines)
    elif how == "line of another":
        place = chance.randrange(len(lines))
        lines[place] = chance.choice(chance.choice(proofs).split("\n"))
        text = "\n".join(lines)
    elif how == "cut":
        text = text[: chance.randrange(len(text))]
    else:
        extra = json.loads(base64.b64decode(lines[1].removeprefix("extra ")))
        name = chance.choice(list(extra))
        extra[name] = base64.b64encode(flip(chance, base64.b64decode(extra[name]))).decode()
        plain = json.dumps(extra, separators=(",", ":"), sort_keys=True)
        lines[1] = f"extra {base64.b64encode(plain.encode()).decode()}"
        text = "\n".join(lines)
    if text == proofs[chosen]:
        return True  # nothing was altered after all
    try:
        verify.check_proof(verify.parse_proof(text), key, witnesses if chosen < 2 else ())
    except verify.NotVerifiedError:
        return True
    return False


def damage_export(chance, whole, copy):
    shutil.copytree(whole[1] / "export", copy)
    files = sorted((copy / "tile" / "entries").rglob("*"))
    path = chance.choice([copy / "checkpoint", *(one for one in files if one.is_file())])
    path.write_bytes(flip(chance, path.read_bytes()))
    try:
        verify.check_log(copy, whole[3])
    except verify.NotVerifiedError:
        return True
    return False


def damaged(chance, whole, copy):
    """A copy of the installation with one thing altered; what was done, and what is found."""
    settings = whole[0]
    home = copy / "home"
    shutil.copytree(settings.home, home)
    if chance.random() < 0.15:
        how = damage_file
        damage_file(chance, home)
    else:
        how = chance.choice(IN_DATABASE)
        with closing(sqlite3.connect(home / "consentry.db")) as base, base:
            try:
                how(chance, base)
            except sqlite3.IntegrityError:
                return how, ["the database itself refuses it"]
    return how, faults(settings.model_copy(update={"home": home}))


def test_500_random_tamperings_are_all_found(whole, tmp_path):
    chance = random.Random(500)  # noqa: S311  a sample, nothing secret
    for turn in range(TIMES):
        copy = tmp_path / str(turn)
        kind = chance.random()
        if kind < 0.25:
            assert damage_proof(chance, whole), turn
        elif kind < 0.3:
            assert damage_export(chance, whole, copy), turn
        else:
            how, found = damaged(chance, whole, copy)
            assert found, (turn, how)
        shutil.rmtree(copy, ignore_errors=True)


# --- At start ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        partial(cut, counted=False),
        partial(cut, counted=True),
        partial(forge, counted=False),
        partial(remove, "log_checkpoints", where="cosigned = 0"),
        partial(cell, "log_entries", "entry", where=f"id >= {SIZE - SIZE % 256}"),
        partial(cell, "log_tiles", "root"),
        partial(cell, "log_checkpoints", "note", where="cosigned = 0"),
        partial(remove, "log_state", where="name = 'verifier'"),
        partial(cell, "sequences", "value", where="name = 'log'"),
    ],
)
def test_a_damaged_or_truncated_log_does_not_open(whole, tmp_path, how):
    for turn in range(5):
        home = tmp_path / str(turn)
        shutil.copytree(whole[0].home, home)
        with closing(sqlite3.connect(home / "consentry.db")) as base, base:
            how(random.Random(turn), base)  # noqa: S311  a sample, nothing secret
        storage = open_storage(whole[0].model_copy(update={"home": home}))
        with pytest.raises(LedgerDamagedError) as caught:
            Log.open(whole[0], storage)
        assert caught.value.hint
        storage.close()


def test_a_database_that_is_gone_or_older_is_noticed(whole, tmp_path):
    settings = whole[0].model_copy(update={"home": tmp_path / "home"})
    shutil.copytree(whole[0].home, settings.home)
    storage = open_storage(settings)
    storage.close()
    older = (settings.home / "consentry.db").read_bytes()
    storage = open_storage(settings)
    log = Log.open(settings, storage)
    log.append("consent", {})
    log.close()
    storage.close()
    for database in (older, None):
        for path in settings.home.glob("consentry.db*"):
            path.unlink()
        if database is not None:
            (settings.home / "consentry.db").write_bytes(database)
            (settings.home / "consentry.db").chmod(0o600)
        storage = open_storage(settings)
        with pytest.raises(LedgerDamagedError, match=r"is gone|there was one") as caught:
            Log.open(settings, storage)
        assert "estore" in caught.value.hint
        storage.close()


@pytest.mark.parametrize("name", ["keys/log.key", "log/checkpoint"])
def test_a_key_or_a_checkpoint_that_is_gone_is_noticed(whole, tmp_path, name):
    home = tmp_path / "home"
    shutil.copytree(whole[0].home, home)
    (home / name).unlink()
    storage = open_storage(whole[0].model_copy(update={"home": home}))
    with pytest.raises((LedgerDamagedError, StorageError), match="missing") as caught:
        Log.open(whole[0], storage)
    assert "backup" in caught.value.hint
    assert not Path(home / name).exists(), "nothing is made in its place"
    storage.close()
