"""What was read about a hash is believed only until a bank changes, whoever changes it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy
from tests.matching.banks.conftest import environment, pdq, words

from consentry.matching import known
from consentry.matching import matcher as matcher_module
from consentry.matching.banks import Banks, NewContent
from consentry.matching.known import KnownSignals

HERE = Path(__file__).parent


@contextmanager
def asking(settings):
    """A function that asks another process what it knows about a hash."""
    command = [sys.executable, HERE / "answering_worker.py", settings.home]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=environment(settings)
    ) as other:
        other.stdout.readline()

        def ask(number):
            other.stdin.write(pdq(number).value + "\n")
            other.stdin.flush()
            return [tuple(one) for one in json.loads(other.stdout.readline())]

        yield ask
        other.stdin.close()


def test_another_process_answers_by_every_change_at_once(banks, settings):
    banks.create("ONE")
    ids = [banks.add("ONE", [pdq(n)], case="C-1").content_id for n in range(5)]
    now, hour = datetime.now(UTC), timedelta(hours=1)
    as_it_was = [("ONE", "deny", "active", ids[0])]
    held = [("ONE", "deny", "held", ids[0])]
    changes = [
        (lambda: banks.opine("ONE", ids[0], "ana", "dispute"), held),
        (lambda: banks.opine("ONE", ids[0], "ana", "confirm"), as_it_was),
        (lambda: banks.hold("ONE", ids[0]), held),
        (lambda: banks.release("ONE", ids[0]), as_it_was),
        (lambda: banks.count_upload([ids[0]], b"u" * 32, limit=0), held),
        (lambda: banks.release("ONE", ids[0]), as_it_was),
        (lambda: banks.update_content("ONE", ids[0], disable_until=now + hour), []),
        (lambda: banks.update_content("ONE", ids[0], disable_until=None), as_it_was),
        (lambda: banks.update_content("ONE", ids[0], expires_at=now - hour), []),
        (lambda: banks.update_content("ONE", ids[0], expires_at=now + hour), as_it_was),
        (lambda: banks.update("ONE", kind="watch"), [("ONE", "watch", "active", ids[0])]),
        (lambda: banks.update("ONE", enabled_ratio=0.0), []),
        (lambda: banks.update("ONE", enabled_ratio=1.0, kind="deny"), as_it_was),
        (lambda: banks.rename("ONE", "TWO"), [("TWO", "deny", "active", ids[0])]),
        (lambda: banks.rename("TWO", "ONE"), as_it_was),
        (lambda: banks.withdraw_expired(now + 2 * hour), []),
    ]
    with asking(settings) as ask:
        assert ask(0) == ask(0) == as_it_was
        for place, (change, expected) in enumerate(changes):
            change()
            assert ask(0) == ask(0) == expected, place
        assert ask(1) == [("ONE", "deny", "active", ids[1])]
        banks.remove("ONE", ids[1])
        assert ask(1) == []
        assert ask(2) == [("ONE", "deny", "active", ids[2])]
        (signal,) = banks.content("ONE", ids[2]).signals
        banks.remove_signal("ONE", signal.id)
        assert ask(2) == []
        assert ask(3) == [("ONE", "deny", "active", ids[3])]
        banks.delete("ONE")
        assert ask(3) == ask(4) == []


def test_what_expires_while_it_is_remembered_is_no_match(banks, matcher, monkeypatch):
    banks.create("ONE")
    now = datetime.now(UTC)
    banks.add("ONE", [pdq(1)], expires_at=now + timedelta(hours=1))
    assert matcher.match([words(1)]).matches
    later = now + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(matcher_module, "_now", lambda: later)
    assert matcher.match([words(1)]).matches == ()


@pytest.fixture
def queries(storage):
    """The queries that the database was asked, in order."""
    asked = []
    note = lambda _c, _cursor, statement, *_: asked.append(statement)  # noqa: E731  a listener
    sqlalchemy.event.listen(storage._engine, "before_cursor_execute", note)
    return asked


def test_a_hash_that_is_found_again_costs_no_join(banks, storage, queries, settings):
    banks.create("ONE")
    added = banks.add("ONE", [pdq(1)])
    known_signals = KnownSignals(storage)
    ids = set(added.signal_ids)
    assert known_signals.of(ids)[added.signal_ids[0]].bank.name == "ONE"
    assert any("bank_signals" in query for query in queries)
    del queries[:]
    assert known_signals.of(ids)[added.signal_ids[0]].content_id == added.content_id
    expected = [] if settings.storage.url is None else ["sequences"]
    assert [query.split("FROM ")[1].split()[0] for query in queries] == expected


def test_a_change_of_something_else_costs_the_counter_alone(banks, storage, queries):
    banks.create("ONE")
    added = banks.add("ONE", [pdq(1)])
    known_signals = KnownSignals(storage)
    known_signals.of(set(added.signal_ids))
    storage.keys.create("somebody", ["match"])
    del queries[:]
    known_signals.of(set(added.signal_ids))
    assert [query.split("FROM ")[1].split()[0] for query in queries] == ["sequences"]


def test_only_so_many_are_remembered_and_all_are_answered(banks, storage, monkeypatch):
    monkeypatch.setattr(known, "_KEPT", 3)
    banks.create("ONE")
    ids = [banks.add("ONE", [pdq(n)]).signal_ids[0] for n in range(5)]
    known_signals = KnownSignals(storage)
    for asked in (ids[:2], ids[1:3], ids[2:], ids, [*ids, 10**9]):
        found = known_signals.of(set(asked))
        assert [one for one in asked if found.get(one) is not None] == [
            one for one in asked if one in ids
        ]


def test_threads_never_see_what_was_taken_out(banks, storage, matcher):
    banks.create("ONE")
    others = Banks(storage)
    stop, wrong = threading.Event(), []
    gone = {}

    def ask():
        while not stop.is_set():
            before = dict(gone)
            found = {one.content_id for one in matcher.match([words(1)]).matches}
            wrong.extend(found & set(before))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        added = others.add_many("ONE", [NewContent([pdq(1)])])
        (content_id,) = added.content_ids[0]
        matcher.match([words(1)], at_least=added.sequence)
        others.remove("ONE", content_id)
        gone[content_id] = True
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
