"""Banks are made, filled and corrected; what is malformed is refused by name."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.matching.banks.conftest import everything_stored, pdq

from consentry.errors import (
    BankFormError,
    BankRuleError,
    BankSealedError,
    BankTakenError,
    BankUnknownError,
    ContentUnknownError,
    SignalError,
)
from consentry.matching.banks import Metadata, NewContent
from consentry.matching.signals.contract import Signal

CHILD = "known.child_safety"
VIDEO = Signal("vpdq", json.dumps([f"{'f8' * 32},100,0.000", f"{'0f' * 32},80,1.500"]))


def test_a_bank_comes_back_as_it_was_made(banks):
    made = banks.create("REMOVED", source="a trusted flagger", max_distance=20, expires_days=9)
    assert banks.get("REMOVED") == made
    assert banks.list() == [made]
    assert (made.kind, made.category, made.sealed) == ("deny", "known.removed", False)


def test_a_bank_is_changed_renamed_and_deleted(banks):
    banks.create("ONE")
    assert banks.update("ONE", kind="watch", max_distance=3).max_distance == 3
    assert banks.rename("ONE", "TWO").name == "TWO"
    assert [bank.name for bank in banks.list()] == ["TWO"]
    banks.delete("TWO")
    assert banks.list() == []
    for call in (banks.get, banks.count, banks.delete, banks.update):
        with pytest.raises(BankUnknownError):
            call("TWO")


def test_a_name_is_given_once(banks):
    banks.create("ONE")
    banks.create("TWO")
    with pytest.raises(BankTakenError):
        banks.create("ONE")
    with pytest.raises(BankTakenError):
        banks.rename("TWO", "ONE")
    assert banks.rename("TWO", "TWO").name == "TWO"


@pytest.mark.parametrize("name", ["", "a", "A-B", "A B", "Ä", "A\n", "A" * 256])
def test_a_malformed_name_is_refused(banks, name):
    with pytest.raises(BankFormError, match="capitals"):
        banks.create(name)


@pytest.mark.parametrize(
    "field",
    [
        {"kind": "block"},
        {"category": "face"},
        {"max_distance": 32},
        {"max_distance": -1},
        {"max_distance": True},
        {"max_distance": 1.5},
        {"enabled_ratio": 1.01},
        {"enabled_ratio": float("nan")},
        {"enabled_ratio": "1"},
        {"expires_days": 0},
        {"source": "x" * 10_001},
    ],
)
def test_a_malformed_field_is_refused(banks, field):
    with pytest.raises(BankFormError):
        banks.create("ONE", **field)
    banks.create("TWO")
    with pytest.raises(BankFormError):
        banks.update("TWO", **field)
    assert [bank.name for bank in banks.list()] == ["TWO"]


@pytest.mark.parametrize("field", ["sealed", "id", "name", "colour"])
def test_some_fields_are_not_changed(banks, field):
    banks.create("ONE")
    with pytest.raises(BankFormError, match="cannot be changed"):
        banks.update("ONE", **{field: True})


@pytest.mark.parametrize(
    "field", [{"kind": "allow"}, {"kind": "watch"}, {"enabled_ratio": 0.99}], ids=str
)
def test_child_safety_cannot_be_weakened(banks, field):
    with pytest.raises(BankRuleError):
        banks.create("ONE", category=CHILD, **field)
    banks.create("TWO", category=CHILD)
    with pytest.raises(BankRuleError):
        banks.update("TWO", **field)
    content = banks.add("TWO", [pdq(1)]).content_id
    with pytest.raises(BankRuleError):
        banks.hold("TWO", content)
    with pytest.raises(BankRuleError):
        banks.update_content("TWO", content, disable_until=datetime.now(UTC))
    banks.opine("TWO", content, "ana", "dispute")
    assert banks.content("TWO", content).state == "active"


@pytest.mark.parametrize("sealed", [False, True])
def test_a_content_comes_back_as_it_was_added(banks, sealed):
    banks.create("ONE", sealed=sealed)
    later = datetime(2099, 1, 1, tzinfo=UTC)
    metadata = Metadata("x-1", "https://a.example/1", {"a": [1, "ü"]}, "C")
    signals = [pdq(1), Signal("md5", "0" * 32), Signal("sha256", "ab" * 32), VIDEO]
    added = banks.add("ONE", signals, metadata=metadata, note="n", case="C-1", expires_at=later)
    found = banks.content("ONE", added.content_id)
    assert tuple(one.id for one in found.signals) == added.signal_ids
    assert [one.type for one in found.signals] == ["pdq", "md5", "sha256", "vpdq"]
    values = [one.value for one in found.signals]
    assert values == ([None] * 4 if sealed else [one.value for one in signals])
    assert (found.metadata, found.note, found.case) == (metadata, "n", "C-1")
    assert (found.expires_at, found.state, found.bank) == (later, "active", "ONE")


def test_contents_are_listed_in_pages(banks):
    banks.create("ONE")
    ids = [banks.add("ONE", [pdq(n)]).content_id for n in range(5)]
    first = banks.contents("ONE", limit=3)
    rest = banks.contents("ONE", after=first[-1].id)
    assert [one.id for one in (*first, *rest)] == ids
    assert banks.count("ONE") == 5


def test_a_sealed_bank_is_not_listed_and_not_readable_in_the_file(banks, settings, storage):
    banks.create("ONE", sealed=True)
    signals = [pdq(1), Signal("sha256", "ab" * 32)]
    banks.add("ONE", signals, note="pelican", metadata=Metadata(content_uri="heron"))
    with pytest.raises(BankSealedError):
        banks.contents("ONE")
    stored = everything_stored(storage, settings)
    assert b"sha256" in stored
    for secret in (bytes.fromhex(signals[0].value), b"\xab" * 32, b"pelican", b"heron"):
        assert secret not in stored


def test_only_what_is_given_is_changed(banks):
    banks.create("ONE")
    content = banks.add("ONE", [pdq(1)], note="n", case="C-1").content_id
    later = datetime.now(UTC) + timedelta(days=1)
    assert banks.update_content("ONE", content, disable_until=later).note == "n"
    changed = banks.update_content("ONE", content, case=None, disable_until=None, note="m")
    assert (changed.case, changed.disable_until, changed.note) == (None, None, "m")
    assert banks.content("ONE", content) == changed


def test_a_hash_is_added_and_the_last_one_takes_its_content_along(banks):
    banks.create("ONE")
    added = banks.add("ONE", [pdq(1)])
    more = banks.add_signals("ONE", added.content_id, [pdq(2)])
    assert len(banks.content("ONE", added.content_id).signals) == 2
    banks.remove_signal("ONE", added.signal_ids[0])
    assert len(banks.content("ONE", added.content_id).signals) == 1
    banks.remove_signal("ONE", more.signal_ids[0])
    with pytest.raises(ContentUnknownError):
        banks.content("ONE", added.content_id)


def test_a_content_belongs_to_its_bank_alone(banks):
    banks.create("ONE")
    banks.create("TWO")
    added = banks.add("ONE", [pdq(1)])
    for call in (banks.content, banks.remove, banks.hold, banks.release, banks.update_content):
        with pytest.raises(ContentUnknownError):
            call("TWO", added.content_id)
    with pytest.raises(ContentUnknownError):
        banks.remove_signal("TWO", added.signal_ids[0])
    with pytest.raises(ContentUnknownError):
        banks.opine("TWO", added.content_id, "ana", "confirm")
    with pytest.raises(ContentUnknownError):
        banks.add_signals("TWO", added.content_id, [pdq(2)])


@pytest.mark.parametrize(
    ("signals", "error"),
    [
        ([], BankFormError),
        ([Signal("pdq", "12")], SignalError),
        ([Signal("pdq", "12" * 32, quality=49)], SignalError),
        ([Signal("photodna", "12" * 32)], SignalError),
        ([Signal("md5", "12" * 32)], SignalError),
        ([Signal("vpdq", "[]")], SignalError),
        ([Signal("vpdq", f'["{"f8" * 32},49,0.0"]')], SignalError),
        ([Signal("vpdq", f'["{"f8" * 32},100,1e12"]')], SignalError),
    ],
)
def test_malformed_hashes_are_refused_and_nothing_is_added(banks, signals, error):
    banks.create("ONE")
    with pytest.raises(error):
        banks.add("ONE", signals)
    good = NewContent([pdq(1)])
    with pytest.raises(error, match="Item 2"):
        banks.add_many("ONE", [good, NewContent(signals)])
    assert banks.count("ONE") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"note": "x" * 256},
        {"case": "x" * 256},
        {"expires_at": datetime(2099, 1, 1)},  # noqa: DTZ001  the fault
        {"metadata": Metadata(json={"a": float("nan")})},
        {"metadata": Metadata(json={"a": "x" * 70_000})},
    ],
    ids=str,
)
def test_malformed_contents_are_refused(banks, fault):
    banks.create("ONE")
    with pytest.raises(BankFormError):
        banks.add("ONE", [pdq(1)], **fault)


def test_an_import_appears_at_once_or_not_at_all(banks):
    banks.create("ONE")
    seen = []

    def items():
        for n in range(12_000):
            if n % 4_000 == 0:
                seen.append(banks.count("ONE"))
            yield NewContent([pdq(n)])

    progress = []
    done = banks.add_many("ONE", items(), progress=progress.append)
    assert seen == [0, 0, 0]
    assert progress == [5_000, 10_000, 12_000]
    assert (done.signals, banks.count("ONE")) == (12_000, 12_000)
    assert sum(len(part) for part in done.content_ids) == 12_000


def test_an_import_that_fails_leaves_nothing(banks, storage):
    banks.create("ONE")

    def items():
        yield from (NewContent([pdq(n)]) for n in range(6_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        banks.add_many("ONE", items())
    with storage.reading() as connection:
        for table in ("bank_contents", "bank_signals"):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608  our own names
            assert count == 0


def test_more_disputes_than_confirmations_hold_a_content(banks):
    banks.create("ONE")
    content = banks.add("ONE", [pdq(1)]).content_id
    assert banks.opine("ONE", content, "ana", "confirm").state == "active"
    assert banks.opine("ONE", content, "bo", "dispute").state == "active"
    held = banks.opine("ONE", content, "cy", "dispute", "a different picture")
    assert (held.state, held.held_because) == ("held", "disputed")
    assert [one.by for one in held.opinions] == ["ana", "bo", "cy"]
    assert banks.opine("ONE", content, "bo", "confirm").state == "active"
    banks.hold("ONE", content)
    assert banks.opine("ONE", content, "cy", "confirm").held_because == "person"
    assert banks.release("ONE", content).state == "active"


@pytest.mark.parametrize(
    ("by", "opinion"), [("", "confirm"), ("ana", "yes"), ("a" * 256, "confirm")]
)
def test_a_malformed_opinion_is_refused(banks, by, opinion):
    banks.create("ONE")
    content = banks.add("ONE", [pdq(1)]).content_id
    with pytest.raises(BankFormError):
        banks.opine("ONE", content, by, opinion)


def test_a_flood_of_different_uploads_holds_a_content(banks):
    banks.create("ONE")
    banks.create("CHILDREN", category=CHILD)
    one, two = banks.add("ONE", [pdq(1)]), banks.add("CHILDREN", [pdq(1)])
    both = [one.content_id, two.content_id]
    for n in (1, 1, 1, 2, 3):
        assert banks.count_upload(both, bytes([n]) * 32, limit=3) == ()
    assert banks.count_upload(both, b"4" * 32, limit=3) == (one.content_id,)
    assert banks.count_upload(both, b"5" * 32, limit=3) == ()
    assert banks.content("ONE", one.content_id).held_because == "flood"
    assert banks.content("CHILDREN", two.content_id).state == "active"
    banks.release("ONE", one.content_id)
    assert banks.count_upload(both, b"6" * 32, limit=3) == ()


def test_what_has_expired_is_taken_out(banks):
    banks.create("ONE", expires_days=30)
    soon = datetime.now(UTC) + timedelta(hours=1)
    short = banks.add("ONE", [pdq(1)], expires_at=soon).content_id
    long = banks.add("ONE", [pdq(2)]).content_id
    assert banks.withdraw_expired() == 0
    assert banks.withdraw_expired(soon) == 1
    assert [one.id for one in banks.contents("ONE")] == [long]
    assert short != long
    assert banks.withdraw_expired(soon + timedelta(days=30)) == 1


def test_every_change_has_a_number(banks):
    numbers = [banks.sequence]

    def changed():
        numbers.append(banks.sequence)
        return numbers[-1] > numbers[-2]

    banks.create("ONE")
    assert changed()
    content = banks.add("ONE", [pdq(1)]).content_id
    assert changed()
    for call in (banks.hold, banks.release, banks.remove):
        call("ONE", content)
        assert changed()
    banks.rename("ONE", "TWO")
    assert changed()
    banks.list()
    assert not changed()


def test_banks_load_no_compiled_code():
    code = (
        "import sys; import consentry.matching.banks, consentry.matching.matcher;"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
