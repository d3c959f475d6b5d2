"""multipart/form-data read while it arrives: small fields to memory, the file to the spool.

The parsers that come with web frameworks put uploads on the disk in plain text; this one does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from consentry.errors import RequestError
from consentry.storage.spool import EncryptedSpool

__all__ = ["FILE_FIELD", "FormData", "FormReader", "read_form"]

FILE_FIELD: Final = "file"


@dataclass(frozen=True, slots=True)
class FormData:
    """What a form of a page held.

    Attributes:
        fields: name to text, line ends as the person typed them.
        file: bytes of the file, or None when none was chosen.
        file_name: what the sender calls it; never trusted, never stored.
        file_type: the media type that the sender declares; never trusted.
    """

    fields: dict[str, str]
    file: bytes | None = None
    file_name: str | None = None
    file_type: str | None = None


async def read_form(
    content_type: str,
    body: AsyncIterator[bytes],
    spool: EncryptedSpool,
    *,
    names: frozenset[str],
    max_field: int,
) -> FormData:
    """Read a whole form that a page sent.

    Raises:
        RequestError: as `FormReader`.
        MediaSizeError: the body has more bytes than the limit.
    """
    reader = FormReader(content_type, spool, names=names, max_field=max_field)
    async for chunk in body:
        if chunk:
            reader.write(chunk)
    # A browser sends line ends as CR LF; the person typed one line end.
    fields = {name: text.replace("\r\n", "\n") for name, text in reader.finish().items()}
    # A browser sends a file field that was left alone without a name and without bytes.
    if not reader.has_file or (not reader.file_name and not spool.size):
        return FormData(fields)
    return FormData(fields, spool.read_all(), reader.file_name, reader.file_type)


class FormReader:
    """Takes the body piece by piece; `finish` gives the fields.

    Attributes:
        has_file: whether a file came.
        file_field: the name of its part.
        file_name: the name that it was sent with, or None.
        file_type: the media type that it was sent with, or None.
    """

    def __init__(
        self,
        content_type: str,
        spool: EncryptedSpool,
        *,
        names: frozenset[str],
        max_field: int,
        strict: bool = True,
    ) -> None:
        """Read fields called `names`, of up to `max_field` bytes, and a file into `spool`.

        The file is the part named `file`. If not `strict`, it is the part with a file name,
        whatever it is called, and other fields are passed over.

        Raises:
            RequestError: the content type names no boundary, or one that is too long.
        """
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise RequestError(("Content-Type", "The boundary is missing."))
        self.has_file = False
        self.file_field = ""
        self.file_name: str | None = None
        self.file_type: str | None = None
        self._spool = spool
        self._names = names
        self._max_field = max_field
        self._strict = strict
        self._fields: dict[str, bytearray] = {}
        self._header_name = self._header_value = b""
        self._headers: dict[str, bytes] = {}
        self._take: Callable[[bytes], None] = _pass_over
        self._ended = False
        self._parser = self._make_parser(boundary)

    def write(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            RequestError: it is no form, or a field is unknown, given twice or too long.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise RequestError(("body", "This is not a valid form.")) from error

    def finish(self) -> dict[str, str]:
        """The fields, once everything was taken.

        Raises:
            RequestError: the form ends early, or a field is not UTF-8 text.
        """
        if not self._ended:
            raise RequestError(("body", "The form ends early."))
        try:
            return {name: value.decode("utf-8") for name, value in self._fields.items()}
        except UnicodeDecodeError as error:
            raise RequestError(("body", "A field is not UTF-8 text.")) from error

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_name,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_part,
                    "on_part_data": self._on_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise RequestError(("Content-Type", "The boundary is not usable.")) from error

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_part(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not name:
            raise RequestError(("body", "A part of the form has no name."))
        file_name = options.get(b"filename")
        if name == FILE_FIELD if self._strict else file_name is not None:
            self._begin_file(name, file_name)
        elif name in self._names:
            self._take = self._begin_field(name)
        elif self._strict:
            raise RequestError(("body", "The form has a field that is not known."))
        else:
            self._take = _pass_over

    def _begin_field(self, name: str) -> Callable[[bytes], None]:
        if name in self._fields:
            raise RequestError((name, "This is given twice."))
        into = self._fields[name] = bytearray()

        def take(data: bytes) -> None:
            if len(into) + len(data) > self._max_field:
                raise RequestError(("body", "A field is too long."))
            into.extend(data)

        return take

    def _begin_file(self, field: str, name: bytes | None) -> None:
        if self.has_file:
            raise RequestError((FILE_FIELD, "Only one file is taken, and there are two."))
        self.has_file, self._take = True, self._spool.write
        self.file_field = field
        self.file_name = name.decode("utf-8", "replace") if name else None
        declared = self._headers.get("content-type")
        self.file_type = declared.decode("latin-1") if declared else None

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._take(data[start:end])

    def _on_end(self) -> None:
        self._ended = True


def _pass_over(data: bytes) -> None:
    """Take nothing of a field that nobody asked for."""
