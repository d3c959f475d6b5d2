"""A bank is read from a running HMA (a stand-in on loopback), page by page."""

import pytest
from tests.support.fake_hma import FakeHma

from consentry.errors import ImportFileError
from consentry.matching.exchange import hma_server
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.hma_server import HmaServer, Walk


def pdq(number):
    return f"{number:064x}"


def contents(count, *, every=1):
    """Every third is of another bank."""
    return {
        place * every: ("TWO" if place % 3 == 0 else "ONE", {"pdq": pdq(place)})
        for place in range(1, count + 1)
    }


def everything(server, *, walk=None, faults=None, gap=100, bank="ONE"):
    walk, faults = walk or Walk(), faults or Faults()
    pages = list(server.pages(bank, walk, faults, gap=gap))
    return [entry.signals[0].value for page in pages for entry in page.entries], pages


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(hma_server, "PAGE", 10)


def test_one_bank_is_read_to_its_end():
    hma = FakeHma(contents(35))
    with hma.serving() as url, HmaServer(url) as server:
        found, pages = everything(server)
    assert found == [pdq(place) for place in range(1, 36) if place % 3]
    assert [page.done for page in pages] == [False, False, False, True]
    assert pages[0].entries[1].metadata.content_id == "2", "what HMA knows it by"


def test_numbers_that_were_deleted_are_no_end():
    hma = FakeHma(contents(6, every=40))
    with hma.serving() as url, HmaServer(url) as server:
        assert len(everything(server)[0]) == 4
        assert everything(server, gap=20)[0] == []  # the caller said how long a run may be


def test_it_goes_on_where_it_stopped():
    hma = FakeHma(contents(35))
    hma.fail_at = 25
    walk, found = Walk(), []
    with hma.serving() as url, HmaServer(url) as server:
        with pytest.raises(ImportFileError, match="answers 500"):  # noqa: PT012  some pages come first
            for page in server.pages("ONE", walk, Faults(), gap=100):
                found += page.entries
                kept = walk.as_json()
        again, _ = everything(server, walk=Walk.from_json(kept))
    values = [entry.signals[0].value for entry in found] + again
    assert values == [pdq(place) for place in range(1, 36) if place % 3]


def test_a_type_that_only_hma_knows_is_a_fault_with_its_number():
    hma = FakeHma(
        {1: ("ONE", {"pdq": pdq(1), "raw_text": "x"}), 2: ("TWO", {"raw_text": "not asked for"})}
    )
    with hma.serving() as url, HmaServer(url) as server:
        with pytest.raises(ImportFileError) as raised:
            everything(server)
        assert raised.value.faults[0].line == 1
        faults = Faults(keep_good=True)
        found, _ = everything(server, faults=faults)
    assert (found, faults.total) == ([pdq(1)], 1)


def test_what_is_no_hma_is_refused():
    with FakeHma({}).serving() as url, HmaServer(url) as server, pytest.raises(ImportFileError):
        everything(server, bank="THREE")
    with pytest.raises(ImportFileError, match="cannot be asked"), HmaServer(url) as server:
        server.banks()
    with pytest.raises(ImportFileError, match="not the address"):
        HmaServer("file:///etc/passwd")
