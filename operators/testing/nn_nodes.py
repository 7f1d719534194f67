"""Nodes of neural networks that ONNX's own cases do not reach, for make_cases.py; ONNX Runtime computes their outputs.

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


def nodes():
    r = np.random.default_rng(2)
    yield from recurrent(r)
