"""`/c/banks` and `/c/bank/<name>`: list, make, show, change and delete banks.

A sealed bank (victims' hashes) is not listed and not shown. Members beyond HMA's two are given when
`details=true` is asked for: some of HMA's clients compare answers member by member.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from consentry.errors import BankTakenError, BankUnknownError
from consentry.web.hma.answers import Refusal, json_answer
from consentry.web.hma.asking import Unfit, flag, json_object, number, truth
from consentry.web.hma.desk import Desk, desk_of

if TYPE_CHECKING:  # it stands on the database
    from consentry.matching.banks import Bank

__all__ = [
    "bank_json",
    "check_name",
    "create_bank",
    "delete_bank",
    "list_banks",
    "open_bank",
    "show_bank",
    "update_bank",
]

_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,254}")
_BAD_NAME: Final = "Bank names must be UPPER_WITH_UNDERSCORE"
_RICHER: Final = ("kind", "category", "source", "description", "max_distance", "expires_days")
_CREATED: Final = 201


def bank_json(bank: Bank, *, details: bool = False) -> dict[str, Any]:
    """A bank as HMA shows it; with `details`, all that is known of it."""
    plain: dict[str, Any] = {
        "name": bank.name,
        "matching_enabled_ratio": bank.enabled_ratio,
    }
    if details:
        plain |= {name: getattr(bank, name) for name in (*_RICHER, "sealed")}
    return plain


def check_name(name: object) -> str:
    """A bank's name as HMA allows it.

    Raises:
        Refusal: it is none.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(400, _BAD_NAME)
    return name


async def open_bank(desk: Desk, request: Request) -> Bank:
    """The bank that the path names, unless it is sealed.

    Raises:
        Refusal: 404, there is none; 403, nobody may look into it.
    """
    name = request.path_params["bank_name"]
    bank = await _find(desk, name)
    if bank is None:
        raise Refusal(404, f"bank '{name}' not found")
    if bank.sealed:
        raise Refusal(403, "This bank is sealed: it is matched against, and never shown.")
    return bank


async def _find(desk: Desk, name: str) -> Bank | None:
    try:
        return await desk.ask(desk.banks.get, name)
    except BankUnknownError:
        return None


async def list_banks(request: Request) -> Response:
    """Every bank that is not sealed."""
    desk = desk_of(request)
    details = flag(request, "details")
    banks = await desk.ask(desk.banks.list)
    return json_answer([bank_json(one, details=details) for one in banks if not one.sealed])


async def show_bank(request: Request) -> Response:
    """One bank."""
    bank = await open_bank(desk_of(request), request)
    return json_answer(bank_json(bank, details=flag(request, "details")))


async def create_bank(request: Request) -> Response:
    """Make a bank, 201; its ratio may be a number or its spelling, as Coop sends it."""
    desk = desk_of(request)
    body = await json_object(request)
    if "name" not in body:
        raise Unfit(("name", "missing"))
    if not isinstance(body["name"], str):
        raise Unfit(("name", "string_type"))
    name = check_name(body["name"])
    ratio = _ratio(body)
    richer = _richer(body)
    try:
        bank = await desk.ask(
            desk.banks.create, name, enabled_ratio=1.0 if ratio is None else ratio, **richer
        )
    except BankTakenError as error:
        raise Refusal(403, "Bank already exists") from error
    return json_answer(bank_json(bank, details=flag(request, "details")), _CREATED)


async def update_bank(request: Request) -> Response:
    """Rename a bank, or change how often it matches."""
    desk = desk_of(request)
    body = await json_object(request)
    bank = await _find(desk, request.path_params["bank_name"])
    if bank is None:
        raise Refusal(404, "Bank not found")
    name = bank.name if body.get("name") is None else check_name(body["name"])
    ratio = _ratio(body)
    changes = _richer(body) | ({} if ratio is None else {"enabled_ratio": ratio})
    changes.pop("sealed", None)  # a bank is sealed when it is made, and stays so
    try:
        if name != bank.name:
            bank = await desk.ask(desk.banks.rename, bank.name, name)
    except BankTakenError as error:
        raise Refusal(403, "Bank name already exists") from error
    if changes:
        bank = await desk.ask(desk.banks.update, name, **changes)
    return json_answer(bank_json(bank, details=flag(request, "details")))


async def delete_bank(request: Request) -> Response:
    """Delete a bank with all that it holds; one that is not there is no error, as in HMA."""
    desk = desk_of(request)
    with suppress(BankUnknownError):
        await desk.ask(desk.banks.delete, request.path_params["bank_name"])
    return json_answer({"message": "Done"})


def _ratio(body: Mapping[str, Any]) -> float | None:
    """How often the bank matches: `enabled_ratio`, else `enabled`, else None."""
    if body.get("enabled_ratio") is not None:
        ratio = number("enabled_ratio", body["enabled_ratio"])
        if not 0 <= ratio <= 1:
            raise Refusal(400, "enabled_ratio must be between 0.0 and 1.0")
        return ratio
    if body.get("enabled") is not None:
        return 1.0 if truth("enabled", body["enabled"]) else 0.0
    return None


def _richer(body: Mapping[str, Any]) -> dict[str, Any]:
    """Members of ours; what they may be is checked by the banks."""
    given = {name: body[name] for name in _RICHER if body.get(name) is not None}
    if body.get("sealed") is not None:
        given["sealed"] = truth("sealed", body["sealed"])
    return given
