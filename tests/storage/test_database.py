"""Opening the database: safe files, one migration at a time, refusals in plain words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from consentry.config import Settings
from consentry.errors import ConfigError, StorageError
from consentry.storage import open_storage
from consentry.storage.database import engine_for, open_database, storage_errors
from consentry.storage.migrate import HEAD, REVISIONS, alembic_config, migrate, revision_of
from consentry.storage.schema import metadata


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _tables(engine):
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_everything_is_made_for_this_user_alone(settings, storage):
    storage.decisions.list()
    assert _mode(settings.home) == 0o700
    assert {_mode(path) for path in settings.home.iterdir()} == {0o600}
    assert {"consentry.db", "consentry.db-wal"} <= {path.name for path in settings.home.iterdir()}


def test_sqlite_runs_in_the_modes_that_we_chose(settings):
    engine = open_database(settings.model_copy(update={"home": _made(settings.home)}))
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    engine.dispose()
    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "secure_delete": 1}
    assert found == expected


def _made(home: Path) -> Path:
    home.mkdir(mode=0o700)
    return home


def test_the_constants_are_the_migrations_that_there_are():
    script = ScriptDirectory.from_config(alembic_config())
    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS
    assert script.get_current_head() == HEAD


def test_the_migrations_make_what_the_schema_says(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine, HEAD)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_new_database_is_what_the_migrations_make(storage, tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(engine, HEAD)
    assert _everything(storage._engine) == _everything(engine)
    engine.dispose()


def _everything(engine):
    """Each table's columns, keys, checks, indexes and rows, triggers and views besides."""
    seen = inspect(engine)
    asked = (
        seen.get_pk_constraint,
        seen.get_foreign_keys,
        seen.get_unique_constraints,
        seen.get_check_constraints,
        seen.get_indexes,
    )
    with engine.connect() as connection:
        others = "SELECT type, name, sql FROM sqlite_master WHERE type != 'table' AND sql > ''"
        found = {"others": sorted(map(tuple, connection.execute(text(others))))}
        for table in seen.get_table_names():
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608  our name
            if table == "sequences":  # two databases have two identities, one for each of them
                assert len({row.identity for row in rows}) == 1
                rows = [(row.name, row.value) for row in rows]
            columns = [{**one, "type": str(one["type"])} for one in seen.get_columns(table)]
            found[table] = [columns, rows, *(_unordered(ask(table)) for ask in asked)]
    return found


def _unordered(told):
    """What the inspector told, without the order of making; conditions are in the SQL above."""
    for one in told if isinstance(told, list) else ():
        one.get("dialect_options", {}).pop("sqlite_where", None)
    return sorted(map(repr, told)) if isinstance(told, list) else repr(told)


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_migration_goes_up_and_down(tmp_path, revision):
    engine = engine_for(f"sqlite:///{tmp_path / 'a.db'}")
    before = ("base", *REVISIONS)[REVISIONS.index(revision)]
    migrate(engine, before)
    tables = _tables(engine)
    migrate(engine, revision)
    assert revision_of(engine) == revision
    assert _tables(engine) != tables
    migrate(engine, before)
    assert _tables(engine) == tables
    migrate(engine, revision)
    assert revision_of(engine) == revision
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE objects (id INTEGER)"))  # in the way of the last one
    with pytest.raises(Exception, match="objects"):
        migrate(engine, HEAD)
    assert _tables(engine) == {"objects"}
    engine.dispose()


@pytest.mark.parametrize("new", [True, False])
def test_a_database_that_is_new_or_current_is_opened_without_alembic(settings, new):
    if not new:
        open_storage(settings).close()
    code = (
        "import sys; from pathlib import Path; from consentry.config import Settings;"
        "from consentry.storage import open_storage;"
        f"open_storage(Settings(home=Path({str(settings.home)!r}))).close();"
        "print(sorted({'alembic', 'rich', 'httpx', 'cryptography', 'argon2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout.strip() == "[]"


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_processes_that_start_together_migrate_once(settings):
    code = (
        "from pathlib import Path; from consentry.config import Settings;"
        "from consentry.storage import open_storage;"
        f"s = open_storage(Settings(home=Path({str(settings.home)!r})));"
        "print(len(s.decisions.list())); s.close()"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=_environment()
        )
        for _ in range(3)
    ]
    assert [one.communicate()[0].strip() for one in running] == ["0"] * 3


def test_a_newer_database_is_refused(settings):
    open_storage(settings).close()
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match="newer Consentry"):
        open_storage(settings)


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_home_that_others_may_write_is_refused(settings, mode):
    settings.home.mkdir()
    settings.home.chmod(mode)
    with pytest.raises(StorageError, match="chmod 700"):
        open_storage(settings)


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_a_database_that_others_may_read_is_refused(settings, mode):
    open_storage(settings).close()
    (settings.home / "consentry.db").chmod(mode)
    with pytest.raises(StorageError, match="chmod 600"):
        open_storage(settings)


def test_a_home_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError):
            open_storage(Settings(home=home))


def test_a_home_that_cannot_be_written_is_refused(settings, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="may not write"):
        open_storage(settings)


def test_a_file_that_is_no_database_is_refused(settings):
    _made(settings.home)
    path = settings.home / "consentry.db"
    path.write_bytes(b"this is no database at all" * 100)
    path.chmod(0o600)
    with pytest.raises(StorageError, match="not a database"):
        open_storage(settings)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://u:secret@h/d", "not on mysql"),
        ("sqlite://", "name a file"),
        ("postgres://u:secret@h/d", "psycopg"),
        ("postgresql+psycopg://u:secret@h/d", "psycopg"),
    ],
)
def test_other_urls_are_refused_without_their_password(monkeypatch, url, message):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=message) as caught:
        engine_for(url)
    assert "secret" not in str(caught.value)


def test_a_broken_database_is_named_without_what_was_written(storage):
    storage._engine.dispose()
    with storage._engine.begin() as connection:
        connection.execute(text("DROP TABLE decisions"))
    row = dict.fromkeys(("id", "created_at", "stage", "action", "input", "policy"), "pelican")
    with pytest.raises(StorageError) as caught, storage_errors(), storage._engine.begin() as one:
        storage.decisions.save(one, row)
    assert "pelican" not in str(caught.value)
