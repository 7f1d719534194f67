#!/usr/bin/env python3
"""Test operators that only old models have, Gradient and Scan of opset 8, against numpy.

usage: old_operators.py TENON
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TRAINING = "ai.onnx.preview.training"
RANDOM = np.random.default_rng(7)


def random(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def info(name, value, static=True):
    shape = value.shape if static else [f"size{d}" for d in value.shape]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), shape)


def write(folder, nodes, inputs, outputs, opset, static=True, initializers=(), functions=()):
    """A model with one set of inputs and of the outputs that numpy says; declared by name: value."""
    graph = helper.make_graph(nodes, "g", [info(n, v, static) for n, v in inputs.items()], [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), None) for n, v in outputs.items()
    ], [numpy_helper.from_array(v, n) for n, v in initializers])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(TRAINING, 1), helper.make_opsetid("local", 1)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)
    os.makedirs(f"{folder}/test_data_set_0")
    onnx.save(model, f"{folder}/model.onnx")
    for kind, values in ("input", inputs), ("output", outputs):
        for i, value in enumerate(values.values()):
            with open(f"{folder}/test_data_set_0/{kind}_{i}.pb", "wb") as file:
                file.write(numpy_helper.from_array(value).SerializeToString())


def gradient(inputs, outputs, y, xs, zs=None):
    lists = {"xs": xs} | ({"zs": zs} if zs else {})
    return helper.make_node("Gradient", inputs, outputs, domain=TRAINING, y=y, **lists)


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], **attributes)


def sum_to(g, shape):
    g = g.sum(tuple(range(g.ndim - len(shape))))
    return g.sum(tuple(i for i, d in enumerate(shape) if d == 1 and g.shape[i] != 1), keepdims=True)


def write_gradients(top):
    a, b = random(2, 3), random(2, 3)
    nodes = [node("Neg", ["a"], "n"), node("Sub", ["n", "b"], "s"), node("Mul", ["s", "a"], "m"), node("Identity", ["m"], "y"),
             gradient(["a", "b"], ["da", "db"], "y", ["a", "b"])]  # y = (-a - b) a
    for static in True, False:
        write(f"{top}/test_elementwise_{static}", nodes, {"a": a, "b": b}, {"da": -2 * a - b, "db": -a}, 12, static)

    # A tensor that y does not depend on; one that is read often; outputs that nobody wants.
    nodes = [node("Sum", ["a", "a", "b"], "s"), node("Mul", ["s", "s"], "y"),
             gradient(["a", "c", "b"], ["", "dc", "db"], "y", ["a", "c", "b"])]
    write(f"{top}/test_sum", nodes, {"a": a, "b": b, "c": a}, {"dc": 0 * a, "db": 2 * (2 * a + b)}, 12)

    # Operands that are broadcast: y = x + (w * v), with [2, 3, 4] + ([3, 1] * [1]).
    x, w, v = random(2, 3, 4), random(3, 1), random(1)
    g = np.ones((2, 3, 4), np.float32)
    nodes = [node("Mul", ["w", "v"], "p"), node("Add", ["x", "p"], "y"), gradient(["x", "w", "v"], ["dx", "dw", "dv"], "y", ["x", "w", "v"])]
    want = {"dx": g, "dw": sum_to(g * v, w.shape), "dv": sum_to(sum_to(g, w.shape) * w, v.shape)}
    write(f"{top}/test_broadcast", nodes, {"x": x, "w": w, "v": v}, want, 12)

    # Products of matrices, in batches and of one matrix with all; y = (x w)^2.
    for name, x, w in ("one", random(2, 3), random(3, 4)), ("batch", random(5, 2, 3), random(5, 3, 4)), ("repeat", random(5, 2, 3), random(3, 4)):
        nodes = [node("MatMul", ["x", "w"], "h"), node("Mul", ["h", "h"], "y"), gradient(["w", "x"], ["dw", "dx"], "y", ["w", "x"])]
        g = 2 * (x @ w)
        want = {"dw": sum_to(np.swapaxes(x, -1, -2) @ g, w.shape), "dx": g @ np.swapaxes(w, -1, -2)}
        write(f"{top}/test_matmul_{name}", nodes, {"x": x, "w": w}, want, 12)

    # At other values than the graph's own: y = (a b + z) a at a = p, z = q.
    p, q = random(2, 3), random(2, 3)
    nodes = [node("Mul", ["a", "b"], "m"), node("Add", ["m", "z"], "s"), node("Mul", ["s", "a"], "y"),
             gradient(["p", "q"], ["d"], "y", ["a"], ["z"])]
    write(f"{top}/test_other_values", nodes, {"a": a, "b": b, "z": b, "p": p, "q": q}, {"y": (a * b + b) * a, "d": 2 * p * b + q}, 12)

    # By an intermediate value that another operator makes; the second derivative of a^3.
    nodes = [node("Relu", ["a"], "h"), node("Mul", ["h", "h"], "y"), gradient(["h"], ["d"], "y", ["h"])]
    write(f"{top}/test_intermediate", nodes, {"a": a}, {"d": 2 * np.maximum(a, 0)}, 12)
    nodes = [node("Mul", ["a", "a"], "s"), node("Mul", ["s", "a"], "y"), gradient(["a"], ["d"], "y", ["a"]), gradient(["a"], ["dd"], "d", ["a"])]
    write(f"{top}/test_second", nodes, {"a": a}, {"d": 3 * a * a, "dd": 6 * a}, 12)
    write(f"{top}/test_double", nodes[:3], {"a": a.astype(np.float64)}, {"d": 3 * a.astype(np.float64)**2}, 12)


    # In a branch, of what it captures; in a function.
    branch = helper.make_graph([node("Mul", ["a", "a"], "y"), gradient(["a"], ["d"], "y", ["a"])], "branch", [],
                               [helper.make_tensor_value_info("d", TensorProto.FLOAT, None)])
    for name, inputs, constants in ("known", {"a": a}, [("c", np.array(True))]), ("open", {"a": a, "c": np.array(True)}, []):
        nodes = [helper.make_node("If", ["c"], ["d"], then_branch=branch, else_branch=branch)]
        write(f"{top}/test_branch_{name}", nodes, inputs, {"d": 2 * a}, 12, initializers=constants)
    function = helper.make_function("local", "square_gradient", ["x"], ["d"],
                                    [node("Mul", ["x", "x"], "y"), gradient(["x"], ["d"], "y", ["x"])],
                                    [helper.make_opsetid("", 12), helper.make_opsetid(TRAINING, 1)])
    nodes = [helper.make_node("square_gradient", ["a"], ["d"], domain="local")]
    write(f"{top}/test_function", nodes, {"a": a}, {"d": 2 * a}, 12, functions=[function])


def scan8(state, streams, lens, directions, body):
    """What the specification's pseudo code says; what it leaves undefined is 0."""
    finals, collected = [], []
    for row in range(len(state)):
        s, rows = state[row], []
        count = streams[0].shape[1] if lens is None else lens[row]
        for t in range(count):
            s, out = body(s, *[x[row, count - 1 - t if back else t] for x, back in zip(streams, directions)])
            rows.append(out)
        rows += [0 * body(s, *[x[row, 0] for x in streams])[1]] * (streams[0].shape[1] - count)
        finals.append(s)
        collected.append(np.stack(rows))
    return np.stack(finals), np.stack(collected)


def write_scans(top):
    state, x, z = random(3, 2), random(3, 4, 2), random(3, 4, 2)
    lens = np.array([4, 0, 2], np.int64)
    # s' = s w + x, out = [s' - z] with a leading axis; w is captured
    w = np.array([0.5, -2], np.float32)

    def body(s, x, z):
        return s * w + x, (s * w + x - z)[None]

    row = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("s", "xt", "zt", "next", "out")]
    graph = helper.make_graph([node("Mul", ["s", "w"], "sw"), node("Add", ["sw", "xt"], "next"), node("Sub", ["next", "zt"], "flat"),
                               node("Unsqueeze", ["flat"], "out", axes=[0])], "body", row[:3], row[3:])
    for name, given, directions in ("plain", None, None), ("lens", lens, None), ("back", None, [0, 1]), ("lens_back", lens, [1, 0]):
        attributes = {"directions": directions} if directions else {}
        scan = helper.make_node("Scan", ["lens" if given is not None else "", "state", "x", "z"], ["final", "all"], body=graph, num_scan_inputs=2,
                                **attributes)
        final, collected = scan8(state, [x, z], given, directions or [0, 0], body)
        inputs = {"state": state, "x": x, "z": z} | ({"lens": given} if given is not None else {})
        for static in True, False:
            write(f"{top}/test_{name}_{static}", [scan], inputs, {"final": final, "all": collected}, 8, static, [("w", w)])


def expect_refusal(top, tenon):
    """A row's length that is more than there is."""
    folder = f"{top}/refused"
    row = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("s", "t", "next")]
    body = helper.make_graph([node("Add", ["s", "t"], "next")], "body", row[:2], row[2:])
    scan = helper.make_node("Scan", ["lens", "state", "x"], ["y"], body=body, num_scan_inputs=1)
    for lens in [3, 1], [-1, 1]:
        inputs = {"lens": np.array(lens, np.int64), "state": random(2, 3), "x": random(2, 2, 3)}
        write(f"{folder}/{lens[0]}", [scan], inputs, {"y": random(2, 3)}, 8)
        done = subprocess.run([tenon, "verify", f"{folder}/{lens[0]}", "-b", "reference"], capture_output=True, text=True, timeout=120)
        assert done.returncode != 0 and f"sequence_lens has {lens[0]}, expected 0 to 2" in done.stdout, done.stdout


def main():
    with tempfile.TemporaryDirectory() as top:
        write_gradients(f"{top}/gradient")
        write_scans(f"{top}/scan8")
        for backends in "reference", "simulator":
            subprocess.run([sys.argv[1], "verify", f"{top}/gradient", f"{top}/scan8", "-b", backends], check=True, timeout=300)
        expect_refusal(top, sys.argv[1])


if __name__ == "__main__":
    main()
