#!/usr/bin/env python3
"""Compare opening a model and its first output with ONNX Runtime's: time and resident memory.

usage: compare_load.py RUN_TIMES MODEL.onnx [--rounds 7]

Both sides start in a process with its libraries loaded and use one thread. Time: what Tenon takes from opening the file to
the first output, less the time in kernels, against ONNX Runtime's creation of a session; medians over interleaved rounds.
Memory: growth of resident memory up to the first output. Exit code 1 where Tenon needs more of either.
"""
import argparse
import json
import re
import statistics
import subprocess
import sys

ORT = """
import json, sys, time, numpy as np, onnxruntime as ort
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096
before, begin = resident(), time.perf_counter()
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
load = time.perf_counter() - begin
info = session.get_inputs()[0]
x = np.zeros([d if isinstance(d, int) and d > 0 else 1 for d in info.shape], np.float32)
session.run(None, {info.name: x})
print(json.dumps({'load_ms': load * 1e3, 'first_ms': (time.perf_counter() - begin) * 1e3, 'grown': resident() - before - x.nbytes}))
"""


def measure_tenon(program, model):
    text = subprocess.run([program, model, "1"], capture_output=True, text=True, check=True).stdout
    first, kernels, grown = re.search(r"after ([\d.]+) ms, ([\d.]+) ms of it.*grew by (-?\d+)", text).groups()
    return float(first) - float(kernels), int(grown)


def measure_ort(model):
    text = subprocess.run([sys.executable, "-c", ORT, model], capture_output=True, text=True, check=True).stdout
    result = json.loads(text)
    return result["load_ms"], result["grown"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_times")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    rounds = [(measure_tenon(args.run_times, args.model), measure_ort(args.model)) for _ in range(args.rounds)]
    missed = 0
    for index, (what, unit) in enumerate((("first output without kernels / load", "ms"), ("growth of resident memory", "MB"))):
        tenon, ort = (statistics.median(r[side][index] for r in rounds) * (1e-6 if unit == "MB" else 1) for side in (0, 1))
        print(f"{what}: Tenon {tenon:.1f} {unit}, ONNX Runtime {ort:.1f} {unit}, ratio {tenon / ort:.2f}", flush=True)
        missed += tenon > ort
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
