#!/usr/bin/env python3
"""Run models with many shapes through one session, in random order: its memory stays bounded.

usage: plan_memory.py RUN_SESSION FOLDER_OF_GRAPHS FOLDER_OF_FETCHED

The plans that a session keeps stay below its limit (--plan-cache), and resident memory does not grow once the largest shapes
were there. Values are those of model_inputs.py; results are not looked at (equal_to_onnxruntime.py does).
"""
import argparse
import random
import sys
import tempfile

import numpy as np

from model_inputs import MODELS, make_inputs, table
from tenon_session import TenonSession

LIMIT = 1 << 20
SLACK = 16 << 20
SHAPES = {"text_recognition": table(N=(1,), W=range(32, 641, 8)), "bert_mini": table(N=(1, 3), S=range(2, 129, 3)),
          "lstm_tagger": table(N=(1, 3), S=range(2, 129, 3))}


def run(program, path, name, backends):
    """Gives what went wrong, or None."""
    sizes, row = SHAPES[name], MODELS[name]
    rng = random.Random(0)
    order = [sizes[-1], sizes[0], *rng.sample(sizes, len(sizes)), *rng.sample(sizes, len(sizes))]
    resident = []
    with tempfile.TemporaryDirectory() as folder:
        session = TenonSession(program, path, folder, ["-b", backends, "--threads", "2", "--plan-cache", str(LIMIT)], layers="")
        for size in order:
            session.run(make_inputs(row, size, np.random.default_rng(0)))
            s = session.statistics
            if s["plan_bytes"] > LIMIT:
                return f"{size}: plans of {s['plan_bytes']} bytes, the limit is {LIMIT}"
            resident.append(s["resident_bytes"])
        session.close()
    early, late = max(resident[:len(sizes)]), max(resident)
    print(f"{name} on {backends}: {len(order)} runs of {len(sizes)} shapes, {s['replans']} plans made, {s['plans']} kept "
          f"({s['plan_bytes'] / 1e6:.1f} MB), resident {resident[0] / 1e6:.0f}, {early / 1e6:.0f}, {late / 1e6:.0f} MB", flush=True)
    if s["plans"] < 2 or s["replans"] < len(sizes):
        return "the limit was not reached: nothing was tested"
    return None if late <= early + SLACK else f"resident memory grew from {early} to {late} bytes with shapes that were there before"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_session")
    parser.add_argument("graphs")
    parser.add_argument("fetched")
    args = parser.parse_args()
    failed = 0
    for name in SHAPES:
        folder = args.fetched if name == "text_recognition" else args.graphs
        for backends in "reference", "simulator":
            wrong = run(args.run_session, f"{folder}/{name}.onnx", name, backends)
            if wrong:
                print(f"FAIL {name} on {backends}: {wrong}", flush=True)
                failed += 1
    print(f"{2 * len(SHAPES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
