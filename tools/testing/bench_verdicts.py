#!/usr/bin/env python3
"""Test what `tenon bench --against` says: of the same model, and of one with a tenth more of the same work.

usage: bench_verdicts.py TENON [--trials 100] [--seconds 4] [--series same,slower] [--json FILE]

Each trial saves a measurement of a model of 20 equal layers and compares a new one with it: of the same file, or of a model
of 22 such layers, whose kernels have a tenth more to do. Of 100, at most 5 of the same may be FASTER or SLOWER and at most 20
CANNOT TELL; at least 90 of the others must be SLOWER. Other programs may run meanwhile.
"""
import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time

from bench_models import write_convolutions


def bench(arguments, model, *more):
    command = [arguments.tenon, "bench", model, "-b", "reference", "--threads", "1", "--seconds", str(arguments.seconds), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1, 5):
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.returncode, json.loads(done.stdout)


def trial(arguments, top, slower):
    saved = f"{top}/saved.json"
    bench(arguments, f"{top}/layers_20.onnx", "--save", saved)
    code, answer = bench(arguments, f"{top}/layers_{22 if slower else 20}.onnx", "--against", saved)
    against = answer["against"]
    if code != {"SLOWER": 1, "CANNOT TELL": 5}.get(against["verdict"], 0):
        raise RuntimeError(f"exit code {code} with {against}")
    return {**{k: against[k] for k in ("verdict", "difference", "low", "high", "host_difference", "reason")}, "core_wait_share": answer["core_wait_share"]}


def run_series(arguments, top, name):
    counts, trials = collections.Counter(), []
    for i in range(arguments.trials):
        begin = time.monotonic()
        found = trial(arguments, top, name == "slower")
        trials.append(found)
        counts[found["verdict"]] += 1
        print(f"{name} {i + 1:3}: {found['verdict']:11} {100 * found['difference']:+6.2f} % [{100 * found['low']:+6.2f}, {100 * found['high']:+6.2f}]"
              f"  host {100 * found['host_difference']:+.1f} %, waited {100 * found['core_wait_share']:.0f} %, {time.monotonic() - begin:.0f} s  {found['reason']}", flush=True)
    truth = 0.1 if name == "slower" else 0.0
    covered = sum(t["low"] <= truth <= t["high"] for t in trials)
    print(f"{name}: {dict(counts)}; the interval held {100 * truth:.0f} % in {covered} of {arguments.trials}", flush=True)
    return counts, trials


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tenon")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--series", default="same,slower")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    wrong, report = [], {}
    with tempfile.TemporaryDirectory() as top:
        for layers in (20, 22):
            write_convolutions(f"{top}/layers_{layers}.onnx", layers, size=16)
        for name in arguments.series.split(","):
            counts, report[name] = run_series(arguments, top, name)
            share = {verdict: count / arguments.trials for verdict, count in counts.items()}
            if name == "same" and share.get("FASTER", 0) + share.get("SLOWER", 0) > 0.05:
                wrong.append("the same model: more than 5 of 100 FASTER or SLOWER")
            if name == "same" and share.get("CANNOT TELL", 0) > 0.2:
                wrong.append("the same model: more than 20 of 100 CANNOT TELL")
            if name == "slower" and share.get("SLOWER", 0) < 0.9:
                wrong.append("a tenth more work: fewer than 90 of 100 SLOWER")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(report, file)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
