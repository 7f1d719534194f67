"""Writes the models of the templates' tests: make_models.py FOLDER (all/tests; matmul.onnx goes to kernel/tests).

op.onnx:    y = Relu(a + b), [n, 3]: what the backend runs alone.
matmul.onnx: y = x W, [n, 4] x [4, 2]: a weight that is packed.
mixed.onnx: y = Softmax(Relu(x)) + x, [n, 8]: what it shares with another one.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write(path, nodes, inputs, columns, out_columns=None, weights=()):
    sizes = [(name, columns) for name in inputs] + [("y", out_columns or columns)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in sizes]
    graph = helper.make_graph(nodes, path.stem, values[:-1], values[-1:], list(weights))
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


folder = pathlib.Path(sys.argv[1])
write(folder / "op.onnx", [helper.make_node("Add", ["a", "b"], ["sum"], "add"),
                           helper.make_node("Relu", ["sum"], ["y"], "relu")], ["a", "b"], 3)
weight = numpy_helper.from_array(np.arange(8, dtype=np.float32).reshape(4, 2), "W")
write(folder / "matmul.onnx", [helper.make_node("MatMul", ["x", "W"], ["y"], "matmul")], ["x"], 4, 2, [weight])
write(folder / "mixed.onnx", [helper.make_node("Relu", ["x"], ["r"], "relu"),
                              helper.make_node("Softmax", ["r"], ["s"], "softmax"),
                              helper.make_node("Add", ["s", "x"], ["y"], "add")], ["x"], 8)
