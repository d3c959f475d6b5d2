"""What a bank and its contents must look like; every fault has a named error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args

from consentry.errors import BankFormError, BankRuleError
from consentry.matching.banks.records import Bank, Category, Kind, NewContent

__all__ = ["CHILD_SAFETY", "LONGEST", "check_bank", "check_content", "check_name", "check_opinion"]

CHILD_SAFETY: Final = "known.child_safety"
LONGEST: Final = 255
"""Characters of a name, a note, a case link."""

_NAME: Final = re.compile(r"[A-Z0-9_]+")
_TEXT: Final = 10_000
_MAX_DISTANCE: Final = 31
_METADATA_BYTES: Final = 65_536


def check_name(name: str) -> str:
    """`name`, if a bank may have it.

    Raises:
        BankFormError: it may not.
    """
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise BankFormError(
            "A bank's name has capitals, digits and _ only.", hint="For example REMOVED_PICTURES."
        )
    return name


def check_bank(bank: Mapping[str, Any]) -> None:
    """Check every field of a bank that people choose.

    Raises:
        BankFormError: one is out of range.
        BankRuleError: it would weaken what is known about child sexual abuse.
    """
    check_name(bank["name"])
    _one_of("kind", bank["kind"], get_args(Kind))
    _one_of("category", bank["category"], get_args(Category))
    for field in ("source", "description"):
        if not isinstance(bank[field], str) or len(bank[field]) > _TEXT:
            raise BankFormError(f"The {field} of a bank is a text of at most {_TEXT} characters.")
    if not _whole(bank["max_distance"]) or not 0 <= bank["max_distance"] <= _MAX_DISTANCE:
        raise BankFormError(f"The max_distance of a bank is a whole number, 0 to {_MAX_DISTANCE}.")
    ratio = bank["enabled_ratio"]
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:
        raise BankFormError("The enabled_ratio of a bank is a number from 0 to 1.")
    days = bank["expires_days"]
    if days is not None and (not _whole(days) or not 0 < days <= 100_000):  # noqa: PLR2004  273 years
        raise BankFormError("The expires_days of a bank is a whole number of days, or nothing.")
    if bank["category"] == CHILD_SAFETY and (bank["kind"] != "deny" or ratio < 1):
        raise BankRuleError("A bank of known.child_safety is of the kind deny and enabled in full.")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BankFormError(f"The {field} of a bank is one of {', '.join(allowed)}.")


def check_content(bank: Bank, content: NewContent) -> None:
    """Check everything but the hashes.

    Raises:
        BankFormError: there is no hash, a text is too long, a moment has no time zone.
        BankRuleError: it would switch off something known about child sexual abuse.
    """
    if not content.signals:
        raise BankFormError("There is no hash to bank.")
    for field, text in (("note", content.note), ("case", content.case or "")):
        if len(text) > LONGEST:
            raise BankFormError(f"The {field} has at most {LONGEST} characters.")
    for field, moment in (
        ("disable_until", content.disable_until),
        ("expires_at", content.expires_at),
    ):
        _check_moment(field, moment)
    if content.disable_until is not None and bank.category == CHILD_SAFETY:
        raise BankRuleError("A content of known.child_safety is not switched off for a time.")
    _check_metadata(content)


def _check_moment(field: str, moment: datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        raise BankFormError(f"{field} needs a time zone.", hint="For example 2030-01-01T00:00Z.")


def _check_metadata(content: NewContent) -> None:
    plain = content.metadata.json
    if plain is None:
        return
    try:
        size = len(json.dumps(dict(plain), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise BankFormError("The metadata's json is not JSON.") from error
    if size > _METADATA_BYTES:
        raise BankFormError(f"The metadata's json has at most {_METADATA_BYTES} characters.")


def check_opinion(by: str, opinion: str, note: str) -> None:
    """Check what somebody says about a content.

    Raises:
        BankFormError: it is neither `confirm` nor `dispute`, unsigned, or too long.
    """
    if opinion not in {"confirm", "dispute"}:
        raise BankFormError("An opinion is confirm or dispute.")
    if not by or max(len(by), len(note)) > LONGEST:
        raise BankFormError(f"An opinion says by whom, in at most {LONGEST} characters.")
