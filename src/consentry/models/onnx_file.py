"""The records of an ONNX file that folding needs: nodes, weights, shapes of inputs and outputs.

Field numbers are those of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.models.wire import VARINT, Field, content, decode, encode, integers, texts

__all__ = [
    "Array",
    "Node",
    "free_axes",
    "read_tensor",
    "tensor_name",
    "value_name",
    "write_tensor",
]

Array = NDArray[Any]

_NODE_INPUT, _NODE_OUTPUT, _NODE_OP, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_I = 1, 3
_DIMS, _DATA_TYPE, _FLOATS, _INT32S, _INT64S, _TENSOR_NAME, _RAW = 1, 2, 4, 5, 7, 8, 9
_VALUE_NAME, _VALUE_TYPE, _TENSOR_TYPE, _SHAPE, _DIM, _DIM_PARAM = 1, 2, 1, 2, 1, 2

_FLOAT32: Final = 1
_DTYPES: Final[dict[int, np.dtype[Any]]] = {
    _FLOAT32: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: what it is, what it reads, what it gives, and its integer attributes."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, int]

    @classmethod
    def read(cls, record: bytes) -> Node:
        """Read a NodeProto."""
        fields = list(decode(record))
        attributes: dict[str, int] = {}
        for field in fields:
            if field.number == _NODE_ATTRIBUTE:
                parts = list(decode(content(field)))
                for value in integers(parts, _ATTRIBUTE_I):
                    attributes[texts(parts, _ATTRIBUTE_NAME)[0]] = value
        return cls(
            texts(fields, _NODE_OP)[0],
            texts(fields, _NODE_INPUT),
            texts(fields, _NODE_OUTPUT),
            attributes,
        )


def tensor_name(record: bytes) -> str:
    """The name of a TensorProto."""
    return texts(decode(record), _TENSOR_NAME)[0]


def value_name(record: bytes) -> str:
    """The name of a ValueInfoProto: of an input or an output."""
    return texts(decode(record), _VALUE_NAME)[0]


def read_tensor(record: bytes) -> Array:
    """The values of a TensorProto, in its own type and shape.

    Raises:
        ValueError: its type is none of float32, uint8, int8, int32 and int64.
    """
    fields = list(decode(record))
    (code,) = integers(fields, _DATA_TYPE)
    if code not in _DTYPES:
        raise ValueError(f"the weight {tensor_name(record)} has type {code}, which is not known")
    shape, dtype = integers(fields, _DIMS), _DTYPES[code]
    raw = [content(field) for field in fields if field.number in {_RAW, _FLOATS}]
    if raw:
        return np.frombuffer(b"".join(raw), dtype).reshape(shape)
    return np.array(integers(fields, _INT32S) + integers(fields, _INT64S), dtype).reshape(shape)


def write_tensor(name: str, values: Array) -> bytes:
    """A TensorProto that holds `values` as float32."""
    return encode(
        [
            *(Field(_DIMS, length, VARINT) for length in values.shape),
            Field(_DATA_TYPE, _FLOAT32, VARINT),
            Field(_TENSOR_NAME, name.encode()),
            Field(_RAW, np.ascontiguousarray(values, "<f4").tobytes()),
        ]
    )


def free_axes(record: bytes, axes: Collection[int] | None = None) -> bytes:
    """The ValueInfoProto with symbolic lengths along `axes`, or along all of them."""
    name = value_name(record)

    def free(shape: bytes) -> bytes:
        return encode(
            Field(_DIM, encode([Field(_DIM_PARAM, f"{name}_{axis}".encode())]))
            if axes is None or axis in axes
            else field
            for axis, field in enumerate(decode(shape))
        )

    return _edit(record, (_VALUE_TYPE, _TENSOR_TYPE, _SHAPE), free)


def _edit(record: bytes, path: tuple[int, ...], change: Callable[[bytes], bytes]) -> bytes:
    """Apply `change` to the record at the end of `path`, a field number a step."""
    if not path:
        return change(record)
    return encode(
        Field(field.number, _edit(content(field), path[1:], change))
        if field.number == path[0]
        else field
        for field in decode(record)
    )
