#!/usr/bin/env python3
"""One process with Tenon, the Python packages onnx and onnxruntime, and Debian's libonnx with its shared protobuf.

usage: coexistence.py --tenon LIBTENON.so --debian LIBDEBIAN_ONNX.so [--torch]

Each order of loading is a process of its own; a library works right after it is loaded, and again when all are. --torch
loads PyTorch, too, and is skipped (exit code 77) where it is not installed. Tenon is used through its C API with ctypes.
What libtenon.so exports is checked, too. Ends with a line "N passed, N failed".
"""
import argparse
import ctypes as c
import importlib.util
import itertools
import os
import subprocess
import sys

ORDERS_WITH_TORCH = (("torch", "tenon", "onnx", "onnxruntime", "debian"), ("tenon", "debian", "onnx", "onnxruntime", "torch"),
                     ("debian", "torch", "tenon", "onnxruntime", "onnx"), ("onnxruntime", "tenon", "torch", "debian", "onnx"))
# [2, 3] x -> Gemm(x, w, b) -> Relu -> y[2, 4], as protobuf writes it.
ROWS, INNER, COLUMNS = 2, 3, 4
X = [0.5, -1.0, 2.0, 3.0, 0.25, -4.0]
W = [float(i) - 5.5 for i in range(INNER * COLUMNS)]
B = [1.0, -2.0, 3.0, -4.0]
WANTED = [max(0.0, B[j] + sum(X[i * INNER + k] * W[k * COLUMNS + j] for k in range(INNER))) for i in range(ROWS) for j in range(COLUMNS)]


def near(values):
    values = list(values)
    assert len(values) == len(WANTED) and all(abs(a - b) < 1e-4 for a, b in zip(values, WANTED)), f"got {values}, expected {WANTED}"


def make_model():
    from onnx import TensorProto, helper
    value = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
    graph = helper.make_graph([helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Relu", ["h"], ["y"])], "g",
                              [value("x", [ROWS, INNER])], [value("y", [ROWS, COLUMNS])],
                              [helper.make_tensor("w", TensorProto.FLOAT, [INNER, COLUMNS], W), helper.make_tensor("b", TensorProto.FLOAT, [COLUMNS], B)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7).SerializeToString()


class Status(c.Structure):
    _fields_ = [("code", c.c_int32), ("reserved", c.c_uint32), ("detail", c.c_void_p)]


class TensorInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("rank", c.c_int32), ("device", c.c_uint32),
                ("dims", c.POINTER(c.c_int64)), ("bytes", c.c_uint64), ("data", c.POINTER(c.c_float)), ("backend", c.c_char_p)]


class Tenon:
    def __init__(self, path, flags):
        self.lib = c.CDLL(path, mode=flags)
        self.lib.tenon_status_message.restype = c.c_char_p
        self.lib.tenon_status_message.argtypes = [Status]
        self.runtime = self.call("runtime_create", None)

    def call(self, name, *arguments):
        out, function = c.c_void_p(), getattr(self.lib, "tenon_" + name)
        function.restype = Status
        status = function(*arguments, c.byref(out))
        assert status.code == 0, f"tenon_{name}: {self.lib.tenon_status_message(status)}"
        return out

    def check(self, model):
        session = self.call("session_open_memory", self.runtime, model, c.c_uint64(len(model)), None)
        data, dims = (c.c_float * len(X))(*X), (c.c_int64 * 2)(ROWS, INNER)
        x = self.call("tensor_wrap", 1, 2, dims, data, c.c_uint64(c.sizeof(data)))
        inputs, outputs = (c.c_void_p * 1)(x), (c.c_void_p * 1)()
        run = self.lib.tenon_session_run
        run.restype = Status
        status = run(session, None, None, inputs, 1, None, outputs, 1)
        assert status.code == 0, self.lib.tenon_status_message(status)
        info = TensorInfo(struct_size=c.sizeof(TensorInfo))
        self.lib.tenon_tensor_describe(c.c_void_p(outputs[0]), c.byref(info))
        near(info.data[i] for i in range(info.bytes // 4))
        for release, handle in (("tensor", outputs[0]), ("tensor", x), ("session", session)):
            getattr(self.lib, f"tenon_{release}_release")(handle if isinstance(handle, c.c_void_p) else c.c_void_p(handle))


class Onnx:
    def __init__(self):
        import onnx.checker
        import onnx.reference
        import onnx.shape_inference

    def check(self, model):
        import numpy as np
        import onnx
        proto = onnx.load_from_string(model)
        onnx.checker.check_model(proto, full_check=True)
        near(onnx.reference.ReferenceEvaluator(proto).run(None, {"x": np.array(X, np.float32).reshape(ROWS, INNER)})[0].ravel().tolist())


class OnnxRuntime:
    def __init__(self):
        import onnxruntime

    def check(self, model):
        import numpy as np
        import onnxruntime
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        near(session.run(None, {"x": np.array(X, np.float32).reshape(ROWS, INNER)})[0].ravel().tolist())


class Debian:
    def __init__(self, path, flags):
        self.lib = c.CDLL(path, mode=flags)
        self.lib.debian_onnx_output_elements.restype = c.c_int64

    def check(self, model):
        elements = self.lib.debian_onnx_output_elements(model, len(model))
        assert elements == ROWS * COLUMNS, f"Debian's libonnx: {elements}, expected {ROWS * COLUMNS}"
        assert self.lib.debian_onnx_output_elements(model, len(model) - 1) == -1


class Torch:
    def __init__(self):
        import torch

    def check(self, model):
        import torch
        x, w = torch.tensor(X).reshape(ROWS, INNER), torch.tensor(W).reshape(INNER, COLUMNS)
        near(torch.relu(x @ w + torch.tensor(B)).ravel().tolist())


def load_and_check(order, arguments, model):
    """In a process of its own. A name that ends in ! is loaded with RTLD_GLOBAL: its symbols come before those of later ones."""
    loaded = []
    for name in order:
        flags = os.RTLD_GLOBAL | os.RTLD_NOW if name.endswith("!") else os.RTLD_LOCAL | os.RTLD_NOW
        kind = name.rstrip("!")
        made = {"tenon": lambda: Tenon(arguments.tenon, flags), "debian": lambda: Debian(arguments.debian, flags),
                "onnx": Onnx, "onnxruntime": OnnxRuntime, "torch": Torch}[kind]()
        made.check(model)
        loaded.append(made)
    for made in [*loaded, *reversed(loaded)]:
        made.check(model)


def foreign_exports(library):
    """What the library shows of protobuf and ONNX, or of anything but its own API."""
    lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[-1] for line in lines if not line.split()[-1].startswith("tenon_")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True, type=os.path.abspath)
    parser.add_argument("--debian", required=True, type=os.path.abspath)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--order", help="of one process; the model comes on stdin")
    arguments = parser.parse_args()
    if arguments.order:
        load_and_check(arguments.order.split(","), arguments, sys.stdin.buffer.read())
        print("done", flush=True)
        return 0
    if not os.path.exists(arguments.debian):
        print(f"skipped: {arguments.debian} was not built: Debian's libonnx-dev or libprotobuf-dev is missing")
        return 77
    if arguments.torch and importlib.util.find_spec("torch") is None:
        print(f"skipped: torch is not installed for {sys.executable}")
        return 77
    orders = ORDERS_WITH_TORCH if arguments.torch else [*itertools.permutations(("tenon", "onnx", "onnxruntime", "debian")),
                                                        ("debian!", "tenon"), ("tenon!", "debian!"), ("debian!", "tenon!", "onnxruntime")]
    model = subprocess.run([sys.executable, "-c", "import coexistence, sys; sys.stdout.buffer.write(coexistence.make_model())"],
                           cwd=os.path.dirname(os.path.abspath(__file__)), capture_output=True, check=True).stdout
    shown = foreign_exports(arguments.tenon)
    failed = int(bool(shown))
    if shown:
        print(f"FAIL {arguments.tenon} shows {len(shown)} symbols that are not of its API: {shown[:5]}")
    for order in orders:
        done = subprocess.run([sys.executable, __file__, "--tenon", arguments.tenon, "--debian", arguments.debian, "--order", ",".join(order)],
                              input=model, capture_output=True, timeout=120)
        if done.returncode != 0 or done.stdout.strip() != b"done":
            failed += 1
            print(f"FAIL {' '.join(order)}: exit {done.returncode}: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}", flush=True)
    print(f"{len(orders) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
