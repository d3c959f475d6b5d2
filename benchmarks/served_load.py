"""Sends one kind of request over and over, on a core of its own; prints answers a second.

Reads a line of JSON: {"port", "core", "seconds", "connections", "requests": [base64, …]}.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from itertools import cycle
from time import perf_counter


async def _client(port: int, requests: list[bytes], until: float) -> int:
    """One connection, kept open as long as the server likes; the number of answers 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    for request in cycle(requests):
        if perf_counter() > until:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(head.decode("latin-1"))
        told = head.lower()
        length = int(told.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        answers += 1
        if b"connection: close" in told:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return answers


async def _run(asked: dict[str, object]) -> float:
    requests = [base64.b64decode(one) for one in asked["requests"]]
    count, seconds = int(asked["connections"]), float(asked["seconds"])
    started = perf_counter()
    parts = [requests[place::count] or requests for place in range(count)]
    work = [_client(int(asked["port"]), part, started + seconds) for part in parts]
    answers = sum(await asyncio.gather(*work))
    return answers / (perf_counter() - started)


def main() -> None:
    """Do what standard input says."""
    asked = json.loads(sys.stdin.readline())
    os.sched_setaffinity(0, {asked["core"]})
    print(asyncio.run(_run(asked)))


if __name__ == "__main__":
    main()
