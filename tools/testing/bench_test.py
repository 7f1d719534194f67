#!/usr/bin/env python3
"""Test `tenon bench`: arguments, sweeps, callers, rates, comparison with saved results, outputs, JSON by its schema.

usage: bench_test.py TENON SCHEMA.json
"""
import json
import os
import subprocess
import sys
import tempfile

import jsonschema
import numpy as np

from bench_models import write_convolutions

FAILURES = []


def check(good, what):
    print("ok  " if good else "FAIL", what, flush=True)
    if not good:
        FAILURES.append(what)


class Bench:
    def __init__(self, tenon, schema, model):
        self.tenon, self.model = tenon, model
        with open(schema) as file:
            self.validator = jsonschema.Draft202012Validator(json.load(file))

    def run(self, *arguments, model=None):
        command = [self.tenon, "bench", model or self.model, "-b", "reference", "--warmup", "0", *arguments]
        if "--seconds" not in arguments:
            command += ["--seconds", "0.1"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def json(self, *arguments):
        done = self.run("--json", *arguments)
        if not done.stdout:
            raise RuntimeError(f"{arguments}: exit {done.returncode}: {done.stderr}")
        answer = json.loads(done.stdout)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in self.validator.iter_errors(answer)]
        check(not errors, f"JSON of {arguments} is as its schema says {errors[:3]}")
        return done.returncode, answer


def test_arguments(bench, top):
    for arguments, code, part in (
        (["--dim", "N"], 2, "expected NAME=V"),
        (["--dim", "N=1,,2"], 2, "'' is no number"),
        (["--threads", "1,,2"], 2, "'' is no number"),
        (["--dim", "N=1", "--dim", "N=2"], 2, "given twice"),
        (["--dim", "M=1"], 2, "M"),
        (["--streams", "0"], 2, "--streams"),
        (["--rate", "10", "--save", f"{top}/s.json"], 2, "--rate can't be saved"),
        (["--rate", "0.01"], 2, "brings no run"),
        (["--arrivals", "often"], 2, "--arrivals"),
        (["--sekonds", "1"], 2, "--seconds"),
        (["--against", f"{top}/missing.json"], 2, "can't be read"),
        (["--against", bench.model], 2, "no result of tenon bench"),
        (["--input", "x=rand:shape=1x3x24x24"], 2, "16"),
        (["--save", f"{top}/missing/s.json"], 5, "not writable"),
        (["--output-dir", f"{bench.model}/out"], 5, "can't be made"),
        (["--budget", "1000"], 4, "budget"),
    ):
        done = bench.run(*arguments)
        check(done.returncode == code and part in done.stderr and not done.stdout,
              f"{arguments} is exit code {code} and says '{part}' (was {done.returncode}: {done.stderr.strip()[-200:]})")
    check(bench.run(model=f"{top}/missing.onnx").returncode == 3, "a missing model is exit code 3")


def test_one_point(bench, top):
    code, answer = bench.json("--dim", "N=2", "--threads", "1", "--output-dir", f"{top}/bench_out")
    latency = answer["latency_ms"]
    check(code == 0 and answer["version"] == 1 and answer["backends"] == ["reference"] and answer["runs"] >= 3, "one point stands at the top")
    check(0 < latency["min"] <= latency["p50"] <= latency["p90"] <= latency["p99"], "percentiles rise")
    check(answer["first_output_ms"] >= answer["load_ms"] > 0 and answer["arena_bytes"] >= answer["arena_lower_bound_bytes"] > 0, "load and arena")
    check("series" not in answer and "against" not in answer, "series are for --save only")
    subprocess.run([bench.tenon, "run", bench.model, "-b", "reference", "--dim", "N=2", "--output-dir", f"{top}/run_out"], check=True, capture_output=True)
    check(os.listdir(f"{top}/bench_out") == ["output_0.npy"]
          and np.array_equal(np.load(f"{top}/bench_out/output_0.npy"), np.load(f"{top}/run_out/output_0.npy")), "--output-dir has what tenon run writes")
    text = bench.run("--dim", "N=2").stdout
    check(all(f"\n  {word}" in "\n" + text or text.startswith(word) for word in ("latency", "of it", "load", "memory", "bound")), "text has its lines")


def test_sweep(bench):
    code, answer = bench.json("--dim", "N=256,1", "--threads", "1,2")
    points = [(r["dims"], r["threads"]) for r in answer["results"]]
    check(code == 0 and points == [(["N=256"], 1), (["N=256"], 2), (["N=1"], 1), (["N=1"], 2)], f"a sweep has every combination ({points})")
    peaks = [r["peak_rss_mb"] for r in answer["results"]]
    check(peaks[2] < peaks[1] - 10, f"a point's peak memory is its own ({peaks})")
    code, answer = bench.json("-b", "simulator")
    check([r["requested_backends"] for r in answer["results"]] == ["reference", "simulator"], "-b again is a sweep, too")
    lines = bench.run("--dim", "N=1,2", "--threads", "1").stdout.splitlines()
    check(lines[0].split()[:3] == ["N", "thr", "p50"] and [line.split()[0] for line in lines[1:3]] == ["1", "2"], f"its text is a table ({lines})")
    done = bench.run("--dim", "N=1,2", "--input", "x=rand:shape=1x16x24x24")
    check(done.returncode == 2 and "N=2: " in done.stderr, "a failure names the point")


def test_load(bench):
    _, answer = bench.json("--streams", "3", "--threads", "1")
    check(answer["streams"] == 3 and answer["runs"] >= 3, "several callers")
    _, answer = bench.json("--rate", "100", "--arrivals", "fixed", "--seconds", "0.5", "--streams", "2")
    rate = answer["rate"]
    check(answer["runs"] + rate["unserved"] == 50 and 0 <= rate["late_share"] <= 1, "a rate has its number of runs")
    check(answer["latency_ms"]["p50"] >= rate["wait_ms"]["p50"] > 0, "latency counts from the arrival")
    _, answer = bench.json("--rate", "100000", "--seconds", "0.2")
    check(answer["rate"]["unserved"] > 0 and answer["rate"]["late_share"] > 0.9 and any("more than it can do" in w for w in answer["warnings"]),
          "too high a rate is told")
    # Half of the runs arrive in the first half of the time, and none of them is forgotten.
    check(answer["latency_ms"]["p50"] > 50, f"what waits counts with its whole wait ({answer['latency_ms']})")
    check(any("take turns" in w for w in bench.json("--threads", "1000")[1]["warnings"]), "more threads than cores are warned of")


def test_against(bench, top):
    saved = f"{top}/saved.json"
    arguments = ["--threads", "1", "--dim", "N=1", "--seconds", "0.5"]
    check(bench.run(*arguments, "--save", saved).returncode == 0, "--save")
    with open(saved) as file:
        whole = json.load(file)
    check(not list(bench.validator.iter_errors(whole)), "a saved file is as the schema says")

    def doctored(key, factor, processor=whole["processor"]):
        copy = {**json.loads(json.dumps(whole)), "processor": processor}
        copy["series"][key] = [time * factor for time in copy["series"][key]]
        path = f"{top}/{key}_{factor}.json"
        with open(path, "w") as file:
            json.dump(copy, file)
        return path

    for file, margin, verdict, expected in (
        (doctored("model_ms", 1), "50", "SAME", 0), (doctored("model_ms", 0.4), "5", "SLOWER", 1), (doctored("model_ms", 2.5), "5", "FASTER", 0),
        (doctored("stream_ms", 4, "another"), "5", "CANNOT TELL", 5),
    ):
        code, answer = bench.json(*arguments, "--against", file, "--margin", margin)
        against = answer["against"]
        check((code, against["verdict"]) == (expected, verdict), f"{verdict} is exit code {expected} (was {code}, {against})")
        check(against["low"] <= against["difference"] <= against["high"] and (against["reason"] != "") == (verdict == "CANNOT TELL"), f"{verdict} has an interval")
    done = bench.run(*arguments, "--against", doctored("model_ms", 0.4))
    check("against" in done.stdout and "SLOWER +" in done.stdout, "text has the verdict")
    for other in (["--threads", "2", "--dim", "N=1"], ["--threads", "1", "--dim", "N=3"], ["--threads", "1", "--dim", "N=1", "--streams", "2"],
                  ["--threads", "1", "--dim", "N=1", "--input", "x=zeros"]):
        done = bench.run(*other, "--against", saved)
        check(done.returncode == 2 and "has no measurement with" in done.stderr, f"{other} can't be compared")
    code, answer = bench.json(*arguments, "--class", "strict", "--against", saved)
    check(any("--class" in text for text in answer["against"]["differences"]), f"what else differs is told ({answer['against']['differences']})")
    code, answer = bench.json("--threads", "1", "--dim", "N=1,2", "--save", f"{top}/sweep.json")
    code, answer = bench.json("--threads", "1", "--dim", "N=2,1", "--against", f"{top}/sweep.json", "--margin", "50")
    check(len([r["against"] for r in answer["results"]]) == 2, "a sweep is compared point by point")


def main():
    with tempfile.TemporaryDirectory() as top:
        model = f"{top}/model.onnx"
        write_convolutions(model, 2, batch="N")
        bench = Bench(sys.argv[1], sys.argv[2], model)
        test_arguments(bench, top)
        test_one_point(bench, top)
        test_sweep(bench)
        test_load(bench)
        test_against(bench, top)
    print(f"{len(FAILURES)} failed")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
