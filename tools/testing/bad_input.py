#!/usr/bin/env python3
"""Give tenon bad files, bad inputs and bad plugins: each ends with its exit code and a message that names the place.

usage: bad_input.py TENON MODEL.onnx LIBRARY_FOLDER

MODEL is the text-direction classifier, LIBRARY_FOLDER has libtenon_reference.so. Nothing may crash (exit codes below 0),
and nothing may be written over. Ends with a line "N passed, N failed". Needs the Python packages numpy and onnx.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.parser
from onnx import TensorProto, helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "malformed"))
import bombs  # noqa: E402

USAGE, REJECTED, BACKEND, NOT_WRITABLE = 2, 3, 4, 5
SHAPE = "rand:shape=1x3x48x192"


class Checker:
    def __init__(self, tenon, folder):
        self.tenon, self.folder, self.passed, self.failed = tenon, folder, 0, 0

    def expect(self, what, arguments, codes, says="", env=None, seconds=120):
        done = subprocess.run([self.tenon, *arguments], capture_output=True, text=True, timeout=seconds, errors="replace",
                              env={**os.environ, **(env or {})})
        codes = codes if isinstance(codes, tuple) else (codes,)
        good = done.returncode in codes and says in done.stderr and (done.returncode == 0 or bool(done.stderr.strip()))
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        if not good:
            print(f"FAIL {what}: exit {done.returncode}, expected {codes} and '{says}': {done.stderr.strip()[-300:]}", flush=True)

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data)
        return path


def small(nodes=None, inputs=(("x", [2, 3]),), outputs=(("y", None),), initializers=(), opset=17, domain=""):
    nodes = nodes or [helper.make_node("Relu", ["x"], ["y"], name="act")]
    value = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
    graph = helper.make_graph(nodes, "g", [value(*i) for i in inputs], [value(*o) for o in outputs], list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)], ir_version=8)
    return model.SerializeToString()


def check_files(c, model):
    whole = open(model, "rb").read()
    c.expect("missing file", ["run", os.path.join(c.folder, "none.onnx")], REJECTED, "none.onnx")
    c.expect("a folder", ["run", c.folder], REJECTED, "regular file")
    c.expect("empty file", ["run", c.file("empty.onnx", b"")], REJECTED, "empty")
    for percent in range(1, 100):
        path = c.file("cut.onnx", whole[: len(whole) * percent // 100])
        c.expect(f"cut at {percent} %", ["run", path, "--input", "x=" + SHAPE], REJECTED, "cut.onnx")
    noise = random.Random(1)
    for size in (1, 10, 100, 1000, 100000):
        c.expect(f"{size} random bytes", ["run", c.file("noise.onnx", noise.randbytes(size))], REJECTED, "noise.onnx")


def check_models(c):
    node = helper.make_node
    weight = helper.make_tensor("w", TensorProto.FLOAT, [3, 4], np.zeros(12, np.float32).tobytes(), raw=True)
    short = onnx.TensorProto()
    short.CopyFrom(weight)
    short.raw_data = short.raw_data[:40]
    huge = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 40] * 4)
    cases = {
        "cycle": (small([node("Relu", ["b"], ["a"], name="n1"), node("Relu", ["a"], ["b"], name="n2"), node("Relu", ["x"], ["y"])]), "cycle"),
        "missing value": (small([node("Add", ["x", "gone"], ["y"], name="add")]), "gone"),
        "duplicate name": (small([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"], name="again")]), "\"y\""),
        "unknown operator": (small([node("Reelu", ["x"], ["y"], name="act")]), "Reelu"),
        "unknown domain": (small([node("Relu", ["x"], ["y"], name="act", domain="acme")]), "acme"),
        "opset of the future": (small(opset=999), "999"),
        "product overflows": (small([node("MatMul", ["x", "w"], ["y"])], initializers=[huge]), "\"w\""),
        "raw_data too short": (small([node("MatMul", ["x", "w"], ["y"])], initializers=[short]), "raw_data has 40 bytes"),
        "shapes that do not fit": (small([node("MatMul", ["x", "w"], ["y"], name="mul")], inputs=(("x", [2, 7]),), initializers=[weight]), "mul"),
    }
    for what, (data, says) in cases.items():
        c.expect(what, ["run", c.file("bad.onnx", data)], REJECTED, says)
    value = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.STRING, dims)
    graph = helper.make_graph([node("ReduceMax", ["x"], ["y"], name="most", keepdims=0)], "g", [value("x", [0, 2])], [value("y", [])])
    most = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    c.expect("the most of no texts", ["run", c.file("texts.onnx", most)], USAGE, "makes no text")


def check_external_data(c):
    """What a model may name beside itself."""
    data = np.arange(12, dtype=np.float32)
    c.file("w.bin", b"1234567" + data.tobytes())
    c.file("short.bin", data.tobytes()[:40])
    os.mkdir(os.path.join(c.folder, "inner"))
    os.symlink("/etc/hostname", os.path.join(c.folder, "out"))
    os.symlink("/etc", os.path.join(c.folder, "etc"))
    os.mkfifo(os.path.join(c.folder, "pipe"))
    node = helper.make_node("MatMul", ["x", "w"], ["y"])

    def model(*keys):
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 4], data_location=TensorProto.EXTERNAL)
        for key, value in keys:
            tensor.external_data.add(key=key, value=value)
        return c.file(f"external{len(os.listdir(c.folder))}.onnx", small([node], initializers=[tensor]))

    where = lambda location, *more: model(("location", location), *more)
    c.expect("sound external data", ["run", where("w.bin", ("offset", "7"), ("length", "48"))], 0)
    cases = {
        "missing": (where("none.bin"), "none.bin"), "cut": (where("short.bin"), "short.bin\" has 40 bytes"), "a folder": (where("inner"), "not a regular file"),
        "a pipe": (where("pipe"), "not a regular file"), "a link out": (where("out"), "leads out"), "a folder that is a link out": (where("etc/hostname"), "leads out"),
        "absolute": (where("/etc/hostname"), "absolute"), "dots": (where("inner/../../w.bin"), "\"..\""), 
        "negative offset": (where("w.bin", ("offset", "-1")), "\"offset\""), "negative length": (where("w.bin", ("length", "-48")), "\"length\""),
        "offset that wraps": (where("w.bin", ("offset", "18446744073709551615")), "\"offset\""), "length of petabytes": (where("w.bin", ("length", str(1 << 50))), "\"length\""),
        "hostile key": (where("w.bin", ("__class__", "x")), "__class__"), "key twice": (where("w.bin", ("location", "w.bin")), "twice"),
        "no location": (model(("offset", "7")), "\"location\"")}
    for what, (path, says) in cases.items():
        c.expect("external data: " + what, ["run", path], REJECTED, says)


def check_bombs(c):
    """Small files that ask for petabytes, for nesting without end, for 2^30 nodes."""
    for what, data, codes in bombs.bombs():
        wanted = 0 if codes == {"OK"} else (REJECTED, BACKEND) if "OK" not in codes else (0, REJECTED, BACKEND)
        c.expect(what, ["run", c.file("bomb.onnx", data), "-b", "reference", "--budget", "256MB"], wanted, seconds=20)


def parsed(text, opset=20):
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : {opset}]>\n' + text).SerializeToString()


CONTROL = {  # by what is wrong: the message, and the model
    "pieces of float32": ("input 1 is float32 (expected int32 or int64)", """g (float[2] x, float[1] sizes) => (seq(float[N]) y) {
        y = SplitToSequence (x, sizes) }"""),
    "a condition of numbers": ("condition is float32, expected bool", """g (float c, float[2] x) => (float[2] y) {
        y = If (c) <then_branch = t () => (float[2] a) { a = Neg (x) }, else_branch = e () => (float[2] b) { b = Exp (x) }> }"""),
    "a trip count of float32": ("trip count is float32, expected int64", """g (float n, float[2] x) => (float[2] y) {
        y = Loop (n, , x) <body = b (int64 i, bool c, float[2] v) => (bool d, float[2] w) { d = Identity (c)  w = Neg (v) }> }"""),
    "a trip count of int32": ("trip count is int32, expected int64", """g (int32 n, float[2] x) => (float[2] y) {
        y = Loop (n, , x) <body = b (int64 i, bool c, float[2] v) => (bool d, float[2] w) { d = Identity (c)  w = Neg (v) }> }"""),
    "a body's condition of numbers": ("its body makes is float32, expected bool", """g (int64 n, float[2] x) => (float[2] y) {
        y = Loop (n, , x) <body = b (int64 i, bool c, float[2] v) => (float d, float[2] w) { d = Cast <to = 1> (c)  w = Neg (v) }> }"""),
    "a state that changes its type": ("\"v\" is float32, its body makes int64 of it (\"w\")", """g (int64 n, float[2] x) => (int64[2] y) {
        y = Loop (n, , x) <body = b (int64 i, bool c, float[2] v) => (bool d, int64[2] w) { d = Identity (c)  w = Cast <to = 7> (v) }> }"""),
    "a direction that is none": ("scan_input_directions has 7, expected 0", """g (float[3, 2] x) => (float[3, 2] y) {
        y = Scan <num_scan_inputs = 1, scan_input_directions = [7], body = b (float[2] v) => (float[2] w) { w = Neg (v) }> (x) }"""),
    "more axes than inputs": ("scan_input_axes has 2 entries, expected 1", """g (float[3, 2] x) => (float[3, 2] y) {
        y = Scan <num_scan_inputs = 1, scan_input_axes = [0, 1], body = b (float[2] v) => (float[2] w) { w = Neg (v) }> (x) }"""),
}
HOARDING = {  # by what takes memory: the message, and the model; n is 200
    "what turns make": ("what its turns make asks for", """g (int64 n, float[1] a) => (float[m, k] y) {
        s = Constant <value = int64[1] {1000000}> ()
        p, y = Loop (n, , a) <body = b (int64 i, bool c, float[1] v) => (bool d, float[1] w, float[k] t) {
            d = Identity (c)  w = Identity (v)  t = Expand (w, s) }> }"""),
    "tensors of a sequence": ("(SequenceInsert) on host: a tensor asks for", """g (int64 n, float[1] a) => (int64 y) {
        s = Constant <value = int64[1] {1000000}> ()
        big = Expand (a, s)
        e = SequenceEmpty ()
        p = Loop (n, , e) <body = b (int64 i, bool c, seq(float[k]) v) => (bool d, seq(float[k]) w) {
            d = Identity (c)  w = SequenceInsert (v, big) }>
        y = SequenceLength (p) }"""),
    "pieces of a tensor": ("(SplitToSequence) on host: a tensor asks for", """g (int64 n, float[1] a) => (int64 y) {
        s = Constant <value = int64[1] {3000000}> ()
        size = Constant <value = int64 {1000000}> ()
        big = Expand (a, s)
        p = SplitToSequence (big, size)
        y = SequenceLength (p) }"""),
    "a string": ("(StringConcat) on host: a string asks for", """g (int64 n, float[1] a) => (string[1] y) {
        s = Cast <to = 8> (a)
        y = Loop (n, , s) <body = b (int64 i, bool c, string[1] v) => (bool d, string[1] w) {
            d = Identity (c)  w = StringConcat (v, v) }> }"""),
    "many strings": ("(Expand) on host: a table of strings asks for", """g (int64 n, float[1] a) => (string[k] y) {
        s = Constant <value = int64[1] {300000000}> ()
        t = Cast <to = 8> (a)
        y = Expand (t, s) }"""),
}


def check_control_flow(c):
    """Types and attributes that do not fit are found when the model is loaded; what a run gathers is within its budget."""
    for what, (says, text) in CONTROL.items():
        c.expect(what, ["run", c.file("control.onnx", parsed(text))], REJECTED, says)
    count = os.path.join(c.folder, "count.npy")
    np.save(count, np.array(200, np.int64))
    for what, (says, text) in HOARDING.items():
        run = ["run", c.file("hoard.onnx", parsed(text)), "-b", "reference", "--input", f"n=@{count}"]
        c.expect(what + " beyond the budget", [*run, "--budget", "20MB"], BACKEND, says, seconds=20)
    endless = HOARDING["many strings"][1].replace("300000000", str(1 << 50))
    if "ASAN_OPTIONS" in os.environ:  # its operator new ends the process where it should throw
        return
    c.expect("more strings than any machine holds", ["run", c.file("endless.onnx", parsed(endless)), "-b", "reference", "--input", f"n=@{count}"],
             BACKEND, "(Expand) on host: Expand")


def check_damage(c):
    """One bit of each second byte of a small model turned over: it runs or is refused."""
    node = helper.make_node
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 3, 1, 1], np.ones(6, np.float32).tobytes(), raw=True)
    nodes = [node("Conv", ["x", "w"], ["c"], strides=[2, 1], pads=[0, 1, 0, 1]), node("Flatten", ["c"], ["y"], axis=1)]
    whole = small(nodes, inputs=(("x", [1, 3, 4, "n"]),), initializers=[weight])
    for at in range(0, len(whole), 2):
        data, bit = bytearray(whole), at // 2 % 8
        data[at] ^= 1 << bit
        c.expect(f"bit {bit} of byte {at} turned over",
                 ["run", c.file("damaged.onnx", data), "-b", "simulator,reference", "--input", "x=rand:shape=1x3x4x5"],
                 (0, USAGE, REJECTED, BACKEND))


def check_inputs(c, model):
    c.expect("unknown input", ["run", model, "--input", "z=zeros"], USAGE, "'z'")
    c.expect("wrong rank", ["run", model, "--input", "x=zeros:shape=3x48x192"], USAGE, "wants rank 4 [")
    c.expect("wrong shape", ["run", model, "--input", "x=zeros:shape=1x4x48x192"], USAGE, "x")
    wrong = os.path.join(c.folder, "wrong.npy")
    np.save(wrong, np.zeros([1, 3, 48, 192], np.int64))
    c.expect("wrong dtype", ["run", model, "--input", "x=@" + wrong], USAGE, "int64")
    c.expect("no such file", ["run", model, "--input", "x=@none.npy"], USAGE, "none.npy")
    c.expect("no such backend", ["run", model, "-b", "nobody"], USAGE, "nobody")
    c.expect("a file among the names", ["run", model, "-b", "./backend.so"], USAGE, "--backend-file")
    c.expect("no such option", ["run", model, "-b", "simulator", "--set", "simulator.clam=all"], USAGE, "claim")
    c.expect("no such flag", ["run", model, "--treads", "1"], USAGE, "--threads")
    c.expect("no such verb", ["rum", model], USAGE, "run")
    c.expect("no verb", [], USAGE)
    c.expect("no such verb of a verb", ["backends", "lst"], USAGE, "list")
    c.expect("an option before the verb", ["--json", "run", model], USAGE, "VERB --json")
    c.expect("no such choice", ["run", model, "--class", "strct"], USAGE, "did you mean 'strict'")
    c.expect("no such operator", ["inspect", model, "--op", "Rlu"], USAGE, "did you mean 'Relu'")
    c.expect("a name near an input's", ["run", model, "--input", "X=zeros"], USAGE, "did you mean 'x'")
    c.expect("a file without @", ["run", model, "--input", "x=line.png"], USAGE, "did you mean '@line.png'")
    c.expect("a name for a file", ["backends", "info", "reference"], USAGE, "libtenon_reference.so")
    c.expect("option of a backend that is not used", ["run", model, "-b", "reference", "--set", "simulator.claim=all"], USAGE, "only: reference")
    for size in "-5", "1.5.0MB", "lots", "1e3":
        c.expect(f"{size} bytes", ["run", model, "--budget", size], USAGE, "64MB")
    for seconds in "nan", "inf", "-1", "2s":
        c.expect(f"{seconds} seconds", ["bench", model, "--seconds", seconds], USAGE, "from 0 to 86400")
    copy = c.file("copy.onnx", open(model, "rb").read())
    picture = c.file("values.npy", open(wrong, "rb").read())
    for verb in ["inspect", "--onnx"], ["explain", "--onnx"], ["explain", "--html"], ["run", "--profile"], ["run", "--trace"], ["bench", "--save"]:
        c.expect(f"{verb[1]} over the model", [verb[0], copy, verb[1], c.folder + "/./copy.onnx"], USAGE, "would overwrite the model")
    c.expect("an output over an input", ["run", copy, "--input", "x=@" + picture, "--trace", picture], USAGE, "would overwrite the file")
    c.expect("an output over another", ["explain", copy, "--html", "page", "--onnx", "page"], USAGE, "would overwrite")
    c.expect("a folder as a result", ["bench", copy, "--save", c.folder], NOT_WRITABLE, "is a folder")
    c.expect("the model is still there", ["run", copy, "--input", "x=" + SHAPE], 0)
    c.expect("budget too small", ["run", model, "-b", "reference", "--budget", "1000", "--input", "x=" + SHAPE], BACKEND, "budget")
    c.expect("output can't be written", ["run", model, "--output-dir", "/proc/none"], NOT_WRITABLE, "/proc/none")
    if os.path.exists("/dev/full"):
        c.expect("full disk", ["run", model, "--input", "x=" + SHAPE, "--profile", "/dev/full"], NOT_WRITABLE, "/dev/full")


def check_plugins(c, library):
    data = bytearray(open(library, "rb").read())
    info = lambda path: ["backends", "info", path]
    c.expect("a good plugin", info(library), 0)
    c.expect("missing plugin", info(os.path.join(c.folder, "none.so")), BACKEND, "none.so")
    c.expect("not a shared object", info(c.file("text.so", b"hello")), BACKEND, "not a shared object")
    other = bytearray(data)
    other[18] = 0xF3  # RISC-V
    c.expect("another architecture", info(c.file("riscv.so", other)), BACKEND, "architecture")
    for percent in (1, 10, 50, 90):
        c.expect(f"plugin cut at {percent} %", info(c.file("cut.so", data[: len(data) * percent // 100])), BACKEND, "cut.so")
    for name, code in (("no_symbol", "int other(void) { return 0; }"),
                       ("throws", "#include <stdexcept>\nstruct T { T() { throw std::runtime_error(\"no\"); } } t;"),
                       ("crashes", "__attribute__((constructor)) static void boom() { __builtin_trap(); }")):
        path = os.path.join(c.folder, name + ".so")
        subprocess.run(["c++", "-shared", "-fPIC", "-x", "c++", "-", "-o", path], input=code, text=True, check=True)
        c.expect(name, info(path), BACKEND, name + ".so")


def check_manifests(c, model, library):
    def run(name, path, wanted):
        manifest = {"file_format_version": "1.0", "backend": {"name": name, "library_path": path}}
        return ["run", model, "-b", wanted, "--backend-file", c.file(f"{name}.json", json.dumps(manifest).encode())]

    named = c.file("libtenon_reference.so", open(library, "rb").read())
    for env, arguments in ({}, ["--backend-file", named]), ({"TENON_ADD_BACKEND_FILES": named}, []):
        c.expect("a named backend instead of the installed one", ["run", model, "-b", "reference", "--set", "reference.nope=1", *arguments],
                 USAGE, f"{named}: backend reference: there is no option", env)
    c.expect("a manifest without its library", run("lost", "nothere.so", "lost"), BACKEND, "lost.json: its library")
    for wanted in ("wrong_name", "nobody"):
        c.expect("a manifest with another name", run("wrong_name", library, wanted), BACKEND,
                 "is the backend 'reference', but the manifest's \"name\" is 'wrong_name'")


def main():
    tenon, model, libraries = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as folder:
        c = Checker(tenon, folder)
        check_files(c, model)
        check_models(c)
        check_external_data(c)
        check_bombs(c)
        check_control_flow(c)
        check_damage(c)
        check_inputs(c, model)
        reference = os.path.join(libraries, "libtenon_reference.so")
        check_plugins(c, reference)
        check_manifests(c, model, reference)
    print(f"{c.passed} passed, {c.failed} failed")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
