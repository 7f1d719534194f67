#!/usr/bin/env python3
"""Graphs in which sizes are data: run by tenon, ONNX Runtime and numpy, and compared bit by bit.

usage: data_sizes.py --tenon PROGRAM [--seeds N]
       data_sizes.py --write FOLDER

Each graph runs with inputs of which none, few, half and all elements are not zero, on `reference`, on `simulator,reference`
with each memory kind and claim=all, with random claims, and compiled. Everything is computed in integers, or moved, so that results are
equal and not only near. The validation layer is on, and a complaint of it is a failure. --write leaves the graphs there for
data_sizes_test. Needs the Python packages numpy, onnx and onnxruntime. Ends with a line "N passed, N failed".
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

MEMORY = ("locked", "handle", "unified")


class Graph:
    """A graph under construction; input x is float32 [A, B]."""

    def __init__(self, name):
        self.name, self.nodes, self.constants, self.outputs = name, [], [], []
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["A", "B"])]
        self.feeds = {}  # of inputs other than x

    def __call__(self, op, *inputs, count=1, **attributes):
        names = [v if isinstance(v, str) else self.constant(v) for v in inputs]
        outputs = [f"{op.lower()}{len(self.nodes)}_{o}" for o in range(count)]
        self.nodes.append(helper.make_node(op, names, outputs, name=f"n{len(self.nodes)}_{op}", **attributes))
        return outputs[0] if count == 1 else outputs

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def input(self, name, value, shape):
        self.inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), shape))
        self.feeds[name] = value
        return name

    def output(self, name, dtype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def i64(*values):
    return np.array(values, np.int64)


def alone():
    """The output of the allocating kernel is the graph's."""
    g = Graph("alone")
    g.output(g("NonZero", "x"), TensorProto.INT64, [2, "n"])
    return g, lambda x: [np.array(np.nonzero(x))]


def pick():
    """What is not zero, doubled; the rows it stands in; sums. What was made before lives on."""
    g = Graph("pick")
    before = g("Add", "x", "x")
    nz = g("NonZero", "x")
    places = g("Transpose", nz, perm=[1, 0])
    picked = g("GatherND", before, places)
    rows = g("Gather", before, g("Gather", nz, np.int64(0), axis=0), axis=0)
    shifted = g("Add", places, i64(1, 2))
    g.output(nz, TensorProto.INT64, [2, "n"])
    g.output(picked, TensorProto.FLOAT, ["n"])
    g.output(rows, TensorProto.FLOAT, ["n", "B"])
    g.output(g("ReduceSum", shifted, i64(0), keepdims=0), TensorProto.INT64, [2])
    g.output(g("Sub", before, "x"), TensorProto.FLOAT, ["A", "B"])

    def expected(x):
        at = np.array(np.nonzero(x))
        return [at, 2 * x[tuple(at)], 2 * x[at[0]], (at.T + [1, 2]).sum(0), x]
    return g, expected


def again():
    """Sizes that depend on sizes: the columns behind the first, of the rows that are not empty."""
    g = Graph("again")
    first = g("NonZero", "x")
    column = g("Gather", first, np.int64(1), axis=0)
    later = g("NonZero", g("Greater", column, np.int64(0)))
    kept = g("Gather", column, g("Squeeze", later, i64(0)), axis=0)
    third = g("NonZero", g("Sub", kept, np.int64(1)))
    g.output(kept, TensorProto.INT64, ["m"])
    g.output(third, TensorProto.INT64, [1, "k"])
    g.output(g("Add", g("Shape", third), g("Shape", first)), TensorProto.INT64, [2])

    def expected(x):
        column = np.nonzero(x)[1]
        kept = column[column > 0]
        third = np.array(np.nonzero(kept - 1))
        return [kept, third, np.array([1 + 2, third.shape[1] + len(column)])]
    return g, expected


def shapes():
    """Shape arithmetic on sizes that are data, views of them, and views as outputs."""
    g = Graph("shapes")
    nz = g("NonZero", "x")
    n = g("Gather", g("Shape", nz), i64(1), axis=0)
    g.output(g("Reshape", nz, i64(-1)), TensorProto.INT64, ["n2"])
    g.output(g("Unsqueeze", g("Transpose", nz, perm=[1, 0]), i64(0)), TensorProto.INT64, [1, "n", 2])
    g.output(g("Expand", np.array([[7]], np.int32), g("Concat", i64(2), n, axis=0)), TensorProto.INT32, [2, "n"])
    g.output(g("Range", np.int64(0), g("Squeeze", n, i64(0)), np.int64(1)), TensorProto.INT64, ["n"])
    g.output(g("Identity", nz), TensorProto.INT64, [2, "n"])
    g.output(g("Concat", g("Reshape", nz, i64(2, -1)), nz, axis=1), TensorProto.INT64, [2, "nn"])

    def expected(x):
        at = np.array(np.nonzero(x))
        n = at.shape[1]
        return [at.reshape(-1), at.T[None], np.full((2, n), 7, np.int32), np.arange(n), at, np.concatenate([at, at], 1)]
    return g, expected


def inside():
    """Arithmetic on the shape of what stands between two that could be one segment."""
    g = Graph("inside")
    flat = g("Neg", g("Reshape", g("NonZero", "x"), i64(-1)))
    count = g("Squeeze", g("Shape", flat), i64(0))
    g.output(g("Gather", flat, g("Range", np.int64(1), count, np.int64(1)), axis=0), TensorProto.INT64, ["n2"])

    def expected(x):
        return [-np.array(np.nonzero(x)).reshape(-1)[1:]]
    return g, expected


def two():
    """Two that do not depend on one another, one of them on an input whose shape is a number."""
    g = Graph("two")
    a = g("NonZero", g("Relu", "x"))
    b = g("NonZero", g("Relu", g("Neg", "x")))
    both = g("Concat", a, b, axis=1)
    g.output(both, TensorProto.INT64, [2, "n"])
    g.output(g("NonZero", np.array([0, 1, 1], np.int32)), TensorProto.INT64, [1, 2])
    g.output(g("ReduceMax", g("Concat", both, i64([-1], [-1]), axis=1), axes=[1], keepdims=0), TensorProto.INT64, [2])

    def expected(x):
        both = np.concatenate([np.nonzero(x > 0), np.nonzero(x < 0)], 1)
        return [both, np.array([[1, 2]]), np.concatenate([both, [[-1], [-1]]], 1).max(1)]
    return g, expected


def carry():
    """State that a run gives to the next: the indices themselves, and a list that grows by them."""
    g = Graph("carry")
    old = g.input("old", np.arange(10, dtype=np.int64).reshape(2, 5), [2, "o"])
    state = g.input("state", i64(1, 2, 3), ["s"])
    nz = g("NonZero", "x")
    g.output(nz, TensorProto.INT64, [2, "n"])
    g.output(g("Concat", state, g("Gather", nz, np.int64(1), axis=0), axis=0), TensorProto.INT64, ["t"])
    g.output(g("ReduceSum", old, i64(0, 1), keepdims=0), TensorProto.INT64, [])

    def expected(x):
        at = np.array(np.nonzero(x))
        return [at, np.concatenate([[1, 2, 3], at[1]]), np.array(45)]
    return g, expected


GRAPHS = (alone, pick, again, shapes, inside, two, carry)


def inputs():
    r = np.random.default_rng(3)
    for share, shape in ((0, (3, 4)), (0.1, (7, 9)), (0.5, (5, 6)), (1, (4, 3)), (0.4, (257, 131)), (0.5, (0, 3))):
        yield (np.where(r.random(shape) < share, r.integers(1, 9, shape), 0) * r.choice([-1, 1], shape)).astype(np.float32)


def configurations(seeds):
    yield "reference", {}
    for memory in MEMORY:
        yield "simulator,reference", {"claim": "all", "memory": memory}
        yield "simulator,reference", {"claim": "all", "memory": memory, "compile": "on"}
    for seed in range(seeds):
        yield "simulator,reference", {"claim": f"seed:{seed}", "memory": MEMORY[seed % 3]}


def run_tenon(tenon, model, names, backends, options, folder):
    command = [tenon, "run", model, "-b", backends, "--output-dir", folder]
    for name in names:
        command += ["--input", f"{name}=@{folder}/{name}.npy"]
    for name, value in options.items():
        command += ["--set", f"simulator.{name}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, "TENON_LAYERS": "validate"})
    complaints = [line for line in done.stderr.splitlines() if "validate" in line and not line.startswith("tenon: info: ")]
    if done.returncode or complaints:
        raise RuntimeError("\n".join([f"exit {done.returncode}", *complaints[:5], done.stderr[-2000:]]))


def difference(folder, expected):
    for index, want in enumerate(expected):
        got = np.load(f"{folder}/output_{index}.npy")
        if got.dtype != want.dtype or got.shape != want.shape or not np.array_equal(got, want):
            return f"output {index}: got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)} or other values"
    return ""


def check_graph(make, args, folder):
    graph, by_numpy = make()
    path = f"{folder}/{graph.name}.onnx"
    onnx.save(graph.model(), path)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    results = []
    for x in inputs():
        feeds = {"x": x, **graph.feeds}
        for name, value in feeds.items():
            np.save(f"{folder}/{name}.npy", value)
        expected = by_numpy(x)
        for mine, theirs in zip(expected, session.run(None, feeds), strict=True):
            assert mine.shape == theirs.shape and np.array_equal(mine, theirs), f"{graph.name}: numpy and ONNX Runtime differ"
        for backends, options in configurations(args.seeds):
            label = f"{graph.name} {list(x.shape)} with {np.count_nonzero(x)} on {backends} {options}"
            try:
                run_tenon(args.tenon, path, feeds, backends, options, folder)
                wrong = difference(folder, expected)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                wrong = str(failure)
            results.append(not wrong)
            if wrong:
                print(f"FAIL {label}: {wrong}", flush=True)
    print(f"{graph.name}: {sum(results)} of {len(results)}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon")
    parser.add_argument("--write", metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    if args.write:
        os.makedirs(args.write, exist_ok=True)
        for make in GRAPHS:
            graph, _ = make()
            onnx.save(graph.model(), f"{args.write}/data_sizes_{graph.name}.onnx")
        return 0
    ort.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as folder:
        results = [good for make in GRAPHS for good in check_graph(make, args, folder)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
