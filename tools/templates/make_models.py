"""Writes the models of the templates' tests: make_models.py FOLDER (all/tests).

op.onnx:    y = Relu(a + b), [n, 3]: what the backend runs alone.
mixed.onnx: y = Softmax(Relu(x)) + x, [n, 8]: what it shares with another one.
"""
import pathlib
import sys

import onnx
from onnx import TensorProto, helper


def write(path, nodes, inputs, columns):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", columns]) for name in [*inputs, "y"]]
    graph = helper.make_graph(nodes, path.stem, values[:-1], values[-1:])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


folder = pathlib.Path(sys.argv[1])
write(folder / "op.onnx", [helper.make_node("Add", ["a", "b"], ["sum"], "add"),
                           helper.make_node("Relu", ["sum"], ["y"], "relu")], ["a", "b"], 3)
write(folder / "mixed.onnx", [helper.make_node("Relu", ["x"], ["r"], "relu"),
                              helper.make_node("Softmax", ["r"], ["s"], "softmax"),
                              helper.make_node("Add", ["s", "x"], ["y"], "add")], ["x"], 8)
