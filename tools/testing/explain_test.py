#!/usr/bin/env python3
"""Test `tenon explain` on small models whose placement is known: text, JSON, page, annotated ONNX, costs, exit codes.

usage: explain_test.py TENON

Ends with a line "N passed, N failed". Needs the Python packages numpy, onnx and onnxruntime.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

OK, USAGE, REJECTED, BACKEND, NOT_WRITABLE = 0, 2, 3, 4, 5
counts = {True: 0, False: 0}


def check(good, what):
    counts[bool(good)] += 1
    if not good:
        print("FAIL", what, flush=True)


def value(name, dims=("N", 4), dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def save(path, nodes, inputs=("x",), outputs=("y",), initializers=()):
    graph = helper.make_graph(nodes, "g", [i if not isinstance(i, str) else value(i) for i in inputs],
                              [value(o) for o in outputs], list(initializers))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def chain(path):
    """Neg, Exp, Neg, Exp, Neg, and an If with a Relu and an Exp."""
    def branch(name, op):
        return helper.make_graph([helper.make_node(op, ["z"], [name], name=name)], name, [], [value(name)])

    nodes = [helper.make_node("Neg", ["x"], ["a"], name="first"), helper.make_node("Exp", ["a"], ["b"], name="second"),
             helper.make_node("Neg", ["b"], ["c3"], name="third"), helper.make_node("Exp", ["c3"], ["d"], name="fourth"),
             helper.make_node("Neg", ["d"], ["z"], name="fifth"),
             helper.make_node("If", ["c"], ["y"], name="if", then_branch=branch("t", "Relu"), else_branch=branch("e", "Exp"))]
    return save(path, nodes, ("x", value("c", [], TensorProto.BOOL)))


class Explain:
    def __init__(self, tenon, model, *arguments):
        self.done = subprocess.run([tenon, "explain", model, *arguments], capture_output=True, text=True, timeout=120)
        self.code, self.out, self.err = self.done.returncode, self.done.stdout, self.done.stderr

    def json(self):
        return json.loads(self.out)


def check_placement(tenon, model):
    fallback = ["-b", "simulator,reference", "--set", "simulator.claim=ops:Neg,Relu"]
    report = Explain(tenon, model, *fallback, "--json").json()
    rows = {(r["path"], r["node"]): r for r in report["rows"] if r["node"]}
    wanted = {("", "first"): "simulator", ("", "second"): "reference", ("", "third"): "simulator", ("", "fourth"): "reference",
              ("", "fifth"): "simulator", ("", "if"): "host",
              ("if/then_branch", "t"): "simulator", ("if/else_branch", "e"): "reference"}
    check({key: row["backend"] for key, row in rows.items()} == wanted, f"placement is {rows}")
    copies = [(r["path"], r["value"]) for r in report["rows"] if r["kind"] == "copy"]
    check(("", "a") in copies and ("", "b") in copies, f"copies {copies}")
    exp = [g for g in report["groups"] if g["op"] == "Exp"]
    check(len(exp) == 1 and exp[0]["rows"] == 3 and exp[0]["fallback"], f"groups {exp}")
    why = exp[0]["why_not"]
    check([w["backend"] for w in why] == ["simulator"] and why[0]["reason"] == "option" and why[0]["got"] == ["ops:Neg,Relu"],
          f"why not: {why}")
    check(report["costs"]["open_dimensions"] == ["N"] and report["costs"]["source"] == "modelled", report["costs"])
    # On the simulator Exp needs neither of the copies around it, nor those of its branch.
    then = [w for w in report["what_if"] if w["op"] == "Exp"][0]["then"]
    all_there = Explain(tenon, model, "-b", "simulator", "--json").json()["totals"]
    check(then["copies"] == all_there["copies"] < report["totals"]["copies"], f"copies {then} {all_there}")
    check(then["by_backend"]["simulator"]["nodes"] == 7 and then["fallbacks"] == 0, f"what if {then}")
    text = Explain(tenon, model, *fallback)
    check(text.code == OK and re.search(r"reference +3 +Exp +\S+ us +option claim: got ops:Neg,Relu, wants", text.out), text.out)
    check(re.search(r"Exp \(3 nodes\) on simulator: \S+ us \(-\S+ %\), 4 -> 7 nodes, \d -> \d copies", text.out), text.out)
    compiled = Explain(tenon, model, *fallback, "--set", "simulator.compile=on")
    check(re.search(r"simulator +4 +\d+ % .* compiled as 4 segments", compiled.out), compiled.out)
    nodes = Explain(tenon, model, *fallback, "--nodes")
    check(re.search(r"if/then_branch/t +Relu +kernel +simulator\.", nodes.out), nodes.out)


def check_refusals(tenon, model):
    alone = ["-b", "simulator", "--set", "simulator.claim=ops:Neg,Relu"]
    nobody = Explain(tenon, model, *alone)
    check(nobody.code == BACKEND and "nobody" in nobody.out and "no backend takes 3 of 8 nodes" in nobody.err and
          'Exp "if/else_branch/e": simulator: option claim' in nobody.err, f"nobody: {nobody.code} {nobody.out} {nobody.err}")
    report = Explain(tenon, model, *alone, "--json").json()
    check(report["totals"]["nobody"] == 3 and report["totals"]["nodes"] == 8, report["totals"])
    measured = Explain(tenon, model, *alone, "--measure", "--json")
    check(measured.code == BACKEND and measured.json()["costs"]["source"] == "modelled", "measured what can't run")
    forbidden = Explain(tenon, model, "-b", "simulator,reference", "--set", "simulator.claim=ops:Neg", "--fallback", "forbid")
    check(forbidden.code == BACKEND and "the first backends do not take 4 of 8 nodes" in forbidden.err and "reference" in forbidden.out,
          f"forbidden: {forbidden.code} {forbidden.err}")
    run = subprocess.run([tenon, "run", model, "-b", "simulator,reference", "--set", "simulator.claim=ops:Neg,Relu", "--fallback",
                          "forbid"], capture_output=True, text=True, timeout=120)
    check(run.returncode == BACKEND and 'Exp "second": simulator.sim_exp: option claim' in run.stderr.replace("ref_", "sim_"),
          f"run --fallback forbid: {run.returncode} {run.stderr}")
    run = subprocess.run([tenon, "run", model, "-b", "simulator,reference", "--set", "simulator.claim=ops:Neg,Relu"],
                         capture_output=True, text=True, timeout=120)
    check(run.returncode == OK and run.stderr.count("\n") == 1 and "fallback: 3 of 8 nodes (3 on reference)" in run.stderr, run.stderr)


def check_ten(tenon, folder):
    """A message lists ten nodes and counts the others."""
    nodes = [helper.make_node("Exp", [f"v{i}"], [f"v{i + 1}"], name=f"n{i}") for i in range(12)]
    model = save(f"{folder}/ten.onnx", nodes, ("v0",), ("v12",))
    said = Explain(tenon, model, "-b", "simulator", "--set", "simulator.claim=none").err
    check(said.count('Exp "n') == 10 and "and 2 more" in said, said)


def check_measured(tenon, model, folder):
    options = ["-b", "simulator,reference", "--set", "simulator.claim=ops:Neg,Relu", "--dim", "N=64"]
    report = Explain(tenon, model, *options, "--measure", "--input", "c=zeros", "--json").json()
    check(report["costs"]["source"] == "measured" and report["costs"]["runs"] > 1, report["costs"])
    measured = {r["node"]: r for r in report["rows"] if r["node"]}
    check(all(measured[n]["cost"] == "measured" and measured[n]["cost_us"] > 0 for n in ("first", "second", "third")), measured)
    check(measured["e"]["cost"] == "measured" and measured["e"]["cost_us"] > 0 == measured["t"]["cost_us"], "branches of an If")
    profile = f"{folder}/profile.json"
    subprocess.run([tenon, "run", model, *options, "--profile", profile], check=True, capture_output=True, timeout=120)
    read = Explain(tenon, model, *options, "--profile", profile, "--json").json()
    with open(profile) as file:
        steps = {s["node"]: s["total_ns"] for s in json.load(file)["steps"] if s["node"]}
    second = [r for r in read["rows"] if r["node"] == "second"][0]
    check(abs(second["cost_us"] - steps["second"] / 1e3) < 1e-3, f"{second} {steps}")
    total = read["totals"]["cost_us"]
    check(abs(total - sum(r["cost_us"] for r in read["rows"]) - read["costs"]["other_us"]) < 1e-3, f"total {total}")
    with open(profile) as file:
        outer = sum(s["total_ns"] for s in json.load(file)["steps"] if s["parent"] is None)
    check(abs(total - outer / 1e3) < 0.01 * total, f"{total} us, the profile's steps take {outer} ns")
    other = Explain(tenon, model, "-b", "reference", "--profile", profile)
    check(other.code == USAGE and "where the program" in other.err, other.err)
    with open(profile, "w") as file:
        file.write("no JSON")
    broken = Explain(tenon, model, *options, "--profile", profile)
    check(broken.code == USAGE and 'expected' in broken.err, broken.err)


def check_files(tenon, model, folder):
    options = ["-b", "simulator,reference", "--set", "simulator.claim=ops:Neg,Relu"]
    made = Explain(tenon, model, *options, "--onnx", f"{folder}/a.onnx", "--html", f"{folder}/a.html")
    check(made.code == OK, made.err)
    annotated = onnx.load(f"{folder}/a.onnx")
    onnx.checker.check_model(annotated, full_check=True)
    said = {n.name: {p.key: p.value for p in n.metadata_props} for n in annotated.graph.node}
    check(said["second"]["tenon.backend"] == "reference" and "option claim" in said["second"]["tenon.not.simulator"] and
          said["first"]["tenon.backend"] == "simulator" and said["second"]["tenon.cost_us"].endswith("modelled"), said)
    branch = next(a.g for a in annotated.graph.node[-1].attribute if a.name == "then_branch")
    check(branch.node[0].metadata_props[0].value == "simulator", branch)
    x, c = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32), np.array(True)
    runs = [ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x, "c": c})[0]
            for path in (model, f"{folder}/a.onnx")]
    check(np.array_equal(*runs), "the annotated model computes something else")
    with open(f"{folder}/a.html") as file:
        page = file.read()
    check(not re.search(r"(src|href)=|https?:|@import|url\(", page), "the page refers to something outside")
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)[1])
    check(data["report"]["totals"]["nodes"] == 8, "the page's data")
    unwritable = Explain(tenon, model, "--html", f"{folder}/none/a.html")
    check(unwritable.code == NOT_WRITABLE, f"unwritable: {unwritable.code} {unwritable.err}")
    names = save(f"{folder}/names.onnx", [helper.make_node("Neg", ["x"], ["y"], name="</script><b>")])
    Explain(tenon, names, "--html", f"{folder}/b.html")
    with open(f"{folder}/b.html") as file:
        check("</script><b>" not in file.read(), "a name ends the script")


def check_rewritten(tenon, folder):
    """A node that is said in an older revision brings helpers, which say whose they are."""
    nodes = [helper.make_node("Softmax", ["x"], ["y"], name="s", axis=0)]
    report = Explain(tenon, save(f"{folder}/s.onnx", nodes), "-b", "reference", "--json").json()
    check([r["node"] for r in report["rows"] if not r["origin"]] == ["s"], report["rows"])


def check_arguments(tenon, model, folder):
    for arguments, code, text in (
            (["--mesure"], USAGE, "--measure"),
            (["--measure", "--profile", "p"], USAGE, "excludes"),
            (["--input", "c=zeros"], USAGE, "--input requires --measure"),
            (["-b", "reference", "--set", "simulator.claim=all"], USAGE, "does not use backend"),
            (["--dim", "M=3"], USAGE, "no dimension named 'M'"),
            (["-b", "nonsense"], USAGE, "nonsense"),
            (["--profile", f"{folder}/none.json"], USAGE, "none.json")):
        done = Explain(tenon, model, *arguments)
        check(done.code == code and text in done.err, f"explain {arguments}: {done.code} {done.err}")
    missing = Explain(tenon, f"{folder}/none.onnx")
    check(missing.code == REJECTED and "none.onnx" in missing.err, f"missing: {missing.code} {missing.err}")


def main():
    tenon = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        model = chain(os.path.join(folder, "chain.onnx"))
        check_placement(tenon, model)
        check_refusals(tenon, model)
        check_ten(tenon, folder)
        check_measured(tenon, model, folder)
        check_files(tenon, model, folder)
        check_rewritten(tenon, folder)
        check_arguments(tenon, model, folder)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
