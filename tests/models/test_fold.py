from contextlib import suppress

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from consentry.config import Settings
from consentry.models.fold import fold
from consentry.models.locate import locate, read_verified


def quantised_model(scale, zero, *, axis=None, block=None, weight=(4, 6)):
    """x @ reshape(dequantise(weight)), as OpenCV Zoo stores it."""
    numbers = np.random.default_rng(1).integers(-120, 120, weight, np.int8)
    attributes = {key: value for key, value in (("axis", axis), ("block_size", block)) if value}
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], **attributes),
        helper.make_node("Reshape", ["w", "shape"], ["r"]),
        helper.make_node("MatMul", ["x", "r"], ["y"]),
    ]
    weights = [
        numpy_helper.from_array(numbers, "q"),
        numpy_helper.from_array(np.float32(scale), "s"),
        numpy_helper.from_array(np.asarray(zero, np.int8), "z"),
        numpy_helper.from_array(np.array([-1, 3]), "shape"),
        numpy_helper.from_array(np.float32([1, 2]), "nobody-reads-it"),
    ]
    feed = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])]
    feed += [helper.make_tensor_value_info("s", TensorProto.FLOAT, np.shape(scale))]
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])]
    graph = helper.make_graph(nodes, "g", feed, result, weights)
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


BLOCKS = np.arange(1, 9).reshape(4, 2)
CASES = {
    "one scale for all": {"scale": 0.5, "zero": 3},
    "one scale an axis": {"scale": [0.5, 1, 2, 4, 8, 16], "zero": [1, 2, 3, 4, 5, 6], "axis": 1},
    "blocks": {"scale": BLOCKS, "zero": np.ones((4, 2)), "axis": 1, "block": 3},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_folding_changes_nothing_of_what_is_computed(case):
    model = quantised_model(**case)
    x = np.random.default_rng(2).random((5, 8), np.float32)
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    folded = fold(model.SerializeToString())
    (result,) = onnxruntime.InferenceSession(folded).run(None, {"x": x})
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_only_what_is_read_stays():
    graph = onnx.load_from_string(fold(quantised_model(0.5, 3).SerializeToString())).graph
    assert [node.op_type for node in graph.node] == ["MatMul"]
    assert [weight.name for weight in graph.initializer] == ["r"]
    assert [value.name for value in graph.input] == ["x"]


def test_the_same_file_folds_to_the_same_bytes():
    model = read_verified("yunet", Settings())
    assert fold(model, free=(2, 3)) == fold(model, free=(2, 3))


def test_yunet_takes_any_size_once_its_axes_are_free():
    folded = onnx.load_from_string(fold(read_verified("yunet", Settings()), free=(2, 3)))
    onnx.checker.check_model(folded)
    lengths = folded.graph.input[0].type.tensor_type.shape.dim
    assert [length.dim_value for length in lengths] == [1, 3, 0, 0]
    shapes = [value.type.tensor_type.shape.dim for value in folded.graph.output]
    assert not any(length.dim_value for shape in shapes for length in shape)


def test_sface_gives_what_opencv_gives():
    face = np.random.default_rng(3).integers(0, 256, (112, 112, 3), np.uint8)
    session = onnxruntime.InferenceSession(fold(read_verified("sface", Settings())))
    assert [value.name for value in session.get_inputs()] == ["data"]
    feed = face[:, :, ::-1].transpose(2, 0, 1)[np.newaxis].astype(np.float32)
    (ours,) = session.run(None, {"data": feed})
    theirs = cv2.FaceRecognizerSF.create(str(locate("sface", Settings()).path), "").feature(face)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("junk", [b"no model", b"\x3a\x05ab", b"\xff" * 40])
def test_what_is_no_model_is_refused_or_left_alone(junk):
    with suppress(ValueError):
        assert fold(junk) == junk
