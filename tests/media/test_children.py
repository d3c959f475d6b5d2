"""The children: killed, stopped, starved, replaced, and never left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import ConsentryError, DecoderError, MediaTooCostlyError
from consentry.media import MediaDecoder, Picture
from consentry.media.protocol import ARENAS

SOURCE = Path(__file__).resolve().parents[2] / "src"


def small() -> bytes:
    return makers.encode(makers.photo(), "jpeg")


def slow() -> bytes:
    """A picture that takes a child a good while."""
    return makers.encode(makers.photo("coffee.png", (3000, 2000)), "avif", speed=10)


def open_files() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def wait_until(truth, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_nothing_starts_before_it_is_needed() -> None:
    with MediaDecoder(MediaSettings(decoders=2)) as decoder:
        assert decoder.pids == ()
        decoder.decode(small())
        assert len(decoder.pids) == 1


def test_warm_up_starts_all_children_once() -> None:
    with MediaDecoder(MediaSettings(decoders=3)) as decoder:
        decoder.warm_up()
        pids = decoder.pids
        assert len(pids) == 3
        decoder.warm_up()
        assert decoder.pids == pids


def test_warm_up_can_leave_children_for_later() -> None:
    with MediaDecoder(MediaSettings(decoders=3)) as decoder:
        decoder.warm_up(1)
        assert len(decoder.pids) == 1
        decoder.warm_up(2)
        assert len(decoder.pids) == 2


def test_quick_pictures_share_a_child_and_slow_ones_get_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MediaDecoder(MediaSettings(decoders=2)) as decoder, ThreadPoolExecutor(3) as pool:
        decoder.warm_up(1)
        with monkeypatch.context() as patient:  # a busy machine makes any picture slow
            patient.setattr("consentry.media.pool._PATIENCE_SECONDS", 30.0)
            list(pool.map(decoder.decode, [small()] * 30))
        assert len(decoder.pids) == 1
        list(pool.map(decoder.decode, [slow()] * 2))
        assert len(decoder.pids) == 2


def test_a_child_that_died_while_idle_is_replaced_unnoticed() -> None:
    with MediaDecoder(MediaSettings(decoders=1)) as decoder:
        for _ in range(5):
            decoder.decode(small())
            (pid,) = decoder.pids
            os.kill(pid, signal.SIGKILL)  # and ask at once, before anybody can know
            assert isinstance(decoder.decode(small()), Picture)
            assert decoder.pids != (pid,)


def test_a_child_that_died_before_it_read_the_file_is_replaced_unnoticed() -> None:
    with MediaDecoder(MediaSettings(decoders=1)) as decoder, ThreadPoolExecutor(1) as threads:
        decoder.warm_up()
        (pid,) = decoder.pids
        os.kill(pid, signal.SIGSTOP)  # the request lies in its socket, unread
        job = threads.submit(decoder.decode, small())
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        assert isinstance(job.result(), Picture)


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_child_that_dies_at_work_is_named_and_replaced(ended_by: signal.Signals) -> None:
    data = slow()
    with MediaDecoder(MediaSettings(decoders=1)) as decoder, ThreadPoolExecutor(1) as threads:
        decoder.warm_up()
        (pid,) = decoder.pids
        os.kill(pid, signal.SIGSTOP)
        job = threads.submit(decoder.decode, data)
        wait_until(lambda: read_by(pid, job))
        os.kill(pid, ended_by)
        os.kill(pid, signal.SIGCONT)
        with pytest.raises(DecoderError, match=ended_by.name):
            job.result()
        assert isinstance(decoder.decode(small()), Picture)
        assert is_gone(pid)


def read_by(pid: int, job) -> bool:
    """Let the child run for moments until it has begun with the job (it uses the processor)."""
    if job.done():
        return True
    before = cpu_ticks(pid)
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.02)
    os.kill(pid, signal.SIGSTOP)
    return cpu_ticks(pid) > before


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_child_that_hangs_meets_the_time_limit() -> None:
    with MediaDecoder(MediaSettings(decoders=1, decode_seconds=0.4)) as decoder:
        decoder.warm_up()
        (pid,) = decoder.pids
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(MediaTooCostlyError, match=r"longer than 0\.4 seconds"):
            decoder.decode(small())
        assert is_gone(pid)
        assert isinstance(decoder.decode(small()), Picture)


def test_a_picture_that_takes_too_long_is_too_costly() -> None:
    data = makers.encode(makers.photo("coffee.png", (4000, 3000)), "avif", speed=10)
    with MediaDecoder(MediaSettings(decoders=1, decode_seconds=0.05)) as decoder:
        decoder.warm_up()
        with pytest.raises(MediaTooCostlyError):
            decoder.decode(data)
        decoder.warm_up()
        assert isinstance(decoder.decode(small()), Picture)


def test_memory_that_is_too_small_to_start_is_said_so() -> None:
    settings = MediaSettings(decoders=1, decode_memory_bytes=2**20)
    with MediaDecoder(settings) as decoder, pytest.raises(DecoderError, match=r"decode_memory"):
        decoder.decode(small())


def test_two_hundred_files_leave_nothing_behind() -> None:
    good, bad = small(), makers.encode(makers.photo(), "png")[:-200]
    with MediaDecoder(MediaSettings(decoders=2)) as decoder:
        decoder.warm_up()
        pids, before = decoder.pids, open_files()
        for _ in range(100):
            decoder.decode(good)
            with pytest.raises(ConsentryError):
                decoder.decode(bad)
        assert open_files() == before
        assert decoder.pids == pids


def test_replaced_and_closed_children_leave_nothing_behind() -> None:
    before = open_files()
    seen: set[int] = set()
    with MediaDecoder(MediaSettings(decoders=2)) as decoder:
        for _ in range(6):
            decoder.warm_up()
            seen |= set(decoder.pids)
            os.kill(decoder.pids[0], signal.SIGKILL)
            decoder.decode(small())
    assert open_files() == before
    assert len(seen) > 2
    for pid in seen:
        with pytest.raises(ChildProcessError):  # none is left as a zombie
            os.waitpid(pid, os.WNOHANG)


def test_pictures_outlive_the_decoder_and_each_other() -> None:
    photos = [makers.photo(name) for name in ("chelsea.png", "coffee.png", "obama.jpg")] * 3
    with MediaDecoder(MediaSettings(decoders=1)) as decoder:
        pictures = [decoder.decode(makers.encode(photo, "png")) for photo in photos]
        assert len(pictures) > ARENAS  # so that some were copied
    for picture, photo in zip(pictures, photos, strict=True):
        assert np.array_equal(picture.pixels, np.asarray(photo))


def test_a_view_of_a_view_keeps_the_memory() -> None:
    with MediaDecoder(MediaSettings(decoders=1)) as decoder:
        photo = makers.photo()
        corner = decoder.decode(makers.encode(photo, "png")).pixels[:9][::-1, 3:5]
        for _ in range(10):
            decoder.decode(makers.encode(makers.photo("rocket.jpg"), "png"))
        assert np.array_equal(corner, np.asarray(photo)[:9][::-1, 3:5])


def test_many_threads_get_each_their_own_picture() -> None:
    names = ("chelsea.png", "coffee.png", "obama.jpg", "rocket.jpg")
    photos = [makers.photo(name, (60 + number, 40)) for number, name in enumerate(names)]
    files = [makers.encode(photo, "png") for photo in photos]
    with MediaDecoder(MediaSettings(decoders=2)) as decoder, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: (n, decoder.decode(files[n % 4])), range(200)))
    for number, picture in found:
        assert np.array_equal(picture.pixels, np.asarray(photos[number % 4]))


def test_children_survive_the_thread_that_asked_first() -> None:
    with MediaDecoder(MediaSettings(decoders=1)) as decoder:
        thread = threading.Thread(target=decoder.decode, args=(small(),))
        thread.start()
        thread.join()
        pids = decoder.pids
        time.sleep(0.05)
        decoder.decode(small())
        assert decoder.pids == pids


def test_a_closed_decoder_says_so() -> None:
    decoder = MediaDecoder(MediaSettings(decoders=1))
    decoder.warm_up()
    (pid,) = decoder.pids
    decoder.close()
    decoder.close()
    assert is_gone(pid)
    with pytest.raises(DecoderError, match="closed"):
        decoder.decode(small())
    with pytest.raises(DecoderError, match="closed"):
        decoder.warm_up()


def test_close_ends_a_job_under_way() -> None:
    decoder = MediaDecoder(MediaSettings(decoders=1))
    decoder.warm_up()
    os.kill(decoder.pids[0], signal.SIGSTOP)
    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(decoder.decode, small()) for _ in range(2)]
        time.sleep(0.05)
        decoder.close()
        for job in jobs:
            with pytest.raises(DecoderError):
                job.result(timeout=10)


def test_a_child_is_confined() -> None:
    with MediaDecoder(MediaSettings(decoders=1, decode_memory_bytes=2**29)) as decoder:
        decoder.decode(small())
        (pid,) = decoder.pids
        limits = Path(f"/proc/{pid}/limits").read_text()
        status = Path(f"/proc/{pid}/status").read_text()
    values = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()[1:]}
    assert values["Max address space"] == [str(2**29)] * 2
    assert values["Max core file size"] == ["0", "0"]
    assert values["Max file size"] == ["0", "0"]
    assert int(values["Max open files"][1]) <= 64
    assert int(values["Max cpu time"][0]) <= 15
    assert "NoNewPrivs:\t1" in status
    assert "Threads:\t1\n" in status


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{SOURCE.parent}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_the_parent_loads_no_codec() -> None:
    heavy = run_python(
        "import sys; from consentry.media import MediaDecoder, Picture, Clip, Prompt;"
        "from consentry.config import MediaSettings;"
        "d = MediaDecoder(MediaSettings(decoders=1)); d.warm_up(); d.close();"
        "print([m for m in ('PIL', 'pi_heif', 'simplejpeg', 'av') if m in sys.modules])"
    )
    assert heavy.strip() == "[]"


def test_a_program_that_forgets_to_close_leaves_no_child_and_no_noise() -> None:
    said = run_python(
        "from consentry.media import MediaDecoder; from consentry.config import MediaSettings;"
        "d = MediaDecoder(MediaSettings(decoders=2)); d.warm_up(); print(*d.pids)"
    )
    for pid in map(int, said.split()):
        wait_until(lambda pid=pid: is_gone(pid))


def test_children_end_with_a_parent_that_is_killed() -> None:
    program = (
        "import time; from consentry.media import MediaDecoder;"
        "from consentry.config import MediaSettings;"
        "d = MediaDecoder(MediaSettings(decoders=2)); d.warm_up();"
        "print(*d.pids, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # so that they cannot notice it themselves
        parent.kill()
    assert len(pids) == 2
    for pid in pids:
        wait_until(lambda pid=pid: is_gone(pid))


def test_a_child_that_is_stopped_while_it_loads_ends_with_a_parent_that_is_killed() -> None:
    program = (
        "import time; from threading import Thread; from consentry.media import MediaDecoder;"
        "from consentry.config import MediaSettings;"
        "d = MediaDecoder(MediaSettings(decoders=1)); Thread(target=d.warm_up).start()\n"
        "while not d.pids: time.sleep(0.001)\n"
        "print(*d.pids, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        maps = Path(f"/proc/{pid}/maps")
        wait_until(lambda: "_multiarray_umath" in maps.read_text())  # long before it is confined
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    wait_until(lambda: is_gone(pid))


def test_a_forked_process_is_told_to_make_its_own() -> None:
    said = run_python(
        "import os; from tests.media import makers; from consentry.media import MediaDecoder;"
        "from consentry.config import MediaSettings;"
        "d = MediaDecoder(MediaSettings(decoders=1)); d.warm_up();"
        "data = makers.encode(makers.photo(), 'png')\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    try: d.decode(data)\n"
        "    except Exception as error: print(error.hint, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "print(d.decode(data).width)"
    )
    assert said.splitlines() == ["Make a MediaDecoder in the process that uses it.", "96"]
