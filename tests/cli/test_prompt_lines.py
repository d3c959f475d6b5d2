"""Lines of prompts are read ahead, in order, and none is lost or late."""

from __future__ import annotations

import threading
from itertools import count, islice

import pytest

from consentry.cli.prompt_lines import in_batches


def test_every_line_comes_once_in_order_and_most_were_announced():
    lines = [f"line {number}\n" for number in range(1000)]
    told: list[str] = []
    assert list(in_batches(iter(lines), told.extend)) == list(enumerate(lines, 1))
    assert len(told) == len(set(told)) > 900  # one that came alone is not announced


def test_a_line_goes_through_before_the_next_is_written():
    written, answered = threading.Semaphore(0), []

    def typed():
        for number in range(3):
            assert written.acquire(timeout=10)
            yield f"{number}\n"

    lines = in_batches(typed(), lambda _: None)
    for number in range(3):
        written.release()
        answered.append(next(lines))
        assert answered[-1] == (number + 1, f"{number}\n")


def test_what_reading_raises_comes_after_the_lines_before_it():
    def torn():
        yield "whole\n"
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    lines = in_batches(torn(), lambda _: None)
    assert next(lines) == (1, "whole\n")
    with pytest.raises(UnicodeDecodeError):
        next(lines)


def test_a_failure_to_work_ahead_stops_nothing():
    def expect(_: list[str]) -> None:
        raise RuntimeError("broken")

    assert [number for number, _ in in_batches(["a\n"] * 200, expect)] == [*range(1, 201)]


def test_whoever_stops_early_leaves_no_thread_that_works():
    endless = in_batches((f"{number}\n" for number in count()), lambda _: None)
    assert len(list(islice(endless, 5))) == 5
    endless.close()
    names = {thread.name for thread in threading.enumerate()}
    assert "telling" not in names
