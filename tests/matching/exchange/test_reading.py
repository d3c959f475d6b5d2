"""Files of hashes: what is read, and which line is named when it is not."""

import hashlib
import io
import json
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest

from consentry.errors import ImportFileError
from consentry.matching.banks import Metadata
from consentry.matching.exchange.faults import SHOWN, Faults
from consentry.matching.exchange.numbered import FOREVER, Selection
from consentry.matching.exchange.reading import Report, read_contents

MD5 = "900150983cd24fb0d6963f7d28e17f72"
SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def pdq(seed):
    """A hash with 128 ones, as PDQ gives them."""
    bits = np.random.default_rng(seed).permutation([1, 0] * 128).astype(np.uint8)
    return np.packbits(bits).tobytes().hex()


def sha256(seed):
    return hashlib.sha256(str(seed).encode()).hexdigest()


A, B, C = pdq(1), pdq(2), pdq(3)


def read(data, *, keep_good=False, **options):
    report = Report(Faults(keep_good=keep_good))
    chosen = Selection(**{name: options.pop(name) for name in ("kind", "bank") if name in options})
    data = data.encode() if isinstance(data, str) else data
    return list(read_contents(io.BytesIO(data), report, chosen=chosen, **options)), report


def values(entries):
    return [[(one.type, one.value) for one in entry.signals] for entry in entries]


def refused(data, **options):
    with pytest.raises(ImportFileError) as raised:
        read(data, **options)
    return raised.value


def test_csv_with_every_column():
    header = "id,signal_type,value,note,uri,case,content_id,expires_at,disable_until,json,collab"
    row = f'1,PDQ,{A.upper()},"a note, ""quoted""",https://x.test/1,C-7,c1,2999-01-02,0,'
    row += '"{""a"": 1}","{""X"": [""9""]}"'
    (entry,), _ = read(f"{header}\n{row}\n")
    assert values([entry]) == [[("pdq", A)]]
    assert (entry.note, entry.metadata.content_uri, entry.case) == (
        'a note, "quoted"',
        "https://x.test/1",
        "C-7",
    )
    assert entry.metadata == Metadata("c1", "https://x.test/1", {"a": 1}, '{"X": ["9"]}')
    assert entry.expires_at == datetime(2999, 1, 2, tzinfo=UTC)
    assert entry.disable_until == FOREVER


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_programs_write_it(bom, end, delimiter):
    rows = [("signal_type", "value", "note"), ("pdq", A, "ä ☂"), ("md5", MD5, "")]
    text = end.join(delimiter.join(row) for row in rows) + end
    entries, _ = read(bom + text.encode())
    assert values(entries) == [[("pdq", A)], [("md5", MD5)]]
    assert entries[0].note == "ä ☂"


def test_rows_with_one_id_are_one_content():
    text = f"id,signal_type,value\n1,pdq,{A}\n1,md5,{MD5}\n2,pdq,{B}\n,pdq,{C}\n,sha256,{SHA256}\n"
    entries, _ = read(text)
    assert [len(entry.signals) for entry in entries] == [2, 1, 1, 1]


def test_a_note_may_have_several_lines():
    entries, _ = read(f'signal_type,value,note\npdq,{A},"one\ntwo"\npdq,{B},x\n')
    assert entries[0].note == "one\ntwo"
    assert values(entries)[1] == [("pdq", B)]


def test_what_threatexchange_prints_as_csv():
    header = "signal_type,signal_str,collab,category,tags"
    entries, _ = read(f"{header}\npdq,{A},Sample Signals,POSITIVE_CLASS,one two\n")
    assert entries[0].metadata.collab == "Sample Signals"
    assert entries[0].metadata.json == {"tags": ["one", "two"]}
    harmless = refused(f"{header}\npdq,{A},X,POSITIVE_CLASS,\npdq,{B},X,NEGATIVE_CLASS,\n")
    assert harmless.faults[0].line == 3
    assert "NEGATIVE_CLASS" in harmless.faults[0].sentence


def test_what_hma_has_in_its_tables():
    header = "bank_name,id,signal_type,signal_val,disable_until_ts,original_content_uri,note"
    rows = f"ONE,7,pdq,{A},1,,\nONE,7,video_md5,{MD5},1,,\nTWO,8,pdq,{B},0,,spam\n"
    assert refused(f"{header}\n{rows}").faults[0].line == 4
    one, _ = read(f"{header}\n{rows}", bank="ONE")
    two, _ = read(f"{header}\n{rows}", bank="TWO")
    assert values(one) == [[("pdq", A), ("video_md5", MD5)]]
    assert one[0].disable_until is None
    assert (two[0].disable_until, two[0].note) == (FOREVER, "spam")


def test_what_hma_shows_of_a_content():
    content = {
        "id": 7,
        "disable_until_ts": 1,
        "original_media_uri": None,
        "bank": {"name": "ONE", "matching_enabled_ratio": 1.0},
        "signals": {"pdq": A},
        "metadata": {"content_uri": "https://x.test", "json": {"a": 1}, "collab": {"X": ["1"]}},
        "note": "n",
    }
    (entry,), _ = read(json.dumps(content))
    assert entry.metadata == Metadata(None, "https://x.test", {"a": 1}, '{"X": ["1"]}')


def test_json_lines_in_our_shape():
    lines = [{"signals": {"pdq": [A, B], "md5": MD5}}, {"signal_type": "pdq", "value": C}]
    entries, _ = read("\n".join(map(json.dumps, lines)))
    assert values(entries) == [[("pdq", A), ("pdq", B), ("md5", MD5)], [("pdq", C)]]


def test_a_list_with_types():
    entries, report = read(f"# from a friend\npdq {A}\nmd5:{MD5}\nsha256 {SHA256}\n")
    assert values(entries) == [[("pdq", A)], [("md5", MD5)], [("sha256", SHA256)]]
    assert not report.told


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([pdq(n) for n in range(20)], "pdq"),
        ([sha256(n) for n in range(40)], "sha256"),
        ([MD5], "md5"),
    ],
)
def test_a_guess_is_told(lines, kind):
    entries, report = read("\n".join(lines))
    assert {one.type for entry in entries for one in entry.signals} == {kind}
    assert kind in report.told[0]


@pytest.mark.parametrize("lines", [[A], [A, B, C], [A] * 10 + [SHA256] * 4, [A, MD5]])
def test_nothing_is_guessed_from_too_little(lines):
    assert "--type" in str(refused("\n".join(lines))) or "type before" in str(
        refused("\n".join(lines))
    )


def test_the_type_can_be_said():
    entries, report = read(f"{A}\n{SHA256}\n", kind="pdq")
    assert values(entries) == [[("pdq", A)], [("pdq", SHA256)]]
    assert not report.told


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (f"signal_type,value\npdq,{A}\npdq,{A[1:]}\n", 3, "64 digits"),
        (f"signal_type,value\npdqq,{A}\n", 2, "no signal type 'pdqq'"),
        (f"signal_type,value\npdq\n", 2, "1 fields, the header has 2"),  # noqa: F541  like the rest
        (f'signal_type,value\npdq,"{A}\n', 2, "quotation mark"),
        (f"signal_type,value,note\npdq,{A},{'n' * 256}\n", 2, "255"),
        (f"signal_type,value,note\npdq,{A},a\x07b\n", 2, "control"),
        (f"signal_type,value,expires_at\npdq,{A},soon\n", 2, "no date"),
        (f"signal_type,value,expires_at\npdq,{A},2001-01-01\n", 2, "has passed"),
        (f"signal_type,value,json\npdq,{A},[1]\n", 2, "no JSON object"),
        (f"pdq {A}\n\n\npdq {A[:-1]}g\n", 4, "64 digits"),
        (f"pdq {A}\n{'x' * (1 << 21)}\npdq {B}\n", 2, "more than"),
        (f"pdq {A}\npdq {B}\0\n", 2, "NUL"),
        (b"pdq " + A.encode() + b"\n\xff\xfe\n", 2, "not UTF-8"),
        ('{"signals": {"pdq": 1}}\n', 1, "neither a hash"),
        ('{"signals": {"pdq": []}}\n', 1, "1 to 4096"),
        ('{"signal": "x"}\n', 1, "no member"),
        ("{" * 50 + "\n", 1, "not JSON"),
        ('{"a":' + "[" * 100_000 + "\n", 1, "too deep"),
        ('{"id": NaN}\n', 1, "not JSON"),
        ('{"id": ' + "9" * 5000 + "}\n", 1, "not JSON"),
    ],
)
def test_a_fault_names_its_line_and_what_is_wrong(text, line, word):
    error = refused(text)
    assert [fault.line for fault in error.faults] == [line]
    assert word in error.faults[0].sentence
    assert "Line" in str(error)
    for known in (A, B, SHA256):
        assert known[:32] not in str(error)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (f"value,colour\n{A},red\n", "header"),
        (f"signal_type,value,colour\npdq,{A},red\n", "no column 'colour'"),
        (f"signal_type,value,hash\npdq,{A},{A}\n", "twice"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(data, word):
    assert word in str(refused(data))


def test_an_empty_file_has_no_contents():
    assert read(b"")[0] == []
    assert read(b"\xef\xbb\xbf\n\n")[0] == []


def test_one_bad_line_of_many_spoils_the_file_unless_the_good_are_asked_for():
    lines = [f"pdq,{sha256(n)}" for n in range(100_000)]
    lines[77_776] = "pdq,nonsense"
    text = "signal_type,value\n" + "\n".join(lines)
    error = refused(text)
    assert (error.total, error.faults[0].line) == (1, 77_778)
    entries, report = read(text, keep_good=True)
    assert (len(entries), report.taken, report.faults.total) == (99_999, 99_999, 1)


def test_faults_are_capped_and_the_rest_counted():
    error = refused("signal_type,value\n" + "pdq,x\n" * 50)
    assert (len(error.faults), error.total) == (SHOWN, 50)
    assert str(error).startswith("50 lines cannot be used. Line 2:")


def test_contents_that_repeat_are_left_out_and_counted():
    text = f"id,signal_type,value\n1,pdq,{A}\n2,pdq,{A}\n3,pdq,{A}\n3,md5,{MD5}\n4,md5,{MD5}\n"
    entries, report = read(text)
    assert [len(entry.signals) for entry in entries] == [1, 2]
    assert report.repeated == 2


def test_repeats_are_found_far_apart():
    first = [sha256(n) for n in range(30_000)]
    entries, report = read("\n".join(first + first[::-1]), kind="sha256")
    assert (len(entries), report.repeated) == (30_000, 30_000)


class _Endless(io.RawIOBase):
    """So many lines of a CSV file, made as they are read."""

    def __init__(self, lines):
        self._left = lines
        self._rest = b"signal_type,value\n"

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._rest and self._left:
            self._left -= 1
            self._rest = f"pdq,{sha256(self._left)}\n".encode()
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _peak(lines):
    tracemalloc.start()
    try:
        report = Report(Faults())
        for _ in read_contents(io.BufferedReader(_Endless(lines)), report):
            pass
        assert report.taken == lines
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat():
    _peak(1_000)  # what is imported late
    few, many = _peak(10_000), _peak(80_000)
    assert many - few < 70_000 * 32  # 8 bytes a hash, twice while they are merged
