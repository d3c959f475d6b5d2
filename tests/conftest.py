"""Fixtures that every test may use: photos, an installation of its own, the real system."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from consentry.config import Settings

# A shell that starts the tests in the background has them, and their children, ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)

PHOTOS = Path(__file__).parent / "data" / "photos"


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of photos; their licences stand in its CREDITS.md."""
    return PHOTOS


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A 512 px JPEG of the astronaut's portrait."""
    return encoded("astronaut.png", side=512)


@pytest.fixture(scope="session")
def cup() -> bytes:
    """A 512 px JPEG of a cup of coffee: nobody is in it."""
    return encoded("coffee.png", side=512)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of a real PostgreSQL's socket."""
    from tests.support import postgres

    with postgres.server() as socket:
        yield socket


@pytest.fixture
def postgres_url(postgres_socket: Path) -> Iterator[str]:
    """An empty database on a real PostgreSQL."""
    from tests.support import postgres

    with postgres.database(postgres_socket) as url:
        yield url


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the installation of whoever runs it."""
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CONSENTRY_CONFIG", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty installation, with one decoder child to keep tests light."""
    return Settings(home=tmp_path / "home", media={"decoders": 1}, screening={"workers": 2})


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The real system: real models, a real database, real decoder children."""
    from consentry.guard import Guard

    home = tmp_path_factory.mktemp("guard") / "home"
    with Guard.open(Settings(home=home, media={"decoders": 1})) as opened:
        opened.warm_up()
        yield opened


def encoded(name: str, *, side: int, form: str = "JPEG", **options: object) -> bytes:
    """The photo `name`, its longest side `side`, in another format."""
    from PIL import Image

    with Image.open(PHOTOS / name) as image:
        small = image.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, form, **options)
    return buffer.getvalue()
