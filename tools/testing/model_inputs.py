"""Inputs of the models that tests run: what each input may hold, and the sizes of open dimensions.

A row of MODELS is {"inputs": {name: (shape, values)}, "sizes": [{letter: size}...]}: a shape names its dimensions by letters
or numbers, and `sizes` are the runs. "carry" {output: input} makes of each run a chain of "steps" runs in which the outputs
of one are the inputs of the next. `inputs_of` makes rows for models that have none, from what ONNX Runtime says of them.
"""
import itertools

import numpy as np

DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(bool)": np.bool_,
          "tensor(string)": np.object_}
DTYPES |= {f"tensor({name})": np.dtype(name).type for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")}


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


def whole(limit, dtype=np.int64):
    return lambda rng, shape: rng.integers(0, limit, shape).astype(dtype)


def mask(rng, shape):
    """Ones, then zeros: each row is a text of its own length, at least 1."""
    return (np.arange(shape[1]) < rng.integers(1, shape[1] + 1, (shape[0], 1))).astype(np.int64)


def scalar(value):
    return lambda rng, shape: np.array(value, np.int64)


def zeros(rng, shape):
    return np.zeros(shape, np.float32)


def sound(rng, shape):
    """Something with pitch, loud and soft, so that a detector of speech changes its mind."""
    time = np.arange(shape[-1]) / 16000
    tone = sum(np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) / k for k, f in enumerate(rng.uniform(90, 260) * np.arange(1, 9), 1))
    return (rng.uniform(0, 0.3) * tone + 0.01 * rng.standard_normal(shape)).astype(np.float32)


def writing(rng, shape):
    """Pages with dark strokes in lines, as PP-OCR sees them: a detector of text finds some, so that its outputs are not all 0."""
    page = np.full(shape, 1.5, np.float32) + 0.05 * rng.standard_normal(shape).astype(np.float32)
    for top in range(4, shape[2] - 12, 24):
        left = 4
        while left < shape[3] - 8:
            page[:, :, top + rng.integers(0, 6):top + 14, left:left + rng.integers(2, 4)] = -1.5
            left += rng.integers(4, 9) if rng.random() < 0.85 else 16
    return page


def table(**dims):
    return [dict(zip(dims, sizes)) for sizes in itertools.product(*dims.values())]


TEXTS = table(N=(1, 3), S=(1, 7, 128))
BATCHES = table(N=(1, 3))
BERT = {"inputs": {"input_ids": ("N S", whole(30522)), "attention_mask": ("N S", mask)}, "sizes": TEXTS}
PICTURE = {"inputs": {"input": ("N 3 224 224", normal)}, "sizes": BATCHES}
ONE_PICTURE = PICTURE | {"sizes": table(N=(1,))}
STATE = {"state": ("2 N 128", zeros)}
SPEECH = {"carry": {"stateN": "state"}, "steps": 50}
SILERO = {"inputs": {"input": ("N T", sound), "sr": ("", scalar(16000))} | STATE, "sizes": table(N=(1, 3), T=(576,))} | SPEECH

MODELS = {
    "bert_base": BERT,
    "bert_mini": BERT,
    "bert_mini_opset23": BERT | {"sizes": table(N=(1,), S=(128,))},
    "convnext_tiny": PICTURE,
    "efficientnet_b0": PICTURE,
    "gpt2_decode": {
        "inputs": {"input_ids": ("1 1", whole(50257))} | {f"past.{i}.{x}": ("1 12 P 64", normal) for i in range(12) for x in "kv"},
        "sizes": table(P=(0, 1, 7, 127)),
    },
    "lstm_tagger": {"inputs": {"tokens": ("N S", whole(10000))}, "sizes": TEXTS},
    "lstm_tagger_opset23": {"inputs": {"tokens": ("1 64", whole(10000))}, "sizes": [{}]},
    "mobilenet_v2": PICTURE,
    "mobilenet_v3_large": PICTURE,
    "resnet50": PICTURE,
    "resnet50_opset23": ONE_PICTURE,
    "unet": {"inputs": {"input": ("N 3 256 256", normal)}, "sizes": BATCHES},
    "vit_small_16": PICTURE,
    "vit_small_16_opset23": ONE_PICTURE,
    "magika": {"inputs": {"bytes": ("N 2048", whole(257, np.int32))}, "sizes": BATCHES},
    "text_detection": {"inputs": {"x": ("N 3 H W", writing)},
                       "sizes": table(N=(1,), H=(32,), W=(32, 640)) + table(N=(3,), H=(96,), W=(160,)) + table(N=(1,), H=(352,), W=(640,))},
    "text_direction": {"inputs": {"x": ("N 3 48 W", normal)}, "sizes": table(N=(1, 3), W=(192, 32, 333, 640))},
    "text_recognition": {"inputs": {"x": ("N 3 48 W", normal)}, "sizes": table(N=(1, 3), W=(32, 100, 320, 640))},
    "silero_vad": SILERO | {"sizes": table(N=(1, 3), T=(576,), rate=(16000,)) + table(N=(1, 3), T=(288,), rate=(8000,))},
    "silero_vad_16k_op15": SILERO,
    "silero_vad_op18_ifless": SILERO | {"sizes": table(N=(1, 3), T=(576,), rate=(16000,)) + table(N=(1, 3), T=(288,), rate=(8000,))},
    "silero_vad_half": SILERO | {"inputs": {"input": ("N T", sound)} | STATE},
    "silero_vad_openvino_16k": SILERO | {"inputs": {"input": ("1 576", sound), "state": ("2 1 128", zeros)}, "sizes": [{}]},
    "silero_vad_16k_sequence": {
        "inputs": {"input": ("S 576", sound), "h": ("1 1 128", zeros), "c": ("1 1 128", zeros)},
        "sizes": table(S=(1, 7, 128)), "carry": {"hn": "h", "cn": "c"}, "steps": 50,
    },
}


def row_of_session(session):
    """Random values of the right types; dimensions of one name have one size."""
    sizes, inputs = {}, {}
    for index, info in enumerate(session.get_inputs()):
        dtype = DTYPES[info.type]
        dims = [d if isinstance(d, int) and d >= 0 else str(d or f"{index}.{axis}").replace(" ", "") for axis, d in enumerate(info.shape)]
        sizes |= {d: (1, 3) if axis == 0 else (1, 7) for axis, d in enumerate(dims) if isinstance(d, str)}
        make = whole(2, dtype) if dtype in (np.bool_, np.object_) or np.issubdtype(dtype, np.integer) else normal
        inputs[info.name] = (" ".join(map(str, dims)), make)
    return {"inputs": inputs, "sizes": table(**sizes)}


def inputs_of(name, session):
    return MODELS.get(name) or row_of_session(session)


def make_inputs(row, sizes, rng):
    feeds = {}
    for name, (shape, make) in row["inputs"].items():
        dims = [sizes[d] if d in sizes else int(d) for d in shape.split()]
        feeds[name] = make(rng, dims)
    if "rate" in sizes:
        feeds["sr"] = np.array(sizes["rate"], np.int64)
    return feeds
