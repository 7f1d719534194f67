"""Writes example.onnx, which model_test.cc runs: y = ScaledAdd(r, r, scale=0.5), r = Relu(Gemm(x, W, b)), x [n, 3]."""
import pathlib

import numpy as np
import onnx
from onnx import helper, numpy_helper

weights = np.arange(12, dtype=np.float32).reshape(4, 3) / 4 - 1
bias = np.array([0.5, -0.5, 0.25, 0], np.float32)
graph = helper.make_graph(
    [helper.make_node("Gemm", ["x", "W", "b"], ["g"], "gemm", transB=1),
     helper.make_node("Relu", ["g"], ["r"], "relu"),
     helper.make_node("ScaledAdd", ["r", "r"], ["y"], "scaled_add", domain="com.example", scale=0.5)],
    "example",
    [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 4])],
    [numpy_helper.from_array(weights, "W"), numpy_helper.from_array(bias, "b")])
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
model = helper.make_model(graph, ir_version=8, opset_imports=opsets)
(pathlib.Path(__file__).parent / "example.onnx").write_bytes(model.SerializeToString())
