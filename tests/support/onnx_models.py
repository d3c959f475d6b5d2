"""Tiny ONNX classifiers, made when a test runs."""

from onnx import TensorProto, helper


def mean_colour_model(*, layout="nchw", side=224, logits=False):
    """Gives the mean of each channel, 0 to 1: three values that a test can work out by hand."""
    shape = [1, 3, side, side] if layout == "nchw" else [1, side, side, 3]
    axes = [2, 3] if layout == "nchw" else [1, 2]
    nodes = [helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0)]
    nodes.append(helper.make_node("Mul", ["mean", "factor"], ["y"]))
    weights = [
        helper.make_tensor("axes", TensorProto.INT64, [2], axes),
        helper.make_tensor("factor", TensorProto.FLOAT, [1], [10.0 if logits else 1.0]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean-colour",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        weights,
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
