"""The static files of all pages, read once at start and named with their digest.

They are looked up in a table, never on the disk, so a request cannot walk out of the folder. The
digest in an address changes with the file, so a browser may keep it for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

__all__ = ["Asset", "asset_router", "asset_url", "assets"]

PREFIX: Final = "/static"
_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        data: its bytes.
        kind: its media type.
        digest: the first 12 hexadecimal digits of its SHA-256.
    """

    data: bytes
    kind: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """Every static file by its path below the folder, e.g. `fonts/OFL.txt`."""
    return {
        path.relative_to(_FOLDER).as_posix(): _load(path)
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _KINDS
    }


def _load(path: Path) -> Asset:
    data = path.read_bytes()
    return Asset(data, _KINDS[path.suffix], hashlib.sha256(data).hexdigest()[:12])


def asset_url(name: str) -> str:
    """The address of a static file.

    Raises:
        KeyError: there is none of this name, which is a mistake in a template.
    """
    return f"{PREFIX}/{name}?v={assets()[name].digest}"


def asset_router() -> APIRouter:
    """The route that serves them."""
    router = APIRouter()

    @router.get(PREFIX + "/{name:path}", include_in_schema=False)
    def static(name: str, v: str = "") -> Response:
        found = assets().get(name)
        if found is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        # An address with the right digest never changes its meaning; the fonts are named without.
        age = "max-age=31536000, immutable" if v == found.digest else "max-age=3600"
        headers = {
            "Cache-Control": f"public, {age}",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.data, media_type=found.kind, headers=headers)

    return router
