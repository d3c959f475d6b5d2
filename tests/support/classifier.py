"""A real server on the loopback that plays a classifier, a well-behaved one or any other."""

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Classifier(ThreadingHTTPServer):
    """Answers what a test told it to, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.connections = [], set()
        self.status, self.headers, self.body = 200, {}, b'{"findings": []}'
        self.may_answer, self.answered, self.pause = threading.Event(), False, 0.0
        self.may_answer.set()

    def handle_error(self, *_):
        """Whoever asked has hung up, as a test meant: nothing to print."""

    def say(self, answer):
        self.body = json.dumps(answer).encode()

    @property
    def asked(self):
        """The last question, as JSON."""
        return json.loads(self.requests[-1][2])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/look"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.server.connections.add(self.client_address)
        self.server.may_answer.wait(10)
        self.server.answered = True
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the one who asked may have gone
            if not self.server.pause:
                self.wfile.write(self.server.body)
                return
            for byte in self.server.body:
                self.wfile.write(bytes([byte]))
                time.sleep(self.server.pause)

    def log_message(self, *_):
        pass


@contextmanager
def classifier():
    """One that listens."""
    one = Classifier()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield one
    finally:
        one.may_answer.set()
        one.shutdown()
        thread.join()
        one.server_close()
