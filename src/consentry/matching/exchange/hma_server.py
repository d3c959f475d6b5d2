"""A bank of a running HMA, page by page, so that a service can move from it without its database.

HMA (facebook/ThreatExchange, hasher-matcher-actioner) has no list of a bank's contents. It shows
one content by its number (`GET /c/bank/<name>/content/<id>?include_signals=true`), and it counts
the hashes of all banks (`GET /c/signal_type/index`). So the numbers are tried in order, until as
many hashes were seen as there are, or until a long run of numbers is empty; the caller is told
which.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from consentry.errors import ImportFileError
from consentry.matching.banks import SIGNAL_TYPES, NewContent
from consentry.matching.exchange.entries import FieldError
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.json_lines import MEMBERS, entry_of
from consentry.matching.exchange.numbered import Selection

__all__ = ["HmaPage", "HmaServer", "Walk"]

PAGE: Final = 500
_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 30.0
_MAX_ANSWER: Final = 16 * 1024 * 1024
_GO_ON: Final = "What was imported stays. The same command goes on where it stopped."


@dataclass(frozen=True, slots=True)
class HmaPage:
    """Some contents in order.

    Attributes:
        next_id: where the next page begins.
        entries: the contents of the bank among them.
        done: nothing comes after.
    """

    next_id: int
    entries: tuple[NewContent, ...]
    done: bool


@dataclass(slots=True)
class Walk:
    """How far a walk through HMA's numbers is; JSON-ready with `as_json`.

    Attributes:
        next_id: the number that is tried next.
        seen: hashes seen in any bank, by type.
        empty: how many numbers in a row had no content.
    """

    next_id: int = 1
    seen: Counter[str] = field(default_factory=Counter)
    empty: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the file that a walk is resumed from."""
        return {"next_id": self.next_id, "seen": dict(self.seen), "empty": self.empty}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse."""
        return cls(int(plain["next_id"]), Counter(plain["seen"]), int(plain["empty"]))


class HmaServer:
    """A running HMA that an operator asked to read from. Threads may not share it."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Talk to the HMA at `url`; `token` is sent as a bearer token, for one behind a proxy.

        Raises:
            ImportFileError: `url` is no http or https address.
        """
        if not url.startswith(("http://", "https://")):
            raise ImportFileError.of_file(
                f"{url[:80]!r} is not the address of an HMA.",
                hint="Write it as http://host:port or https://host.",
            )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_connections=_AT_ONCE),
            transport=httpx.HTTPTransport(retries=2),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def banks(self) -> list[str]:
        """The names of its banks.

        Raises:
            ImportFileError: it does not answer as HMA does.
        """
        try:
            return [str(bank["name"]) for bank in self._get("/c/banks") or ()]
        except (TypeError, KeyError):
            raise _strange("/c/banks") from None

    def totals(self) -> dict[str, int]:
        """How many hashes of each type it has, in all banks.

        Raises:
            ImportFileError: it does not answer as HMA does.
        """
        try:
            index = self._get("/c/signal_type/index") or {}
            return {kind: int(state["db_size"]) for kind, state in index.items()}
        except (TypeError, KeyError, AttributeError, ValueError):
            raise _strange("/c/signal_type/index") from None

    def pages(self, bank: str, walk: Walk, faults: Faults, *, gap: int) -> Iterator[HmaPage]:
        """The contents of `bank` from `walk` on, which is kept up to date; faults name ids.

        The end is where every hash that HMA counts was seen, or `gap` numbers in a row are empty.

        Raises:
            ImportFileError: there is no such bank, HMA does not answer, or a content is at fault
                and `faults` does not keep the good ones.
        """
        if bank not in self.banks():
            raise ImportFileError.of_file(f"HMA has no bank {bank!r}.", hint="See its /c/banks.")
        totals = self.totals()
        path = f"/c/bank/{quote(bank, safe='')}/content"
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done = False
            while not done:
                numbers = range(walk.next_id, walk.next_id + min(PAGE, gap))
                answers = pool.map(lambda number: self._content(path, number), numbers)
                entries = tuple(self._take(bank, answers, walk, faults))
                faults.check()
                done = walk.empty >= gap or _all_seen(walk.seen, totals)
                yield HmaPage(walk.next_id, entries, done)

    def _take(
        self, bank: str, answers: Iterable[Mapping[str, Any] | None], walk: Walk, faults: Faults
    ) -> Iterator[NewContent]:
        chosen = Selection()
        for plain in answers:
            number = walk.next_id
            walk.next_id += 1
            walk.empty = walk.empty + 1 if plain is None else 0
            if plain is None:
                continue
            walk.seen.update((plain.get("signals") or {}).keys())
            if (plain.get("bank") or {}).get("name") != bank:
                continue  # HMA shows a content under the name of any bank
            try:
                entry = entry_of(_known_types(plain, number, faults), chosen)
            except FieldError as error:
                faults.add(number, str(error))
            else:
                if entry is not None:
                    yield entry

    def _content(self, path: str, number: int) -> Mapping[str, Any] | None:
        plain = self._get(f"{path}/{number}?include_signals=true&include_metadata=true")
        if plain is None:
            return None
        if not isinstance(plain, dict) or not all(
            isinstance(plain.get(name) or {}, dict) for name in ("signals", "bank")
        ):
            raise _strange(path)
        return plain

    def _get(self, path: str) -> Any:  # noqa: ANN401  JSON
        """The JSON at `path`; None when there is nothing."""
        try:
            with self._client.stream("GET", path) as response:
                body = _bounded(response, path)
                if response.status_code == HTTPStatus.NOT_FOUND:
                    return None
                response.raise_for_status()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise ImportFileError.of_file(
                f"HMA answers {status} for {path}.", hint=_GO_ON
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ImportFileError.of_file(f"HMA cannot be asked: {error}.", hint=_GO_ON) from error
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise _strange(path) from None


def _bounded(response: httpx.Response, path: str) -> bytes:
    """The whole body: read also when it is of no use, so that the connection can be used again."""
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > _MAX_ANSWER:
            raise _strange(path)
    return bytes(body)


def _known_types(plain: Mapping[str, Any], number: int, faults: Faults) -> Mapping[str, Any]:
    """The content without what only its server knows: a hash of another type is a fault.

    Its number there becomes its content id, unless somebody gave it one.
    """
    signals = plain.get("signals") or {}
    for kind in signals.keys() - set(SIGNAL_TYPES):
        faults.add(number, f"There is no signal type {kind[:40]!r}: this hash is left out.")
    known = {kind: value for kind, value in signals.items() if kind in SIGNAL_TYPES}
    if not known:
        raise FieldError("It has no hash of a type that is known here.")
    given = {name: value for name, value in plain.items() if name in MEMBERS}
    metadata = {"content_id": str(number), **(plain.get("metadata") or {})}
    return {**given, "signals": known, "metadata": metadata}


def _all_seen(seen: Mapping[str, int], totals: Mapping[str, int]) -> bool:
    return all(seen.get(kind, 0) >= count for kind, count in totals.items())


def _strange(path: str) -> ImportFileError:
    return ImportFileError.of_file(f"The answer to {path} is not HMA's.", hint=_GO_ON)
