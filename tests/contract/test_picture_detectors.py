"""The built-in picture detectors keep the contract that plug-ins are held to."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.support.onnx_models import mean_colour_model

from consentry.config import HttpSlot, OnnxSlot, Settings
from consentry.detectors._shared import sample_picture
from consentry.detectors.age import AgeDetector
from consentry.detectors.contract import Example
from consentry.detectors.explicitness import ExplicitnessDetector
from consentry.detectors.faces import FaceDetector
from consentry.detectors.http_slot import HttpSlotDetector
from consentry.detectors.onnx_slot import OnnxSlotDetector
from consentry.detectors.testing import DetectorContract


class TestFaces(DetectorContract):
    detector = FaceDetector
    models = ("yunet",)


class TestAge(DetectorContract):
    detector = AgeDetector
    models = ("age-v1",)


class TestExplicitness(DetectorContract):
    detector = ExplicitnessDetector
    models = ("open-nsfw",)


class TestOnnxSlot(DetectorContract):
    detector = OnnxSlotDetector
    without_examples = True

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        self.file = tmp_path / "own.onnx"
        self.file.write_bytes(mean_colour_model())

    def settings(self):
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        slot = OnnxSlot(name="own", file=self.file, sha256=digest, outputs={"acme.red": 0})
        return Settings(detectors={"onnx": (slot,)})

    def examples(self):
        return [Example(sample_picture("coffee"), expects={"acme.red": (0.1, 0.9)})]


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"findings":[{"category":"acme.cup","score":0.7,"where":{"box":[1,2,3,4]}}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class TestHttpSlot(DetectorContract):
    detector = HttpSlotDetector
    without_examples = True

    @pytest.fixture(autouse=True)
    def _server(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/"
        yield
        server.shutdown()
        thread.join()
        server.server_close()

    def settings(self):
        slot = HttpSlot(name="far", url=self.url, kind="picture", categories=("acme.cup",))
        return Settings(detectors={"http": (slot,)})

    def examples(self):
        return [Example(sample_picture("coffee"), expects={"acme.cup": (0.7, 0.7)})]
