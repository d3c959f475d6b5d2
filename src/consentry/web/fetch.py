"""Fetching a file from an address that a stranger sent, without being turned against our network.

Names are resolved here, every answer is checked (`addresses.py`), and the connection goes to the
very address that was checked, so that a name cannot answer twice with two faces (DNS rebinding).
Redirects are followed by hand, each checked like the first. Bytes, time and redirects are limited;
nothing is unpacked on the way; no proxy, cookie or password of ours or of the address is sent.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from ssl import SSLContext
from typing import Final, TypeAlias

import anyio
import httpx

from consentry.config import HmaSettings
from consentry.errors import FetchAddressError, FetchError, FetchLateError, FetchSizeError
from consentry.storage.spool import EncryptedSpool
from consentry.web.addresses import is_public

__all__ = ["Fetched", "Fetcher", "Resolve"]

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the addresses that its name has now."""

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 4096
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")  # after IDNA; or IPv6
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {
    "User-Agent": "Consentry",
    "Accept": "image/*, video/*, */*;q=0.1",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, beside the bytes.

    Attributes:
        content_type: what the other server called it, lower case, without parameters; or empty.
        size: bytes that were written to the spool.
    """

    content_type: str
    size: int


async def ask_dns(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's resolver gives for `host`."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Fetcher:
    """Fetches within the limits of `[hma]`; one serves all requests of a process."""

    def __init__(self, settings: HmaSettings, *, resolve: Resolve = ask_dns) -> None:
        """Prepare; nothing is sent."""
        self._settings = settings
        self._resolve = resolve

    async def fetch(self, address: str, spool: EncryptedSpool) -> Fetched:
        """Fetch what `address` names into `spool`.

        Raises:
            FetchAddressError: it, or what it redirects to, is none that we may be sent to.
            FetchSizeError: there are more bytes than `hma.fetch_max_bytes`.
            FetchLateError: it took longer than `hma.fetch_seconds`.
            FetchError: it does not answer 200, or answers with something packed.
        """
        try:
            with anyio.fail_after(self._settings.fetch_seconds):
                return await self._follow(address, spool)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FetchLateError("The address did not give its file in time.") from error
        except httpx.InvalidURL as error:
            raise FetchAddressError("This is not an address of the web.") from error
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            raise FetchError("The address could not be reached.") from error

    async def _follow(self, address: str, spool: EncryptedSpool) -> Fetched:
        url = _parse(address)
        for _ in range(self._settings.fetch_redirects + 1):
            answer = await self._ask(url, spool)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise FetchError("The address redirects too often.")

    async def _ask(self, url: httpx.URL, spool: EncryptedSpool) -> Fetched | httpx.URL:
        """The file, or where it is said to be instead."""
        target = await self._target(url)
        request = httpx.Request(
            "GET",
            url.copy_with(host=target, fragment=None),
            headers={**_HEADERS, "Host": url.netloc.decode("ascii")},
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx.Timeout(self._settings.fetch_seconds).as_dict(),
            },
        )
        # One connection for one request: to keep it would let another name ride on its certificate.
        async with httpx.AsyncHTTPTransport(
            verify=self._trust, trust_env=False, http1=True, http2=False
        ) as transport:
            answer = await transport.handle_async_request(request)
            try:
                return await self._read(url, answer, spool)
            finally:
                await answer.aclose()

    async def _read(
        self, url: httpx.URL, answer: httpx.Response, spool: EncryptedSpool
    ) -> Fetched | httpx.URL:
        if answer.status_code in _REDIRECTS:
            return _parse(str(url.join(answer.headers.get("location", ""))))
        if answer.status_code != HTTPStatus.OK:
            raise FetchError(f"The address answered {answer.status_code}.")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError("The address gave a packed answer although it was asked not to.")
        self._check_size(_declared(answer))
        size = 0
        async for piece in answer.aiter_raw():
            size += len(piece)
            self._check_size(size)
            spool.write(piece)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(kind, size)

    def _check_size(self, size: int) -> None:
        if size > self._settings.fetch_max_bytes:
            raise FetchSizeError(f"There are more than {self._settings.fetch_max_bytes:,} bytes.")

    async def _target(self, url: httpx.URL) -> str:
        """The one address to connect to, checked unless the operator named the host."""
        host = url.raw_host.decode("ascii").lower().rstrip(".")
        port = url.port or _PORTS[url.scheme]
        self._check_host(host)
        trusted = {host, f"{host}:{port}"} & {one.lower() for one in self._allowed}
        if not trusted and port not in self._settings.fetch_ports:
            raise FetchAddressError("Files are not fetched from this port.")
        found = [ipaddress.ip_address(one) for one in await self._resolve(host.strip("[]"), port)]
        if not found or not (trusted or all(is_public(one) for one in found)):
            raise FetchAddressError("The address is not on the public internet.")
        return str(found[0])

    def _check_host(self, host: str) -> None:
        only = self._settings.fetch_only_hosts
        if only and not any(
            host == one or host.endswith(f".{one}") for one in map(str.lower, only)
        ):
            raise FetchAddressError("Files are not fetched from this host.")

    @property
    def _allowed(self) -> tuple[str, ...]:
        return self._settings.fetch_allow_hosts

    @cached_property
    def _trust(self) -> SSLContext:
        """The certificates that httpx trusts, loaded once: it takes tens of milliseconds."""
        return httpx.create_ssl_context(trust_env=False)


def _parse(address: str) -> httpx.URL:
    """The address, if its form is one that is fetched.

    Raises:
        FetchAddressError: it is not.
        httpx.InvalidURL: it cannot be read.
    """
    if len(address) > _LONGEST:
        raise FetchAddressError("The address is too long.")
    url = httpx.URL(address)
    if url.scheme not in _PORTS or not url.host:
        raise FetchAddressError("Only http and https addresses with a host are fetched.")
    if not _HOST.fullmatch(url.raw_host.decode("ascii")):
        raise FetchAddressError("The address has a host of no usual form.")
    if url.userinfo:
        raise FetchAddressError("An address must not hold a name or a password.")
    return url


def _declared(answer: httpx.Response) -> int:
    """What the answer says that it has, in bytes; 0 where it says nothing that can be believed."""
    length = answer.headers.get("content-length", "0")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else 0
