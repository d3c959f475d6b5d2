"""The listener that the server answers on."""

from __future__ import annotations

import socket

from consentry.config import ServerSettings
from consentry.web.running import listen


def test_answers_on_a_kept_connection_do_not_wait():
    """Without TCP_NODELAY a kept connection gives 25 answers a second."""
    with listen(ServerSettings(port=0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
