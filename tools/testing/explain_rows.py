#!/usr/bin/env python3
"""Test that the rows of `tenon explain` add up to the program, for random claims of the simulator.

usage: explain_rows.py --tenon TENON [--seeds N] [--zoo] [MODEL...]

With `-b simulator,reference --set simulator.claim=seed:N`, of each model, subgraphs included: the rows are the nodes of the
program (`inspect --stage program --json`), its copies and its reorders, no more and no less; and every node of the optimised
graph (`inspect --stage optimised --onnx`) is one row, the others say which node they are for. --zoo adds the graphs of
graphs/zoo/. Ends with a line "N passed, N failed".
Needs the Python packages numpy and onnx.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

import onnx

MEMORY = ("locked", "unified", "handle")
COMPILE = ("on", "off")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "graphs"))


def call(tenon, *arguments):
    done = subprocess.run([tenon, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"tenon {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def nodes_of(graph, path=""):
    """(path, name) of each node, as explain names them."""
    for node in graph.node:
        yield path, node.name
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from nodes_of(attribute.g, (path + "/" if path else "") + f"{node.name}/{attribute.name}")


def count_program(program, counts):
    """Names of nodes, and how many copies and reorders there are."""
    for node in program["nodes"]:
        counts["node", node["name"]] += 1
        for subprogram in node.get("subprograms", []):
            count_program(subprogram, counts)
    for step in program["steps"]:
        if step["kind"] == "copy":
            counts["copy", ""] += 1
        elif step["kind"] == "kernel" and step["node"] < 0 and not step["segment"]:
            counts["reorder", ""] += 1
    return counts


def complaints(report, program, optimised):
    rows = report["rows"]
    inserted = ("copy", "reorder")
    listed = collections.Counter((r["kind"] if r["kind"] in inserted else "node", r["node"]) for r in rows)
    made = count_program(program, collections.Counter())
    if listed != made:
        yield f"rows that the program lacks: {dict(listed - made)}, nodes without a row: {dict(made - listed)}"
    own = collections.Counter((r["path"], r["node"]) for r in rows if r["kind"] not in inserted and not r["origin"])
    wanted = collections.Counter(nodes_of(optimised))
    if own != wanted:
        yield f"rows of no node: {dict(own - wanted)}, nodes of the optimised graph without: {dict(wanted - own)}"
    for row in rows:
        if row["origin"] and (row["path"], row["origin"]) not in wanted:
            yield f"row {row['node']} is for {row['origin']}, which is no node"
    totals = report["totals"]
    if totals["rows"] != len(rows) or totals["nodes"] + totals["copies"] + totals["reorders"] != len(rows):
        yield f"{len(rows)} rows, but totals {totals}"
    if sum(group["rows"] for group in report["groups"]) != len(rows):
        yield "the groups have not all rows"
    if abs(totals["cost_us"] - sum(row["cost_us"] for row in rows)) > 1e-6 * (1 + totals["cost_us"]):
        yield "the costs of the rows are not the total"


def check_model(tenon, path, seeds):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        call(tenon, "inspect", path, "--stage", "optimised", "-b", "reference", "--onnx", f"{folder}/o.onnx")
        optimised = onnx.load(f"{folder}/o.onnx").graph
    for seed in seeds:
        options = ["-b", "simulator,reference", "--json"]
        for setting in f"claim=seed:{seed}", f"compile={COMPILE[seed % 2]}", f"memory={MEMORY[seed % 3]}", f"largest_allocation={1 << 30}":
            options += ["--set", f"simulator.{setting}"]
        report = json.loads(call(tenon, "explain", path, *options))
        program = json.loads(call(tenon, "inspect", path, "--stage", "program", *options))
        found = list(complaints(report, program, optimised))
        failed += bool(found)
        for complaint in found:
            print(f"FAIL {os.path.basename(path)}, seed {seed}: {complaint[:500]}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    seeds = range(1, args.seeds + 1)
    failed = runs = 0
    for path in args.models:
        failed += check_model(args.tenon, path, seeds)
        runs += len(seeds)
    if args.zoo:
        from inflate_models import inflate

        zoo = os.path.join(HERE, "graphs", "zoo")
        for name in sorted(f for f in os.listdir(zoo) if f.endswith(".onnx")):
            with tempfile.TemporaryDirectory() as folder:
                onnx.save(inflate(onnx.load(f"{zoo}/{name}")), f"{folder}/{name}")
                failed += check_model(args.tenon, f"{folder}/{name}", seeds)
                runs += len(seeds)
    print(f"{runs - failed} passed, {failed} failed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
