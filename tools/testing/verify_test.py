#!/usr/bin/env python3
"""Test `tenon verify` on folders of tests that pass, fail and cannot run, and `tenon run` on values in .pb files.

usage: verify_test.py TENON
"""
import json
import os
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FAILURES = []


def check(good, what):
    print("ok  " if good else "FAIL", what, flush=True)
    if not good:
        FAILURES.append(what)


def write_test(folder, op, inputs, outputs, dtype=TensorProto.FLOAT):
    """One node on tensors, with one data set."""
    names = [f"x{i}" for i in range(len(inputs))]
    types = [TensorProto.INT64 if x.dtype == np.int64 else dtype for x in inputs]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"])], "g", [helper.make_tensor_value_info(n, t, x.shape) for n, t, x in zip(names, types, inputs)],
        [helper.make_tensor_value_info("y", dtype, None)])
    os.makedirs(f"{folder}/test_data_set_0")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/model.onnx")
    for kind, values in ("input", inputs), ("output", outputs):
        for i, value in enumerate(values):
            with open(f"{folder}/test_data_set_0/{kind}_{i}.pb", "wb") as file:
                file.write(numpy_helper.from_array(value).SerializeToString())


def verify(tenon, *arguments):
    return subprocess.run([tenon, "verify", "-b", "reference", *arguments], capture_output=True, text=True, timeout=120)


def main():
    tenon = sys.argv[1]
    x, y = np.array([[1, -2, 3]], np.float32), np.array([[4, 5, 6]], np.float32)
    with tempfile.TemporaryDirectory() as top:
        write_test(f"{top}/good/test_add", "Add", [x, y], [x + y])
        write_test(f"{top}/good/test_neg", "Neg", [x], [-x])
        short = x.astype(ml_dtypes.bfloat16)
        write_test(f"{top}/good/test_bfloat16", "Transpose", [short], [short.T], TensorProto.BFLOAT16)
        write_test(f"{top}/good/test_no_axes", "ReduceSum", [x, np.zeros(0, np.int64)], [x.sum(keepdims=True)])
        done = verify(tenon, f"{top}/good", "-j", "2")
        check(done.returncode == 0 and done.stdout.endswith("4 passed, 0 failed, 0 skipped\n"), f"right tests pass (said: {done.stdout})")
        lines = [line.split()[1] for line in done.stdout.splitlines()[:-1]]
        check(lines == [f"{top}/good/test_{n}" for n in ("add", "bfloat16", "neg", "no_axes")], "tests are told in order")
        done = verify(tenon, f"{top}/good/test_add/")
        check(done.returncode == 0 and "1 passed" in done.stdout, "a test itself is a path, too")

        data = f"{top}/good/test_bfloat16/test_data_set_0"
        subprocess.run([tenon, "run", f"{top}/good/test_bfloat16/model.onnx", "-b", "reference", "--input", f"x0=@{data}/input_0.pb",
                        "--output-dir", f"{top}/out"], check=True, capture_output=True)
        got = numpy_helper.to_array(onnx.load_tensor(f"{top}/out/output_0.pb"))
        check(got.dtype == short.dtype and np.array_equal(got, short.T), "run reads and writes .pb where npy lacks the type")

        write_test(f"{top}/bad/test_value", "Add", [x, y], [x + y + np.float32(0.01)])
        write_test(f"{top}/bad/test_shape", "Neg", [x], [-x[0]])
        write_test(f"{top}/bad/test_type", "Neg", [x], [-x.astype(np.float64)])
        write_test(f"{top}/bad/test_inputs", "Neg", [x], [-x])
        os.remove(f"{top}/bad/test_inputs/test_data_set_0/input_0.pb")
        write_test(f"{top}/bad/test_file", "Neg", [x], [-x])
        with open(f"{top}/bad/test_file/test_data_set_0/output_0.pb", "wb") as file:
            file.write(b"\xff\xff\xff")
        os.makedirs(f"{top}/bad/test_model/test_data_set_0")
        with open(f"{top}/bad/test_model/model.onnx", "wb") as file:
            file.write(b"\xff\xff\xff")
        os.makedirs(f"{top}/bad/test_nothing")
        done = verify(tenon, f"{top}/bad", "--json")
        answer = json.loads(done.stdout)
        check(done.returncode == 1, "a wrong test is exit code 1")
        check((answer["passed"], answer["failed"], answer["skipped"]) == (0, 6, 1), "counts add up")
        reasons = {os.path.basename(test["test"]): test["reason"] for test in answer["tests"]}
        for name, part in {
            "test_value": "[0, 0] is 5, expected 5.01", "test_shape": "is float32[1, 3], expected float32[3]",
            "test_type": "is float32[1, 3], expected float64[1, 3]", "test_inputs": "has 0 inputs and 1 outputs, the model 1 and 1",
            "test_file": "output_0.pb: not a TensorProto", "test_model": "not an ONNX model", "test_nothing": "no model.onnx",
        }.items():
            check(part in reasons.get(name, ""), f"{name} says: {part} (said: {reasons.get(name)})")
        done = verify(tenon, f"{top}/bad/test_value", "--rtol", "0.01")
        check(done.returncode == 0, "--rtol widens the bound")
        done = verify(tenon, f"{top}/bad/test_value", f"{top}/good/test_neg", "--known", "test_value")
        check(done.returncode == 0 and done.stdout.endswith("1 passed, 0 failed, 1 skipped\n"), "a known failure is skipped")
        done = verify(tenon, f"{top}/good", "--known", "test_neg")
        check(done.returncode == 1 and "--known says" in done.stdout, "a known failure that passes fails")
        check(verify(tenon, f"{top}/missing").returncode == 2, "a missing folder is exit code 2")
        done = verify(tenon, f"{top}/good", "--known", "nope")
        check(done.returncode == 2 and "nope" in done.stderr, "a known name that no test has is exit code 2")
        done = verify(tenon, f"{top}/good", "--set", "simulator.claim=all")
        check(done.returncode == 2 and "0 failed" not in done.stdout, "wrong options are exit code 2, no failed tests")
        done = verify(tenon, f"{top}/good/test_neg/test_data_set_0")
        check(done.returncode == 2 and "no test ran" in done.stderr, "where nothing ran is exit code 2")
        verify(tenon, f"{top}/good", f"{top}/bad", "--junit", f"{top}/junit.xml")
        suite = ElementTree.parse(f"{top}/junit.xml").getroot()
        kinds = [case[0].tag if len(case) else "passed" for case in suite]
        check((suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("11", "6", "1"), f"JUnit's counts {suite.attrib}")
        check((kinds.count("passed"), kinds.count("failure"), kinds.count("skipped")) == (4, 6, 1), f"JUnit's cases {kinds}")
        os.makedirs(f"{top}/empty")
        check(verify(tenon, f"{top}/empty").returncode == 2, "a folder without tests is exit code 2")
    print(f"{len(FAILURES)} failed")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
