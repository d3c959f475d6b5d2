"""`consentry bank`, as a person types it."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps
from tests.support.fake_hma import FakeHma

from consentry.cli import bank_exchange, cli
from consentry.cli.bank import CATEGORIES, KINDS
from consentry.errors import (
    BankRuleError,
    BankSealedError,
    BankTakenError,
    BankUnknownError,
    InputError,
    SignalError,
)
from consentry.matching.banks import SIGNAL_TYPES, Category, Kind
from consentry.matching.exchange.reading import FORMATS
from consentry.matching.exchange.writing import WRITERS

A, B, C = ("1" * 64, "2" * 64, "f" * 64)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))

    def call(*words, **options):
        return CliRunner().invoke(
            cli, ["bank", *map(str, words)], catch_exceptions=False, **options
        )

    return call


@pytest.fixture
def removed(run):
    assert run("create", "REMOVED", "--source", "our own cases").exit_code == 0
    return "REMOVED"


def plain(done):
    assert done.exit_code in {0, 10, 20}, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_choices_are_those_of_the_library():
    assert set(KINDS) == set(Kind.__args__)
    assert set(CATEGORIES) == set(Category.__args__)
    assert set(bank_exchange.TYPES) == set(SIGNAL_TYPES)
    assert bank_exchange.READS == FORMATS
    assert tuple(WRITERS) == bank_exchange.WRITES


def test_a_bank_from_its_making_to_its_end(run):
    (made,) = plain(run("create", "ONE", "--kind", "watch", "--max-distance", 12, "--json"))
    assert (made["name"], made["kind"], made["max_distance"]) == ("ONE", "watch", 12)
    assert "watch known.removed" in run("list").stdout
    assert "up to 20 bits" in run("update", "ONE", "--max-distance", 20).stdout
    assert "TWO" in run("update", "ONE", "--rename", "TWO").stdout
    with pytest.raises(BankUnknownError):
        run("show", "ONE")
    assert run("delete", "TWO", input="n\n").exit_code == 1
    assert plain(run("list", "--json"))[0][0]["name"] == "TWO"
    assert run("delete", "TWO", "--yes").exit_code == 0
    assert plain(run("list", "--json")) == [[]]


def test_what_a_bank_may_not_be(run, removed):
    with pytest.raises(BankTakenError):
        run("create", removed)
    with pytest.raises(InputError):
        run("create", "lower case")
    with pytest.raises(BankRuleError):
        run("create", "X", "--kind", "allow", "--category", "known.child_safety")
    assert run("create", "X", "--kind", "forbid").exit_code == 2
    assert run("update", removed).exit_code == 2


def test_a_picture_is_added_and_its_mirrored_copy_found(run, removed, portrait, cup, tmp_path):
    original, mirrored, other = (tmp_path / name for name in ("a.jpg", "m.jpg", "o.jpg"))
    original.write_bytes(portrait)
    other.write_bytes(cup)
    with Image.open(io.BytesIO(portrait)) as image:
        ImageOps.mirror(image).save(mirrored, quality=60)
    (line,) = plain(run("add", removed, original, "--case", "C-7", "--note", "asked", "--json"))
    done = run("match", mirrored, other, "--json")
    copy, stranger = plain(done)
    assert done.exit_code == 20
    (match,) = copy["matches"]
    assert (match["bank"], match["content"], match["case"]) == (removed, line["content"], "C-7")
    assert (match["signal"], match["turn"], match["state"]) == ("pdq", "mirrored", "active")
    assert match["distance"] <= 31
    assert (stranger["matches"], stranger["looked_up"]) == ([], True)
    assert run("match", other).exit_code == 0
    assert "mirrored" in run("match", mirrored).stdout


def test_hashes_are_added_and_found(run, removed):
    plain(run("add", removed, f"pdq:{A}", f"md5:{'a' * 32}", "--json"))
    near = f"{int(A, 16) ^ 0b1011:064x}"
    (answer,) = plain(run("match", near, "--json"))
    assert answer["matches"][0]["distance"] == 3
    assert run("match", near, "--max-distance", 2).exit_code == 0
    assert run("match", "a" * 32).exit_code == 20
    assert run("match", "pdq:" + C).exit_code == 0


def test_what_cannot_be_added_or_looked_up_is_said(run, removed, tmp_path):
    with pytest.raises(SignalError):
        run("add", removed, "pdq:123")
    with pytest.raises(InputError, match="pdq or sha256"):
        run("add", removed, A)
    with pytest.raises(InputError, match="cannot be read"):
        run("add", removed, tmp_path / "missing.jpg")
    with pytest.raises(BankUnknownError):
        run("match", A, "--bank", "NOWHERE")
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    done = run("match", tmp_path / "x.jpg", A)
    assert done.exit_code == 1
    assert "x.jpg" in done.stderr
    assert "no match" in done.stdout


def test_exit_statuses_say_how_strict_to_be(run, removed):
    run("create", "SEEN", "--kind", "watch")
    run("create", "FINE", "--kind", "allow")
    run("add", "SEEN", f"pdq:{A}")
    run("add", "FINE", f"pdq:{B}")
    (line,) = plain(run("add", removed, f"pdq:{C}", "--json"))
    assert [run("match", f"pdq:{one}").exit_code for one in (A, B, C)] == [10, 0, 20]
    assert run("match", f"pdq:{A}", f"pdq:{C}").exit_code == 20
    run("hold", removed, line["content"])
    assert run("match", f"pdq:{C}").exit_code == 10
    run("release", removed, line["content"])
    assert run("match", f"pdq:{C}").exit_code == 20
    run("remove", removed, line["content"])
    assert run("match", f"pdq:{C}").exit_code == 0


def test_disputes_hold_an_entry_and_confirmations_release_it(run, removed):
    (line,) = plain(run("add", removed, f"pdq:{A}", "--json"))
    content = line["content"]
    (said,) = plain(run("opine", removed, content, "dispute", "--by", "ann", "--json"))
    assert (said["state"], said["held_because"]) == ("held", "disputed")
    assert run("match", f"pdq:{A}").exit_code == 10
    (said,) = plain(run("opine", removed, content, "confirm", "--by", "bob", "--json"))
    assert said["state"] == "active"
    assert "ann" in run("show", removed, content).stdout


@pytest.mark.parametrize("form", ["csv", "jsonl", "list", "hma"])
def test_a_bank_is_exported_and_imported_again(run, removed, form, tmp_path):
    run("add", removed, f"pdq:{A}", "--note", "one, two", "--case", "C-1", "--expires-days", 9)
    run("add", removed, f"md5:{'a' * 32}")
    held = plain(run("add", removed, f"pdq:{B}", "--json"))[0]["content"]
    run("hold", removed, held)
    file = tmp_path / "out"
    done = run("export", removed, file, "--format", form)
    assert "2 contents" in done.stderr
    assert "1 on hold" in done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    run("create", "AGAIN")
    (summary,) = plain(run("import", "AGAIN", file, "--json"))
    assert (summary["contents"], summary["signals"], summary["faulty"]) == (2, 2, 0)
    assert run("match", "--bank", "AGAIN", f"pdq:{A}", f"md5:{'a' * 32}").exit_code == 20
    assert run("match", "--bank", "AGAIN", f"pdq:{B}").exit_code == 0
    assert run("export", removed, file).exit_code == 2, "it is there already"
    assert run("export", removed, "--format", form).stdout == file.read_text()


def test_a_sealed_bank_matches_and_is_never_written_out(run, tmp_path):
    run("create", "SEALED", "--sealed", "--category", "known.intimate")
    (line,) = plain(run("add", "SEALED", f"pdq:{A}", "--json"))
    assert run("match", f"pdq:{A}").exit_code == 20
    with pytest.raises(BankSealedError):
        run("export", "SEALED", tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))
    assert A not in run("show", "SEALED", line["content"]).stdout


def test_bad_lines_are_named_and_nothing_is_taken(run, removed, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text(f"signal_type,value\npdq,{A}\npdq,nonsense\n" + "md5,x\n" * 40)
    done = run("import", removed, file)
    assert done.exit_code == 1
    assert "line 3: The value is no pdq hash" in done.stderr
    assert "and 21 more" in done.stderr
    assert "--keep-good" in done.stderr
    assert plain(run("show", removed, "--json"))[0]["contents"] == 0
    done = run("import", removed, file, "--keep-good")
    assert "41 lines" in done.stderr
    assert plain(run("show", removed, "--json"))[0]["contents"] == 1


def test_a_list_is_read_from_stdin_and_the_guess_told(run, removed):
    done = run("import", removed, "-", input="\n".join(f"{n:032x}" for n in range(3)))
    assert done.exit_code == 0
    assert "taken for md5" in done.stderr
    assert "3 contents, 3 hashes" in done.stdout


def test_an_import_that_means_nothing_is_refused(run, removed, tmp_path):
    (tmp_path / "empty").write_text("\n")
    assert "no hash" in run("import", removed, tmp_path / "empty").stderr
    assert run("import", removed).exit_code == 2
    assert run("import", removed, tmp_path / "empty", "--from-hma", "http://x").exit_code == 2
    with pytest.raises(BankUnknownError):
        run("import", "NOWHERE", tmp_path / "empty")


def test_a_bank_is_taken_over_from_hma_and_an_interrupted_one_goes_on(run, removed):
    contents = {
        place: ("ONE" if place % 2 else "TWO", {"pdq": f"{place:064x}"}) for place in range(1, 1300)
    }
    hma = FakeHma(contents)
    hma.fail_at = 900
    with hma.serving() as url:
        words = ("import", removed, "--from-hma", url, "--hma-bank", "ONE", "--hma-gap", 50)
        stopped = run(*words)
        assert stopped.exit_code == 1
        assert "goes on where it stopped" in stopped.stderr
        (summary,) = plain(run(*words, "--json"))
    assert plain(run("show", removed, "--json"))[0]["contents"] == 650
    assert summary["contents"] < 650
    assert "Every hash that HMA counts was seen." in summary["told"]


def test_a_page_that_got_in_before_a_crash_is_not_added_twice(run, removed, monkeypatch):
    from consentry.cli import bank_from_hma

    hma = FakeHma({place: ("ONE", {"pdq": f"{place:064x}"}) for place in range(1, 700)})
    reached = bank_from_hma._Place.reached

    def crash(*_):
        raise KeyboardInterrupt

    with hma.serving() as url:
        words = ("import", removed, "--from-hma", url, "--hma-bank", "ONE", "--hma-gap", 50)
        monkeypatch.setattr(bank_from_hma._Place, "reached", crash)
        assert run(*words).exit_code == 1
        count = plain(run("show", removed, "--json"))[0]["contents"]
        assert 0 < count < 699
        monkeypatch.setattr(bank_from_hma._Place, "reached", reached)
        other = run(*words[:-3], "TWO", *words[-2:])
        assert "--restart" in other.stderr
        run(*words)
    assert plain(run("show", removed, "--json"))[0]["contents"] == 699


def _start(home, *words, **options):
    environment = {**os.environ, "CONSENTRY_HOME": str(home), "PYTHONPATH": ":".join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "consentry", "bank", *map(str, words)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_is_stopped_leaves_nothing(run, removed, tmp_path, how):
    child = _start(tmp_path / "home", "import", removed, "-")
    child.stdin.write(b"signal_type,value\n")
    for number in range(12_000):
        child.stdin.write(b"pdq,%064x\n" % number)
    child.stdin.flush()
    time.sleep(1.5)  # some of it is staged; it waits for more
    assert child.poll() is None
    child.send_signal(how)
    child.stdin.close()
    child.stdin = None
    _, errors = child.communicate(timeout=30)
    if how is signal.SIGINT:
        assert child.returncode == 130
        assert b"Stopped." in errors
    assert b"Traceback" not in errors
    assert plain(run("show", removed, "--json"))[0]["contents"] == 0
    assert run("match", f"pdq:{7:064x}").exit_code == 0


GUIDE = Path(__file__).parent.parent.parent / "docs" / "guide" / "banks.md"


def test_every_example_of_the_guide_runs(tmp_path, monkeypatch, portrait):
    """In order, in one installation; `$ID` is what the last `add` printed."""
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(portrait)
    (tmp_path / "hashes.csv").write_text(f"type,value\npdq,{A}\n")
    (tmp_path / "hma.csv").write_text(
        f"bank,id,signal_type,signal_val,disable_until_ts,original_content_uri,note\n"
        f"NCII_BANK,1,pdq,{B},1,,\nOTHER,2,pdq,{C},1,,\n"
    )
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    ids = []
    hma = FakeHma({3: ("NCII_BANK", {"pdq": "7" * 64})}, banks=("NCII_BANK",))
    with hma.serving() as url:
        for line in lines:
            known = ids[-1] if ids else "0"
            words = shlex.split(line.replace("$ID", known).replace("http://127.0.0.1:5100", url))
            words = words[: words.index(">")] if ">" in words else words
            done = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
            assert done.exit_code in {0, 10, 20}, (line, done.output)
            ids += re.findall(r"content (\d+) of", done.stdout if "add" in words else "")
            if "remove" in words:
                ids.pop()  # later examples name the one before
    assert len(lines) > 15


def test_the_guide_names_every_command_and_option():
    guide = GUIDE.read_text("utf-8")
    group = cli.get_command(None, "bank")
    for name, command in group.commands.items():
        assert f"consentry bank {name}" in guide, name
        for option in (text for one in command.params for text in one.opts):
            assert not option.startswith("--") or option in guide, (name, option)
    assert not re.findall(r"consentry bank (?!" + "|".join(group.commands) + r")[a-z]+", guide)
