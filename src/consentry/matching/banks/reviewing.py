"""What is said and counted about a content, and when it is held for a person because of that.

A held content is not enforced: its matches go to a person. Known pictures of child sexual abuse
are never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from consentry.errors import BankRuleError
from consentry.matching.banks.coding import iso
from consentry.matching.banks.forms import CHILD_SAFETY, check_opinion
from consentry.matching.banks.records import Bank, HeldBecause, Opinion, Verdict
from consentry.storage import Storage
from consentry.storage.banks import ContentRows
from consentry.storage.database import now
from consentry.storage.schema import bank_contents, bank_uploads, banks, opinions

__all__ = ["count_upload", "forget_uploads", "hold", "opine", "opinions_of", "release"]

_WINDOW: Final = timedelta(hours=24)


def opinions_of(
    connection: Connection, content_ids: Sequence[int]
) -> dict[int, tuple[Opinion, ...]]:
    """What was said about some contents, oldest first."""
    query = select(opinions).where(opinions.c.content_id.in_(content_ids))
    found: dict[int, tuple[Opinion, ...]] = {}
    for row in connection.execute(query.order_by(opinions.c.at, opinions.c.by)):
        said = Opinion(row.by, row.opinion, row.at, row.note)
        found[row.content_id] = (*found.get(row.content_id, ()), said)
    return found


def opine(  # noqa: PLR0913, PLR0917  a content and an opinion
    connection: Connection, bank: Bank, content: Row[Any], by: str, opinion: Verdict, note: str
) -> None:
    """Note an opinion; hold or release the content as the opinions now stand.

    Raises:
        BankFormError: the opinion is malformed.
    """
    check_opinion(by, opinion, note)
    same = (opinions.c.content_id == content.id, opinions.c.by == by)
    connection.execute(delete(opinions).where(*same))
    row = {"content_id": content.id, "by": by, "opinion": opinion, "at": now(), "note": note}
    connection.execute(insert(opinions), row)
    said = [one.opinion for one in opinions_of(connection, [content.id])[content.id]]
    disputed = said.count("dispute") > said.count("confirm")
    if disputed and content.state == "active" and bank.category != CHILD_SAFETY:
        hold(connection, bank, content.id, "disputed")
    if not disputed and content.held_because == "disputed":
        release(connection, content.id)


def hold(connection: Connection, bank: Bank, content_id: int, because: HeldBecause) -> None:
    """Hold a content.

    Raises:
        BankRuleError: the bank is of `known.child_safety`.
    """
    if bank.category == CHILD_SAFETY:
        raise BankRuleError("A content of known.child_safety is not held back.")
    ContentRows.update(connection, content_id, {"state": "held", "held_because": because})


def release(connection: Connection, content_id: int) -> None:
    """Enforce a content again, and count its uploads from nothing."""
    connection.execute(delete(bank_uploads).where(bank_uploads.c.content_id == content_id))
    ContentRows.update(connection, content_id, {"state": "active", "held_because": None})


def count_upload(
    storage: Storage, content_ids: Sequence[int], upload: bytes, limit: int
) -> tuple[int, ...]:
    """Note that an upload matched some contents; gives those that are held because of it."""
    fresh = _unknown(storage, content_ids, upload)
    if not fresh:
        return ()
    with storage.sequences.changing("banks.rows", durable=False) as change:
        _note(change.connection, fresh, upload)
        flooded = _flooded(change.connection, fresh, limit)
    if flooded:
        with storage.sequences.changing("banks") as change:
            values = {"state": "held", "held_because": "flood"}
            for content_id in flooded:
                ContentRows.update(change.connection, content_id, values)
    return flooded


def _unknown(storage: Storage, content_ids: Sequence[int], upload: bytes) -> list[int]:
    """Contents that this upload has not matched before: the common case costs no write."""
    query = select(bank_uploads.c.content_id).where(
        bank_uploads.c.content_id.in_(content_ids), bank_uploads.c.upload == upload
    )
    with storage.reading() as connection:
        known = set(connection.execute(query).scalars())
    return [content_id for content_id in content_ids if content_id not in known]


def _note(connection: Connection, content_ids: Sequence[int], upload: bytes) -> None:
    """Another worker may have noted the same upload since: then its row is replaced."""
    same = (bank_uploads.c.content_id.in_(content_ids), bank_uploads.c.upload == upload)
    connection.execute(delete(bank_uploads).where(*same))
    at = now()
    rows = [{"content_id": number, "upload": upload, "at": at} for number in content_ids]
    connection.execute(insert(bank_uploads), rows)


def _flooded(connection: Connection, content_ids: Sequence[int], limit: int) -> tuple[int, ...]:
    since = iso(datetime.now(UTC) - _WINDOW)
    counted = (
        select(bank_uploads.c.content_id)
        .where(bank_uploads.c.content_id.in_(content_ids), bank_uploads.c.at > since)
        .group_by(bank_uploads.c.content_id)
        .having(func.count() > limit)
    )
    enforced = (
        select(bank_contents.c.id)
        .join(banks, banks.c.id == bank_contents.c.bank_id)
        .where(
            bank_contents.c.id.in_(counted),
            bank_contents.c.state == "active",
            banks.c.category != CHILD_SAFETY,
        )
    )
    return tuple(connection.execute(enforced.order_by(bank_contents.c.id)).scalars())


def forget_uploads(storage: Storage, at: datetime) -> None:
    """Delete what was counted more than 24 hours ago."""
    old = bank_uploads.c.at <= iso(at - _WINDOW)
    with storage.sequences.changing("banks.rows", durable=False) as change:
        change.connection.execute(delete(bank_uploads).where(old))
