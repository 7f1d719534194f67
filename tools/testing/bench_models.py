"""Small models of convolutions for tests of `tenon bench`: their weights fit the caches."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_convolutions(path, layers, size=24, batch=1):
    """`layers` equal convolutions, each with Relu, on [batch, 16, size, size]; batch may be a symbol's name."""
    rng = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    for i in range(layers):
        weights.append(numpy_helper.from_array((rng.standard_normal((16, 16, 3, 3)) * 0.08).astype(np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", [value, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"y{i}"]))
        value = f"y{i}"
    shape = [batch, 16, size, size]
    graph = helper.make_graph(nodes, "convolutions", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(value, TensorProto.FLOAT, shape)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
