#!/usr/bin/env python3
"""Compare Tenon with ONNX Runtime on graphs/zoo/, architectures exported from PyTorch by make_zoo.py, in all sizes.

usage: zoo.py --session RUN_SESSION [--set fast|sanitized|slow|nightly] [--seeds N] [NAME...]

graphs/zoo/zoo.json says of each graph what its inputs hold and which sizes to run. The graphs are filled with
weights in memory, and run and compared as equal_to_onnxruntime.py says. Ends with a line
"N passed, N failed, N skipped", in runs; skipped are the graphs of OPEN.
Needs the Python packages numpy, onnx and onnxruntime.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "graphs", "zoo")
sys.path.append(os.path.join(HERE, "graphs"))
OPEN = {}  # what must fail still, and why


def values_of(kind, low, high):
    """A maker of inputs: integers or uniform floats from low up to but not including high."""
    if kind.startswith("float"):
        return lambda rng, shape: rng.uniform(low, high, shape).astype(kind)
    return lambda rng, shape: rng.integers(low, high, shape).astype(kind)


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


def row_of(entry):
    """A row as model_inputs.py has them; an input without values is float32, standard normal."""
    inputs = {
        name: (shape, values_of(*values) if values else normal) for name, (shape, *values) in entry["inputs"].items()
    }
    return {"inputs": inputs, "sizes": entry["sizes"]}


def read_table(path=f"{FOLDER}/zoo.json"):
    with open(path) as file:
        return {name: row_of(entry) for name, entry in json.load(file)["graphs"].items()}


def main():
    import equal_to_onnxruntime as equal
    import onnx
    from inflate_models import inflate
    from model_inputs import MODELS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session", required=True, help="the program run_session")
    parser.add_argument("--set", choices=("fast", "sanitized", "slow", "nightly"), default="slow")
    parser.add_argument("--seeds", type=int, help="random claims, instead of the set's number")
    parser.add_argument("names", nargs="*", help="of graphs, or of architectures; all where none is given")
    parser.set_defaults(backends=None, backend_file=None)
    args = parser.parse_args()
    equal.ort.set_default_logger_severity(3)
    rows = read_table()
    MODELS.update(rows)
    wanted = [n for n in rows if not args.names or {n, n.rpartition("_")[0]} & set(args.names)]
    unknown = set(args.names) - set(wanted) - {n.rpartition("_")[0] for n in wanted}
    if unknown or set(rows) != {f[:-5] for f in os.listdir(FOLDER) if f.endswith(".onnx")}:
        sys.exit(f"zoo.py: not in zoo.json, or not in both: {sorted(unknown) or 'graphs and table differ'}")
    passed = failed = skipped = 0
    for name in wanted:
        hidden = contextlib.redirect_stdout(io.StringIO()) if name in OPEN else contextlib.nullcontext()
        with tempfile.TemporaryDirectory() as folder, hidden:
            onnx.save(inflate(onnx.load(f"{FOLDER}/{name}.onnx")), f"{folder}/{name}.onnx")
            counts = equal.check_model(args, f"{folder}/{name}.onnx")
        if name not in OPEN:
            passed, failed = passed + counts[0], failed + counts[1]
        elif counts[1]:
            skipped += 1
            print(f"skip {name}: {OPEN[name]}")
        else:
            failed += 1
            print(f"FAIL {name}: passes; strike it from OPEN")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
