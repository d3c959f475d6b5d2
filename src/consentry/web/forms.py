"""A multipart form, parsed as it arrives, into memory only and within limits.

FastAPI's own parser spools uploads to disk in plain text. A picture that somebody is asking about
must not be left there, so this one writes nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from consentry.errors import InputError, MediaSizeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["FormData", "FormLimits", "read_form"]

KIB: Final = 1024
DRAIN_FACTOR: Final = 4
_BROKEN_HINT: Final = "Send the form again from the page."


@dataclass(frozen=True, slots=True)
class FormLimits:
    """How much a form may hold.

    Attributes:
        max_body_bytes: of the whole request body.
        max_field_bytes: of one field that is no file.
        max_parts: fields and files together.
    """

    max_body_bytes: int
    max_field_bytes: int = 256 * KIB
    max_parts: int = 16


@dataclass(slots=True)
class FormData:
    """What a form held.

    Attributes:
        fields: name to text; the last one counts where a name comes twice.
        file: bytes of the one file, or None when none was chosen.
        file_name: what the sender calls it; never trusted, never stored.
        file_type: the media type that the sender declares; never trusted.
    """

    fields: dict[str, str] = field(default_factory=dict)
    file: bytes | None = None
    file_name: str | None = None
    file_type: str | None = None


async def read_form(request: Request, limits: FormLimits) -> FormData:
    """Read the body of `request` as multipart/form-data.

    Raises:
        InputError: it is no form, is broken, ends early, or has too many or too long fields.
        MediaSizeError: the body is longer than `limits.max_body_bytes`.
    """
    collector = _Collector(limits)
    parser = MultipartParser(_boundary(request), collector.callbacks())
    seen = 0
    try:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen <= limits.max_body_bytes:
                parser.write(chunk)
            else:
                collector.drop()
                # A browser shows our answer only when it could finish sending: take some more
                # of the body and forget it at once, then give up.
                if seen > DRAIN_FACTOR * limits.max_body_bytes:
                    break
        if seen > limits.max_body_bytes:
            raise MediaSizeError(f"The file is larger than {_mib(limits.max_body_bytes)}.")
        parser.finalize()
    except (FormParserError, UnicodeDecodeError, ClientDisconnect) as error:
        raise InputError("The form arrived damaged.", hint=_BROKEN_HINT) from error
    if not collector.complete:
        raise InputError("The form arrived only in part.", hint=_BROKEN_HINT)
    return collector.form


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    # 70 characters are the most that RFC 2046 allows.
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:  # noqa: PLR2004
        raise InputError("The form must be sent as multipart/form-data.", hint=_BROKEN_HINT)
    return boundary


def _mib(count: int) -> str:
    return f"{count / KIB / KIB:.0f} MiB" if count >= KIB * KIB else f"{count} bytes"


class _Collector:
    """Takes the parser's callbacks and builds the `FormData`."""

    def __init__(self, limits: FormLimits) -> None:
        self.form = FormData()
        self.complete = False
        self._limits = limits
        self._parts = 0
        self._key = self._value = b""
        self._headers: dict[str, str] = {}
        self._options: dict[str, str] = {}
        self._data = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """What `MultipartParser` calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def drop(self) -> None:
        """Forget what was collected."""
        self.form = FormData()
        self._data = bytearray()

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._limits.max_parts:
            raise InputError("The form has too many parts.", hint=_BROKEN_HINT)
        self._headers = {}
        self._data = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._key += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        # Kept as latin-1, which loses no byte: what the bytes mean is decided below.
        self._headers[self._key.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._key = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        # Browsers write names as UTF-8; the helper gives back the bytes that it was given.
        self._options = {
            key.decode("latin-1"): value.decode("utf-8", "replace")
            for key, value in options.items()
        }

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        if not self._is_file and len(self._data) > self._limits.max_field_bytes:
            raise InputError("A field of the form is too long.", hint="Send a shorter text.")

    def _part_end(self) -> None:
        if self._is_file:
            self._take_file(self._options["filename"] or None)
        else:
            # A browser sends line ends as CR LF; the person typed one line end.
            text = self._data.decode("utf-8").replace("\r\n", "\n")
            self.form.fields[self._options.get("name", "")] = text
        self._data = bytearray()

    def _take_file(self, name: str | None) -> None:
        """Keep the file; a file field that was left alone comes without a name and bytes."""
        if name is None and not self._data:
            return
        self.form.file = bytes(self._data)
        self.form.file_name = name
        self.form.file_type = self._headers.get("content-type")

    def _end(self) -> None:
        self.complete = True

    @property
    def _is_file(self) -> bool:
        return "filename" in self._options
