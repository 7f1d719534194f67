#!/usr/bin/env python3
"""tenon profile and --trace: calls, work and times of a model whose FLOPs are known, and traces that keep the format.

usage: profile_test.py TENON

Ends with a line "N passed, N failed". Needs the Python packages numpy and onnx.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

USAGE, REJECTED, NOT_WRITABLE = 2, 3, 5
TURNS, M, K, N = 7, 16, 32, 24


class Checker:
    def __init__(self, tenon):
        self.tenon, self.passed, self.failed = tenon, 0, 0

    def check(self, what, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAIL {what} {detail}", flush=True)

    def run(self, *arguments):
        return subprocess.run([self.tenon, *arguments], capture_output=True, text=True, timeout=300)

    def json(self, *arguments):
        done = self.run(*arguments, "--json")
        self.check(f"{arguments}: exit code", done.returncode == 0, done.stderr)
        return json.loads(done.stdout)

    def fails(self, code, says, *arguments):
        done = self.run(*arguments)
        self.check(f"{arguments}: fails", done.returncode == code and says in done.stderr,
                   f"exit {done.returncode}: {done.stderr}{done.stdout}")


def write_model(path):
    """MatMul, then a Loop whose body is Add and Relu, then a Sigmoid of two thirds of it."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Add", ["h", "one"], ["s"], name="add"), helper.make_node("Relu", ["s"], ["r"], name="relu"),
         helper.make_node("Identity", ["c"], ["d"])], "body",
        [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("h", TensorProto.FLOAT, [M, N])],
        [value("d", TensorProto.BOOL, []), value("r", TensorProto.FLOAT, [M, N])])
    weights = np.ones((K, N), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["z"], name="mul"),
         helper.make_node("Loop", ["turns", "", "z"], ["l"], name="loop", body=body),
         helper.make_node("Sigmoid", ["l"], ["y"], name="sigmoid")], "g",
        [value("x", TensorProto.FLOAT, [M, K]), value("turns", TensorProto.INT64, [])], [value("y", TensorProto.FLOAT, [M, N])],
        [onnx.numpy_helper.from_array(weights, "w"), onnx.numpy_helper.from_array(np.float32(1), "one")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def check_profile(c, inputs, backends):
    profile = c.json("profile", *inputs, "--runs", "4", "-b", backends)
    rows = {row["node"]: row for row in profile["nodes"] if row["node"]}
    c.check("runs", profile["runs"] == 4)
    c.check("nodes", {"mul", "loop", "add", "relu", "sigmoid"} <= set(rows), list(rows))
    c.check("MatMul", rows["mul"]["flops"] == 2 * M * K * N and rows["mul"]["bytes"] == 4 * (M * K + K * N + M * N), rows["mul"])
    c.check("in the loop", [rows[n]["calls"] for n in ("mul", "loop", "add", "relu")] == [1, 1, TURNS, TURNS])
    c.check("work of all turns", rows["relu"]["flops"] == TURNS * M * N and rows["relu"]["bytes"] == TURNS * 8 * M * N)
    c.check("a loop itself works not", rows["loop"]["flops"] == 0 and rows["loop"]["bytes"] == 0)
    c.check("parents", rows["add"]["parent"] == "loop" and rows["add"]["branch"] == "body" and not rows["mul"]["parent"])
    c.check("shapes", rows["add"]["outputs"] == [f"float32[{M}, {N}]"], rows["add"])
    c.check("where", all(rows[n]["backend"] == backends for n in ("mul", "add")) and rows["loop"]["backend"] == "host")
    c.check("shares", abs(sum(row["share"] for row in profile["nodes"]) - 1) < 1e-6)
    times = sum(row["ms"] for row in profile["nodes"])
    c.check("steps", abs(times - profile["run_ms"]["steps"]) < 1e-6 * times)
    c.check("steps are in the run", profile["run_ms"]["steps"] < profile["run_ms"]["with_profiling"], profile["run_ms"])
    c.check("order", [row["ms"] for row in profile["nodes"]] == sorted((row["ms"] for row in profile["nodes"]), reverse=True))
    c.check("operators", abs(sum(row["ms"] for row in profile["operators"]) - times) < 1e-6 * times)
    if backends == "reference":  # the simulator states a peak of its own
        c.check("of the peak", abs(rows["mul"]["gflops_of_peak"] - rows["mul"]["gflops"] / profile["host_peak"]["gflops"]) < 1e-9)
    c.check("asynchronous", profile["asynchronous"] == (backends == "simulator"))


def check_trace(c, path, runs, turns_a_run):
    """https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format)."""
    with open(path) as file:
        trace = json.load(file)
    events = trace["traceEvents"]
    names, tracks, flows = {}, {}, {}
    good = True
    for event in events:
        good &= all(key in event for key in ("name", "ph", "ts", "pid", "tid")) and event["ph"] in "MXsf" and event["ts"] >= 0
        if event["ph"] == "M":
            good &= event["name"] in ("process_name", "thread_name") and bool(event["args"]["name"])
            names[(event["name"], event["pid"], event["tid"])] = event["args"]["name"]
        elif event["ph"] == "X":
            good &= event["dur"] >= 0
            tracks.setdefault((event["pid"], event["tid"]), []).append(event)
        else:
            flows.setdefault(event["id"], []).append(event)
    c.check("each event has its keys", good and events)
    c.check("each track has a name", all(("process_name", pid, 0) in names and ("thread_name", pid, tid) in names for pid, tid in tracks))
    for track, slices in tracks.items():
        open_until = []
        for event in slices:  # in the order of the file, as a reader gets them
            begin, end = round(event["ts"] * 1000), round(event["ts"] * 1000) + round(event["dur"] * 1000)
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            c.check(f"nested on {track}", not open_until or end <= open_until[-1], event)
            open_until.append(end)
        starts = [event["ts"] for event in slices]
        c.check("in order", starts == sorted(starts))
    for pair in flows.values():
        kinds = [event["ph"] for event in pair]
        c.check("arrows", kinds == ["s", "f"] and pair[0]["ts"] <= pair[1]["ts"] and pair[1]["bp"] == "e", pair)
    named = lambda name: [e for e in events if e["ph"] == "X" and e["name"] == name]
    c.check("runs", len([e for e in named("run") if "of" not in e["args"]]) == runs)
    c.check("turns", len([e for e in named("run") if e["args"].get("of") == "loop"]) == runs * turns_a_run == len(named("relu")))
    relu = named("relu")[0]["args"]
    c.check("arguments", relu["op"] == "Relu" and relu["bytes"] == 8 * M * N and relu["outputs"] == [f"float32[{M}, {N}]"], relu)
    return names, flows


def check_wrong_arguments(c, model, folder):
    c.fails(USAGE, "model is required", "profile")
    c.fails(REJECTED, "none.onnx", "profile", os.path.join(folder, "none.onnx"))
    c.fails(USAGE, "--runs", "profile", model, "--runs", "0")
    c.fails(USAGE, "--by", "profile", model, "--by", "colour")
    c.fails(USAGE, "excludes", "profile", model, "--runs", "2", "--seconds", "1")
    c.fails(USAGE, "did you mean '--trace'?", "profile", model, "--trase", "x")
    c.fails(USAGE, "no input 'q'", "profile", model, "--input", "q=zeros")
    c.fails(NOT_WRITABLE, "/nowhere", "profile", model, "--trace", "/nowhere/trace.json")
    c.fails(NOT_WRITABLE, "/nowhere", "run", model, "--trace", "/nowhere/trace.json")


def main():
    c = Checker(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        model, trace = os.path.join(folder, "loop.onnx"), os.path.join(folder, "trace.json")
        write_model(model)
        np.save(os.path.join(folder, "turns.npy"), np.int64(TURNS))
        inputs = [model, "--input", f"turns=@{folder}/turns.npy"]
        check_profile(c, inputs, "reference")
        check_profile(c, inputs, "simulator")
        for form in ([], ["--by", "op"], ["--top", "2"]):
            done = c.run("profile", *inputs, "-b", "simulator", "--runs", "3", "--trace", trace, *form)
            c.check(f"text {form}", done.returncode == 0 and "peak" in done.stdout, done.stderr)
            c.check("the rest", ("more," in done.stdout) == (form == ["--top", "2"]), done.stdout)
        names, flows = check_trace(c, trace, 3, TURNS)
        c.check("the device's track", "device 0" in names.values() and "simulator" in names.values() and len(flows) > 20)
        done = c.run("run", *inputs, "-b", "reference", "--trace", trace)
        c.check("run --trace", done.returncode == 0, done.stderr)
        names, flows = check_trace(c, trace, 1, TURNS)
        c.check("no device", not flows and set(names.values()) == {"host", "reference", "thread 1"}, names)
        check_wrong_arguments(c, model, folder)
    print(f"{c.passed} passed, {c.failed} failed")
    sys.exit(c.failed != 0)


if __name__ == "__main__":
    main()
