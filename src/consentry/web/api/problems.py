"""The one place where an error becomes an HTTP answer: an RFC 9457 problem document.

A problem never repeats what was sent, and one of the server's own never says more than its title:
the log has the rest, under the request's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from consentry import errors
from consentry.errors import ConsentryError, RequestError
from consentry.web.api.faults import faults_of
from consentry.web.logs import log, log_failure

__all__ = ["RETRY_SECONDS", "STATUSES", "TITLES", "install", "problem", "problem_of", "status_of"]

RETRY_SECONDS: Final = 2

STATUSES: Final[Mapping[type[ConsentryError], int]] = MappingProxyType(
    {
        errors.ConsentryError: 500,
        errors.InputError: 422,
        errors.MediaSizeError: 413,
        errors.MediaFormatError: 415,
        errors.FetchSizeError: 413,
        errors.ConfigError: 500,
        errors.UnavailableError: 503,
        errors.AccessError: 403,
        errors.AuthenticationError: 401,
        errors.ThrottledError: 429,
        errors.NotFoundError: 404,
        errors.ConflictError: 409,
        errors.BusyError: 503,
    }
)
"""The status of each class; one that is not named has the status of its nearest parent."""

TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "The request cannot be understood",
        401: "A key is needed",
        403: "The key is not for this",
        404: "There is nothing here",
        405: "This route does not know this method",
        409: "This contradicts what is there",
        408: "The body did not arrive in time",
        413: "The body is too large",
        415: "This kind of content cannot be read",
        422: "The input cannot be used",
        429: "Too many tries",
        500: "Something went wrong here",
        503: "Not able to answer now",
    }
)

_HTTP_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {404: "not_found", 405: "method_not_allowed", 408: "input.late", 415: "input.content_type"}
)
_OWN_FAULT: Final = 500


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(ConsentryError, _on_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(ValidationError, _on_validation)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)


def status_of(error: type[ConsentryError]) -> int:
    """The HTTP status of a class of errors."""
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def problem_of(request: Request, error: Exception) -> Response:
    """The answer to any error; what nobody foresaw is logged and answered with 500."""
    if isinstance(error, ConsentryError):
        return _on_ours(request, error)
    log_failure(error)
    return problem(request, _OWN_FAULT, "internal")


def problem(
    request: Request,
    status: int,
    code: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,  # noqa: ANN401  JSON values
) -> Response:
    """A problem document; `members` are `detail`, `hint` and more; empty ones are left out."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    plain = {
        "type": f"urn:consentry:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        **members,
        "instance": f"urn:consentry:request:{request.scope.get('consentry.request', 'unknown')}",
    }
    return JSONResponse(
        {name: value for name, value in plain.items() if value not in ("", None)},
        status,
        headers,
        media_type="application/problem+json",
    )


def code_to_status(code: str) -> int:
    """The HTTP status of an error that is known by its code alone; 422 for an unknown one."""
    return next((status_of(kind) for kind in _kinds(ConsentryError) if kind.code == code), 422)


def _kinds(root: type[ConsentryError]) -> Iterator[type[ConsentryError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConsentryError)  # noqa: S101  for the type checker: `install` says so
    status = status_of(type(error))
    if status >= _OWN_FAULT and not isinstance(error, errors.BusyError):
        log("error", "unavailable", code=error.code, message=str(error))
        return problem(request, status, error.code, headers=_extra_headers(status))
    return problem(
        request,
        status,
        error.code,
        detail=error.message,
        hint=error.hint,
        headers=_extra_headers(status),
        errors=_faults(error) if isinstance(error, RequestError) else None,
    )


def _faults(error: RequestError) -> list[dict[str, str]]:
    return [{"field": field, "message": message} for field, message in error.faults]


def _extra_headers(status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="consentry"'}
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  for the type checker: `install` says so
    code = _HTTP_CODES.get(error.status_code, f"http.{error.status_code}")
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {**(headers or {}), "Allow": ", ".join(_methods(request)) or "GET"}
    return problem(request, error.status_code, code, headers=headers)


def _methods(request: Request) -> list[str]:
    """What the path of `request` can be asked: the router names those of its first route only."""
    from consentry.web.api.routes import ROUTES  # it stands on this module

    path = str(request.scope["path"])
    return sorted({method for method, form in ROUTES if compile_path(form)[0].match(path)})


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)  # noqa: S101  the same
    return _on_ours(request, RequestError(*faults_of(error.errors())))


def _on_disconnect(request: Request, error: Exception) -> Response:
    """Nobody is there to read it; the server throws it away."""
    del error
    return problem(request, 400, "input.disconnected")
