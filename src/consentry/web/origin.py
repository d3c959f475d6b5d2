"""Who a page without a key may talk to: this machine's own browser, on a page that we served.

Two tricks are kept out. With DNS rebinding, a foreign site gives its own name our address: then the
Host header carries the foreign name. With a forged form, a foreign site posts to us: then the
browser says so in Sec-Fetch-Site, or in Origin where it is too old for that.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from consentry.config import is_loopback
from consentry.web.i18n import N_

__all__ = ["foreign_host", "foreign_site", "refusal"]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FOREIGN_HOST: Final = N_("This page is only for the machine that it runs on.")
FOREIGN_FORM: Final = N_("This form was sent from another site, so it was not looked at.")


def refusal(request: Request) -> str | None:
    """Why `request` must not be served, in one sentence to translate, or None if it may be."""
    if foreign_host(request):
        return FOREIGN_HOST
    if request.method not in _SAFE_METHODS and not _same_origin(request):
        return FOREIGN_FORM
    return None


def foreign_host(request: Request) -> bool:
    """Whether `request` names a host that is not this very machine (DNS rebinding)."""
    return not is_loopback(_without_port(request.headers.get("host", "")))


def foreign_site(request: Request) -> bool:
    """Whether a browser says that a page of another site sent `request`; programs say nothing."""
    headers = request.headers
    if "sec-fetch-site" not in headers and "origin" not in headers:
        return False
    typed_in = headers.get("sec-fetch-site") == "none"
    return not typed_in and not _same_origin(request)


def _same_origin(request: Request) -> bool:
    """Whether a page of ours sent this.

    Sec-Fetch-Site comes first: under our own `Referrer-Policy: no-referrer`, browsers send
    `Origin: null` even from our own page.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    host = request.headers.get("host", "")
    return request.headers.get("origin") == f"{request.url.scheme}://{host}"


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
