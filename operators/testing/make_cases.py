#!/usr/bin/env python3
"""Writes cases.bin: single nodes with inputs and the outputs that somebody else computed.

    make_cases.py --operators <build>/tests/operators_cases_test --out operators/testing/cases.bin

The cases are ONNX's own node cases (onnx.backend.test) of the operators that the test program names, and nodes in older
opsets whose outputs ONNX Runtime computed. What is left out is counted by reason and told in the file. The format is
read by case_file.cc. Needs onnx, onnxruntime and numpy.
"""
import argparse
import collections
import itertools
import struct
import subprocess

import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

import nn_nodes
import structure_nodes

MOST_BYTES = 24 << 10  # of one case
TYPES = {  # what numpy and the file agree on
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64, TensorProto.BOOL,
    TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ,
    TensorProto.FLOAT8E5M2, TensorProto.FLOAT8E5M2FNUZ, TensorProto.FLOAT8E8M0,
}
BITS = {  # of types that share bytes, low bits first
    TensorProto.UINT4: 4, TensorProto.INT4: 4, TensorProto.FLOAT4E2M1: 4, TensorProto.UINT2: 2, TensorProto.INT2: 2,
}
# ONNX's text and ONNX Runtime align the corners of the output as it is; these cases align those of its unrounded size.
OTHER_MEANING = {"test_resize_downsample_scales_cubic_align_corners", "test_resize_downsample_scales_linear_align_corners"}


NOISY = {"DFT", "STFT"}  # numpy transforms in float32; where it should find zero there is noise
RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}


class Skip(Exception):
    pass


def text(value):
    data = value.encode() if isinstance(value, str) else bytes(value)
    return struct.pack("<I", len(data)) + data


def tensor(proto):
    if proto.data_type not in TYPES and proto.data_type not in BITS:
        raise Skip(f"type {TensorProto.DataType.Name(proto.data_type).lower()}")
    array = numpy_helper.to_array(proto)
    head = struct.pack("<BB", proto.data_type, array.ndim) + struct.pack(f"<{array.ndim}q", *array.shape)
    if proto.data_type not in BITS:
        return head + np.ascontiguousarray(array).tobytes()
    bits = BITS[proto.data_type]
    codes = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8) & (1 << bits) - 1
    codes = np.concatenate([codes, np.zeros(-len(codes) % (8 // bits), np.uint8)])
    packed = sum(codes[i::8 // bits] << (bits * i) for i in range(8 // bits))
    return head + np.asarray(packed, np.uint8).tobytes()


def argument(value):
    if value is None:
        return struct.pack("<B", 0)
    if not isinstance(value, onnx.TensorProto):
        value = numpy_helper.from_array(np.asarray(value))
    return struct.pack("<B", 1) + tensor(value)


def attribute(proto):
    kind = proto.type
    head = text(proto.name)
    if kind == AttributeProto.INT:
        return head + struct.pack("<Bq", 0, proto.i)
    if kind == AttributeProto.FLOAT:
        return head + struct.pack("<Bf", 1, proto.f)
    if kind == AttributeProto.STRING:
        return head + struct.pack("<B", 2) + text(proto.s)
    if kind == AttributeProto.INTS:
        return head + struct.pack("<BI", 3, len(proto.ints)) + struct.pack(f"<{len(proto.ints)}q", *proto.ints)
    if kind == AttributeProto.FLOATS:
        return head + struct.pack("<BI", 4, len(proto.floats)) + struct.pack(f"<{len(proto.floats)}f", *proto.floats)
    if kind == AttributeProto.STRINGS:
        return head + struct.pack("<BI", 5, len(proto.strings)) + b"".join(text(s) for s in proto.strings)
    if kind == AttributeProto.TENSOR:
        return head + struct.pack("<B", 6) + tensor(proto.t)
    raise Skip("attribute of another kind")


def case(name, node, opset, inputs, outputs, rtol, atol):
    """`inputs` and `outputs` by position, None where absent."""
    parts = [text(name), text(node.domain), text(node.op_type), struct.pack("<idd", opset, rtol, atol)]
    parts += [struct.pack("<I", len(node.attribute))] + [attribute(a) for a in node.attribute]
    parts += [struct.pack("<I", len(inputs))] + [argument(v) for v in inputs]
    parts += [struct.pack("<I", len(outputs))] + [argument(v) for v in outputs]
    data = b"".join(parts)
    if len(data) > MOST_BYTES:
        raise Skip(f"larger than {MOST_BYTES >> 10} KB")
    return data


def onnx_case(test):
    nodes = test.model.graph.node
    node = nodes[0]
    if test.name in OTHER_MEANING:
        raise Skip("aligns the corners of the unrounded output")
    if node.op_type in RANDOM:
        raise Skip("random")
    for proto in list(test.model.graph.input) + list(test.model.graph.output):
        if proto.type.WhichOneof("value") != "tensor_type":
            raise Skip("not a tensor")
    if len(nodes) != 1 or len(test.data_sets) != 1:
        raise Skip("more than one node (a function's body)")
    inputs, outputs = test.data_sets[0]

    def by_name(infos, values, names):
        table = {}
        for info, value in zip(infos, values):
            if not isinstance(value, onnx.TensorProto):
                if isinstance(value, (list, dict)) or value is None:
                    raise Skip("not a tensor")
                value = numpy_helper.from_array(np.asarray(value), info.name)
            declared = info.type.tensor_type.elem_type
            if value.data_type != declared:
                raise Skip("type of an older numpy")
            table[info.name] = value
        return [table[name] if name else None for name in names]

    results = by_name(test.model.graph.output, outputs, node.output)
    # What ONNX rounds after every step may be rounded once.
    coarse = any(value is not None and value.data_type == TensorProto.BFLOAT16 for value in results)
    return case(test.name, node, next(o.version for o in test.model.opset_import if o.domain == node.domain),
                by_name(test.model.graph.input, inputs, node.input), results,
                max(test.rtol, 2**-6) if coarse else test.rtol,
                max(test.atol, 1e-6) if node.op_type in NOISY else test.atol)


def older_nodes():
    """(name, opset, op, inputs, attributes, number of outputs): what later revisions say differently."""
    r = np.random.default_rng(1)
    x = r.standard_normal((2, 3, 4, 5), dtype=np.float32)
    image = r.standard_normal((1, 2, 4, 6), dtype=np.float32)
    i64 = lambda *v: np.array(v, np.int64)
    f32 = lambda *v: np.array(v, np.float32)
    yield "clip_7", 7, "Clip", [x], dict(min=-0.5, max=0.25), 1
    yield "clip_7_min", 7, "Clip", [x], dict(min=-0.5), 1
    yield "clip_7_max", 7, "Clip", [x], dict(max=0.1), 1
    for axes in ([0, 3], [1], None):
        for op in ("ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2", "ReduceLogSumExp", "ReduceProd"):
            for keep in (0, 1):
                attributes = dict(keepdims=keep) | ({"axes": axes} if axes else {})
                yield f"{op.lower()}_11_{axes}_{keep}", 11, op, [x], attributes, 1
    for kind in (np.int32, np.int64):
        least = np.array([[np.iinfo(kind).min, 0], [-7, 3]], kind)  # has no positive counterpart: it wraps
        yield f"reduce_l1_13_{np.dtype(kind).name}_least", 13, "ReduceL1", [least], dict(axes=[1]), 1
    for axis in (0, 1, 2, 3):
        yield f"softmax_11_{axis}", 11, "Softmax", [x], dict(axis=axis), 1
        yield f"log_softmax_9_{axis}", 9, "LogSoftmax", [x], dict(axis=axis), 1
        yield f"hardmax_11_{axis}", 11, "Hardmax", [x], dict(axis=axis), 1
    for axis in (1, 2):
        yield f"softmax_11_{axis}_none", 11, "Softmax", [x[:0]], dict(axis=axis), 1, "onnx"
    yield "softmax_11_default", 11, "Softmax", [x[0, 0]], {}, 1
    yield "squeeze_11", 11, "Squeeze", [x[:1, :, :1]], dict(axes=[0, 2]), 1
    yield "squeeze_11_all", 11, "Squeeze", [x[:1, :, :1]], {}, 1
    yield "unsqueeze_11", 11, "Unsqueeze", [x[0]], dict(axes=[0, 4]), 1
    yield "slice_9", 9, "Slice", [x], dict(starts=[1, -3], ends=[3, 1000], axes=[1, 3]), 1
    yield "slice_9_no_axes", 9, "Slice", [x], dict(starts=[0, 1], ends=[1, 3]), 1
    yield "pad_10", 10, "Pad", [x], dict(pads=[0, 1, 0, 2, 0, 0, 3, 1], value=1.5), 1
    yield "pad_10_reflect", 10, "Pad", [x], dict(pads=[0, 1, 0, 2, 0, 0, 3, 1], mode="reflect"), 1
    yield "pad_10_edge", 10, "Pad", [x], dict(pads=[0, 0, 0, 2, 0, 0, 3, 1], mode="edge"), 1
    yield "pad_13_cuts", 13, "Pad", [x, i64(0, -1, 0, 2, 0, 0, -1, 1), np.float32(2)], {}, 1
    yield "split_11", 11, "Split", [x], dict(axis=3, split=[2, 1, 2]), 3
    yield "split_11_equal", 11, "Split", [x], dict(axis=2), 2
    yield "split_13", 13, "Split", [x, i64(1, 3)], dict(axis=2), 2
    yield "split_13_equal", 13, "Split", [x], dict(axis=2), 4
    yield "dropout_7", 7, "Dropout", [x], dict(ratio=0.3), 1
    yield "dropout_10", 10, "Dropout", [x], {}, 1
    yield "batch_normalization_7", 7, "BatchNormalization", [
        x, f32(1, 2, 3), f32(0, -1, 1), f32(0.5, 0, -1), f32(1, 2, 0.5)], dict(epsilon=1e-3), 1
    yield "batch_normalization_9", 9, "BatchNormalization", [
        x, f32(1, 2, 3), f32(0, -1, 1), f32(0.5, 0, -1), f32(1, 2, 0.5)], {}, 1
    yield "batch_normalization_7_elements", 7, "BatchNormalization", [x, x[0], x[1], 2 * x[0], np.abs(x[0])], dict(
        spatial=0), 1
    yield "upsample_7", 7, "Upsample", [image], dict(scales=[1.0, 1.0, 2.0, 3.0]), 1
    yield "upsample_7_linear", 7, "Upsample", [image], dict(scales=[1.0, 1.0, 2.0, 1.5], mode="linear"), 1
    yield "upsample_9", 9, "Upsample", [image, f32(1, 1, 2.5, 2)], {}, 1
    yield "upsample_9_linear", 9, "Upsample", [image, f32(1, 1, 2, 2)], dict(mode="linear"), 1
    for i, scales in enumerate(((1.6, 1.7), (0.6, 0.4), (0.6, 1.7), (1, 0.7), (2.3, 1))):
        yield f"resize_10_{i}", 10, "Resize", [image, f32(1, 1, *scales)], {}, 1
    yield "resize_10_linear", 10, "Resize", [image, f32(1, 1, 0.6, 1.7)], dict(mode="linear"), 1
    for mode in ("nearest", "linear", "cubic"):
        for where in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
            yield f"resize_11_{mode}_{where}", 11, "Resize", [image, f32(), f32(), i64(1, 2, 7, 5)], dict(
                mode=mode, coordinate_transformation_mode=where), 1
    yield "resize_11_tf_nearest", 11, "Resize", [image, f32(), f32(), i64(1, 2, 7, 5)], dict(
        mode="nearest", coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor"), 1
    yield "gemm_7", 7, "Gemm", [x[0, 0], x[0, 0].T.copy(), f32(1, 2, 3, 4)], dict(alpha=0.5, beta=2.0), 1
    yield "gemm_9_scalar", 9, "Gemm", [x[0, 0], x[0, 0], f32(3)], dict(transB=1), 1
    yield "max_pool_7", 7, "MaxPool", [x], dict(kernel_shape=[2, 2]), 1
    yield "max_pool_8_indices", 8, "MaxPool", [x], dict(kernel_shape=[2, 2], strides=[2, 2]), 2
    yield "average_pool_7", 7, "AveragePool", [x], dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1]), 1
    yield "average_pool_10_ceil", 10, "AveragePool", [x], dict(
        kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=1), 1
    yield "arg_max_11", 11, "ArgMax", [x], dict(axis=2, keepdims=0), 1
    yield "reshape_13", 13, "Reshape", [x, i64(0, -1, 10)], {}, 1
    yield "cast_9", 9, "Cast", [x], dict(to=TensorProto.INT32), 1
    yield "depth_to_space_9", 9, "DepthToSpace", [r.standard_normal((1, 8, 2, 3), dtype=np.float32)], dict(blocksize=2), 1
    for kind in (np.bool_, np.uint8, np.int32, np.int64, np.float32):
        yield f"non_zero_{np.dtype(kind).name}", 9, "NonZero", [(np.abs(x) > 0.7).astype(kind)], {}, 1
    yield "non_zero_none", 13, "NonZero", [np.zeros((3, 4), np.float32)], {}, 1
    yield "non_zero_empty", 13, "NonZero", [np.zeros((3, 0), np.float32)], {}, 1
    yield "min_7", 7, "Min", [x, x[::-1].copy()], {}, 1
    # Convolutions beyond the official ones.
    big = r.standard_normal((2, 6, 9, 11), dtype=np.float32)
    for group, w, extra in ((1, (7, 6, 3, 3), dict(pads=[1, 2, 0, 1])), (2, (4, 3, 3, 2), dict(strides=[2, 1])),
                            (6, (6, 1, 3, 3), dict(pads=[1, 1, 1, 1])), (6, (12, 1, 5, 3), dict(strides=[2, 3])),
                            (6, (6, 1, 3, 3), dict(dilations=[2, 3], pads=[2, 3, 2, 3], strides=[1, 2])),
                            (3, (9, 2, 1, 1), dict()), (1, (5, 6, 1, 1), dict(strides=[2, 2])),
                            (1, (3, 6, 3, 3), dict(auto_pad="SAME_LOWER", strides=[2, 2]))):
        weights = r.standard_normal(w, dtype=np.float32)
        bias = r.standard_normal(w[0], dtype=np.float32)
        name = f"{group}_{'x'.join(map(str, w))}_{'_'.join(extra)}"
        yield f"conv_{name}", 11, "Conv", [big, weights, bias], dict(group=group, **extra), 1
    for group, w, extra in ((1, (6, 4, 3, 3), dict(strides=[2, 3])), (2, (6, 2, 2, 2), dict(strides=[2, 2])),
                            (6, (6, 1, 3, 2), dict(pads=[1, 0, 1, 1], dilations=[2, 1])),
                            (3, (6, 2, 4, 4), dict(strides=[3, 2], output_padding=[2, 1], pads=[1, 1, 2, 0]))):
        weights = r.standard_normal(w, dtype=np.float32)
        bias = r.standard_normal(w[1] * group, dtype=np.float32)
        name = f"{group}_{'x'.join(map(str, w))}_{'_'.join(extra)}"
        yield f"conv_transpose_{name}", 11, "ConvTranspose", [big[:1, :, :5, :5].copy(), weights, bias], dict(
            group=group, **extra), 1
    yield "conv_3d", 11, "Conv", [r.standard_normal((1, 2, 5, 4, 6), dtype=np.float32),
                                  r.standard_normal((3, 2, 2, 3, 2), dtype=np.float32)], dict(pads=[1, 0, 1, 0, 1, 1]), 1


def older_case(name, opset, op, inputs, attributes, outputs, by="ort"):
    """`by`: ONNX Runtime, or "onnx", ONNX's reference evaluator, where the former has no such node.

    `outputs`: how many, or which of them are wanted, as booleans. An input is None where it is absent."""
    wanted = [True] * outputs if isinstance(outputs, int) else outputs
    node = helper.make_node(op, ["" if v is None else f"x{i}" for i, v in enumerate(inputs)],
                            [f"y{i}" if use else "" for i, use in enumerate(wanted)], **attributes)
    given = {f"x{i}": np.asarray(v) for i, v in enumerate(inputs) if v is not None}
    infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
             for name, v in given.items()]
    results = [helper.make_empty_tensor_value_info(f"y{i}") for i, use in enumerate(wanted) if use]
    model = helper.make_model(helper.make_graph([node], "g", infos, results),
                              opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        if by == "onnx":
            raise LookupError("not asked")
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        computed = session.run(None, given)
    except Exception as refusal:  # nodes and types that it does not compute: ONNX's own evaluator does
        if by != "onnx":
            print(f"ONNX Runtime does not run {name}: {str(refusal).splitlines()[0]}")
        by = "onnx"
        computed = ReferenceEvaluator(model).run(None, given)
    computed = iter(computed)
    computed = [next(computed) if use else None for use in wanted]
    return case(f"{by}_{name}", node, opset, inputs, computed, 1e-4, 1e-5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operators", required=True, help="the test program, which names its operators")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    names = set(subprocess.run([arguments.operators, "--operators"], check=True, capture_output=True,
                               text=True).stdout.split())
    cases, skipped = [], collections.Counter()
    for test in sorted(collect_testcases(None), key=lambda t: t.name):
        if test.model.graph.node[0].op_type not in names | {"Scatter"} or "_expanded" in test.name:
            continue
        try:
            cases.append(onnx_case(test))
        except Skip as reason:
            skipped[str(reason)] += 1
    for older in itertools.chain(older_nodes(), nn_nodes.nodes(), structure_nodes.nodes()):
        if older[2] in names or older[2] in ("Scatter", "Upsample"):
            cases.append(older_case(*older))
    with open(arguments.out, "wb") as out:
        out.write(b"TNCASES1" + struct.pack("<I", len(skipped)))
        for reason, count in sorted(skipped.items()):
            out.write(text(reason) + struct.pack("<I", count))
        out.write(struct.pack("<I", len(cases)) + b"".join(cases))
    print(f"{len(cases)} cases, left out: {dict(skipped)}")


if __name__ == "__main__":
    main()
