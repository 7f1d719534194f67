#!/usr/bin/env python3
"""Models above 2 GB, with external data and in one file, and files that are cut while a session has them mapped.

usage: large_models.py --session RUN_SESSION [--folder DIR]

The weights are holes in sparse files, but for the rows that are looked up: they take no space and no time. Results are
compared with numpy. A cut file must end in an error that names it, in the same process. Needs the Python packages numpy
and onnx. Ends with a line "N passed, N failed"; exit code 77 where DIR can't hold sparse files.
"""
import argparse
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

from tenon_session import SessionEnded, TenonError, TenonSession

COLUMNS, ROWS = 64, 10_000_000  # 2.56 GB
TABLE_BYTES = ROWS * COLUMNS * 4
KNOWN = (0, 1, 4_000_000, 8_388_608, ROWS - 1)  # rows that are no holes; the fourth begins at 2 GiB
OFFSET = 4096  # of the table; what is not aligned to its elements is copied for the kernels


def model_parts():
    """y = Gather(table, idx) w, without the initializer `table`."""
    rng = np.random.default_rng(1)
    w = rng.standard_normal((COLUMNS, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "idx"], ["rows"]), helper.make_node("MatMul", ["rows", "w"], ["y"])], "large",
        [helper.make_tensor_value_info("idx", TensorProto.INT64, ["n"])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor("w", TensorProto.FLOAT, w.shape, w.tobytes(), raw=True)])
    rows = {row: rng.standard_normal(COLUMNS).astype(np.float32) for row in KNOWN}
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), w, rows


def write_rows(file, begin, rows):
    file.truncate(begin + TABLE_BYTES)
    for row, values in rows.items():
        file.seek(begin + row * COLUMNS * 4)
        file.write(values.tobytes())


def varint(number):
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def write_external(folder):
    model, w, rows = model_parts()
    table = model.graph.initializer.add(name="table", data_type=TensorProto.FLOAT, dims=[ROWS, COLUMNS], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "weights/table.bin"), ("offset", OFFSET), ("length", TABLE_BYTES)):
        table.external_data.add(key=key, value=str(value))
    os.makedirs(f"{folder}/weights", exist_ok=True)
    with open(f"{folder}/weights/table.bin", "wb") as file:
        write_rows(file, OFFSET, rows)
    onnx.save(model, f"{folder}/external.onnx")
    return f"{folder}/external.onnx", f"{folder}/weights/table.bin", w, rows


def write_single(folder):
    """Fields of a message may come in parts: the graph once more, with the table alone. (protobuf writes 2 GB at most.)"""
    model, w, rows = model_parts()
    tensor = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[ROWS, COLUMNS]).SerializeToString()
    tensor += varint(9 << 3 | 2) + varint(TABLE_BYTES)
    graph = varint(5 << 3 | 2) + varint(len(tensor) + TABLE_BYTES) + tensor
    tail = varint(7 << 3 | 2) + varint(len(graph) + TABLE_BYTES) + graph
    while (model.ByteSize() + len(tail)) % 4:
        model.producer_name += "x"
    head = model.SerializeToString() + tail
    with open(f"{folder}/single.onnx", "wb") as file:
        file.write(head)
        write_rows(file, len(head), rows)
    return f"{folder}/single.onnx", f"{folder}/single.onnx", w, rows


def expect_error(session, what):
    try:
        session.run({"idx": np.array([0])})
    except SessionEnded as error:
        return f"{what}: the process ended: {error}"
    except TenonError as error:
        return None if "was changed while the model was in use" in str(error) else f"{what}: {error}"
    return f"{what}: no error"


def check(program, folder, write):
    path, data, w, rows = write(folder)
    problems = []
    session = TenonSession(program, path, folder, ["-b", "reference"], layers="")
    for seed in range(3):
        idx = np.random.default_rng(seed).permutation([*KNOWN, 7, ROWS - 2, 2_097_152])
        got, = session.run({"idx": idx})
        want = np.stack([rows.get(row, np.zeros(COLUMNS, np.float32)) for row in idx]) @ w
        if not np.allclose(got, want, rtol=1e-5, atol=1e-5):
            problems.append(f"rows {idx}: got {got}, expected {want}")
    resident = session.statistics["resident_bytes"]
    if resident > 300e6:
        problems.append(f"{resident / 1e6:.0f} MB are resident, of a table of which some rows are read")
    size = os.path.getsize(data)
    os.truncate(data, size - COLUMNS * 4)
    problems.append(expect_error(session, "cut by a row"))
    os.truncate(data, 8192)
    problems.append(expect_error(session, "cut to 8 KB"))
    session.close()
    os.remove(data)
    return [p for p in problems if p]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--session", required=True)
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    failed = 0
    for write in (write_external, write_single):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            with open(f"{folder}/probe", "wb") as probe:
                probe.truncate(TABLE_BYTES)
            if os.stat(f"{folder}/probe").st_blocks * 512 > 1 << 20:
                print(f"skipped: {folder} has no sparse files")
                return 77
            os.remove(f"{folder}/probe")
            problems = check(arguments.session, folder, write)
        failed += bool(problems)
        for problem in problems:
            print(f"FAIL {write.__name__}: {problem}", flush=True)
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
