"""Real servers on the loopback: ours, and one of pictures, good and evil."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import numpy as np
import pdqhash
import pytest
import uvicorn
from PIL import Image
from tests.conftest import encoded

from consentry.config import ServerSettings, Settings
from consentry.guard import Guard
from consentry.storage import open_storage
from consentry.web.app import create_app
from consentry.web.running import listen, url_of
from consentry.web.server import _CHOICES

BOTH = ("match", "banks")


class _Handler(BaseHTTPRequestHandler):
    """Answers by path; `server.files` maps paths to (status, headers, body)."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        kind, *rest = self.server.files.get(self.path, ("plain", 404, {}, b""))
        getattr(self, f"_{kind}")(*rest)

    def _plain(self, status, headers, body):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _endless(self, piece, pause):
        """A body that never ends, in chunks, without saying how long it is."""
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while not self.server.stopping.is_set():
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                time.sleep(pause)
        except OSError:
            return

    def log_message(self, *_):
        pass


class PictureServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.asked = []
        self.stopping = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def host(self):
        return f"127.0.0.1:{self.server_port}"

    def put(self, path, body=b"", status=200, kind="image/jpeg", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.files[path] = ("plain", status, {"Content-Type": kind, **named}, body)

    def redirect(self, path, to, status=302):
        self.put(path, status=status, Location=to)

    def put_bomb(self, path):
        packed = gzip.compress(bytes(10_000_000))
        self.put(path, packed, Content_Encoding="gzip")

    def put_endless(self, path, piece=b"x" * 1000, pause=0.0):
        self.files[path] = ("endless", piece, pause)


@pytest.fixture(scope="module")
def pictures():
    """A server of pictures on the loopback."""
    server = PictureServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An empty home to copy, which is quicker than making one, and a key for everything."""
    home = tmp_path_factory.mktemp("template") / "home"
    storage = open_storage(Settings(home=home))
    token = storage.keys.create("test", BOTH)[1]
    storage.close()
    return home, token


@pytest.fixture
def installation(tmp_path, pictures, template):
    """Opens installations with settings of one's own; the server of pictures is allowed."""
    opened = []

    def make(home="home", **hma):
        shutil.copytree(template[0], tmp_path / home)
        settings = Settings(
            home=tmp_path / home,
            log_level="error",
            media={"decoders": 1},
            hma={"fetch_allow_hosts": (pictures.host,), **hma},
        )
        opened.append(Guard.open(settings))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def guard(installation):
    """An empty installation."""
    return installation()


class Switch:
    """An application that passes everything on to the one that was chosen last.

    To start and stop a real server for each of some hundred tests would take a minute.
    """

    guard = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

    def choose(self, guard):
        if guard is not self.guard:
            self.guard, self.app = guard, create_app(guard)


@pytest.fixture(scope="session")
def loopback():
    """A real uvicorn on the loopback, with our choices: its switch and its URL."""
    switch = Switch()
    with listen(ServerSettings(port=0)) as listener:
        config = uvicorn.Config(switch, lifespan="off", **_CHOICES)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield switch, url_of(listener)
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def connect(loopback, template):
    """Serves a guard on the loopback and gives a client for it, with a key of these scopes."""
    switch, url = loopback
    with contextlib.ExitStack() as stack:

        def make(guard, *scopes):
            headers = {}
            if scopes:
                ready_made = scopes == BOTH
                token = template[1] if ready_made else guard.storage.keys.create("a", scopes)[1]
                headers = {"Authorization": f"Bearer {token}"}
            switch.choose(guard)
            client = httpx.Client(base_url=url, headers=headers, timeout=30)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def hma(guard, connect):
    """A client with a key for everything that HMA's clients do, on an empty installation."""
    return connect(guard, *BOTH)


@pytest.fixture
def bank(hma):
    """The name of an empty bank."""
    assert hma.post("/c/banks", json={"name": "TEST_BANK"}).status_code == 201
    return "TEST_BANK"


@pytest.fixture(scope="module")
def photo(pictures):
    """The address of a photo, its bytes and its PDQ hash by the reference."""
    return _publish(pictures, "/coffee.jpg", encoded("coffee.png", side=640))


@pytest.fixture(scope="module")
def other_photo(pictures):
    """Another photo."""
    return _publish(pictures, "/rocket.jpg", encoded("rocket.jpg", side=600))


@pytest.fixture(scope="session")
def flat():
    """A PNG with nothing to see in it."""
    buffer = io.BytesIO()
    Image.new("RGB", (128, 128), (90, 120, 150)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Photo:
    url: str
    data: bytes
    pdq: str


def _publish(pictures, path, data):
    pictures.put(path, data)
    return Photo(pictures.url + path, data, reference_pdq(data))


def reference_pdq(data):
    """The hash that HMA computes: `pdqhash` of the pixels as the file stores them."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    bits, _ = pdqhash.compute(pixels)
    return np.packbits(bits).tobytes().hex()
