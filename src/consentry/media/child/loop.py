"""The life of a decoder child: load the codecs, confine itself, answer one request at a time."""

from __future__ import annotations

import os
import socket
from typing import Any

from consentry.errors import DecoderError, MediaError, MediaTooCostlyError
from consentry.loading import loading
from consentry.media.child.confine import allow_seconds, confine, end_with
from consentry.media.protocol import MAX_MESSAGE, Answer, Limits, Refusal, Request, pack, unpack
from consentry.media.sniff import VIDEO_FORMATS

__all__ = ["run"]


def run(options: dict[str, Any]) -> None:
    """Serve until the parent closes the socket, or until memory ran out."""
    limits = Limits(**options["limits"])
    channel = socket.socket(fileno=options["fds"][0])
    try:
        end_with(options["parent"])
        with loading():
            worker = _Worker(limits, options["fds"][1], options["fds"][2:])
        confine(limits.decode_memory_bytes)
    except Exception as error:  # noqa: BLE001  the parent tells the operator
        channel.send(f"{type(error).__name__}: {error}".encode()[:1000])
        return
    channel.send(b"ready")
    while raw := channel.recv(MAX_MESSAGE):
        answer, healthy = worker.serve(unpack(raw))
        channel.send(pack(answer))
        if not healthy:
            return


class _Worker:
    def __init__(self, limits: Limits, inbox: int, arenas: list[int]) -> None:
        from consentry.media.child.output import Output

        self._limits = limits
        self._inbox = inbox
        self._outputs = [Output(fd, limits.decode_memory_bytes) for fd in arenas]
        self._load_codecs()

    @staticmethod
    def _load_codecs() -> None:
        from consentry.media.child import jpeg, stills  # noqa: F401  load now, not at the first file

    def serve(self, request: Request) -> tuple[Answer | Refusal, bool]:
        """Decode; the second value says whether this child may go on."""
        allow_seconds(self._limits.decode_seconds)
        output = self._outputs[request.arena]
        output.begin()
        try:
            return self._decode(request, output), True
        except MediaError as error:
            return Refusal(error.code, error.message, error.hint), True
        except MemoryError:
            megabytes = self._limits.decode_memory_bytes // 2**20
            message = f"Decoding needs more than {megabytes:,} MiB of memory."
            return Refusal(MediaTooCostlyError.code, message), False
        except Exception as error:  # noqa: BLE001  a fault of ours: the parent says so
            message = f"The decoder failed: {type(error).__name__}: {error}"[:500]
            return Refusal(DecoderError.code, message), False

    def _decode(self, request: Request, output: Any) -> Answer:  # noqa: ANN401  Output is loaded late
        if request.format in VIDEO_FORMATS:
            from consentry.media.child.video import decode_video

            return decode_video(self._inbox, request, self._limits, output)
        from consentry.media.child.stills import decode_still

        data = os.pread(self._inbox, request.size, 0)
        return decode_still(data, request.format, self._limits, output)
