#!/usr/bin/env python3
"""Writes the models of the tests: usage: make_models.py FOLDER

mixed.onnx: what OpenVINO takes (Relu, Mul), and around it what it does not: float64, sizes that are data, an operator without
a conversion. long.onnx: a chain of matrix products that takes seconds.
"""
import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(v, k) for k, v in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def mixed():
    nodes = [
        helper.make_node("Relu", ["x"], ["positive"], "relu"),
        helper.make_node("Mul", ["positive", "scale"], ["y"], "mul"),
        helper.make_node("Cast", ["y"], ["wide"], "widen", to=TensorProto.DOUBLE),
        helper.make_node("Exp", ["wide"], ["exp"], "exp"),
        helper.make_node("NonZero", ["y"], ["where"], "nonzero"),
        helper.make_node("Det", ["m"], ["det"], "det"),
    ]
    inputs = [value("x", TensorProto.FLOAT, ["N", 4]), value("m", TensorProto.FLOAT, [3, 3])]
    outputs = [value("y", TensorProto.FLOAT, ["N", 4]), value("exp", TensorProto.DOUBLE, ["N", 4]),
               value("where", TensorProto.INT64, [2, "K"]), value("det", TensorProto.FLOAT, [])]
    return model("mixed", nodes, inputs, outputs, {"scale": np.array([1, 2, 3, 4], np.float32)})


def long():
    size, count = 1024, 40
    weight = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32) / 32
    nodes = [helper.make_node("MatMul", [f"v{i}", "w"], [f"v{i + 1}"], f"product{i}") for i in range(count)]
    shape = [size, size]
    return model("long", nodes, [value("v0", TensorProto.FLOAT, shape)], [value(f"v{count}", TensorProto.FLOAT, shape)], {"w": weight})


os.makedirs(sys.argv[1], exist_ok=True)
for made in (mixed(), long()):
    save(made, f"{sys.argv[1]}/{made.graph.name}.onnx")
