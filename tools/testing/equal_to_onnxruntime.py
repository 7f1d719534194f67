#!/usr/bin/env python3
"""Run models with tenon and with ONNX Runtime on the same inputs, and compare every output.

usage: equal_to_onnxruntime.py --tenon PROGRAM [--set fast|sanitized|slow|nightly] MODEL.onnx...

The largest error relative to the largest magnitude of the output must be at most 1e-4. Each model runs on `reference`,
on `simulator` alone with each memory kind, and on `simulator,reference` with random claims; the memory kind of seed N is
N modulo 3 (nightly: all combinations). The validation layer is on, and a complaint of it is a failure (sanitized: with it
and without). What a sanitizer finds ends the program with an exit code that is not 0, so it is a failure, too.
Graphs without weights are filled by inflate_models.py beforehand.
Needs the Python packages numpy, onnx and onnxruntime. Ends with a line "N passed, N failed".
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime as ort

BOUND = 1e-4
MEMORY = ("locked", "handle", "unified")
SHAPES = {  # inputs per model: one list of shapes per run, batch 1 and, where the graph allows it, 3
    "text_direction": [[1, 3, 48, 192], [3, 3, 48, 192]],
    "resnet50": [[1, 3, 224, 224], [3, 3, 224, 224]],
    "mobilenet_v2": [[1, 3, 224, 224], [3, 3, 224, 224]],
    "unet": [[1, 3, 256, 256], [3, 3, 256, 256]],
    "resnet50_opset23": [[1, 3, 224, 224]],
}
SMALL = ("text_direction", "mobilenet_v2")  # 50 seeds; the others 5


def key_of(path):
    name = os.path.splitext(os.path.basename(path))[0]
    return name


def configurations(name, level):
    """(backends, options, layers) to run, the plain one first."""
    if level != "sanitized":
        yield from ((*c, "validate") for c in placements(name, level))
        return
    for backends, options in placements(name, level):
        for layers in "", "validate":
            yield backends, options, layers


def placements(name, level):
    yield "reference", {}
    if level == "fast":
        seeds = range(3 if name in SMALL else 0)
    elif level == "sanitized":
        seeds = range(5)
    else:
        seeds = range(50 if name in SMALL else 5)
        for memory in MEMORY:
            yield "simulator", {"claim": "all", "memory": memory}
    for seed in seeds:
        for memory in MEMORY if level == "nightly" else (MEMORY[seed % 3],):
            yield "simulator,reference", {"claim": f"seed:{seed}", "memory": memory}


def run_tenon(tenon, model, backends, options, layers, feeds, folder):
    command = [tenon, "run", model, "-b", backends, "--output-dir", folder]
    for name, value in options.items():
        command += ["--set", f"simulator.{name}={value}"]
    for name in feeds:
        command += ["--input", f"{name}=@{folder}/{name}.npy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, "TENON_LAYERS": layers})
    complaints = [line for line in done.stderr.splitlines() if "validate" in line and not line.startswith("tenon: info: ")]
    if done.returncode or complaints:
        raise RuntimeError("\n".join([f"exit {done.returncode}", *complaints[:5], done.stderr[-2000:]]))


def error_of(folder, reference):
    worst = 0.0
    for index, want in enumerate(reference):
        got = np.load(f"{folder}/output_{index}.npy")
        if got.shape != want.shape or got.dtype != want.dtype:
            raise RuntimeError(f"output {index}: got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}")
        scale = np.abs(want).max() or 1.0
        worst = max(worst, float(np.abs(got - want).max() / scale))
    return worst


def check_model(args, model, folder):
    name, passed, failed = key_of(model), 0, 0
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    shapes = SHAPES.get(name) or [[d if isinstance(d, int) and d > 0 else 1 for d in session.get_inputs()[0].shape]]
    for shape in shapes[: 1 if args.set in ("fast", "sanitized") else None]:
        feeds = {session.get_inputs()[0].name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
        reference = session.run(None, feeds)
        for key, value in feeds.items():
            np.save(f"{folder}/{key}.npy", value)
        for backends, options, layers in configurations(name, args.set):
            settings = [f"{k}={v}" for k, v in options.items()] + ([f"layers={layers}"] if args.set == "sanitized" else [])
            label = f"{name} batch {shape[0]} on {backends} {' '.join(settings)}".strip()
            try:
                run_tenon(args.tenon, model, backends, options, layers, feeds, folder)
                error = error_of(folder, reference)
                good = error <= BOUND
                print(f"{'ok  ' if good else 'FAIL'} {error:.1e}  {label}", flush=True)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                good = False
                print(f"FAIL {label}: {failure}", flush=True)
            passed, failed = passed + good, failed + (not good)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--set", choices=("fast", "sanitized", "slow", "nightly"), default="slow")
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    ort.set_default_logger_severity(3)
    passed = failed = 0
    for model in args.models:
        with tempfile.TemporaryDirectory() as folder:
            counts = check_model(args, model, folder)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
