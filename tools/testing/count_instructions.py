#!/usr/bin/env python3
"""Count what the runtime costs per node, in instructions (callgrind), and compare with the bars.

usage: count_instructions.py RUN_TIMES [--neg-bar 600] [--replan-bar 6000]

Neg chain: chains of 500 and 1,000 static Neg nodes of 16 floats, run 10 and 30 times each. Instructions a node and run are
the slope over both, so that loading, the first run and the driver drop out.
Replanning: a graph of 300 nodes in which every tensor has one symbolic dimension, which grows by one in each of 64 runs.
Instructions a node and run are the slope between 16 and 64 runs, less what the same kernels take without replanning.
RUN_TIMES is built from run_times.cc. Needs valgrind and the Python package onnx. Exit code 1 where a bar is missed.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import onnx
from onnx import TensorProto, helper


def save(folder, name, nodes, dims):
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, dims)])
    path = os.path.join(folder, name + ".onnx")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def chain(folder, length):
    nodes = [helper.make_node("Neg", ["x" if i == 0 else f"v{i}"], [f"v{i + 1}"], name=f"neg{i}") for i in range(length)]
    return save(folder, f"neg{length}", nodes, [1, 16])


def growing(folder, length, dim):
    """Alternating Relu and Add of the last two values, over [dim, 4]."""
    nodes, previous, last = [], "x", "x"
    for i in range(length):
        name = f"v{i}"
        inputs = [last] if i % 2 == 0 else [last, previous]
        nodes.append(helper.make_node("Relu" if i % 2 == 0 else "Add", inputs, [name], name=f"node{i}"))
        previous, last = last, name
    return save(folder, f"grow_{dim}", nodes, [dim, 4])


def instructions(program, model, runs, *more):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, model, str(runs), *more],
                          capture_output=True, text=True, timeout=1200)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(done.stderr[-2000:])
    return int(found.group(1)), done.stdout.strip()


def per_neg(program, folder):
    slope = {}
    for length in (500, 1000):
        model = chain(folder, length)
        slope[length] = (instructions(program, model, 30)[0] - instructions(program, model, 10)[0]) / 20
        print(f"chain of {length} Neg: {slope[length]:.0f} instructions a run", flush=True)
    return (slope[1000] - slope[500]) / 500


def per_replan(program, folder):
    model = growing(folder, 300, "S")
    few, many = instructions(program, model, 16, "grow"), instructions(program, model, 64, "grow")
    print(f"64 growing runs: {many[1]}", flush=True)
    static = growing(folder, 300, 40)
    kernels = (instructions(program, static, 64)[0] - instructions(program, static, 16)[0]) / 48
    return ((many[0] - few[0]) / 48 - kernels) / 300


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_times")
    parser.add_argument("--neg-bar", type=float, default=600)
    parser.add_argument("--replan-bar", type=float, default=6000)
    args = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, measure, bar in (("Neg node", per_neg, args.neg_bar), ("replanned node", per_replan, args.replan_bar)):
            value = measure(args.run_times, folder)
            print(f"{name}: {value:.0f} instructions, bar {bar:.0f}: {'ok' if value <= bar else 'MISSED'}", flush=True)
            missed += value > bar
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
