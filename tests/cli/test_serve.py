"""`consentry serve`: what happens before and after it serves; tests/web has what it answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from consentry.config import ServerSettings, Settings
from consentry.errors import ConfigError
from consentry.web import running
from consentry.web.running import listen, url_of


def test_a_taken_port_is_named_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_load", lambda _: pytest.fail("it loaded the models"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(home=tmp_path, server={"port": port})
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*--port"):
            running.run(settings, on_ready=lambda *_: None)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(ConfigError, match="--host"):
        listen(ServerSettings(host="192.0.2.1", port=0))


def test_port_0_takes_a_free_one():
    with listen(ServerSettings(port=0)) as listener:
        assert url_of(listener).startswith("http://127.0.0.1:")
        assert not url_of(listener).endswith(":0")


def _stop(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "CONSENTRY_HOME": str(tmp_path / "home"),
    }


def _ready_line(process):
    timer = threading.Timer(60, process.kill)
    timer.start()
    line = process.stderr.readline()
    timer.cancel()
    return line


def test_the_whole_server_serves_and_stops(environment):
    words = [sys.executable, "-m", "consentry", "serve", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = _ready_line(process)
            assert "Consentry is ready on http://127.0.0.1:" in line, line + process.stderr.read()
            assert "consentry key create" in line
            url = line.split("ready on ")[1].split(". ")[0]
            made = subprocess.run(
                [sys.executable, "-m", "consentry", "key", "create", "a", "--scope", "screen"],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            answer = httpx.post(
                f"{url}/v1/screenings",
                json={"stage": "prompt", "prompt": "a lighthouse at dusk"},
                headers={"Authorization": f"Bearer {made.stdout.strip()}"},
            )
            assert (answer.status_code, answer.json()["action"]) == (201, "allow"), answer.text
        finally:
            status = _stop(process)
    assert status == 0
