"""The fetcher brings a file from where it may go, and cannot be sent where it may not."""

from __future__ import annotations

import time

import pytest

from consentry.config import HmaSettings
from consentry.errors import FetchAddressError, FetchError, FetchLateError, FetchSizeError
from consentry.storage.spool import EncryptedSpool
from consentry.web.fetch import Fetcher

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff a picture"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def fetch(tmp_path, pictures):
    """Fetches with settings of one's own; the loopback server is allowed unless said otherwise."""

    async def run(address, resolve=None, **settings):
        limits = {"fetch_allow_hosts": (pictures.host,), "fetch_seconds": 10.0, **settings}
        given = {} if resolve is None else {"resolve": resolve}
        fetcher = Fetcher(HmaSettings(**limits), **given)
        with EncryptedSpool(tmp_path / "spool", 1_000_000) as spool:
            fetched = await fetcher.fetch(address, spool)
            return fetched, spool.read_all()

    return run


def names(**known):
    """A resolver that knows only these."""

    async def resolve(host, _port):
        return known[host.partition(".")[0]]

    return resolve


async def test_a_file_comes_with_its_type(fetch, pictures):
    pictures.put("/a.jpg", JPEG, kind="image/JPEG; q=1")
    fetched, data = await fetch(f"{pictures.url}/a.jpg?x=1#part".replace("?x=1", ""))
    assert (fetched.content_type, fetched.size, data) == ("image/jpeg", len(JPEG), JPEG)


async def test_nothing_of_ours_is_sent(fetch, pictures, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    pictures.put("/quiet.jpg", JPEG)
    await fetch(f"{pictures.url}/quiet.jpg")
    path, headers = pictures.asked[-1]
    assert path == "/quiet.jpg"
    assert headers == {
        "Host": pictures.host,
        "User-Agent": "Consentry",
        "Accept": "image/*, video/*, */*;q=0.1",
        "Accept-Encoding": "identity",
    }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com/a.jpg",
        "//example.com/a.jpg",
        "ftp://example.com/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "gopher://127.0.0.1:6379/_INFO",
        "http://",
        "http:///a.jpg",
        "https://user:secret@example.com/a.jpg",
        "https://user@example.com/a.jpg",
        "http://example.com:abc/",
        "http://exa mple.com/",
        "http://example.com/\r\nHost: other",
        "http://example.com/" + "a" * 5000,
    ],
)
async def test_odd_addresses_are_refused_by_their_form(fetch, address):
    with pytest.raises(FetchAddressError):
        await fetch(address, resolve=names(example=["1.1.1.1"]))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104  an address to refuse
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
async def test_private_addresses_are_refused_however_they_are_spelt(fetch, pictures, host):
    pictures.put("/secret.jpg", JPEG)
    port = pictures.server_port
    with pytest.raises((FetchAddressError, FetchError)):
        await fetch(f"http://{host}:{port}/secret.jpg", fetch_allow_hosts=(), fetch_ports=(port,))
    assert "/secret.jpg" not in [path for path, _ in pictures.asked]


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1"], []])
async def test_a_name_with_any_private_address_is_refused(fetch, answers):
    with pytest.raises(FetchAddressError):
        await fetch("http://sly.example/a.jpg", resolve=names(sly=answers))


async def test_the_checked_address_is_the_one_connected_to(fetch, pictures):
    """A name that turns private after the check is not asked again."""
    asked = []

    async def rebinding(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    pictures.put("/once.jpg", JPEG)
    allowed = f"sly.example:{pictures.server_port}"
    await fetch(f"http://{allowed}/once.jpg", resolve=rebinding, fetch_allow_hosts=(allowed,))
    assert asked == ["sly.example"]
    assert pictures.asked[-1][1]["Host"] == allowed


async def test_a_redirect_is_followed(fetch, pictures):
    pictures.redirect("/old.jpg", "/new.jpg")
    pictures.put("/new.jpg", JPEG)
    _, data = await fetch(f"{pictures.url}/old.jpg")
    assert data == JPEG


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/a",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/a",
        "http://[fd00:ec2::254]/a",
        "file:///etc/passwd",
        "//10.0.0.1/a",
        "http://user:secret@1.1.1.1/",
        "",
    ],
)
async def test_a_redirect_into_a_private_network_is_refused(fetch, pictures, target):
    pictures.redirect("/trap.jpg", target)
    with pytest.raises(FetchError):
        await fetch(f"{pictures.url}/trap.jpg")


async def test_a_ring_of_redirects_ends(fetch, pictures):
    pictures.redirect("/ring.jpg", "/ring.jpg")
    before = len(pictures.asked)
    with pytest.raises(FetchError, match="redirects too often"):
        await fetch(f"{pictures.url}/ring.jpg", fetch_redirects=2)
    assert len(pictures.asked) - before == 3


async def test_a_port_that_is_not_named_is_refused(fetch):
    with pytest.raises(FetchAddressError, match="port"):
        await fetch("http://fine.example:22/", resolve=names(fine=["1.1.1.1"]))


async def test_only_named_hosts_where_the_operator_says_so(fetch):
    only = {"fetch_only_hosts": ("media.example",), "resolve": names(media=["10.0.0.1"])}
    with pytest.raises(FetchAddressError, match="host"):
        await fetch("http://evil.example/a.jpg", **only)
    with pytest.raises(FetchAddressError, match="host"):
        await fetch("http://media.example.evil.org/a.jpg", **only)
    with pytest.raises(FetchAddressError, match="public"):
        await fetch("http://media.example/a.jpg", **only)


async def test_a_body_that_says_it_is_too_long_is_not_read(fetch, pictures):
    pictures.put("/long.jpg", b"x" * 2000)
    with pytest.raises(FetchSizeError):
        await fetch(f"{pictures.url}/long.jpg", fetch_max_bytes=1999)


async def test_a_body_that_does_not_say_so_is_stopped(fetch, pictures):
    pictures.put_endless("/endless.jpg")
    with pytest.raises(FetchSizeError):
        await fetch(f"{pictures.url}/endless.jpg", fetch_max_bytes=50_000)


async def test_a_body_that_drips_is_cut_off(fetch, pictures):
    pictures.put_endless("/drip.jpg", piece=b"x", pause=0.05)
    started = time.monotonic()
    with pytest.raises(FetchLateError):
        await fetch(f"{pictures.url}/drip.jpg", fetch_seconds=0.5)
    assert time.monotonic() - started < 3


async def test_packed_answers_are_not_unpacked(fetch, pictures):
    pictures.put_bomb("/bomb.jpg")
    with pytest.raises(FetchError, match="packed"):
        await fetch(f"{pictures.url}/bomb.jpg")


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
async def test_anything_but_200_is_no_file(fetch, pictures, status):
    pictures.put("/sick.jpg", b"", status=status)
    with pytest.raises(FetchError):
        await fetch(f"{pictures.url}/sick.jpg")


async def test_a_name_that_nobody_knows(fetch):
    async def unknown(_host, _port):
        raise OSError("unknown")

    with pytest.raises(FetchError, match="could not be reached"):
        await fetch("http://nowhere.example/", resolve=unknown)


async def test_nobody_listens(fetch):
    with pytest.raises(FetchError, match="could not be reached"):
        await fetch("http://127.0.0.1:1/", fetch_allow_hosts=("127.0.0.1",))
