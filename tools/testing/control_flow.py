#!/usr/bin/env python3
"""Models with subgraphs, functions and sizes that are computed: run by tenon and by ONNX Runtime, and compared.

usage: control_flow.py --session PROGRAM
       control_flow.py --write FOLDER

PROGRAM is run_session. Every model runs all its inputs through one session, on `reference`, on `simulator` with
`reference` behind it for what it has no kernel for, and with random claims; the validation layer is on, and a complaint of
it is a failure. --write leaves models there for control_flow_test and out_of_memory_test. Needs the Python packages numpy, onnx and onnxruntime.
Ends with a line "N passed, N failed".
"""
import argparse
import os
import sys
import tempfile

import numpy as np
import onnx
import onnx.parser
import onnxruntime as ort

from tenon_session import TenonError, TenonSession

PLACES = [("reference", {}), ("simulator,reference", {"claim": "all", "memory": "locked"}),
          ("simulator,reference", {"claim": "all", "memory": "handle"}), ("simulator,reference", {"claim": "seed:1", "memory": "unified"}),
          ("simulator,reference", {"claim": "seed:2", "memory": "locked"}), ("simulator,reference", {"claim": "seed:3", "memory": "handle"})]
HEADER = '<ir_version: 9, opset_import: ["" : {opset}, "f" : 1]>\n'
# By name: (opset, text). Inputs are made by the letters in their shapes: N is 1, 3 and 4.
MODELS = {
    "branch": (17, """g (float[N] x, float limit) => (float[M] y) {
        sum = ReduceSum <keepdims = 0> (x)
        is_more = Greater (sum, limit)
        y = If (is_more) <
            then_branch = t () => (float[K] a) { twice = Add (x, x)  a = Concat <axis = 0> (twice, x) },
            else_branch = e () => (float[K] b) { b = Neg (x) }>
    }"""),
    "nested_branches": (17, """g (float[N] x, float limit) => (float[M] y) {
        one = Constant <value = float {1.0}> ()
        sum = ReduceSum <keepdims = 0> (x)
        is_more = Greater (sum, limit)
        is_less = Less (sum, one)
        shifted = Add (x, one)
        y = If (is_more) <
            then_branch = t () => (float[K] a) {
                a = If (is_less) <
                    then_branch = t2 () => (float[K] c) { c = Mul (shifted, limit) },
                    else_branch = e2 () => (float[K] d) { d = Sub (shifted, x) }>
            },
            else_branch = e () => (float[K] b) { b = Add (shifted, shifted) }>
    }"""),
    "captured_as_result": (17, """g (float[N] x, float limit) => (float[M] y) {
        sum = ReduceSum <keepdims = 0> (x)
        z = Exp (x)
        is_more = Greater (sum, limit)
        y = If (is_more) <
            then_branch = t () => (float[K] a) { a = Identity (z) },
            else_branch = e () => (float[K] b) { b = Identity (x) }>
    }"""),
    "growing_loop_begins_again": (17, """g (float[N] x) => (float[M] y) {
        most = Constant <value = int64 {3}> ()
        once = Constant <value = int64 {1}> ()
        go = Constant <value = bool {1}> ()
        y = Loop (most, go, x) <body = b (int64 i, bool c, float[A] v) => (bool d, float[B] w) {
            d = Identity (c)
            more = Loop (once, go, x) <body = b2 (int64 j, bool e, float[C] u) => (bool f, float[D] t) {
                f = Identity (e)  t = Concat <axis = 0> (u, x) }>
            w = Concat <axis = 0> (v, more) }>
    }"""),
    "loop_that_grows": (17, """g (float[N] x) => (float[M] y, float[T, S] turns) {
        most = Constant <value = int64 {5}> ()
        go = Constant <value = bool {1}> ()
        y, turns = Loop (most, go, x) <body = b (int64 i, bool c, float[A] v) => (bool d, float[B] w, float[N] t) {
            d = Identity (c)
            w = Concat <axis = 0> (v, x)
            f = Cast <to = 1> (i)
            t = Mul (x, f)
        }>
    }"""),
    "loop_until": (17, """g (float[N] x, float limit) => (float[M] y, int64 count) {
        go = Constant <value = bool {1}> ()
        zero = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        y, count = Loop (, go, x, zero) <body = b (int64 i, bool c, float[A] v, int64 n) => (bool d, float[B] w, int64 m) {
            w = Add (v, v)
            top = ReduceMax <keepdims = 0> (w)
            m = Add (n, one)
            d = Less (top, limit)
        }>
    }"""),
    "loop_without_turns": (17, """g (float[N] x, int64 most) => (float[M] y, float[T, S] turns) {
        go = Constant <value = bool {1}> ()
        y, turns = Loop (most, go, x) <body = b (int64 i, bool c, float[N] v) => (bool d, float[N] w, float[N] t) {
            d = Identity (c)
            w = Neg (v)
            t = Exp (v)
        }>
    }"""),
    "loop_that_swaps": (17, """g (float[N] x) => (float[N] y, float[N] z) {
        most = Constant <value = int64 {3}> ()
        go = Constant <value = bool {1}> ()
        n = Neg (x)
        y, z = Loop (most, go, x, n) <body = b (int64 i, bool c, float[N] a, float[N] b0) => (bool d, float[N] p, float[N] q) {
            d = Identity (c)
            p = Identity (b0)
            q = Identity (a)
        }>
    }"""),
    "loops_in_branches": (17, """g (float[N] x, float limit) => (float[M] y) {
        sum = ReduceSum <keepdims = 0> (x)
        is_more = Greater (sum, limit)
        most = Constant <value = int64 {3}> ()
        go = Constant <value = bool {1}> ()
        y = If (is_more) <
            then_branch = t () => (float[K] a) {
                a = Loop (most, go, x) <body = b (int64 i, bool c, float[A] v) => (bool d, float[B] w) {
                    d = Identity (c)
                    s = ReduceSum <keepdims = 0> (v)
                    flip = Greater (s, limit)
                    w = If (flip) <
                        then_branch = t2 () => (float[K] u) { u = Neg (v) },
                        else_branch = e2 () => (float[K] o) { o = Concat <axis = 0> (v, x) }>
                }>
            },
            else_branch = e () => (float[K] b) { b = Neg (x) }>
    }"""),
    "scan": (17, """g (float[N, 3] x, float[3] start) => (float[3] last, float[3, N] sums, float[N, 3] differences) {
        last, sums, differences = Scan <num_scan_inputs = 1, scan_input_directions = [1], scan_output_axes = [1, 0],
                                        scan_output_directions = [0, 1],
                                        body = b (float[3] s, float[3] v) => (float[3] t, float[3] u, float[3] w) {
            t = Add (s, v)
            u = Identity (t)
            w = Sub (v, s)
        }> (start, x)
    }"""),
    "scan_along_axis": (17, """g (float[2, N] x, float[2] start) => (float[2] last, float[N, 2] sums) {
        last, sums = Scan <num_scan_inputs = 1, scan_input_axes = [1],
                           body = b (float[2] s, float[2] v) => (float[2] t, float[2] u) {
            t = Add (s, v)
            u = Mul (t, v)
        }> (start, x)
    }"""),
    "sequence_in_loop": (17, """g (float[N] x) => (float[M] y, int64 count) {
        most = Constant <value = int64 {4}> ()
        go = Constant <value = bool {1}> ()
        empty = SequenceEmpty ()
        made = Loop (most, go, empty) <body = b (int64 i, bool c, seq(float[A]) s) => (bool d, seq(float[B]) t) {
            d = Identity (c)
            f = Cast <to = 1> (i)
            v = Mul (x, f)
            t = SequenceInsert (s, v)
        }>
        y = ConcatFromSequence <axis = 0> (made)
        count = SequenceLength (made)
    }"""),
    "scan_over_strings": (21, """g (float[N, 3] x, float[3] start) => (float[N, 3] y, float[3, N] z) {
        texts = Cast <to = 8> (x)
        first = Cast <to = 8> (start)
        last, rows, columns = Scan <num_scan_inputs = 1, scan_input_directions = [1], scan_output_axes = [0, 1],
                                    scan_output_directions = [1, 0],
                                    body = b (string[3] s, string[3] v) => (string[3] t, string[3] u, string[3] w) {
            t = Identity (v)
            u = Identity (s)
            w = Identity (v)
        }> (first, texts)
        y = Cast <to = 1> (rows)
        z = Cast <to = 1> (columns)
    }"""),
    "scan_over_columns_of_strings": (21, """g (float[2, N] x) => (float[N, 2] y) {
        texts = Cast <to = 8> (x)
        rows = Scan <num_scan_inputs = 1, scan_input_axes = [1], body = b (string[2] v) => (string[2] u) { u = Identity (v) }> (texts)
        y = Cast <to = 1> (rows)
    }"""),
    "strings_chosen_and_joined": (21, """g (float[N, 4] x, float limit) => (float[M, 4] chosen, float[A, B] joined, float[C, N, 2] stacked, float[N] one) {
        texts = Cast <to = 8> (x)
        other = Cast <to = 8> (limit)
        more = Greater (x, limit)
        some = Where (more, texts, other)
        chosen = Cast <to = 1> (some)
        sizes = Constant <value = int64[2] {1, 3}> ()
        pieces = SplitToSequence <axis = 1> (texts, sizes)
        last = Constant <value = int64 {-1}> ()
        whole = ConcatFromSequence <axis = 1> (pieces)
        joined = Cast <to = 1> (whole)
        two = Constant <value = int64 {2}> ()
        halves = SplitToSequence <axis = 1> (texts, two)
        stack = ConcatFromSequence <axis = 0, new_axis = 1> (halves)
        stacked = Cast <to = 1> (stack)
        columns = SplitToSequence <axis = 1, keepdims = 0> (texts)
        column = SequenceAt (columns, last)
        one = Cast <to = 1> (column)
    }"""),
    "computed_sizes": (17, """g (float[N, 4] x, int64[2] sizes, int64 k) => (float[A, B] y, float[C] r, float[D, E] top, float[F, G] part) {
        y = Reshape (x, sizes)
        zero = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        twice = Add (k, k)
        range = Range (zero, twice, one)
        r = Cast <to = 1> (range)
        axes = Constant <value = int64[1] {0}> ()
        list = Unsqueeze (k, axes)
        top, where = TopK <axis = 1> (x, list)
        begin = Constant <value = int64[1] {0}> ()
        last = Constant <value = int64[1] {1}> ()
        part = Slice (x, begin, list, last)
    }"""),
    "result_of_a_computed_shape": (17, """g (float[N, 4] x, int64[2] sizes) => (float[A, B] y, float[C, D] z) {
        n = Neg (x)
        y = Reshape (n, sizes)
        e = Exp (x)
        f = Mul (e, n)
        z = Reshape (f, sizes)
    }"""),
    "functions": (17, """g (float[N] x) => (float[N] y, float[N] z) {
        y = f.scaled <factor = 3.0> (x)
        z = f.twice (y)
    }
    <domain: "f", opset_import: ["" : 17, "f" : 1]>
    twice (x) => (y) { a = f.scaled (x)  y = f.scaled <factor = 0.5> (a) }
    <domain: "f", opset_import: ["" : 17]>
    scaled <factor: float = 2.0> (x) => (y) {
        f = Constant <value_float: float = @factor> ()
        like = CastLike (f, x)
        y = Mul (x, like)
    }"""),
    "function_of_an_older_opset": (17, """g (float[N, 4] x) => (float[N, 4] y) {
        y = f.old (x)
    }
    <domain: "f", opset_import: ["" : 11]>
    old (x) => (y) {
        low = Constant <value = float {-0.5}> ()
        clipped = Clip (x, low)
        s = Softmax <axis = 1> (clipped)
        sum = ReduceSum <axes = [1], keepdims = 1> (s)
        y = Div (s, sum)
    }"""),
    "function_with_branches": (17, """g (float[N] x, float limit) => (float[M] y) {
        y = f.choose (x, limit)
    }
    <domain: "f", opset_import: ["" : 17]>
    choose (a, b) => (c) {
        sum = ReduceSum <keepdims = 0> (a)
        more = Greater (sum, b)
        c = If (more) <
            then_branch = t () => (float[K] p) { p = Add (a, a) },
            else_branch = e () => (float[K] q) { q = Concat <axis = 0> (a, a) }>
    }"""),
    "constant_condition": (17, """g (float[N] x) => (float[M] y) {
        rank = Shape (x)
        size = Size (rank)
        one = Constant <value = int64 {1}> ()
        flat = Equal (size, one)
        y = If (flat) <
            then_branch = t () => (float[K] a) { a = Neg (x) },
            else_branch = e () => (float[K] b) { axes = Constant <value = int64[1] {1}> ()  b = Unsqueeze (x, axes) }>
    }"""),
    "constant_branch_of_constant_parts": (17, """g (float[N] x) => (float[M] y, float[L] z) {
        go = Constant <value = bool {1}> ()
        y, z = If (go) <
            then_branch = t () => (float[K] a, float[J] top) {
                w = Constant <value = float[6] {0, 1, 2, 3, 4, 5}> ()
                sizes = Constant <value = int64[3] {1, 2, 3}> ()
                p, q, r = Split <axis = 0> (w, sizes)
                a = Add (x, p)
                two = Constant <value = int64[1] {2}> ()
                top, places = TopK (r, two) },
            else_branch = e () => (float[K] b, float[J] c) { b = Neg (x)  c = Neg (x) }>
    }"""),
    "constant_branch_is_a_part": (17, """g (float[N] x) => (float[M] y, float[N] z) {
        go = Constant <value = bool {1}> ()
        z = Neg (x)
        y = If (go) <
            then_branch = t () => (float[K] q) {
                w = Constant <value = float[6] {0, 1, 2, 3, 4, 5}> ()
                sizes = Constant <value = int64[3] {1, 2, 3}> ()
                p, q, r = Split <axis = 0> (w, sizes) },
            else_branch = e () => (float[K] b) { b = Neg (x) }>
    }"""),
    "no_turns_of_a_known_size": (17, """g (float[N] x, int64 most, float limit) => (float[A, B] y, float[C, N] z) {
        go = Constant <value = bool {1}> ()
        turns = Loop (most, go) <body = b (int64 i, bool c) => (bool d, float[N] t) { d = Identity (c)  t = Neg (x) }>
        sum = ReduceSum <keepdims = 0> (x)
        more = Greater (sum, limit)
        y, w = If (more) <
            then_branch = t () => (float[D, E] p, float[G] q) { p = Identity (turns)  q = Identity (x) },
            else_branch = e () => (float[H, I] r, float[J] s) { r = Neg (turns)  s = Neg (x) }>
        front = Constant <value = int64[1] {0}> ()
        line = Unsqueeze (w, front)
        z = Concat <axis = 0> (turns, line)
    }"""),
    "slice_from_before_the_first": (17, """g (float[N] x) => (float[M] y, float[L] z) {
        axes = Constant <value = int64[1] {0}> ()
        back = Constant <value = int64[1] {-1}> ()
        start = Constant <value = int64[1] {-5}> ()
        end = Constant <value = int64[1] {-9}> ()
        first = Slice (x, start, end, axes, back)
        y = Neg (first)
        last = Constant <value = int64[1] {9}> ()
        z = Slice (x, last, end, axes, back)
    }"""),
}
# For control_flow_test.
WRITTEN = {
    "endless": (17, """g (float[N] x) => (float[N] y) {
        y = Loop (, , x) <body = b (int64 i, bool c, float[N] v) => (bool d, float[N] w) {
            d = Identity (c)
            w = Neg (v)
        }>
    }"""),
    "uneven_turns": (17, """g (float[N] x, int64 most) => (float[T, S] y) {
        go = Constant <value = bool {1}> ()
        last, y = Loop (most, go, x) <body = b (int64 i, bool c, float[A] v) => (bool d, float[B] w, float[C] t) {
            d = Identity (c)
            w = Concat <axis = 0> (v, x)
            t = Neg (v)
        }>
    }"""),
    "greeting": (20, """g (string[N] names, string[1] word) => (string[N] y, int64[M] same) {
        y = StringConcat (word, names)
        equal = Equal (names, word)
        same = Cast <to = 7> (equal)
    }"""),
    "texts_of_numbers": (21, """g (float[N] x) => (string[N] t, double[N] y) {
        t = Cast <to = 8> (x)
        y = Cast <to = 11> (t)
    }"""),
    "split_and_add": (17, """g (seq(float[A]) s, float[1] x) => (seq(float[B]) t, int64 count) {
        zero = Constant <value = int64 {0}> ()
        first = SequenceAt (s, zero)
        sum = Add (first, x)
        t = SequenceInsert (s, sum)
        count = SequenceLength (t)
    }"""),
}
# ONNX Runtime and the checker refuse a function in an older opset than the model's; the same in one graph they take.
OLDER = "function_of_an_older_opset"
SAME_AS_OLDER = """g (float[N, 4] x) => (float[N, 4] y) {
    low = Constant <value = float {-0.5}> ()
    clipped = Clip (x, low)
    s = Softmax <axis = 1> (clipped)
    sum = ReduceSum <axes = [1], keepdims = 1> (s)
    y = Div (s, sum)
}"""
SIZES = (3, 1, 4, 3)


def parse(name):
    opset, text = MODELS.get(name) or WRITTEN[name]
    model = onnx.parser.parse_model(HEADER.format(opset=opset) + text)
    if name != OLDER:
        onnx.checker.check_model(model)
    return model


def feeds_of(model, size, rng):
    feeds = {}
    for info in model.graph.input:
        shape = [d.dim_value if d.HasField("dim_value") else size for d in info.type.tensor_type.shape.dim]
        if info.name == "sizes":
            feeds[info.name] = np.array([2, size * 2], np.int64)
        elif info.type.tensor_type.elem_type == onnx.TensorProto.INT64:
            feeds[info.name] = np.array(size % 3, np.int64)
        elif info.name == "limit":
            feeds[info.name] = np.array(rng.choice([-3.0, 0.5, 20.0]), np.float32)
        else:
            feeds[info.name] = (rng.standard_normal(shape) + 0.5).astype(np.float32)
    if "limit" in feeds and "count" in (o.name for o in model.graph.output):
        feeds["x"] = np.abs(feeds["x"]) + np.float32(0.1)  # it doubles until it is enough
    return feeds


def difference(got, want):
    if got.dtype == want.dtype and got.size == want.size == 0 and got.ndim == want.ndim and all(w in (0, g) for g, w in zip(got.shape, want.shape)):
        return ""  # without a turn ONNX Runtime takes 0 for each symbol, also where an input has its size
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        return "" if np.array_equal(got, want) else f"got {got}, expected {want}"
    scale = max(1.0, np.abs(want).max(initial=0))
    worst = np.abs(got - want).max(initial=0) / scale
    return "" if worst <= 1e-5 else f"off by {worst:.1e}"


def check(program, name, folder):
    model = parse(name)
    path = f"{folder}/{name}.onnx"
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    judged = onnx.parser.parse_model(HEADER.format(opset=11) + SAME_AS_OLDER) if name == OLDER else model
    judge = ort.InferenceSession(judged.SerializeToString(), options, providers=["CPUExecutionProvider"])
    failures = []
    for backends, settings in PLACES:
        where = f"{name} on {backends} {' '.join(f'{k}={v}' for k, v in settings.items())}".strip()
        arguments = ["-b", backends]
        for key, value in settings.items():
            arguments += ["--set", f"simulator.{key}={value}"]
        rng = np.random.default_rng(7)
        wrong = ""
        try:
            session = TenonSession(program, path, folder, arguments)
            for size in SIZES:
                feeds = feeds_of(model, size, rng)
                wants = judge.run(None, feeds)
                for output, got, want in zip(model.graph.output, session.run(feeds), wants):
                    off = difference(got, want)
                    wrong = wrong or (f"size {size}, output {output.name}: {off}" if off else "")
            session.close()
        except TenonError as error:
            wrong = str(error)
        print(f"{'FAIL' if wrong else 'ok  '} {where}{': ' + wrong if wrong else ''}", flush=True)
        failures.append(bool(wrong))
    return len(failures) - sum(failures), sum(failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session")
    parser.add_argument("--write")
    parser.add_argument("names", nargs="*", help="of models; all where none is given")
    args = parser.parse_args()
    if args.write:
        os.makedirs(args.write, exist_ok=True)
        for name in (*MODELS, *WRITTEN):
            onnx.save(parse(name), f"{args.write}/{name}.onnx")
        return 0
    passed = failed = 0
    for name in args.names or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            counts = check(args.session, name, folder)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
