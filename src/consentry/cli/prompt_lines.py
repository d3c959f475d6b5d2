"""Reading prompts ahead of their screening, as many together as have come.

Two threads stand before the screening: one reads, one tells the guard what is about to come. A line
that comes alone, as from a person who types, goes through at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final, TypeAlias, TypeVar

__all__ = ["in_batches"]

_MOST: Final = 64
_END: Final = ""
_PATIENCE_S: Final = 0.1

_Read: TypeAlias = str | Exception
_T = TypeVar("_T")


def in_batches(
    lines: Iterable[str], expect: Callable[[list[str]], None]
) -> Iterator[tuple[int, str]]:
    """Each of `lines` with its number, from 1; `expect` is told of up to 64 before they are given.

    Raises:
        Exception: whatever reading `lines` raised, after those that came before.
    """
    read: Queue[_Read] = Queue(2 * _MOST)
    told: Queue[list[_Read]] = Queue(1)
    stop = Event()
    Thread(target=_read, args=(lines, read, stop), daemon=True, name="reading").start()
    telling = Thread(target=_tell, args=(read, told, expect, stop), name="telling")
    telling.start()
    try:
        yield from enumerate(_given(told), 1)
    finally:
        stop.set()
        telling.join()


def _given(told: Queue[list[_Read]]) -> Iterator[str]:
    while True:
        for one in told.get():
            if isinstance(one, Exception):
                raise one
            if one == _END:
                return
            yield one


def _read(lines: Iterable[str], read: Queue[_Read], stop: Event) -> None:
    try:
        for line in lines:
            if not _put(read, line, stop):
                return
    except Exception as error:  # noqa: BLE001  raised again where the lines are used
        _put(read, error, stop)
    _put(read, _END, stop)


def _tell(
    read: Queue[_Read],
    told: Queue[list[_Read]],
    expect: Callable[[list[str]], None],
    stop: Event,
) -> None:
    while not stop.is_set():
        batch = _taken(read)
        texts = [one for one in batch if isinstance(one, str) and one.strip()]
        if len(texts) > 1:
            with suppress(Exception):  # only for speed: whatever is wrong is met again, and told
                expect(texts)
        if batch and not _put(told, batch, stop):
            return


def _taken(read: Queue[_Read]) -> list[_Read]:
    """What has come, at most 64; after a moment without anything, nothing."""
    found: list[_Read] = []
    try:
        found.append(read.get(timeout=_PATIENCE_S))
        while len(found) < _MOST:
            found.append(read.get_nowait())
    except Empty:
        pass
    return found


def _put(queue: Queue[_T], item: _T, stop: Event) -> bool:
    """Whether there was room for `item` before somebody said stop."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=_PATIENCE_S)
        except Full:
            continue
        return True
    return False
