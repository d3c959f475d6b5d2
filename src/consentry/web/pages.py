"""What every page shares: the templates, the languages and the headers that keep it closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from consentry.web.assets import asset_url
from consentry.web.i18n import translations

__all__ = ["CONTENT_SECURITY_POLICY", "SECURITY_HEADERS", "Pages"]

_SHARED: Final = Path(__file__).parent / "templates"

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; font-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Nothing foreign is loaded, nothing is framed, nothing is kept, nothing is told to other sites."""


class Pages:
    """Renders templates: those of one audience first, then the shared ones."""

    def __init__(self, folder: Path, *, language: str = "en") -> None:
        """Look for templates in `folder`, and for words in the catalogue of `language`."""
        self._environment = Environment(
            loader=FileSystemLoader([folder, _SHARED]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        # Not the new style: that one marks what it translates as safe HTML, and texts from a
        # policy file go through it as well.
        self._environment.install_gettext_translations(  # type: ignore[attr-defined]  # i18n's
            translations(language), newstyle=False
        )
        self._environment.globals.update(asset=asset_url, language=language)

    def render(self, template: str, **values: Any) -> str:  # noqa: ANN401  a template takes anything
        """The page as text."""
        return self._environment.get_template(template).render(**values)

    def answer(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
        """The page as a response with every security header."""
        return HTMLResponse(self.render(template, **values), status, dict(SECURITY_HEADERS))
