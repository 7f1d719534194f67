#!/usr/bin/env python3
"""Run models with tenon and with ONNX Runtime on the same inputs, and compare every output.

usage: equal_to_onnxruntime.py --session RUN_SESSION [--set fast|sanitized|slow|nightly] [--seeds N] [--backends LIST [--backend-file FILE]] MODEL.onnx...

Floats may differ by 1e-4 of the output's largest magnitude (in all steps of a chain: ONNX Runtime's Sigmoid is off by 1e-7
however small its value is), all else must be equal. All shapes of a model (model_inputs.py)
run in random order through one session, twice or more: on `reference`, on `simulator` alone, and on `simulator,reference` with random
claims; the memory kind of seed N is N modulo 3 (nightly: every memory kind). Memory is bounded: the plans that a session keeps
stay below its limit, which is half of what all shapes need but for the first session, which plans each shape once; the last
round needs no more memory than the one before. The validation layer is on, and a complaint of it is a failure (sanitized: with it
and without). What a sanitizer finds ends the program with an exit code that is not 0, so it is a failure, too.
With --backends the models run on these alone. Graphs without weights are filled by inflate_models.py beforehand.
Needs the Python packages numpy, onnx and onnxruntime. Ends with a line "N passed, N failed", in runs.
"""
import argparse
import os
import random
import sys
import tempfile

import numpy as np
import onnxruntime as ort

from model_inputs import inputs_of, make_inputs
from tenon_session import SessionEnded, TenonError, TenonSession

BOUND = 1e-4
MEMORY = ("locked", "handle", "unified")
SMALL = ("text_direction", "mobilenet_v2", "bert_mini", "magika", "lstm_tagger")  # 50 seeds at night; the others 5
LARGEST = 256 << 20  # bytes: the embedding of gpt2 is one tensor of 154 MB
ROUNDS = {"fast": 1, "sanitized": 1, "slow": 2, "nightly": 4}
SLACK = 32 << 20  # bytes by which the last round may raise resident memory: allocators keep what is freed


def configurations(name, args):
    """(backends, options, layers) to run, the plain one first."""
    for backends, options in placements(name, args):
        if args.set == "sanitized":
            yield backends, options, ""
        yield backends, options, "validate"


def placements(name, args):
    if args.backends:
        yield args.backends, {}
        return
    yield "reference", {}
    night = args.set == "nightly"
    if args.set != "fast":
        for memory in MEMORY if night else MEMORY[len(name) % 3:][:1]:
            yield "simulator", {"claim": "all", "memory": memory, "largest_allocation": LARGEST}
    usual = {"fast": 1, "sanitized": 5, "slow": 2, "nightly": 50 if name in SMALL else 5}[args.set]
    for seed in range(usual if args.seeds is None else args.seeds):
        for memory in MEMORY if night else (MEMORY[seed % 3],):
            yield "simulator,reference", {"claim": f"seed:{seed}", "memory": memory, "largest_allocation": LARGEST}


def largest(values):
    """The largest magnitude of finite elements; 0 where there are none."""
    return max((float(np.abs(v[np.isfinite(v)]).max(initial=0)) for v in values if np.issubdtype(v.dtype, np.inexact)), default=0.0)


def difference(got, want, scale):
    """Largest difference of floats relative to `scale`; 0 where all else is equal."""
    if got.shape != want.shape or got.dtype != want.dtype:
        raise TenonError(f"got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}")
    if not want.size:
        return 0.0
    if not np.issubdtype(want.dtype, np.inexact):
        return 0.0 if np.array_equal(got, want) else np.inf
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return np.inf
    worst = np.abs(got[finite].astype(np.float64) - want[finite]).max(initial=0) / (scale or 1.0)
    return float(worst) if np.isfinite(worst) else np.inf


class Case:
    """One set of sizes: the inputs of its steps, and what ONNX Runtime makes of them."""

    def __init__(self, session, row, sizes):
        self.sizes, self.carry = sizes, row.get("carry", {})
        self.names = [output.name for output in session.get_outputs()]
        self.feeds, self.wanted = [], []
        rng = np.random.default_rng(0)
        for step in range(row.get("steps", 1)):
            feeds = make_inputs(row, sizes, rng)
            if step:
                feeds |= self.carried(self.wanted[-1])
            self.feeds.append(feeds)
            self.wanted.append(session.run(None, feeds))
        self.scales = [largest(values) for values in zip(*self.wanted)]

    def carried(self, outputs):
        return {to: outputs[self.names.index(of)] for of, to in self.carry.items()}

    def check(self, tenon):
        """The largest difference of all steps; the session carries its own state."""
        worst, state = 0.0, {}
        for step, (feeds, wanted) in enumerate(zip(self.feeds, self.wanted)):
            outputs = tenon.run(feeds | state)
            state = self.carried(outputs)
            for index, (got, want) in enumerate(zip(outputs, wanted, strict=True)):
                try:
                    worst = max(worst, difference(got, want, self.scales[index]))
                except TenonError as error:
                    raise TenonError(f"step {step}, output {self.names[index]}: {error}") from None
        return worst


class Run:
    """One configuration of one model: a session, its runs, and what they say."""

    def __init__(self, args, model, cases, configuration):
        self.args, self.model, self.cases = args, model, cases
        self.backends, self.options, self.layers = configuration
        self.worst, self.passed, self.failed = 0.0, 0, 0

    def __str__(self):
        settings = [f"{k}={v}" for k, v in self.options.items() if k != "largest_allocation"] + ([f"layers={self.layers}"] if self.args.set == "sanitized" else [])
        return " ".join([os.path.basename(self.model), "on", self.backends, *settings])

    def fail(self, what):
        self.failed += 1
        if self.failed <= 3:
            print(f"FAIL {self}: {what}", flush=True)
        elif self.failed == 4:
            print(f"FAIL {self}: and more", flush=True)

    def go(self, plan_cache):
        """Runs all; gives the bytes of all plans where the cache holds them."""
        arguments = ["-b", self.backends, "--threads", "2"] + [a for k, v in self.options.items() for a in ("--set", f"simulator.{k}={v}")]
        if self.args.backend_file:
            arguments += ["--backend-file", self.args.backend_file]
        if plan_cache:
            arguments += ["--plan-cache", str(plan_cache)]
        after = []
        with tempfile.TemporaryDirectory() as folder:
            tenon = TenonSession(self.args.session, self.model, folder, arguments, self.layers)
            try:
                for number in range(ROUNDS[self.args.set]):
                    for case in random.Random(number).sample(self.cases, len(self.cases)):
                        self.run_case(tenon, case, plan_cache)
                    after.append(tenon.statistics)
                tenon.close()
            except SessionEnded as error:
                self.fail(error)
                return 0
            except TenonError as error:
                self.fail(error)
        if len(after) > 1 and not self.failed:
            self.compare_rounds(*after[-2:], plan_cache)
        if not self.failed:
            print(f"ok   {self.worst:.1e}  {self}: {self.passed} runs, {self.describe(after[-1])}", flush=True)
        return after[0].get("plan_bytes", 0)

    def describe(self, s):
        return (f"{s['plans']} plans ({s['plan_bytes'] / 1e6:.1f} MB), {s['copies']} copies ({s['copied_bytes'] / 1e6:.1f} MB), "
                f"resident {s['resident_bytes'] / 1e6:.0f} MB")

    def run_case(self, tenon, case, plan_cache):
        try:
            error = case.check(tenon)
            self.worst = max(self.worst, error)
            if error <= BOUND:
                self.passed += 1
            else:
                self.fail(f"{case.sizes}: differs by {error:.1e}")
        except SessionEnded:
            raise
        except TenonError as error:
            self.fail(f"{case.sizes}: {error}")
        s = tenon.statistics
        if plan_cache and s and s["plans"] > 1 and s["plan_bytes"] > plan_cache:
            self.fail(f"{case.sizes}: {s['plans']} plans of {s['plan_bytes']} bytes are kept, the limit is {plan_cache}")

    def compare_rounds(self, first, second, plan_cache):
        if not plan_cache and second["replans"] > first["replans"]:
            self.fail(f"the last round planned {second['replans'] - first['replans']} times what was planned before")
        if second["resident_bytes"] > 1.25 * first["resident_bytes"] + SLACK:
            self.fail(f"resident memory grew from {first['resident_bytes']} to {second['resident_bytes']} bytes in the last round")


def check_model(args, model):
    name = os.path.splitext(os.path.basename(model))[0]
    options = ort.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    row = inputs_of(name, session)
    sizes = row["sizes"]
    if args.set in ("fast", "sanitized"):
        sizes = sizes[:2]
    cases = [Case(session, row, size) for size in sizes]
    del session
    passed = failed = plan_bytes = 0
    for configuration in configurations(name, args):
        run = Run(args, model, cases, configuration)
        whole = run.go(plan_bytes // 2 if len(cases) > 1 else 0)
        plan_bytes = plan_bytes or whole
        passed, failed = passed + run.passed, failed + run.failed
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session", required=True, help="the program run_session")
    parser.add_argument("--set", choices=("fast", "sanitized", "slow", "nightly"), default="slow")
    parser.add_argument("--seeds", type=int, help="random claims, instead of the set's number")
    parser.add_argument("--backends", help="instead of reference and simulator")
    parser.add_argument("--backend-file", help="a backend's shared object or manifest")
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    ort.set_default_logger_severity(3)
    passed = failed = 0
    for model in args.models:
        if not os.path.exists(model):
            print(f"FAIL {model}: not there; ./setup --deps-only fetches the models of wheels, inflate_models.py fills graphs")
            failed += 1
            continue
        counts = check_model(args, model)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
