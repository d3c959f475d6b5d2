"""A server of pictures on the loopback, good and evil."""

from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


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
