"""What HMA's clients are told: bare JSON, and errors as `{"message": …}`.

Beside HMA's own member, an error carries our stable `code` and a `hint`, which old clients ignore.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse, Response

from consentry import errors
from consentry.errors import BusyError, ConsentryError, IndexBehindError, RequestError
from consentry.web.api.problems import RETRY_SECONDS, TITLES, status_of
from consentry.web.logs import log

__all__ = ["Refusal", "json_answer", "message", "of_error", "text_answer", "unfit"]

_OWN_FAULT: Final = 500
_UNPROCESSABLE: Final = 422
_OURS_TO_TELL: Final = (BusyError, IndexBehindError)


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault
    """HMA's `abort`: ends the work on a request with a status and a message."""

    def __init__(self, status: int, text: str) -> None:
        """Answer `status` with `text`."""
        super().__init__(text)
        self.status = status
        self.text = text


def json_answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`body` as JSON."""
    return JSONResponse(body, status, headers)


def text_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`text` as it is, as HMA's `/status` answers."""
    return Response(text, status, headers, media_type="text/html")


def message(
    status: int,
    text: str,
    *,
    code: str = "",
    hint: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in HMA's form; empty members are left out."""
    plain = {"message": text, "code": code, "hint": hint}
    return JSONResponse({name: value for name, value in plain.items() if value}, status, headers)


def unfit(*faults: tuple[str, str]) -> Response:
    """422 with a list, as HMA's framework answers when a parameter is missing or odd."""
    plain = [{"type": kind, "loc": [name], "msg": _WORDS[kind]} for name, kind in faults]
    return JSONResponse(plain, _UNPROCESSABLE)


_WORDS: Final = {
    "missing": "Field required",
    "bool_parsing": "Input should be a valid boolean, unable to interpret input",
    "float_parsing": "Input should be a valid number, unable to parse string as a number",
    "string_type": "Input should be a valid string",
}


def of_error(error: ConsentryError) -> Response:
    """One of our errors in HMA's form: 400 for what the caller sent, and never a 200."""
    status = _status(error)
    headers = _headers(status)
    if status >= _OWN_FAULT and not isinstance(error, _OURS_TO_TELL):
        log("error", "unavailable", code=error.code, message=str(error))
        return message(status, TITLES.get(status, "Unavailable"), code=error.code, headers=headers)
    return message(status, _text(error), code=error.code, hint=error.hint, headers=headers)


def _status(error: ConsentryError) -> int:
    if isinstance(error, errors.MediaSizeError | errors.FetchSizeError):
        return 413
    status = status_of(type(error))
    return 400 if status in {415, _UNPROCESSABLE} else status


def _text(error: ConsentryError) -> str:
    if isinstance(error, RequestError):
        return " ".join(f"{field}: {text}" for field, text in error.faults)
    if isinstance(error, errors.MediaSizeError | errors.FetchSizeError):
        return f"Content too large. {error.message}"
    return error.message


def _headers(status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="consentry"'}
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}
