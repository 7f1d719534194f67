#!/usr/bin/env python3
"""Decode with gpt2_decode in ONNX Runtime, for decode_test.cc: writes what goes in and what comes out.

usage: decode_reference.py MODEL.onnx FOLDER [--steps 64]

FOLDER/tokens.npy [steps] int64, logits.npy [steps, 50257], present.npy [24, 1, 12, steps, 64] after the last step, in the
model's order of outputs. The first step has an empty past.
"""
import argparse
import os

import numpy as np
import onnxruntime as ort


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=64)
    args = parser.parse_args()
    session = ort.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    names = [info.name for info in session.get_inputs()[1:]]
    past = [np.zeros((1, 12, 0, 64), np.float32)] * len(names)
    tokens = np.random.default_rng(0).integers(0, 50257, args.steps)
    logits = []
    for token in tokens:
        out, *past = session.run(None, {"input_ids": token.reshape(1, 1), **dict(zip(names, past))})
        logits.append(out[0, 0])
    os.makedirs(args.folder, exist_ok=True)
    for name, value in ("tokens", tokens), ("logits", np.stack(logits)), ("present", np.stack(past)):
        np.save(f"{args.folder}/{name}.npy", value)


if __name__ == "__main__":
    main()
