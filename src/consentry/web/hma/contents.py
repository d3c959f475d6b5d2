"""`/c/bank/<name>/content` and `/c/bank/<name>/signal`: what a bank holds, piece by piece."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from consentry.errors import ContentUnknownError, DecoderError, MediaError
from consentry.media import Clip
from consentry.web.hma.answers import Refusal, json_answer
from consentry.web.hma.asking import flag, is_json, json_object
from consentry.web.hma.banks import bank_json, open_bank
from consentry.web.hma.desk import Desk, desk_of
from consentry.web.hma.hashing import Hashed
from consentry.web.hma.uploads import from_form, from_url, is_form

if TYPE_CHECKING:  # it stands on the database
    from consentry.guard import Guard
    from consentry.matching.banks import Bank, Content, Metadata
    from consentry.matching.signals.contract import Signal

__all__ = ["add_content", "add_signals", "delete_content", "show_content", "update_content"]

_LONGEST_NOTE: Final = 255
_DISABLED: Final = 0
_ENABLED: Final = 1
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
_FIVE_YEARS: Final = 5 * 365 * 24 * 3600
_METADATA: Final = frozenset({"content_id", "content_uri", "json"})


async def show_content(request: Request) -> Response:
    """One piece of content; its hashes only when `include_signals=true`."""
    desk = desk_of(request)
    bank = await open_bank(desk, request)
    content = await _find(desk, bank, request)
    query = request.query_params
    plain: dict[str, Any] = {
        "id": content.id,
        "disable_until_ts": _seconds(content),
        "original_media_uri": None,
        "bank": bank_json(bank),
    }
    if query.get("include_signals", "false").lower() == "true":
        plain["signals"] = _of_types(content, desk.settings.signal_types)
    metadata = _shown(content.metadata)
    if metadata is not None and query.get("include_metadata", "true").lower() == "true":
        plain["metadata"] = metadata
    if content.note:
        plain["note"] = content.note
    if flag(request, "details"):
        plain |= {"state": content.state, "case": content.case, "created_at": content.created_at}
    return json_answer(plain)


def _of_types(content: Content, types: Collection[str]) -> dict[str, str]:
    """The first hash of each signal type that HMA's clients know of."""
    found: dict[str, str] = {}
    for one in content.signals:
        if one.type in types and one.value is not None:
            found.setdefault(one.type, one.value)
    return found


async def add_content(request: Request) -> Response:
    """Bank the file at `url`, or the one sent along; gives the id and the hashes."""
    desk = desk_of(request)
    bank = await open_bank(desk, request)
    url = request.query_params.get("url")
    if url:
        body = await json_object(request) if is_json(request) else {}
        metadata, note = _metadata(body.get("metadata")), _note(body.get("note"))
        upload = await from_url(desk, request, url)
    elif is_form(request):
        upload = await from_form(desk, request)
        metadata, note = _metadata(upload.metadata), _note(upload.fields.get("note"))
    else:
        raise Refusal(400, "Neither `url` nor multipart file upload was received")
    shown = _checked(desk, upload.hashed.shown)
    signals = await desk.hash(_all_signals, desk.guard, upload.hashed, shown)
    added = await desk.ask(desk.banks.add, bank.name, signals, metadata=metadata, note=note)
    desk.newest = max(desk.newest, added.sequence)
    return json_answer({"id": added.content_id, "signals": shown})


async def add_signals(request: Request) -> Response:
    """Bank hashes that were made elsewhere: `{"pdq": "…", "note": "…"}`."""
    desk = desk_of(request)
    bank = await open_bank(desk, request)
    body = await json_object(request)
    note = _note(body.pop("note", None))
    shown = _checked(desk, body)
    added = await desk.ask(desk.banks.add, bank.name, _signals(shown), note=note)
    desk.newest = max(desk.newest, added.sequence)
    return json_answer({"id": added.content_id, "signals": shown})


async def update_content(request: Request) -> Response:
    """Stop a piece of content from matching until a time, or change its note."""
    desk = desk_of(request)
    bank = await open_bank(desk, request)
    await _find(desk, bank, request)
    body = await json_object(request)
    changes: dict[str, Any] = {}
    if "disable_until_ts" in body:
        changes["disable_until"] = _until(_moment(body["disable_until_ts"]))
    if "note" in body:
        changes["note"] = _note(body["note"])
    content_id = request.path_params["content_id"]
    content = await desk.ask(desk.banks.update_content, bank.name, content_id, **changes)
    return json_answer(
        {
            "id": content.id,
            "disable_until_ts": _seconds(content),
            "collab_metadata": _collab(content.metadata) or {},
            "original_media_uri": None,
            "bank": bank_json(bank),
            "user_metadata": _given(content.metadata) or None,
            "note": content.note or None,
        }
    )


async def delete_content(request: Request) -> Response:
    """Take a piece of content out; how many were taken, 0 or 1."""
    desk = desk_of(request)
    bank = await open_bank(desk, request)
    try:
        await desk.ask(desk.banks.remove, bank.name, request.path_params["content_id"])
    except ContentUnknownError:
        return json_answer({"deleted": 0})
    return json_answer({"deleted": 1})


async def _find(desk: Desk, bank: Bank, request: Request) -> Content:
    content_id = request.path_params["content_id"]
    try:
        return await desk.ask(desk.banks.content, bank.name, content_id)
    except ContentUnknownError as error:
        raise Refusal(404, f"content '{content_id}' not found") from error


def _checked(desk: Desk, given: Mapping[str, Any]) -> dict[str, str]:
    """Hashes by type, in the one spelling that is stored.

    Raises:
        Refusal: there is none, a type is unknown, or a hash is malformed or says "unhashable".
    """
    if not given:
        raise Refusal(400, "No signals given")
    return {
        name: desk.parse(name, value, unknown="No such signal type {}")
        for name, value in given.items()
    }


def _signals(shown: Mapping[str, str]) -> list[Signal]:
    from consentry.matching.signals.contract import Signal

    return [Signal(name, value) for name, value in shown.items()]


def _all_signals(guard: Guard, hashed: Hashed, shown: Mapping[str, str]) -> list[Signal]:
    """What is banked of a file: what is shown, and all else by which copies will be found.

    HMA's clients see the first; the gates on the road find copies by the rest.
    """
    from consentry.matching.hashing import file_signals

    every = [*_signals(shown), *_perceptual(guard, hashed), *file_signals(hashed.data)]
    return list({(one.type, one.value): one for one in every}.values())


def _perceptual(guard: Guard, hashed: Hashed) -> list[Signal]:
    """Of a picture, what finds turned and cropped copies; of a video that can be decoded, vPDQ."""
    from consentry.matching.hashing import clip_signals, picture_signals

    picture = hashed.picture
    if picture is not None:
        return picture_signals(picture.pixels, picture.metadata.orientation)
    with suppress(MediaError, DecoderError):  # its digests are banked all the same
        media = guard.decode(hashed.data)
        if isinstance(media, Clip):
            return clip_signals((one.time_s, one.picture.pixels) for one in media.frames)
    return []


def _note(value: object) -> str:
    if not value:
        return ""
    if not isinstance(value, str):
        raise Refusal(400, "note should be a string")
    if len(value) > _LONGEST_NOTE:
        raise Refusal(400, f"note must be at most {_LONGEST_NOTE} characters")
    return value


def _metadata(value: object) -> Metadata:
    """What the caller knows of the content; only HMA's members are taken."""
    from consentry.matching.banks import Metadata

    if value is None:
        return Metadata()
    if not isinstance(value, dict):
        raise Refusal(400, "metadata should be a json object")
    given = {name: one for name, one in value.items() if name != "collab" and one is not None}
    plain = [given.get(name) for name in ("content_id", "content_uri")]
    if (
        set(given) - _METADATA
        or not all(one is None or isinstance(one, str) for one in plain)
        or not isinstance(given.get("json", {}), dict)
    ):
        raise Refusal(400, "Invalid metadata: content_id, content_uri (text) and json (object)")
    return Metadata(**given)


def _given(metadata: Metadata) -> dict[str, Any]:
    return {name: one for name in sorted(_METADATA) if (one := getattr(metadata, name))}


def _shown(metadata: Metadata) -> dict[str, Any] | None:
    """All four members, as HMA shows them, or None when nothing is known."""
    collab = _collab(metadata)
    if collab is None and not _given(metadata):
        return None
    return {**dict.fromkeys(sorted(_METADATA)), **_given(metadata), "collab": collab}


def _collab(metadata: Metadata) -> dict[str, list[str]] | None:
    """Which exchange it came from, and under which keys there: those are not kept."""
    return {metadata.collab: []} if metadata.collab else None


def _until(moment: int) -> datetime | None:
    """HMA's magic numbers as a moment: 0 is never again, 1 is now."""
    if moment == _ENABLED:
        return None
    return _NEVER if moment == _DISABLED else datetime.fromtimestamp(moment, UTC)


def _seconds(content: Content) -> int:
    """The inverse."""
    until = content.disable_until
    if until is None:
        return _ENABLED
    moment = until if isinstance(until, datetime) else datetime.fromisoformat(until)
    return _DISABLED if moment.year == _NEVER.year else int(moment.timestamp())


def _moment(value: object) -> int:
    """Seconds since 1970; 0 switches off for good, 1 switches on.

    Raises:
        Refusal: it is no number, negative, or more than five years ahead.
    """
    try:
        moment = int(value) if isinstance(value, int | float | str) else -1
    except (ValueError, OverflowError) as error:
        raise Refusal(400, f"Invalid int: '{value}'") from error
    if moment < 0:
        raise Refusal(400, "disable_until_ts must be a non-negative integer")
    if moment > time.time() + _FIVE_YEARS:
        raise Refusal(400, "disable_until_ts must be less than 5 years in the future")
    return moment
