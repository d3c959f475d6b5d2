"""Words that can be translated: mark them here, translate them in the templates.

Every page is written in English, and each sentence goes through gettext. A later catalogue is a
file `web/locale/<language>/LC_MESSAGES/consentry.mo`, extracted and compiled by Babel; nothing else
has to change. Until there is one, `translations` gives the English words back.
"""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Final

__all__ = ["DOMAIN", "LOCALES", "N_", "translations"]

DOMAIN: Final = "consentry"
LOCALES: Final = Path(__file__).parent / "locale"


def N_(sentence: str) -> str:  # noqa: N802  the name that gettext's tools look for
    """Mark `sentence` for extraction and give it back untouched; the template translates it."""
    return sentence


def translations(*languages: str) -> gettext.NullTranslations:
    """The catalogue for the first of `languages` that there is one for, else none: English."""
    return gettext.translation(DOMAIN, LOCALES, languages or ("en",), fallback=True)
