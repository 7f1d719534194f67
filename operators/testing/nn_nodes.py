"""Nodes of neural networks that ONNX's own cases do not reach, for make_cases.py; ONNX Runtime computes their outputs,
or ONNX's reference evaluator where a node ends with "onnx".

Each is (name, opset, op, inputs, attributes, outputs), as make_cases.older_case takes it.
"""
import itertools

import numpy as np


def recurrent(r):
    def f32(*shape):
        return (r.standard_normal(shape) * 0.6).astype(np.float32)

    def node(name, op, opset=14, steps=5, batch=3, inputs=4, hidden=3, lengths=None, bias=True, state=True,
             peepholes=False, outputs=None, dtype=np.float32, **attributes):
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
        d = 2 if attributes.get("direction") == "bidirectional" else 1
        values = [f32(steps, batch, inputs), f32(d, gates * hidden, inputs), f32(d, gates * hidden, hidden),
                  f32(d, 2 * gates * hidden) if bias else None,
                  None if lengths is None else np.array(lengths, np.int32),
                  f32(d, batch, hidden) if state else None]
        if op == "LSTM":
            values += [f32(d, batch, hidden) if state else None, f32(d, 3 * hidden) if peepholes else None]
        values = [v.astype(dtype) if v is not None and v.dtype == np.float32 else v for v in values]
        return (f"{op.lower()}_{name}", opset, op, values, dict(hidden_size=hidden, **attributes),
                outputs or (3 if op == "LSTM" else 2))

    for op in ("LSTM", "GRU", "RNN"):
        for direction in ("forward", "reverse", "bidirectional"):
            yield node(direction, op, direction=direction)
            yield node(f"{direction}_lengths", op, direction=direction, lengths=[5, 0, 2])
            yield node(f"{direction}_batch_1", op, direction=direction, batch=1, bias=False, state=False)
        yield node("many", op, direction="reverse", steps=3, batch=29, hidden=17, inputs=3,
                   lengths=[i % 4 for i in range(29)], outputs=[False, True] + [True] * (op == "LSTM"))
        yield node("clip", op, clip=0.3)
        yield node("last_only", op, outputs=[False, True])
        yield node("all_steps_only", op, outputs=[True])
        yield node("7", op, opset=7, lengths=[1, 5, 3])
    for late in (0, 1):
        yield node(f"late_{late}", "GRU", linear_before_reset=late, direction="bidirectional", lengths=[4, 1, 5])
        yield node(f"late_{late}_no_bias", "GRU", linear_before_reset=late, bias=False)
    yield node("peepholes", "LSTM", peepholes=True, direction="bidirectional", lengths=[4, 1, 5])
    yield node("coupled", "LSTM", input_forget=1)
    yield node("peepholes_clip", "LSTM", peepholes=True, clip=0.4)
    yield node("activations", "LSTM", direction="bidirectional", activation_alpha=[0.3, 0.7, 0.2],
               activation_beta=[0.4, 0.9],
               activations=["HardSigmoid", "ScaledTanh", "Softsign", "Sigmoid", "LeakyRelu", "Tanh"])
    yield node("activations", "GRU", activations=["Sigmoid", "Softplus"])
    for function in ("Affine", "Relu", "LeakyRelu", "ThresholdedRelu", "Tanh", "ScaledTanh", "Sigmoid", "HardSigmoid",
                     "Elu", "Softsign", "Softplus"):
        # ONNX: defaults are those of the operators of that name; ONNX Runtime takes 0 for these three.
        if function not in ("Affine", "ThresholdedRelu", "ScaledTanh"):
            yield node(f"{function.lower()}_default", "RNN", activations=[function])
        yield node(function.lower(), "RNN", activations=[function], activation_alpha=[0.4], activation_beta=[0.3])


def attention(r):
    def f32(*shape):
        return r.standard_normal(shape).astype(np.float32)

    def qkv(batch=2, heads=4, groups=2, queries=5, keys=7, size=6, values=5, flat=False):
        if flat:
            return [f32(batch, queries, heads * size), f32(batch, keys, groups * size),
                    f32(batch, keys, groups * values)], dict(q_num_heads=heads, kv_num_heads=groups)
        return [f32(batch, heads, queries, size), f32(batch, groups, keys, size), f32(batch, groups, keys, values)], {}

    def mask(*shape):
        found = r.random(shape) < 0.7
        found[..., 0] = True
        return found

    for flat in (False, True):
        name = "attention_3d" if flat else "attention_4d"
        values, heads = qkv(flat=flat)
        for shape in ((5, 7), (1, 7), (4, 5, 7), (1, 5, 7), (2, 1, 5, 7), (2, 4, 1, 7), (1, 4, 5, 7)):
            tag = "x".join(map(str, shape))
            by = "ort" if shape[-2] == 5 else "onnx"
            yield f"{name}_mask_{tag}", 23, "Attention", [*values, f32(*shape)], heads, 1, by
            yield f"{name}_mask_bool_{tag}", 24, "Attention", [*values, mask(*shape)], heads | dict(is_causal=by == "ort"), 1, by
        past = [f32(2, 2, 3, 6), f32(2, 2, 3, 5)]
        for mode in range(4):
            yield f"{name}_scores_{mode}", 23, "Attention", [*values, f32(5, 10), *past], heads | dict(
                qk_matmul_output_mode=mode, softcap=1.5, scale=0.3), 4
        yield f"{name}_past", 23, "Attention", [*values, None, *past], heads | dict(is_causal=1), 3
        yield f"{name}_past_unseen", 23, "Attention", [*values, None, *past], heads, 1, "onnx"
        yield f"{name}_no_past", 23, "Attention", values, heads, 3
    # Several blocks of queries and tiles of keys, and one query, whose scores are dot products.
    long, _ = qkv(batch=1, heads=2, groups=1, queries=37, keys=70, size=3, values=4)
    yield "attention_long", 23, "Attention", long, {}, 1
    yield "attention_long_causal", 23, "Attention", long, dict(is_causal=1), 1
    yield "attention_long_mask", 23, "Attention", [*long, mask(37, 70)], {}, 1
    wide, _ = qkv(batch=1, heads=1, groups=1, queries=4, keys=5, size=300, values=70)
    yield "attention_wide", 23, "Attention", wide, {}, 1
    one, _ = qkv(queries=1, keys=70, heads=2, groups=1, size=3, values=4)
    yield "attention_one", 23, "Attention", one, {}, 1
    outside, _ = qkv(queries=2, keys=9)
    yield "attention_nonpad", 24, "Attention", [*outside, None, None, None, np.array([9, 4])], {}, 1
    yield "attention_nonpad_causal", 24, "Attention", [*outside, None, None, None, np.array([2, 7])], dict(is_causal=1), 1
    for interleaved, rotated, flat in itertools.product((0, 1), (0, 4), (False, True)):
        x = f32(2, 3, 5 * 6) if flat else f32(2, 5, 3, 6)
        half = (rotated or 6) // 2
        attributes = dict(interleaved=interleaved, rotary_embedding_dim=rotated) | (dict(num_heads=5) if flat else {})
        name = f"rotary_{interleaved}_{rotated}_{'3d' if flat else '4d'}"
        yield name, 23, "RotaryEmbedding", [x, f32(8, half), f32(8, half),
                                            r.integers(0, 8, (2, 3))], attributes, 1
        yield name + "_direct", 23, "RotaryEmbedding", [x, f32(2, 3, half), f32(2, 3, half)], attributes, 1


def normalization(r):
    x = r.standard_normal((2, 6, 3, 5), dtype=np.float32)
    scale, bias = r.standard_normal((2, 6), dtype=np.float32)
    for groups in (1, 2, 3, 6):
        yield f"group_18_{groups}", 18, "GroupNormalization", [x, scale[:groups], bias[:groups]], dict(
            num_groups=groups, epsilon=1e-3), 1
        yield f"group_21_{groups}", 21, "GroupNormalization", [x, scale, bias], dict(num_groups=groups), 1
    yield "rms_broadcast", 23, "RMSNormalization", [x, scale[:3].reshape(3, 1)], dict(axis=2), 1
    yield "rms_one", 23, "RMSNormalization", [x, scale[:1]], dict(axis=1, epsilon=1e-2), 1
    for axis, scale_shape, bias_shape in ((3, (1,), (5,)), (2, (3, 1), (1,)), (1, (6, 1, 5), (3, 1))):
        yield f"layer_broadcast_{axis}", 17, "LayerNormalization", [
            x, r.standard_normal(scale_shape, dtype=np.float32), r.standard_normal(bias_shape, dtype=np.float32)], dict(
                axis=axis), 1, "onnx"
    for size in (1, 2, 3, 4, 11):  # ONNX Runtime has no even sizes; the evaluator takes N for C
        yield f"lrn_{size}", 13, "LRN", [x if size % 2 else x.reshape(6, 6, 1, 5)], dict(
            size=size, alpha=0.5, beta=0.6, bias=1.5), 1, "ort" if size % 2 else "onnx"
    for axis, p in itertools.product((-1, 0, 2), (1, 2)):
        yield f"lp_{axis}_{p}", 1, "LpNormalization", [np.where(abs(x) < 0.1, np.float32(0), x)], dict(axis=axis, p=p), 1
    yield "mean_variance", 13, "MeanVarianceNormalization", [x], {}, 1
    for axes in ([1, 3], [2], [0, 1, 2, 3], [-1, 2]):
        yield f"mean_variance_{len(axes)}_{axes[0]}", 13, "MeanVarianceNormalization", [x], dict(axes=axes), 1


def quantization(r):
    x = (r.standard_normal((2, 3, 4, 5)) * 20).astype(np.float32)
    f32 = np.float32
    axes = {0: 2, 1: 3, 2: 4, 3: 5, -1: 5}
    for kind in (np.uint8, np.int8, np.uint16, np.int16):
        name = np.dtype(kind).name
        opset = 21 if np.dtype(kind).itemsize == 2 else 13
        q = r.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, x.shape, kind)
        yield f"quantize_{name}", opset, "QuantizeLinear", [x, f32(0.3), kind(3)], {}, 1
        yield f"dequantize_{name}", opset, "DequantizeLinear", [q, f32(0.3), kind(3)], {}, 1
        for axis, size in axes.items():
            scale = r.random(size, f32) + f32(0.1)
            zero = r.integers(0, 100, size).astype(kind)
            yield f"quantize_{name}_{axis}", opset, "QuantizeLinear", [x, scale, zero], dict(axis=axis), 1
            yield f"dequantize_{name}_{axis}", opset, "DequantizeLinear", [q, scale, zero], dict(axis=axis), 1
        for axis, size in ((1, 2), (2, 2), (3, 3)):
            shape = [*x.shape[:axis], size, *x.shape[axis + 1:]]
            scale = r.random(shape, f32) + f32(0.1)
            zero = r.integers(0, 100, shape).astype(kind)
            yield f"quantize_{name}_block_{axis}", 21, "QuantizeLinear", [x, scale, zero], dict(axis=axis, block_size=2), 1
            yield f"dequantize_{name}_block_{axis}", 21, "DequantizeLinear", [q, scale, zero], dict(axis=axis, block_size=2), 1
    yield "quantize_10", 10, "QuantizeLinear", [x, f32(2.5)], {}, 1
    # ONNX Runtime divides in float32, ONNX in the scale's type.
    yield "quantize_16_bit_scale", 21, "QuantizeLinear", [x.astype(np.float16), np.float16(0.3), np.int8(-7)], {}, 1, "onnx"
    yield "dequantize_10", 10, "DequantizeLinear", [x.astype(np.int8), f32(2.5)], {}, 1
    yield "dequantize_int32", 13, "DequantizeLinear", [(x * 1000).astype(np.int32), f32(2.5)], {}, 1
    for low, high in ((-3, 5), (1, 9), (-9, -1), (0, 0)):
        data = (r.random((7, 9), f32) * (high - low) + low).astype(f32)
        yield f"dynamic_quantize_{low}_{high}", 11, "DynamicQuantizeLinear", [data], {}, 3

    def byte(kind, *shape):
        return r.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, shape, kind)

    for a, b in ((np.uint8, np.uint8), (np.uint8, np.int8)):
        name = f"{np.dtype(a).name}_{np.dtype(b).name}"
        yield f"matmul_{name}", 10, "MatMulInteger", [byte(a, 5, 7), byte(b, 7, 3), a(9), b(4)], {}, 1
        yield f"matmul_{name}_deep", 10, "MatMulInteger", [byte(a, 3, 600), byte(b, 600, 2), a(200), b(4)], {}, 1
        yield f"matmul_{name}_wide", 10, "MatMulInteger", [byte(a, 130, 3), byte(b, 3, 20)], {}, 1
        yield f"matmul_{name}_columns", 10, "MatMulInteger", [byte(a, 2, 5, 7), byte(b, 7, 3), a(9), byte(b, 3)], {}, 1
        yield f"matmul_{name}_batches", 10, "MatMulInteger", [byte(a, 4, 1, 5, 7), byte(b, 2, 7, 3), a(9), b(1)], {}, 1
        yield f"qlinear_matmul_{name}", 10, "QLinearMatMul", [
            byte(a, 2, 5, 7), f32(0.05), a(9), byte(b, 2, 7, 3), f32(0.02), b(4), f32(1.3), a(120)], {}, 1
        yield f"qlinear_matmul_{name}_columns", 10, "QLinearMatMul", [
            byte(a, 5, 7), f32(0.05), a(9), byte(b, 7, 3), r.random(3, f32), byte(b, 3), f32(9), a(120)], {}, 1
        for group, attributes in ((1, {}), (2, dict(pads=[1, 0, 2, 1])), (4, dict(strides=[2, 1], dilations=[1, 2]))):
            pixels, weights = byte(a, 2, 4, 6, 7), byte(b, 8, 4 // group, 3, 2)
            attributes = attributes | dict(group=group)
            # ONNX Runtime's ConvInteger wants uint8 weights or one zero point.
            yield f"conv_{name}_{group}", 10, "ConvInteger", [pixels, weights, a(77), b(3)], attributes, 1
            yield f"qlinear_conv_{name}_{group}", 10, "QLinearConv", [
                pixels, f32(0.04), a(77), weights, f32(0.03), b(0), f32(0.9), a(100),
                r.integers(-1000, 1000, 8).astype(np.int32)], attributes, 1
            yield f"qlinear_conv_{name}_{group}_channels", 10, "QLinearConv", [
                pixels, f32(0.04), a(77), weights, r.random(8, f32) * f32(0.1), np.full(8, 5, b), f32(0.9), a(100)], attributes, 1


def sampling(r):
    def f32(*shape):
        return r.standard_normal(shape).astype(np.float32)

    for mode, padding, corners in itertools.product(("bilinear", "nearest", "bicubic"),
                                                    ("zeros", "border", "reflection"), (0, 1)):
        attributes = dict(padding_mode=padding, align_corners=corners)
        grid = (r.random((2, 3, 4, 2)) * 5 - 2.5).astype(np.float32)  # far outside, too
        name = f"grid_sample_{mode}_{padding}_{corners}"
        yield f"{name}_16", 16, "GridSample", [f32(2, 3, 5, 4), grid], dict(mode=mode) | attributes, 1
        newer = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
        yield f"{name}_20", 20, "GridSample", [f32(2, 3, 5, 4), grid], dict(mode=newer) | attributes, 1
        if mode != "bicubic":
            grid = (r.random((1, 2, 3, 2, 3)) * 5 - 2.5).astype(np.float32)
            yield f"{name}_3d", 20, "GridSample", [f32(1, 2, 4, 3, 5), grid], dict(mode=newer) | attributes, 1
    yield "grid_sample_1d", 20, "GridSample", [f32(1, 2, 6), (r.random((1, 5, 1)) * 3 - 1.5).astype(np.float32)], {}, 1, "onnx"
    corners = (r.random((6, 2)) * 12 - 2).astype(np.float32)
    rois = np.concatenate([corners, corners + (r.random((6, 2)) * 9).astype(np.float32)], 1)
    batches = np.array([0, 1, 1, 0, 1, 0])
    for mode, ratio in itertools.product(("avg", "max"), (0, 1, 3)):
        attributes = dict(mode=mode, sampling_ratio=ratio, output_height=3, output_width=2, spatial_scale=0.7)
        yield f"roi_align_{mode}_{ratio}_10", 10, "RoiAlign", [f32(2, 3, 8, 9), rois, batches], attributes, 1
        yield f"roi_align_{mode}_{ratio}_16", 16, "RoiAlign", [f32(2, 3, 8, 9), rois, batches], attributes, 1
    regions = np.concatenate([batches[:, None].astype(np.float32), rois], 1)
    for scale in (1.0, 0.7, 2.5):
        yield f"max_roi_pool_{scale}", 13, "MaxRoiPool", [f32(2, 3, 8, 9), regions], dict(
            pooled_shape=[3, 2], spatial_scale=scale), 1
    for corners in (0, 1):
        yield f"affine_2d_{corners}", 20, "AffineGrid", [f32(2, 2, 3), np.array([2, 1, 3, 5])], dict(align_corners=corners), 1
        yield f"affine_3d_{corners}", 20, "AffineGrid", [f32(1, 3, 4), np.array([1, 1, 3, 5, 2])], dict(align_corners=corners), 1
    yield "col2im", 18, "Col2Im", [f32(2, 3 * 6, 9), np.array([5, 6]), np.array([2, 3])], dict(
        strides=[2, 1], pads=[1, 0, 0, 1], dilations=[1, 2]), 1
    for group, offset_group, attributes in ((1, 1, {}), (2, 1, dict(pads=[1, 0, 2, 1], strides=[1, 2])),
                                            (1, 2, dict(dilations=[2, 1], pads=[1, 1, 1, 1])), (4, 4, {})):
        # ONNX Runtime and the evaluator share the sampling; positions stay within a pixel around X.
        x, w, bias = f32(2, 4, 6, 7), f32(8, 4 // group, 3, 2), f32(8)
        pads, strides = attributes.get("pads", [0] * 4), attributes.get("strides", [1, 1])
        dilations = attributes.get("dilations", [1, 1])
        out = [(n + pads[i] + pads[i + 2] - (k - 1) * dilations[i] - 1) // strides[i] + 1
               for i, (n, k) in enumerate(((6, 3), (7, 2)))]
        offset, mask = f32(2, offset_group * 12, *out), f32(2, offset_group * 6, *out)
        attributes = attributes | dict(group=group, offset_group=offset_group)
        yield f"deform_{group}_{offset_group}", 19, "DeformConv", [x, w, offset, bias, mask], attributes, 1
        yield f"deform_{group}_{offset_group}_plain", 19, "DeformConv", [x, w, offset], attributes, 1
    places = np.stack([r.permutation(6 * 8)[:12].reshape(3, 4) for _ in range(4)]).reshape(2, 2, 3, 4)
    places = places + np.arange(4).reshape(2, 2, 1, 1) * 48
    yield "max_unpool", 9, "MaxUnpool", [f32(2, 2, 3, 4), places], dict(kernel_shape=[2, 2], strides=[2, 2]), 1
    yield "max_unpool_11", 11, "MaxUnpool", [f32(1, 1, 5), np.array([[[0, 2, 3, 5, 7]]])], dict(
        kernel_shape=[3], strides=[2], pads=[1, 1]), 1


def signal(r):
    def f32(*shape):
        return r.standard_normal(shape).astype(np.float32)

    # ONNX's evaluator is numpy; ONNX Runtime's own transform is exact to 1e-3 only.
    for length in (1, 2, 6, 7, 16, 30, 49, 97):
        yield f"dft_{length}", 17, "DFT", [f32(2, length, 1)], {}, 1, "onnx"
        yield f"dft_{length}_complex", 17, "DFT", [f32(2, length, 2)], {}, 1, "onnx"
        yield f"dft_{length}_inverse", 17, "DFT", [f32(2, length, 2)], dict(inverse=1), 1, "onnx"
        yield f"dft_{length}_onesided", 20, "DFT", [f32(2, length, 1)], dict(onesided=1), 1, "onnx"
    for length in (4, 5, 9, 12):
        for inverse, onesided in ((0, 0), (0, 1), (1, 0), (1, 1)):
            parts = 2 if inverse else 1
            yield f"dft_to_{length}_{inverse}{onesided}", 20, "DFT", [f32(2, 9, 3, parts), np.array(length), np.array(-3)], dict(
                inverse=inverse, onesided=onesided), 1, "onnx"
    yield "irfft", 20, "DFT", [f32(2, 6, 2)], dict(inverse=1, onesided=1), 1, "onnx"
    window = r.random(12).astype(np.float32)
    for onesided in (0, 1):
        yield f"stft_{onesided}", 17, "STFT", [f32(2, 50, 1), np.array(7), window, np.array(12)], dict(onesided=onesided), 1, "onnx"
        yield f"stft_{onesided}_no_window", 17, "STFT", [f32(1, 50, 1), np.array(9), None, np.array(15)], dict(
            onesided=onesided), 1, "onnx"
    yield "stft_complex", 17, "STFT", [f32(1, 40, 2), np.array(10), window], dict(onesided=0), 1, "onnx"
    for op in ("HannWindow", "HammingWindow", "BlackmanWindow"):
        for size, periodic in itertools.product((2, 9, 16), (0, 1)):
            yield f"{op.lower()}_{size}_{periodic}", 17, op, [np.array(size)], dict(periodic=periodic), 1
    # ONNX Runtime and ONNX's evaluator agree but for a bin's edge in float32.
    yield "mel", 17, "MelWeightMatrix", [np.array(20), np.array(128), np.array(16000), np.float32(20), np.float32(7600)], {}, 1


def nodes():
    yield from sampling(np.random.default_rng(6))
    yield from signal(np.random.default_rng(7))
    yield from quantization(np.random.default_rng(5))
    yield from recurrent(np.random.default_rng(2))
    yield from attention(np.random.default_rng(3))
    yield from normalization(np.random.default_rng(4))
