#!/usr/bin/env python3
"""Export the architectures of zoo_architectures/ from PyTorch with both exporters, and write their graphs without
weights.

usage: make_zoo.py [--exporter torchscript|dynamo] FOLDER [NAME...]

Writes FOLDER/<name>_torchscript.onnx, FOLDER/<name>_dynamo.onnx and the table FOLDER/zoo.json: for each graph the
opset, the shapes and values of its inputs, and the sizes to run. Weights are random, seeded by the architecture's name; those
above LARGEST_KEPT elements are left out as graphs/inflate_models.py describes it. Every graph runs in ONNX Runtime with
all sizes before it is written: with the same weights as PyTorch, whose results it is compared with (a difference is
told), and filled, when it must give finite numbers that no rounding decides.
Needs the Python packages torch, torchvision, transformers, onnxscript, onnx, onnxruntime and numpy; zoo.json says which
versions made the graphs. Everything together takes about ten minutes.
"""

import argparse
import collections
import contextlib
import importlib.metadata
import io
import json
import logging
import os
import sys
import time
import warnings
import zlib

import numpy as np
import onnx
import onnxruntime as ort
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "graphs")]
from inflate_models import inflate  # noqa: E402
from model_inputs import make_inputs  # noqa: E402
from zoo import row_of  # noqa: E402
from zoo_architectures import ARCHITECTURES  # noqa: E402

LARGEST_KEPT = 128  # elements of a float parameter
LARGEST_TABLE = 4096  # elements of a float constant that is no parameter (positions, windows, filters)
PACKAGES = ("torch", "torchvision", "transformers", "onnxscript")
STRIPPED = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


def seeded(build, name):
    """The module, its weights moved a little so that no bias is 0 and no scale is 1."""
    torch.manual_seed(zlib.crc32(name.encode()))
    module = build().eval()
    with torch.no_grad():
        for _, parameter in sorted(module.named_parameters()):
            spread = parameter.std() if parameter.numel() > 1 else torch.tensor(0.0)
            if spread < 1e-3:
                parameter += 0.1 * torch.randn_like(parameter)
            parameter.requires_grad_(False)
        for key, buffer in sorted(module.named_buffers()):
            if key.endswith("running_var"):
                buffer += 0.2 * torch.rand_like(buffer)
            if key.endswith("running_mean"):
                buffer += 0.1 * torch.randn_like(buffer)
    return module


def export(architecture, exporter, module, feeds):
    arguments = tuple(torch.from_numpy(v) for v in feeds.values())
    axes = {
        name: {axis: d for axis, d in enumerate(shape) if isinstance(d, str)}
        for name, shape in architecture.shapes(exporter).items()
    }
    options = dict(input_names=list(architecture.inputs), output_names=architecture.outputs)
    if exporter == "torchscript":
        file = io.BytesIO()
        torch.onnx.export(
            module,
            arguments,
            file,
            opset_version=architecture.torchscript,
            dynamo=False,
            export_modules_as_functions=set(architecture.functions),
            dynamic_axes={k: v for k, v in axes.items() if v},
            **options,
        )
        return onnx.load_from_string(file.getvalue())
    program = torch.onnx.export(
        module,
        arguments,
        None,
        opset_version=architecture.dynamo,
        dynamo=True,
        verbose=False,
        dynamic_shapes=tuple(axes.values()) if any(axes.values()) else None,
        optimize=architecture.inline,
        **options,
    )
    return program.model_proto


def graphs_in(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield from graphs_in(inner)


def without_comments(message):
    """The message without documentation, stack traces and names of Python's classes, at every depth."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props"):
            message.ClearField(field.name)
        elif field.message_type:
            for inner in value if hasattr(value, "__len__") else [value]:
                without_comments(inner)
    return message


def without_weights(model, module):
    tables = {b.detach().numpy().tobytes() for b in module.buffers() if b.numel() <= LARGEST_TABLE}
    parameters = {p.numel() for p in module.parameters()}
    for tensor in model.graph.initializer:
        if tensor.data_type not in STRIPPED:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        table = values.tobytes() in tables or (values.size <= LARGEST_TABLE and values.size not in parameters)
        if values.size <= LARGEST_KEPT or table:
            continue
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
        tensor.doc_string = f"synthetic normal mean={mean:.6g} std={std:.6g}"
    return model


def run(model, feeds):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [session.run(None, f) for f in feeds]


def nudged(values, rng):
    """Off by what rounding does."""
    return (
        values * (1 + 1e-6 * rng.uniform(-1, 1, values.shape)).astype(values.dtype)
        if values.dtype.kind == "f"
        else values
    )


def decided_by_rounding(stripped, feeds, wanted):
    """Where results change much when weights and inputs change little, as words, or nothing: no test of a runtime."""
    weights = {t.name for t in stripped.graph.initializer if t.doc_string}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        model = filled(stripped)
        for tensor in model.graph.initializer:
            if tensor.name in weights:
                tensor.raw_data = nudged(onnx.numpy_helper.to_array(tensor), rng).tobytes()
        moved = run(model, [{name: nudged(v, rng) for name, v in f.items()} for f in feeds])
        for a, b in zip(moved, wanted):
            if words := differs(a, b, 1e-4):
                return words
    return ""


def filled(stripped):
    return inflate(onnx.ModelProto.FromString(stripped.SerializeToString()))


def differs(got, want, bound):
    """How far outputs are from what they should be, as words, or nothing."""
    for index, (a, b) in enumerate(zip(got, want)):
        if a.shape != b.shape:
            return f"output {index}: {list(a.shape)}, expected {list(b.shape)}"
        error = np.abs(a.astype(np.float64) - b).max() / max(np.abs(b).max(), 1e-6) if a.size else 0.0
        if not error < bound:
            return f"output {index}: off by {error:.1e}"
    return ""


def flat(outputs):
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    return [np.asarray(o.detach() if isinstance(o, torch.Tensor) else o) for o in outputs]


def make(architecture, exporter, folder):
    start = time.time()
    opset = getattr(architecture, exporter)
    build = architecture.script if exporter == "torchscript" and architecture.script else architecture.build
    module = seeded(build, architecture.name)
    entry = architecture.entry(exporter)
    feeds = [make_inputs(row_of(entry), sizes, np.random.default_rng(0)) for sizes in entry["sizes"]]
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        model = export(architecture, exporter, module, feeds[0])
        wanted = [flat(seeded(build, architecture.name)(*[torch.from_numpy(v) for v in f.values()])) for f in feeds]
    notes = [
        f"{sizes}: {words}"
        for sizes, got, want in zip(entry["sizes"], run(model, feeds), wanted)
        if (words := differs(got, want, 1e-3))
    ]
    model = without_weights(without_comments(model), module)
    onnx.checker.check_model(filled(model))
    outputs = run(filled(model), feeds)
    for sizes, values in zip(entry["sizes"], outputs):
        for index, value in enumerate(values):
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise RuntimeError(f"output {index} is not finite with {sizes}")
    if words := decided_by_rounding(model, feeds, outputs):
        raise RuntimeError(f"rounding decides: {words}")
    name = f"{architecture.name}_{exporter}"
    onnx.save(model, f"{folder}/{name}.onnx")
    versions = {o.domain or "ai.onnx": o.version for o in model.opset_import}
    kinds = collections.Counter(n.op_type for g in [*graphs_in(model.graph), *model.functions] for n in g.node)
    print(
        f"{name}: opset {versions}, {model.ByteSize() / 1e3:.0f} KB, {sum(kinds.values())} nodes, "
        f"{time.time() - start:.0f} s, outputs {[list(v.shape) for v in outputs[0]]}, "
        f"magnitudes {[float(f'{np.abs(v.astype(np.float64)).max(initial=0):.3g}') for v in outputs[0]]}",
        flush=True,
    )
    for note in notes:
        print(f"  {note}", flush=True)
    return name, {"opset": versions["ai.onnx"], **entry}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", choices=("torchscript", "dynamo"), help="only this one")
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", help="of architectures; all where none is given")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    ort.set_default_logger_severity(3)
    os.makedirs(args.folder, exist_ok=True)
    path = f"{args.folder}/zoo.json"
    table = json.load(open(path)) if os.path.exists(path) else {"graphs": {}}
    failed = 0
    for architecture in ARCHITECTURES:
        if args.names and architecture.name not in args.names:
            continue
        for exporter in ("torchscript", "dynamo"):
            if getattr(architecture, exporter) is None or (args.exporter or exporter) != exporter:
                continue
            try:
                name, entry = make(architecture, exporter, args.folder)
                table["graphs"][name] = entry
                write_table(path, table)
            except Exception as error:  # one that fails must not keep the others from being made
                failed += 1
                if os.environ.get("ZOO_TRACE"):
                    raise
                print(f"FAIL {architecture.name}_{exporter}: {type(error).__name__}: {what(error)}", flush=True)
    return 1 if failed else 0


def what(error):
    """The part of an exporter's message that says what was wrong."""
    words = str(error)
    return words[words.rfind("<class") :][:1500] if "<class" in words else words[:600]


def write_table(path, table):
    """Few lines per graph, so that a change reads well."""
    table["made with"] = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    with open(path, "w") as file:
        file.write(f'{{\n"made with": {json.dumps(table["made with"])},\n"graphs": {{\n')
        rows = []
        for name, entry in sorted(table["graphs"].items()):
            sizes = ", ".join(json.dumps(r) for r in entry["sizes"])
            rows.append(
                f'"{name}": {{"opset": {entry["opset"]},\n'
                f'  "inputs": {json.dumps(entry["inputs"])},\n  "sizes": [{sizes}]}}'
            )
        file.write(",\n".join(rows) + "\n}\n}\n")


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the exporters number what they find in sets
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
