#!/usr/bin/env python3
"""tenon compare: finds exactly the node that computes wrongly, and tells what is made there from what it inherits.

usage: compare_test.py TENON FAULTY_BACKEND

FAULTY_BACKEND is the library of faulty_backend.cc: nodes named "..wrong:X.." are off by the factor 1 + X in their largest
element. Ends with a line "N passed, N failed". Needs the Python packages numpy and onnx.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

USAGE, REJECTED, BACKEND = 2, 3, 4
BLOCKS = 12  # of five nodes
value = helper.make_tensor_value_info


class Checker:
    def __init__(self, tenon, faulty, folder):
        self.tenon, self.faulty, self.folder, self.passed, self.failed = tenon, faulty, folder, 0, 0

    def check(self, what, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAIL {what} {detail}", flush=True)

    def run(self, *arguments):
        return subprocess.run([self.tenon, "compare", *arguments, "--backend-file", self.faulty], capture_output=True, text=True, timeout=300)

    def compare(self, what, model, *arguments, equal):
        done = self.run(model, *arguments, "--json")
        self.check(f"{what}: exit code", done.returncode == (0 if equal else 1), f"{done.returncode}: {done.stderr}")
        out = json.loads(done.stdout)
        self.check(f"{what}: equal", out["equal"] == equal, out["outputs"])
        return out

    def fails(self, code, says, *arguments):
        done = self.run(*arguments)
        self.check(f"{arguments}: fails", done.returncode == code and says in done.stderr, f"exit {done.returncode}: {done.stderr}")

    def save(self, name, nodes, inputs, outputs, initializers=()):
        graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(a, n) for n, a in initializers])
        path = os.path.join(self.folder, name + ".onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path


def chain(c, name, wrong):
    """BLOCKS times: h = tanh(h W) + b; h = h * relu(h). `wrong` names nodes anew."""
    nodes, weights, h, rng = [], [], "x", np.random.default_rng(1)
    for i in range(BLOCKS):
        weights += [(f"w{i}", rng.normal(size=(16, 16)).astype(np.float32)), (f"b{i}", rng.normal(size=16).astype(np.float32))]
        for op, inputs, output in (("MatMul", [h, f"w{i}"], f"m{i}"), ("Tanh", [f"m{i}"], f"t{i}"), ("Add", [f"t{i}", f"b{i}"], f"a{i}"),
                                   ("Relu", [f"a{i}"], f"r{i}"), ("Mul", [f"a{i}", f"r{i}"], f"h{i}")):
            node = f"{op}_{i}"
            nodes.append(helper.make_node(op, inputs, [output], name=node + wrong.get(node, "")))
        h = f"h{i}"
    return c.save(name, nodes, [value("x", TensorProto.FLOAT, [4, 16])], [value(h, TensorProto.FLOAT, [4, 16])], weights)


def check_wrong_kernel(c):
    """Wherever it is, it is found, and only it."""
    for node, at in (("Relu_7", 39), ("Mul_0", 5), ("Mul_11", 60)):
        model = chain(c, "wrong", {node: "_wrong:0.5"})
        out = c.compare(node, model, "-b", "faulty,reference", "--reference", "reference", "--every-node", equal=False)
        every = out["every_node"]
        first = every["first"]
        c.check(f"{node}: found", first["node"] == node + "_wrong:0.5" and first["number"] == at and every["nodes"] == 5 * BLOCKS, first)
        c.check(f"{node}: nothing before", all(v["equal"] and v["largest"] == 0 for v in every["values"][: at - 1]))
        c.check(f"{node}: itself", every["values"][at - 1]["value"] == first["output"]["value"] and not first["output"]["equal"])
        c.check(f"{node}: where", first["where"].startswith("faulty.") and first["reference_where"].startswith("reference."), first)
        c.check(f"{node}: made here", first["cause"] == "made_here" and not first["alone"]["equal"], first)
        c.check(f"{node}: by how much", abs(first["output"]["relative"] - 0.5) < 1e-6, first["output"])
        c.check(f"{node}: inputs", first["inputs"] and all(i["equal"] and not i["constant"] and "min" in i["reference_range"] for i in first["inputs"]))
        c.check(f"{node}: after it", every["values_differing"] >= 1 + (at < 60), every["values_differing"])
        c.check(f"{node}: nobody moved", every["nodes_moved"] == 0)
        done = c.run(model, "-b", "faulty,reference", "--reference", "reference", "--every-node")
        c.check(f"{node}: text", done.returncode == 1 and "made here" in done.stdout and f"node {at} of 60" in done.stdout
                and "first that differs" in done.stdout, done.stdout)
    plain = c.compare("outputs alone", model, "-b", "faulty,reference", "--reference", "reference", equal=False)
    c.check("outputs alone: no nodes", plain["every_node"] is None)


def check_equal(c):
    model = chain(c, "right", {})
    for backends in ("faulty,reference", "simulator"):
        out = c.compare(backends, model, "-b", backends, "--reference", "reference", "--every-node", equal=True)
        c.check("nothing differs", out["every_node"]["first"] is None and len(out["every_node"]["values"]) == 5 * BLOCKS)
    done = c.run(model, "-b", "simulator", "--reference", "reference", "--every-node")
    c.check("text", done.returncode == 0 and "no value differs" in done.stdout, done.stdout)


def check_inherited(c):
    """An error within the tolerance that a subtraction makes large."""
    nodes = [helper.make_node("Relu", ["x"], ["r"], name="relu_wrong:0.00005"), helper.make_node("Sub", ["r", "offset"], ["s"], name="sub"),
             helper.make_node("Tanh", ["s"], ["y"], name="tanh")]
    model = c.save("inherited", nodes, [value("x", TensorProto.FLOAT, [8])], [value("y", TensorProto.FLOAT, [8])], [("offset", np.float32(1000))])
    np.save(os.path.join(c.folder, "x.npy"), (1000 + np.arange(8)).astype(np.float32))
    lists = [model, "-b", "faulty,reference", "--reference", "reference", "--input", f"x=@{c.folder}/x.npy", "--every-node"]
    first = c.compare("inherited", *lists, equal=False)["every_node"]["first"]
    c.check("inherited: node", first["node"] == "sub" and first["cause"] == "inherited" and first["alone"]["equal"], first)
    c.check("inherited: its input", 0 < first["inputs"][0]["largest"] <= first["inputs"][0]["allowed"] and first["inputs"][1]["constant"], first)
    exact = c.compare("exact", *lists, "--tolerance", "exact", equal=False)["every_node"]["first"]
    c.check("exact: the node before", exact["node"].startswith("relu") and exact["cause"] == "made_here", exact)
    c.compare("fast", *lists, "--tolerance", "fast", equal=True)
    c.compare("rtol", *lists, "--rtol", "0.01", equal=True)
    c.compare("class", *lists, "--class", "fast", equal=True)
    done = c.run(*lists)
    c.check("inherited: text", "inherited" in done.stdout and "constant" in done.stdout, done.stdout)


def check_subgraph(c):
    """What is wrong in a body is found as its Loop."""
    body = helper.make_graph(
        [helper.make_node("Relu", ["h"], ["r"], name="relu_wrong:0.5"), helper.make_node("Identity", ["c"], ["d"])], "body",
        [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("h", TensorProto.FLOAT, [5])],
        [value("d", TensorProto.BOOL, []), value("r", TensorProto.FLOAT, [5])])
    nodes = [helper.make_node("Exp", ["x"], ["e"], name="exp"), helper.make_node("Loop", ["turns", "", "e"], ["l"], name="loop", body=body),
             helper.make_node("Sqrt", ["l"], ["y"], name="sqrt")]
    model = c.save("loop", nodes, [value("x", TensorProto.FLOAT, [5])], [value("y", TensorProto.FLOAT, [5])], [("turns", np.int64(3))])
    every = c.compare("loop", model, "-b", "faulty,reference", "--reference", "reference", "--every-node", equal=False)["every_node"]
    c.check("loop: found", every["first"]["node"] == "loop" and every["first"]["cause"] == "made_here", every["first"])
    c.check("loop: its inside is left out", every["nodes_with_subgraphs"] == 1 and len(every["values"]) == 3, every)
    done = c.run(model, "-b", "faulty,reference", "--reference", "reference", "--every-node")
    c.check("loop: text", "have subgraphs" in done.stdout, done.stdout)


def check_segments(c):
    """A compiled segment hides what is inside; every value as an output opens it."""
    model = chain(c, "segments", {})
    out = c.compare("segments", model, "-b", "simulator", "--set", "simulator.compile=on", "--reference", "reference", "--every-node", equal=True)
    c.check("segments: all values", len(out["every_node"]["values"]) == 5 * BLOCKS)


def check_large(c):
    """What is kept at once is limited by the sizes that values have, not by those that are declared."""
    links = ["x", "a", "b", "c", "d", "y"]
    nodes = [helper.make_node("Neg", [links[i]], [links[i + 1]]) for i in range(5)]
    model = c.save("large", nodes, [value("x", TensorProto.DOUBLE, ["N"])], [value("y", TensorProto.DOUBLE, ["N"])])
    terminal, end = os.openpty()  # progress is shown there only
    done = subprocess.run([c.tenon, "compare", model, "-b", "reference", "--reference", "reference", "--every-node", "--input",
                           f"x=zeros:shape={8 << 20}"], stdout=subprocess.PIPE, stderr=end, text=True, timeout=300)
    os.close(end)
    shown = re.findall(r"compare: (\d+) of 5 values", os.read(terminal, 1 << 16).decode())
    os.close(terminal)
    c.check("large: 64 MB each, 256 MB at once", done.returncode == 0 and shown == ["0", "4"], (shown, done.stdout))


def check_random(c):
    """Nodes without a seed are named where something differs."""
    def random(name, more, **seed):
        nodes = [helper.make_node("RandomUniformLike", ["x"], ["u"], name="noise", **seed), helper.make_node(*more, name="last")]
        return c.save(name, nodes, [value("x", TensorProto.FLOAT, [16])], [value("y", TensorProto.FLOAT, [16])])

    lists = ["-b", "reference", "--reference", "reference"]
    out = c.compare("no seed", random("no_seed", ["Add", ["u", "x"], ["y"]]), *lists, equal=False)
    c.check("no seed: named", out["unseeded"] == ['RandomUniformLike "noise"'], out["unseeded"])
    seeded = random("seeded", ["Bernoulli", ["u"], ["y"]], seed=1.0)
    out = c.compare("one seed", seeded, *lists, equal=False)
    c.check("one seed: named", out["unseeded"] == ['Bernoulli "last"'], out["unseeded"])
    done = c.run(seeded, *lists, "--every-node")
    c.check("one seed: text", 'note  Bernoulli "last" without a seed' in done.stdout, done.stdout)
    out = c.compare("seeds", random("seeds", ["Add", ["u", "x"], ["y"]], seed=1.0), *lists, equal=True)
    c.check("seeds: none named", out["unseeded"] == [], out["unseeded"])


def check_wrong_arguments(c):
    model = chain(c, "right", {})
    c.fails(USAGE, "--reference is required", model, "-b", "reference")
    c.fails(USAGE, "--tolerance", model, "-b", "reference", "--reference", "reference", "--tolerance", "loose")
    c.fails(USAGE, "--rtol", model, "-b", "reference", "--reference", "reference", "--rtol", "-1")
    c.fails(USAGE, "neither --rtol nor --atol", model, "-b", "reference", "--reference", "reference", "--tolerance", "exact", "--rtol", "0.5")
    c.fails(USAGE, "did you mean '--every-node'?", model, "--every-nod", "--reference", "reference")
    c.fails(USAGE, "nobody", model, "-b", "reference", "--reference", "nobody")
    c.fails(USAGE, "no input 'q'", model, "-b", "reference", "--reference", "reference", "--input", "q=zeros")
    c.fails(USAGE, "simulator.claim", model, "-b", "reference", "--reference", "reference", "--set", "simulator.claim=all")
    c.fails(REJECTED, "none.onnx", os.path.join(c.folder, "none.onnx"), "-b", "reference", "--reference", "reference")
    c.fails(BACKEND, "faulty", model, "-b", "faulty", "--reference", "reference")
    c.fails(BACKEND, "injected fault", model, "-b", "simulator", "--reference", "reference", "--set", "simulator.fault=kernel:3")


def main():
    with tempfile.TemporaryDirectory() as folder:
        c = Checker(sys.argv[1], sys.argv[2], folder)
        check_wrong_kernel(c)
        check_equal(c)
        check_inherited(c)
        check_subgraph(c)
        check_segments(c)
        check_large(c)
        check_random(c)
        check_wrong_arguments(c)
    print(f"{c.passed} passed, {c.failed} failed")
    sys.exit(c.failed != 0)


if __name__ == "__main__":
    main()
