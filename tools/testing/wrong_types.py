#!/usr/bin/env python3
"""Give inputs types that ONNX's schema does not allow, and see that the model is refused: kernels read what types promise.

usage: wrong_types.py TENON FOLDER

FOLDER has ONNX's node tests (TEST/model.onnx); those of the onnx package, of its newest opset, come after them. Of each with
one node, each input in turn gets other element types. Skipped is what Tenon takes on purpose (TAKEN). Ends with a line
"N passed, N failed, N skipped".
"""
import itertools
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import onnx
from onnx import TensorProto, defs
from onnx.backend.test.case.node import collect_testcases

NEW = (TensorProto.BOOL, TensorProto.INT8, TensorProto.FLOAT, TensorProto.INT64, TensorProto.DOUBLE)
# A tensor is an optional in newer revisions; what training alone would read, and a copy of any type; bool in newer revisions;
# a kernel of that type.
TAKEN = {("OptionalGetElement", 0), ("OptionalHasElement", 0), ("Dropout", 1), ("Dropout", 0), ("ReduceMax", 0), ("ReduceMin", 0),
         ("Celu", 0)}


def type_text(element_type):
    return f"tensor({TensorProto.DataType.Name(element_type).lower()})"


def forbidden(model):
    """(input of the node, name, type) that the schema of the only node does not allow, and the outputs of the input's type."""
    node = model.graph.node[0]
    version = next((o.version for o in model.opset_import if o.domain == node.domain), 0)
    try:
        schema = defs.get_schema(node.op_type, version, node.domain)
    except onnx.defs.SchemaError:
        return
    at = lambda formals, k: formals[min(k, len(formals) - 1)]
    formal = [at(schema.inputs, k) for k in range(len(node.input))]
    types = {i.name: i.type.tensor_type.elem_type for i in model.graph.input}
    allowed = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    for k, name in enumerate(node.input):
        same = [types[other] for j, other in enumerate(node.input)
                if other in types and other != name and formal[j].type_str == formal[k].type_str and formal[k].is_homogeneous]
        for new in NEW if name in types else ():
            fits = type_text(new) in allowed.get(formal[k].type_str, {formal[k].type_str}) and all(t == new for t in same)
            if not fits and new != types[name]:
                yield k, name, new, [other for j, other in enumerate(node.output) if at(schema.outputs, j).type_str == formal[k].type_str]


def tests(folder):
    for test in sorted(os.listdir(folder)):
        path = os.path.join(folder, test, "model.onnx")
        if os.path.exists(path):
            yield test, onnx.load(path)
    for test in sorted(collect_testcases(None), key=lambda t: t.name):
        yield test.name, test.model


def cases(folder):
    seen = set()
    for test, model in tests(folder):
        if len(model.graph.node) != 1:
            continue
        node = model.graph.node[0]
        for k, name, new, follows in forbidden(model):
            key = (node.op_type, k, new, len(node.input), *(a.name for a in node.attribute))
            if key in seen:
                continue
            seen.add(key)
            changed = onnx.ModelProto()
            changed.CopyFrom(model)
            # Outputs that the schema gives the type of this input would refuse the model, too.
            for value in itertools.chain(changed.graph.input, changed.graph.output):
                if value.name in {name, *follows}:
                    value.type.tensor_type.elem_type = new
            yield (node.op_type, k), f"{test}: input {k} as {type_text(new)}", changed.SerializeToString()


def main():
    tenon, folder = sys.argv[1:]
    passed = failed = skipped = 0

    def run(case):
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            file.write(case[2])
            file.flush()
            return case, subprocess.run([tenon, "run", file.name, "-b", "reference"], capture_output=True, timeout=60).returncode

    with ThreadPoolExecutor(2) as pool:
        for (where, what, _), code in pool.map(run, cases(folder)):
            good = code in (2, 3, 4)
            skip = where in TAKEN and code == 0
            passed, failed, skipped = passed + good, failed + (not good and not skip), skipped + skip
            if not good and not skip:
                print(f"FAIL {what}: exit code {code}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
