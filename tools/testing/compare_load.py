#!/usr/bin/env python3
"""Compare opening models and their first outputs with ONNX Runtime's: time and resident memory.

usage: compare_load.py RUN_TIMES [--rounds 7] [--memory] [--zoo] [--tests FOLDER]... [MODEL.onnx...]

Both sides start in a process with its libraries loaded and use one thread. Time: what Tenon takes from opening the file to
the first output on `reference`, less the time in kernels, against ONNX Runtime's creation of a session; medians over
interleaved rounds. --zoo: the graphs of graphs/zoo/, too; --tests: tests as ONNX keeps them, below FOLDER. Memory: growth of resident memory up to the first output. Prints a table; exit code 1 where Tenon needs
more time, with --memory also where it needs more memory.
"""
import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

import zoo
from graphs.inflate_models import inflate
from model_inputs import MODELS, inputs_of, make_inputs

ORT = """
import json, sys, time, numpy as np, onnxruntime as ort
ort.set_default_logger_severity(3)
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096
feeds = dict(np.load(sys.argv[2]))
before, begin = resident(), time.perf_counter()
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
load = time.perf_counter() - begin
session.run(None, feeds)
print(json.dumps({'load_ms': load * 1e3, 'grown': resident() - before}))
"""


def measure_tenon(program, model, folder, feeds):
    inputs = [f"{name}=@{folder}/{index}.npy" for index, name in enumerate(feeds)]
    text = subprocess.run([program, model, "1", *inputs], capture_output=True, text=True, check=True).stdout
    first, kernels, grown = re.search(r"after ([\d.]+) ms, ([\d.]+) ms of it.*grew by (-?\d+)", text).groups()
    return float(first) - float(kernels), int(grown)


def measure_ort(model, folder):
    text = subprocess.run([sys.executable, "-c", ORT, model, f"{folder}/feeds.npz"], capture_output=True, text=True, check=True).stdout
    result = json.loads(text)
    return result["load_ms"], result["grown"]


def of_models(paths):
    """(label, path, inputs) of each model."""
    for path in paths:
        name = os.path.splitext(os.path.basename(path))[0]
        row = inputs_of(name, ort.InferenceSession(path, providers=["CPUExecutionProvider"]))
        yield name, path, make_inputs(row, row["sizes"][0], np.random.default_rng(0))


def of_zoo():
    MODELS.update(zoo.read_table())
    for file in sorted(f for f in os.listdir(zoo.FOLDER) if f.endswith(".onnx")):
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(inflate(onnx.load(f"{zoo.FOLDER}/{file}")), f"{folder}/{file}")
            yield from of_models([f"{folder}/{file}"])


def of_tests(folders):
    """Tests as ONNX keeps them, with their first data set; None for the inputs where ONNX Runtime refuses, or one is no tensor of numbers."""
    for top, _, files in sorted(step for folder in folders for step in os.walk(folder)):
        if "model.onnx" not in files:
            continue
        try:
            inputs = ort.InferenceSession(f"{top}/model.onnx", providers=["CPUExecutionProvider"]).get_inputs()
            feeds = {i.name: numpy_helper.to_array(onnx.load_tensor(f"{top}/test_data_set_0/input_{n}.pb")) for n, i in enumerate(inputs)}
        except Exception:
            feeds = None
        strings = feeds and any(value.dtype == object for value in feeds.values())  # what run_times does not read
        yield os.path.basename(top), f"{top}/model.onnx", None if strings else feeds


def compare(args, model, feeds):
    """Medians: (Tenon's ms, ONNX Runtime's), (Tenon's bytes, ONNX Runtime's)."""
    with tempfile.TemporaryDirectory() as folder:
        for index, value in enumerate(feeds.values()):
            np.save(f"{folder}/{index}.npy", value)
        np.savez(f"{folder}/feeds.npz", **feeds)
        rounds = [(measure_tenon(args.run_times, model, folder, feeds), measure_ort(model, folder)) for _ in range(args.rounds)]
    return [[statistics.median(r[side][what] for r in rounds) for side in (0, 1)] for what in (0, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_times")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("--tests", action="append", default=[], metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    ort.set_default_logger_severity(4)
    met = missed = skipped = 0
    print(f"{'model':38} {'Tenon ms':>9} {'ORT ms':>9} {'ratio':>6} {'Tenon MB':>9} {'ORT MB':>9} {'ratio':>6}", flush=True)
    for name, model, feeds in itertools.chain(of_models(args.models), of_zoo() if args.zoo else (), of_tests(args.tests)):
        if feeds is None:
            skipped += 1
            continue
        try:
            time, grown = compare(args, model, feeds)
        except subprocess.CalledProcessError as error:
            print(f"FAIL {name}: {error.stderr.strip()}", flush=True)
            missed += 1
            continue
        bad = time[0] > time[1] or (args.memory and grown[0] > grown[1])
        met, missed = met + (not bad), missed + bad
        print(f"{name:38} {time[0]:9.1f} {time[1]:9.1f} {time[0] / time[1]:6.2f} {grown[0] / 1e6:9.1f} "
              f"{grown[1] / 1e6:9.1f} {grown[0] / max(grown[1], 1):6.2f}{'  MISSED' if bad else ''}", flush=True)
    print(f"{met} met, {missed} missed, {skipped} skipped: ONNX Runtime refuses them, or an input is no tensor of numbers")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
