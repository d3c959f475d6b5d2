"""What was written is read back as it was."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import ImportFileError
from consentry.matching.banks import BankedSignal, Content, Metadata, NewContent
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.numbered import FOREVER
from consentry.matching.exchange.reading import FORMATS, Report, read_contents
from consentry.matching.exchange.writing import write_contents
from consentry.matching.signals.contract import Signal

digits = st.text("0123456789abcdef", min_size=64, max_size=64)
signals = st.one_of(
    st.builds(Signal, st.sampled_from(["pdq", "sha256"]), digits),
    st.builds(Signal, st.sampled_from(["md5", "video_md5"]), digits.map(lambda one: one[:32])),
)
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=40)
some_words = st.none() | words.filter(bool)
moments = st.datetimes(datetime(2100, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
entries = st.builds(
    NewContent,
    st.lists(signals, min_size=1, max_size=4, unique=True).map(
        lambda found: tuple(sorted(found, key=lambda one: one.type))
    ),
    metadata=st.builds(
        Metadata,
        some_words,
        some_words,
        st.none() | st.dictionaries(words, st.one_of(st.integers(-9, 9), words), min_size=1),
        some_words.map(lambda one: (one or "").lstrip("{") or None)
        | st.dictionaries(words, st.lists(words, max_size=2), min_size=1).map(
            lambda one: json.dumps(one, ensure_ascii=False)
        ),
    ),
    note=words,
    case=some_words,
    expires_at=st.none() | moments,
    disable_until=st.none() | st.just(FOREVER) | moments,
)


def banked(place, new):
    """The content as a bank gives it back."""
    signals = tuple(BankedSignal(9, one.type, one.value) for one in new.signals)
    plain = {name: getattr(new, name) for name in NewContent.__slots__ if name != "signals"}
    about = {"state": "active", "held_because": None, "created_at": "", "opinions": ()}
    return Content(id=place, bank="ONE", signals=signals, **plain, **about)


def written(contents, form):
    out = io.StringIO()
    listed = [banked(place, one) for place, one in enumerate(contents, 1)]
    count = write_contents(listed, form, out, bank="ONE")
    assert count == len(contents)
    return out.getvalue()


def back(text, form):
    return list(read_contents(io.BytesIO(text.encode()), Report(Faults()), form=form))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(entry=entries)
def test_everything_comes_back(form, entry):
    (again,) = back(written([entry], form), form)
    assert replace(again, signals=tuple(again.signals)) == entry


@given(entry=entries)
def test_a_list_holds_the_hashes(entry):
    again = back(written([entry], "list"), "list")
    assert [one for each in again for one in each.signals] == list(entry.signals)


def test_hmas_shape_has_one_hash_of_each_type():
    found = (Signal("pdq", "a" * 64), Signal("pdq", "b" * 64), Signal("md5", "c" * 32))
    lines = [
        json.loads(line) for line in written([NewContent(found, note="n")], "hma").splitlines()
    ]
    assert [line["signals"] for line in lines] == [
        {"pdq": "a" * 64, "md5": "c" * 32},
        {"pdq": "b" * 64},
    ]
    assert lines[0]["id"] == lines[1]["id"] == 1
    assert lines[0]["disable_until_ts"] == 1
    assert lines[0]["bank"]["name"] == "ONE"
    assert sum(len(one.signals) for one in back(written([NewContent(found)], "hma"), "jsonl")) == 3


def read_or_refused(data, form, *, keep_good=False):
    """What was read, or what the named error says; any other exception fails the test."""
    report = Report(Faults(keep_good=keep_good))
    try:
        return list(read_contents(io.BytesIO(data), report, form=form)), None
    except ImportFileError as error:
        return [], error


@pytest.mark.parametrize("form", [None, *FORMATS])
@given(data=st.binary(max_size=300))
def test_any_bytes_give_contents_or_the_named_error(form, data):
    found, error = read_or_refused(data, form)
    assert error is None or (error.message and error.hint)
    assert all(entry.signals for entry in found)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(entry=entries, place=st.integers(0, 4000), noise=st.binary(max_size=4))
def test_a_damaged_file_gives_contents_or_the_named_error(form, entry, place, noise):
    data = written([entry, entry], form).encode()
    place %= len(data)
    damaged = data[:place] + noise + data[place + len(noise) :]
    found, error = read_or_refused(damaged, form, keep_good=True)
    assert error is None or error.total == 0  # only the file as a whole is refused
    assert all(one.signals for one in found)
