"""A loopback server that answers the three addresses of HMA that an import asks for."""

import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHma:
    """Contents by number, each with its bank and signals, as HMA shows them.

    `fail_at`: the content with this number is answered with 500, once.
    """

    def __init__(self, contents, *, banks=("ONE", "TWO")):
        self.contents = contents
        self.banks = banks
        self.fail_at = None
        self.asked = []

    def answer(self, path):
        self.asked.append(path)
        if path == "/c/banks":
            return 200, [{"name": name, "matching_enabled_ratio": 1.0} for name in self.banks]
        if path == "/c/signal_type/index":
            counts = Counter(kind for _, signals in self.contents.values() for kind in signals)
            return 200, {kind: {"db_size": count} for kind, count in counts.items()}
        number = int(re.match(r"/c/bank/\w+/content/(\d+)\?", path)[1])
        if number == self.fail_at:
            self.fail_at = None
            return 500, {"message": "oops"}
        if number not in self.contents:
            return 404, {"message": f"content '{number}' not found"}
        bank, signals = self.contents[number]
        return 200, {
            "id": number,
            "disable_until_ts": 1,
            "original_media_uri": None,
            "bank": {"name": bank, "matching_enabled_ratio": 1.0},
            "signals": signals,
            "added_in_a_later_version": True,
        }

    @contextmanager
    def serving(self):
        """The address that it answers on."""
        hma = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # head and body in one packet

            def do_GET(self):
                status, plain = hma.answer(self.path)
                body = json.dumps(plain).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
