"""Makes files of every accepted format from small pictures, at test time."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).resolve().parent.parent / "data" / "photos"
STILLS = ("jpeg", "png", "webp", "gif", "avif", "heic", "tiff", "bmp")


def photo(name: str = "chelsea.png", size: tuple[int, int] | None = (96, 64)) -> Image.Image:
    with Image.open(PHOTOS / name) as image:
        rgb = Image.fromarray(np.asarray(image.convert("RGB")))  # without metadata
    return rgb.resize(size, Image.Resampling.LANCZOS) if size else rgb


def encode(image: Image.Image, format_: str, **options: object) -> bytes:
    if format_ == "heic":
        return heic(image)
    defaults: dict[str, dict[str, object]] = {
        "jpeg": {"quality": 92},
        "webp": {"quality": 92, "method": 2},
        "avif": {"quality": 90, "speed": 10, "max_threads": 1},
        "tiff": {"compression": "tiff_lzw"},
    }
    out = io.BytesIO()
    image.save(out, format_.upper(), **(defaults.get(format_, {}) | options))
    return out.getvalue()


def animation(frames: list[Image.Image], format_: str, **options: object) -> bytes:
    extra: dict[str, object] = {"save_all": True, "append_images": frames[1:]}
    if format_ != "tiff":
        extra["duration"] = 100
    if format_ == "webp":
        extra |= {"lossless": True, "method": 0}
    return encode(frames[0], format_, **(extra | options))


def exif_with_orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def png_of(width: int, height: int, rows: bytes, **chunks: bytes) -> bytes:
    """An 8-bit grey PNG with a header, the given compressed rows, and further chunks."""
    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", png_chunk(b"IHDR", header)]
    parts += [png_chunk(kind.encode(), body) for kind, body in chunks.items()]
    return b"".join([*parts, png_chunk(b"IDAT", rows), png_chunk(b"IEND", b"")])


def png_chunk(kind: bytes, body: bytes) -> bytes:
    import zlib

    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def video(
    frames: list[Image.Image],
    format_: str = "mp4",
    *,
    rate: int = 10,
    codec: str | None = None,
    rotation: int = 0,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> bytes:
    import av

    out = io.BytesIO()
    codec = codec or {"mp4": "libx264", "mov": "libx264"}.get(format_, "libvpx-vp9")
    muxer = {"mkv": "matroska"}.get(format_, format_)
    with av.open(out, "w", format=muxer, container_options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {"crf": "10"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
    return out.getvalue()


def heic(image: Image.Image, turn: int = 0) -> bytes:
    """One HEVC key frame in a HEIF file; `turn` is an irot property, quarters counterclockwise.

    Pillow and pi-heif cannot write HEIC: this is ISO/IEC 23008-12 by hand.
    """
    import av

    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height = image.size
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"x265-params": "log-level=none:pools=none:frame-threads=1", "crf": "8"}
    packets = [*encoder.encode(av.VideoFrame.from_image(image)), *encoder.encode(None)]
    units = _nal_units(bytes(packets[0]))
    sets = [unit for unit in units if unit[0] >> 1 & 0x3F in {32, 33, 34}]
    picture = [unit for unit in units if unit[0] >> 1 & 0x3F < 32]
    coded = b"".join(struct.pack(">L", len(unit)) + unit for unit in picture)
    return _heif(image.size, _hvcc(sets), coded, turn)


def _nal_units(stream: bytes) -> list[bytes]:
    parts = stream.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


def _hvcc(sets: list[bytes]) -> bytes:
    head = bytes([1, 1]) + b"\x60\0\0\0" + b"\x90\0\0\0\0\0" + bytes([60])
    head += b"\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f" + bytes([len(sets)])
    arrays = [
        bytes([0x80 | (unit[0] >> 1 & 0x3F), 0, 1]) + struct.pack(">H", len(unit)) + unit
        for unit in sets
    ]
    return head + b"".join(arrays)


def box(kind: bytes, *parts: bytes, version: int | None = None) -> bytes:
    body = b"".join(parts)
    if version is not None:
        body = bytes([version, 0, 0, 0]) + body
    return struct.pack(">L", 8 + len(body)) + kind + body


def _heif(size: tuple[int, int], hvcc: bytes, coded: bytes, turn: int) -> bytes:
    properties = [box(b"hvcC", hvcc), box(b"ispe", struct.pack(">LL", *size), version=0)]
    if turn:
        properties.append(box(b"irot", bytes([turn])))
    ftyp = box(b"ftyp", b"heic", b"\0\0\0\0", b"mif1heic")
    links = bytes([len(properties), *(0x80 | n for n in range(1, len(properties) + 1))])

    def meta(offset: int) -> bytes:
        entry = struct.pack(">HHHLL", 1, 0, 1, offset, len(coded))
        return box(
            b"meta",
            box(b"hdlr", b"\0\0\0\0pict" + bytes(13), version=0),
            box(b"pitm", struct.pack(">H", 1), version=0),
            box(b"iloc", b"\x44\x00" + struct.pack(">H", 1) + entry, version=0),
            box(b"iinf", struct.pack(">H", 1), _item(), version=0),
            box(
                b"iprp",
                box(b"ipco", *properties),
                box(b"ipma", struct.pack(">LH", 1, 1) + links, version=0),
            ),
            version=0,
        )

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", coded)


def _item() -> bytes:
    return box(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1") + b"\0", version=2)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of two pictures' values, 0 to 255."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


Maker = Callable[[Image.Image], bytes]
