"""Fold what is constant in an ONNX graph, so that onnxruntime can run it, at any size of input.

The block-quantised files of OpenCV Zoo store each weight as integers that DequantizeLinear and
Reshape turn into float32 at every run; onnxruntime refuses to (`block_size` with a per-tensor
bias). Here each such chain is computed once. Weights that nobody reads any more go, and so do
weights that are declared as inputs: otherwise SFace would ask its caller for 174 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

import numpy as np

from consentry.models.onnx_file import (
    Array,
    Node,
    free_axes,
    read_tensor,
    tensor_name,
    value_name,
    write_tensor,
)
from consentry.models.wire import Field, content, decode, encode

__all__ = ["fold"]

# Field numbers of onnx.proto: ModelProto.graph, then those of GraphProto.
_GRAPH: Final = 7
_NODE, _WEIGHT, _INPUT, _OUTPUT, _INNER = 1, 5, 11, 12, 13


def fold(model: bytes, *, free: Collection[int] = ()) -> bytes:
    """Compute what is constant in `model`, and let its inputs vary along the axes `free`.

    Args:
        model: an ONNX file whose SHA-256 has been verified.
        free: axes of every input that become symbolic, (2, 3) for the height and width of NCHW;
            all lengths of the outputs then do as well.

    Returns:
        An ONNX file of the same computation with float32 weights; byte for byte the same for the
        same file.

    Raises:
        ValueError: the bytes are no ONNX file, or hold what is not known here.
    """
    return encode(
        Field(field.number, _fold_graph(content(field), free)) if field.number == _GRAPH else field
        for field in decode(model)
    )


def _fold_graph(graph: bytes, free: Collection[int]) -> bytes:
    fields = list(decode(graph))
    stored = {tensor_name(content(f)): f for f in fields if f.number == _WEIGHT}
    folded: dict[str, Array] = {}
    kept: list[Field] = []
    read: set[str] = set()
    for field in fields:
        if field.number != _NODE:
            continue
        node = Node.read(content(field))
        if node.op in _FOLDERS and all(name in stored or name in folded for name in node.inputs):
            values = [
                folded[name] if name in folded else read_tensor(content(stored[name]))
                for name in node.inputs
            ]
            folded[node.outputs[0]] = _FOLDERS[node.op](node, values)
        else:
            kept.append(field)
            read.update(node.inputs)
    weights = [field for name, field in stored.items() if name in read]
    weights += [Field(_WEIGHT, write_tensor(n, v)) for n, v in folded.items() if n in read]
    return encode(
        [*kept, *weights, *_surroundings(fields, read - stored.keys() - folded.keys(), free)]
    )


def _surroundings(
    fields: Sequence[Field], fed: Collection[str], free: Collection[int]
) -> list[Field]:
    """Everything of a graph but its nodes and weights; of its inputs, those in `fed`."""
    rest: list[Field] = []
    for field in fields:
        if field.number == _INPUT:
            if value_name(content(field)) in fed:
                rest.append(Field(_INPUT, free_axes(content(field), free)))
        elif field.number == _OUTPUT and free:
            rest.append(Field(_OUTPUT, free_axes(content(field))))
        elif field.number not in {_NODE, _WEIGHT, _INNER}:
            rest.append(field)
    return rest


def _dequantize(node: Node, values: Sequence[Array]) -> Array:
    """DequantizeLinear of opset 21: for a whole tensor, along an axis, or in blocks of an axis."""
    quantised, scale = values[0].astype(np.int32), values[1]
    zero = values[2].astype(np.int32) if values[2:] else np.zeros(scale.shape, np.int32)
    axis, block = node.attributes.get("axis", 1), node.attributes.get("block_size", 0)
    if scale.ndim == quantised.ndim and block:
        kept = np.arange(quantised.shape[axis]) // block
        scale, zero = np.take(scale, kept, axis), np.take(zero, kept, axis)
    elif scale.size > 1:
        shape = [1] * quantised.ndim
        shape[axis] = scale.size
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return ((quantised - zero) * scale.astype(np.float32)).astype(np.float32)


def _reshape(node: Node, values: Sequence[Array]) -> Array:
    del node
    return values[0].reshape([int(length) for length in values[1]])


_FOLDERS: Final[dict[str, Callable[[Node, Sequence[Array]], Array]]] = {
    "DequantizeLinear": _dequantize,
    "Reshape": _reshape,
}
