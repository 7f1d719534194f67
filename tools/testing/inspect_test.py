#!/usr/bin/env python3
"""Test `tenon inspect`: what it says of models that are made here, their FLOP against counts by hand, ONNX of each stage.

usage: inspect_test.py TENON [RESNET50 MOBILENET_V2]

The counts of known networks are multiply-adds of convolutions and matrix products, as their papers count them:
He et al., Deep residual learning, Table 1 (ResNet-50: 3.8 G, here with strides in the 3x3 convolutions as torchvision has
them: 4.09 G); Sandler et al., MobileNetV2, Table 4 (300 M). Ends with a line "N passed, N failed".
Needs the Python packages numpy, onnx and onnxruntime.
"""
import json
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

OK, USAGE, REJECTED, BACKEND, NOT_WRITABLE = 0, 2, 3, 4, 5
counts = {True: 0, False: 0}


def check(good, what):
    counts[bool(good)] += 1
    if not good:
        print("FAIL", what, flush=True)


def inspect(tenon, model, *arguments):
    return subprocess.run([tenon, "inspect", model, *arguments], capture_output=True, text=True, timeout=120)


def summary(tenon, model, *arguments):
    return json.loads(inspect(tenon, model, *arguments, "--json").stdout)


def value(name, dims, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def network(folder):
    """Conv, Relu, a reshape by computed sizes, Gemm, and a model function; one weight stands in a file of its own."""
    rng = np.random.default_rng(1)
    weights = {"conv": rng.normal(size=(8, 3, 3, 3)), "fc": rng.normal(size=(8 * 6 * 6, 10))}
    initializers = [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()]
    initializers.append(numpy_helper.from_array(np.array([-1], np.int64), "rest"))
    onnx.external_data_helper.set_external_data(initializers[1], "fc.bin")
    with open(f"{folder}/fc.bin", "wb") as file:
        file.write(initializers[1].raw_data)
    initializers[1].ClearField("raw_data")
    initializers[1].data_location = TensorProto.EXTERNAL
    double = helper.make_function("own", "Double", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
                                  [helper.make_opsetid("", 17)])
    nodes = [helper.make_node("Conv", ["x", "conv"], ["c"], name="conv1", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c"], ["r"], name="relu1"),
             helper.make_node("Shape", ["r"], ["shape"], name="shape1", start=0, end=1),
             helper.make_node("Concat", ["shape", "rest"], ["to"], name="concat1", axis=0),
             helper.make_node("Reshape", ["r", "to"], ["f"], name="reshape1"),
             helper.make_node("Gemm", ["f", "fc"], ["g"], name="gemm1"),
             helper.make_node("Double", ["g"], ["y"], name="double1", domain="own")]
    graph = helper.make_graph(nodes, "net", [value("x", ["batch", 3, 6, 6])], [value("y", ["batch", 10])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("own", 1)], ir_version=8,
                              functions=[double], producer_name="by hand", producer_version="7")
    model.metadata_props.add(key="author", value="nobody")
    onnx.save(model, f"{folder}/net.onnx")
    return f"{folder}/net.onnx"


CONV, RELU, GEMM, ADD = 2 * 8 * 36 * 27, 8 * 36, 2 * 288 * 10, 10  # of one batch


def check_summary(tenon, model):
    said = summary(tenon, model)
    check((said["version"], said["stage"], said["name"]) == (1, "imported", "net"), said["name"])
    check(said["file"]["ir_version"] == 8 and said["file"]["producer"] == "by hand" and said["opsets"] == {"": 17, "own": 1}, said["file"])
    check(said["file"]["functions"] == [{"domain": "own", "name": "Double", "nodes": 1}], said["file"])
    check(said["file"]["external_data"] == [{"location": "fc.bin", "bytes": 4 * 2880}], said["file"]["external_data"])
    check(said["symbols"] == [{"name": "batch", "of_input": True, "places": ["x[0]"]}], said["symbols"])
    check(said["inputs"] == [{"name": "x", "kind": "tensor", "dtype": "float32", "shape": ["batch", 3, 6, 6]}], said["inputs"])
    parameters = said["parameters"]
    check((parameters["tensors"], parameters["elements"], parameters["bytes"]) == (3, 216 + 2880 + 1, 4 * 3096 + 8), parameters)
    check(parameters["by_dtype"]["int64"] == {"tensors": 1, "elements": 1, "bytes": 8} and parameters["largest"][0]["name"] == "fc", parameters)
    check(said["metadata"] == {"author": "nobody"}, said["metadata"])
    for dims, batch, assumed in ((), 1, ["batch"]), (("--dim", "batch=5"), 5, []):
        work = summary(tenon, model, *dims)
        flops = {o["op"]: o["flops"] for o in work["operators"]}
        wanted = {"Conv": CONV * batch, "Relu": RELU * batch, "Gemm": GEMM * batch, "Add": ADD * batch}
        check({op: flops[op] for op in wanted} == wanted, f"FLOP {flops}, wanted {wanted}")
        check(work["work"]["dims"] == {"batch": batch} and work["work"]["assumed"] == assumed and
              work["work"]["nodes_without_cost"] == 0, work["work"])
    text = inspect(tenon, model)
    check(text.returncode == OK and "1 for what --dim does not give: batch" in text.stdout and
          "own.Double, 1 node, expanded" in text.stdout, text.stdout)


def check_stages(tenon, model, folder):
    x = np.random.default_rng(2).normal(size=(2, 3, 6, 6)).astype(np.float32)
    wanted = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    for stage in "imported", "canonical", "optimised", "placed":
        path = f"{folder}/{stage}.onnx"
        done = inspect(tenon, model, "--stage", stage, "--onnx", path, "-b", "reference")
        check(done.returncode == OK, f"{stage}: {done.stderr}")
        onnx.checker.check_model(path, full_check=True)
        made = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        check(np.allclose(made, wanted, rtol=1e-5), f"{stage} computes something else")
        check(summary(tenon, model, "--stage", stage, "-b", "reference")["stage"] == stage, stage)
    fixed = summary(tenon, model, "--stage", "optimised", "--dim", "batch=2")
    check({"Shape", "Concat"}.isdisjoint(o["op"] for o in fixed["operators"]), "shape arithmetic is not folded")
    program = summary(tenon, model, "--stage", "program", "-b", "reference")
    check(program["stage"] == "program" and len(program["nodes"]) == 7 and program["arenas"] == [], "an open program")
    program = summary(tenon, model, "--stage", "program", "-b", "reference", "--dim", "batch=2")
    check(program["arenas"][0]["bytes"] > 0, "a program of known sizes")
    # No backend is needed for what comes before placement.
    check(inspect(tenon, model, "--stage", "optimised", "-b", "reference").returncode == OK, "optimised")
    said = inspect(tenon, model, "--stage", "canonical", "--op", "Gemm").stdout
    check(said.count("\n") == 1 and '"gemm1"' in said, said)
    said = inspect(tenon, model, "--node", "relu1").stdout
    check(said.count("\n") == 1 and "Relu" in said, said)


def check_subgraphs(tenon, folder):
    """Parts of an If, with a weight that only one branch has."""
    w = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    then = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["t"], name="m")], "t", [], [value("t", [2, 4])], [w])
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["e"], name="n")], "e", [], [value("e", [2, 4])])
    graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], name="if", then_branch=then, else_branch=other)], "g",
                              [value("x", [2, 4]), value("c", [], TensorProto.BOOL)], [value("y", [2, 4])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/if.onnx")
    said = summary(tenon, f"{folder}/if.onnx")
    check(said["subgraphs"] == {"count": 2, "nodes": 2, "depth": 1} and said["parameters"]["elements"] == 16, said["subgraphs"])
    check({o["op"]: o["flops"] for o in said["operators"]} == {"MatMul": 2 * 2 * 4 * 4, "Neg": 8, "If": 0}, said["operators"])


def check_nameless(tenon, folder):
    """Open dimensions without a name are called by their place; sizes that the model can't have are told."""
    w = numpy_helper.from_array(np.ones((1, 1, 5), np.float32), "w")
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"], name="conv")], "g", [value("x", [None, 1, None])],
                              [value("y", [None, 1, None])], [w])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/open.onnx")
    said = summary(tenon, f"{folder}/open.onnx")["work"]
    check(said["assumed"] == ["x[0]", "x[2]"] and "conv" in said["problem"], said)
    said = summary(tenon, f"{folder}/open.onnx", "--dim", "x[2]=12")["work"]
    check(said["flops"] == 2 * 8 * 5 and said["assumed"] == ["x[0]"] and not said["problem"], said)
    wrong = inspect(tenon, f"{folder}/open.onnx", "--dim", "x[1]=12")
    check(wrong.returncode == USAGE and "its inputs have: x[0], x[2]" in wrong.stderr, wrong.stderr)


def check_arguments(tenon, model, folder):
    bad = f"{folder}/bad.onnx"
    with open(bad, "wb") as file:
        file.write(b"no model")
    for arguments, code, text in (
            ([model, "--stage", "optimized"], USAGE, "optimised"),
            ([model, "--dim", "bach=2"], USAGE, "batch"),
            ([model, "--dim", "batch=x"], USAGE, "batch=x"),
            ([model, "--stge", "placed"], USAGE, "--stage"),
            ([model, "--stage", "program", "--op", "Conv"], USAGE, "--op and --node"),
            ([model, "--op", "Gemm", "--json"], USAGE, "neither --json nor --onnx"),
            ([model, "--node", "n", "--onnx", f"{folder}/n.onnx"], USAGE, "neither --json nor --onnx"),
            ([model, "--stage", "program", "--onnx", f"{folder}/p.onnx"], USAGE, "program"),
            ([model, "--onnx", f"{folder}/none/a.onnx"], NOT_WRITABLE, "none/a.onnx"),
            ([model, "--stage", "program", "-b", "simulator", "--set", "simulator.claim=none"], BACKEND, "no backend takes"),
            ([bad], REJECTED, "bad.onnx"),
            ([f"{folder}/none.onnx"], REJECTED, "none.onnx")):
        done = inspect(tenon, *arguments)
        check(done.returncode == code and text in done.stderr, f"inspect {arguments}: {done.returncode} {done.stderr}")


def check_known(tenon, resnet, mobilenet):
    """Multiply-adds of convolutions and matrix products; the rest is below 1 %."""
    for path, macs, within, parameters in (resnet, 4.09e9, 0.005, 25.56e6), (mobilenet, 300e6, 0.01, 3.5e6):
        said = summary(tenon, path, "--dim", "N=1")
        products = sum(o["flops"] for o in said["operators"] if o["op"] in ("Conv", "Gemm", "MatMul")) / 2
        check(abs(products / macs - 1) < within, f"{path}: {products / 1e6:.1f} M multiply-adds, wanted {macs / 1e6:.1f} M")
        check(abs(said["parameters"]["elements"] / parameters - 1) < 0.02, f"{path}: {said['parameters']['elements']} parameters")


def main():
    tenon, *known = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        model = network(folder)
        check_summary(tenon, model)
        check_stages(tenon, model, folder)
        check_subgraphs(tenon, folder)
        check_nameless(tenon, folder)
        check_arguments(tenon, model, folder)
        if known:
            check_known(tenon, *known)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
