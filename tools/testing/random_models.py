#!/usr/bin/env python3
"""Random models of branches, loops, sequences and computed sizes (random_graphs.py): run by tenon and by ONNX Runtime, and compared.

usage: random_models.py --session PROGRAM [--count N] [--seed S] [--failures FOLDER]

PROGRAM is run_session. Seeds S to S + N - 1 each make a model and its inputs, which run through one session on `reference` and
through one on `simulator` with `reference` behind it, with random claims and memory; the validation layer is on, and a complaint of
it is a failure. Each failure is a line with its seed and the file in FOLDER that has the model's text: `--seed S --count 1` runs it
again. A model that ONNX Runtime does not run is left out, at most one of 100. Needs the Python packages numpy, onnx and onnxruntime.
Ends with a line "N passed, N failed", in models.
"""
import argparse
import os
import random
import sys
import tempfile

import numpy as np
import onnx
import onnx.printer
import onnxruntime as ort

from random_graphs import RandomGraph
from tenon_session import TenonError, TenonSession

RUNS = 5


def separate_outputs(graph):
    """ONNX Runtime mixes values up where a body returns its input, or one value twice: they pass through an Identity."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                separate_outputs(attribute.g)
    seen = {value.name for value in graph.input}
    for index, output in enumerate(graph.output):
        if output.name in seen:
            graph.node.append(onnx.helper.make_node("Identity", [output.name], [f"{output.name}_{index}"]))
            output.name = f"{output.name}_{index}"
        seen.add(output.name)


def judge(model):
    """A session of ONNX Runtime, without optimisations: its fusion of Gather and Range gives wrong results."""
    separate = onnx.ModelProto()
    separate.CopyFrom(model)
    separate_outputs(separate.graph)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(separate.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feeds_of(model, rng):
    symbols = {"N": rng.choice([0, 1, 2, 3, 5]), "M": rng.choice([0, 1, 2, 3, 4])}
    feeds = {}
    for info in model.graph.input:
        tensor = info.type.tensor_type
        shape = [symbols[d.dim_param] if d.dim_param else d.dim_value for d in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        least, most = {"b": (0, 1), "u": (0, 8)}.get(dtype.kind, (0, 4) if info.name == "k" else (-4, 4))
        feeds[info.name] = np.array(rng.integers(least, most, shape, endpoint=True), dtype)
    return feeds


def expected(model, rng):
    """(feeds, outputs) of ONNX Runtime for each run; the first two come again as the last."""
    session = judge(model)
    runs = [(feeds, session.run(None, feeds)) for feeds in (feeds_of(model, rng) for _ in range(RUNS))]
    return runs + runs[:2]


def difference(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        same = np.array_equal(got, want)
    else:
        tolerance = (2e-2 if want.dtype == np.float16 else 1e-4) * max(1.0, np.abs(want[np.isfinite(want)]).max(initial=0))
        same = np.allclose(got, want, rtol=0, atol=tolerance, equal_nan=True)
    return "" if same else f"got {got.ravel()[:12]}, expected {want.ravel()[:12]} of shape {list(want.shape)}"


def places(choice):
    """Arguments of run_session."""
    yield ["-b", "reference"]
    claim = choice.choice(["all", f"seed:{choice.randrange(99)}", f"seed:{choice.randrange(99)}"])
    memory, compiles = choice.choice(["locked", "handle", "unified"]), choice.choice(["on", "off", "off"])
    yield ["-b", "simulator,reference", "--set", f"simulator.claim={claim}", "--set", f"simulator.memory={memory}",
           "--set", f"simulator.compile={compiles}", *choice.choice([[], ["--plan-cache", "20000"]])]


def failure(program, path, runs, outputs, arguments, folder):
    """What tenon does otherwise, or ""."""
    wrong = ""
    try:
        session = TenonSession(program, path, folder, arguments)
        for index, (feeds, wants) in enumerate(runs):
            for output, got, want in zip(outputs, session.run(feeds), wants):
                off = difference(got, want)
                wrong = wrong or (f"run {index}, output {output.name}: {off}" if off else "")
        session.close()
    except TenonError as error:
        wrong = wrong or str(error)
    return f"{' '.join(arguments)}: {wrong}" if wrong else ""


def check(program, seed, failures):
    """Whether tenon agrees; None where ONNX Runtime does not run the model."""
    model = RandomGraph(seed).model()
    onnx.checker.check_model(model, full_check=True)
    try:
        runs = expected(model, np.random.default_rng(seed))
    except Exception as error:  # of many types
        print(f"left out: seed {seed}: ONNX Runtime: {str(error)[:300]}", flush=True)
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        onnx.save(model, path)
        answers = [failure(program, path, runs, model.graph.output, arguments, folder) for arguments in places(random.Random(seed))]
    wrong = [answer for answer in answers if answer]
    if wrong:
        os.makedirs(failures, exist_ok=True)
        with open(f"{failures}/{seed}.txt", "w") as file:
            file.write(onnx.printer.to_text(model))
        print(f"FAIL seed {seed} ({file.name}) on {'; '.join(wrong)}", flush=True)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", default="random_models_failures")
    args = parser.parse_args()
    results = [check(args.session, seed, args.failures) for seed in range(args.seed, args.seed + args.count)]
    left_out, passed, failed = (results.count(result) for result in (None, True, False))
    print(f"{left_out} left out\n{passed} passed, {failed} failed")
    return 1 if failed or left_out > args.count / 100 else 0


if __name__ == "__main__":
    sys.exit(main())
