"""`/m`: which known content a hash or a file matches, and how far two hashes are apart.

An answer without matches means that everything known was looked at: while the index is behind, the
answer is 503 with Retry-After, and a picture with too little to see is refused, not "no match".
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from consentry.web.hma.answers import Refusal, json_answer
from consentry.web.hma.asking import flag, json_object, names, required
from consentry.web.hma.desk import Desk, desk_of
from consentry.web.hma.hashing import Hashed
from consentry.web.hma.uploads import from_form, from_url

if TYPE_CHECKING:  # it stands on the database
    from consentry.matching.matcher import Match, Matches

__all__ = ["compare", "lookup", "lookup_form", "raw_lookup"]

_NO_TYPE = "No such SignalType '{}'"


async def raw_lookup(request: Request) -> Response:
    """The content that matches a hash, whether its bank is switched on or not."""
    signal, kind = required(request, "signal", "signal_type")
    wanted, details = names(request, "banks"), flag(request, "details")
    with_distance = flag(request, "include_distance")
    desk = desk_of(request)
    found = await desk.match(kind, desk.parse(kind, signal, unknown=_NO_TYPE), raw=True)
    matches = [one for one in _nearest(found) if wanted is None or one.bank.name in wanted]
    if details:
        body = {"matches": [_plain(one, details=True) for one in matches], **_how(found)}
    elif with_distance:
        body = {"matches": [_plain(one) for one in matches]}
    else:
        body = {"matches": [one.content_id for one in matches]}
    return json_answer(body, headers=_said(found))


async def lookup(request: Request) -> Response:
    """The content that matches a hash or the file at an address, by bank.

    For a file, the answer has one more level: by signal type.
    """
    desk, query = desk_of(request), request.query_params
    url, kind, signal = query.get("url"), query.get("signal_type"), query.get("signal")
    if url:
        upload = await from_url(desk, request, url)
        by_type, found = await _match_file(desk, request, upload.hashed)
        return json_answer(by_type if kind is None else by_type.get(kind, {}), headers=_said(found))
    if not signal or not kind:
        raise Refusal(400, "Either url or both signal and signal_type are required")
    found = await desk.match(kind, desk.parse(kind, signal, unknown=_NO_TYPE))
    return json_answer(_by_bank(request, found), headers=_said(found))


async def lookup_form(request: Request) -> Response:
    """The content that matches the file in the form, by signal type and bank."""
    desk = desk_of(request)
    upload = await from_form(desk, request)
    by_type, found = await _match_file(desk, request, upload.hashed)
    return json_answer(by_type, headers=_said(found))


async def compare(request: Request) -> Response:
    """For each signal type, whether two hashes match and how far they are apart."""
    desk = desk_of(request)
    body = await json_object(request)
    return json_answer({kind: _compare(desk, kind, pair) for kind, pair in body.items()})


def _compare(desk: Desk, kind: str, pair: object) -> list[Any]:
    if not isinstance(pair, list):
        raise Refusal(400, f"Comparison hashes for {kind} was not a list")
    if len(pair) != 2:  # noqa: PLR2004  a pair
        raise Refusal(400, "Comparison hash list length must be exactly 2")
    one, other = (desk.parse(kind, value, unknown=_NO_TYPE) for value in pair)
    type_ = desk.types[kind]
    distance = type_.distance(one, other)
    shown = distance if type_.max_distance else _NO_DISTANCE
    return [distance <= type_.max_distance, {"distance": shown}]


async def _match_file(
    desk: Desk, request: Request, hashed: Hashed
) -> tuple[dict[str, Any], Matches | None]:
    """By signal type, for everything that the file was hashed to.

    A picture is looked up turned and mirrored too, by both PDQ pipelines: HMA asks once.
    """
    by_type: dict[str, Any] = {}
    last: Matches | None = None
    for kind, value in hashed.shown.items():
        parsed = desk.parse(kind, value, unknown=_NO_TYPE)
        if kind == "pdq" and hashed.picture is not None:
            last = await desk.match_picture(hashed.picture)
        else:
            last = await desk.match(kind, parsed)
        by_type[kind] = _by_bank(request, last)
    return by_type, last


def _by_bank(request: Request, found: Matches) -> dict[str, list[dict[str, Any]]]:
    """What is in force, by the name of its bank.

    A bank that is switched on for a part only is decided by a coin, as in HMA: the same `seed`
    gives the same side, here and there. What is held for a person is for who reads `state`.
    """
    wanted, details = names(request, "banks"), flag(request, "details")
    coin = _coin(request)
    banks: dict[str, list[dict[str, Any]]] = {}
    for one in _nearest(found):
        if one.bank.enabled_ratio < coin or (one.state == "held" and not details):
            continue
        if wanted is None or one.bank.name in wanted:
            banks.setdefault(one.bank.name, []).append(_plain(one, details=details))
    return banks


def _coin(request: Request) -> float:
    if flag(request, "bypass_coinflip"):
        return 0.0
    return random.Random(request.query_params.get("seed")).random()  # noqa: S311  HMA's own coin


def _nearest(found: Matches) -> Sequence[Match]:
    """For each piece of content its nearest match, nearest first."""
    best: dict[int, Match] = {}
    for one in found.matches:
        known = best.get(one.content_id)
        if known is None or one.distance < known.distance:
            best[one.content_id] = one
    return sorted(best.values(), key=lambda one: (one.distance, one.content_id))


def _plain(match: Match, *, details: bool = False) -> dict[str, Any]:
    shown = str(match.distance) if match.signal_type in {"pdq", "vpdq"} else _NO_DISTANCE
    plain: dict[str, Any] = {"bank_content_id": match.content_id, "distance": shown}
    if details:
        bank = match.bank
        plain |= {
            "bank": bank.name,
            "kind": bank.kind,
            "reason": bank.category,
            "source": "" if bank.sealed else bank.source,
            "state": match.state,
            "signal": match.signal_type,
        }
    return plain


_NO_DISTANCE = "-"


def _how(found: Matches) -> dict[str, Any]:
    return {"sequence": found.sequence, "complete": found.complete}


def _said(found: Matches | None) -> Mapping[str, str]:
    """How much was looked at, as headers: a member of the body could be taken for a bank."""
    if found is None:
        return {}
    complete = "true" if found.complete else "false"
    return {"X-Consentry-Sequence": str(found.sequence), "X-Consentry-Complete": complete}
