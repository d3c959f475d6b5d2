import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from consentry.detectors._shared import LoadOnce


def test_eight_threads_load_once():
    loaded = []

    def load():
        time.sleep(0.05)  # long enough for the others to come
        loaded.append(object())
        return loaded[-1]

    once = LoadOnce(load)
    with ThreadPoolExecutor(8) as pool:
        given = {pool.submit(once) for _ in range(8)}
    assert {one.result() for one in given} == {*loaded}
    assert len(loaded) == 1


def test_a_failed_loading_is_tried_again():
    answers = iter([OSError("gone"), "here"])

    def load():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once = LoadOnce(load)
    with pytest.raises(OSError, match="gone"):
        once()
    assert once() == "here"
