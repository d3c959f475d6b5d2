"""Does a file's name or declared type agree with its bytes?

A file whose name lies is often harmless and sometimes a trick; either way the person who sent it
should know. Only names that stand for a picture or a video are judged.
"""

from __future__ import annotations

from typing import Final

from consentry.errors import MediaExtensionError

__all__ = ["check_names"]

_FAMILIES: Final = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "mpo"),
    "png": ("png", "apng"),
    "webp": ("webp",),
    "gif": ("gif",),
    "avif": ("avif", "avifs"),
    "heic": ("heic", "heif", "heics", "heifs", "hif"),
    "tiff": ("tif", "tiff"),
    "bmp": ("bmp", "dib"),
    "mp4": ("mp4", "m4v", "mov", "qt"),
    "webm": ("webm", "mkv"),
    "other": ("svg", "ico", "jxl", "jp2", "psd", "avi", "mpg", "mpeg", "wmv", "flv", "3gp", "ogv"),
}
_TYPES: Final = {
    "jpeg": ("image/jpeg", "image/jpg", "image/pjpeg"),
    "png": ("image/png", "image/apng", "image/x-png"),
    "webp": ("image/webp",),
    "gif": ("image/gif",),
    "avif": ("image/avif", "image/avif-sequence"),
    "heic": ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
    "tiff": ("image/tiff", "image/tif"),
    "bmp": ("image/bmp", "image/x-bmp", "image/x-ms-bmp"),
    "mp4": ("video/mp4", "video/quicktime", "video/x-m4v"),
    "webm": ("video/webm", "video/x-matroska", "video/matroska"),
    "other": ("image/svg+xml", "image/x-icon", "image/jxl", "image/jp2", "video/x-msvideo"),
}
_BY_SUFFIX: Final = {suffix: family for family, names in _FAMILIES.items() for suffix in names}
_BY_TYPE: Final = {name: family for family, names in _TYPES.items() for name in names}
_SAME_FAMILY: Final = {"mov": "mp4", "mkv": "webm"}


def check_names(format_: str, name: str | None, content_type: str | None) -> None:
    """Compare the sniffed `format_` with the file's name and its declared media type.

    Raises:
        MediaExtensionError: one of them stands for another picture or video format.
    """
    family = _SAME_FAMILY.get(format_, format_)
    suffix = (name or "").rpartition(".")[2].strip().lower()
    if "." in (name or "") and _BY_SUFFIX.get(suffix, family) != family:
        raise MediaExtensionError(f"The file's name ends in .{suffix}, its bytes are {format_}.")
    declared = (content_type or "").partition(";")[0].strip().lower()
    if _BY_TYPE.get(declared, family) != family:
        raise MediaExtensionError(f"The file is declared as {declared}, its bytes are {format_}.")
