#!/usr/bin/env python3
"""Write malformed models, each with the codes in which opening and running it may end.

usage: make_malformed.py FOLDER [--count N] [--seed S] [--text-direction MODEL.onnx]

Sound models (seeds.py) are damaged in one place: a field of the protobuf (edges.py and others), or bytes (wire.py); some are
bad as a whole (bombs.py, extremes.py, arithmetic.py, products.py, kinds.py). Each mutation says which codes are right for what it broke; nothing asks Tenon. Writes
FOLDER/<number>.onnx and FOLDER/index.tsv with the lines "file <tab> CODE[,CODE...] <tab> what was done". The same seed gives the
same files. Run by run_malformed. Needs the Python packages onnx and numpy.
"""
import argparse
import os
import random
import shutil

import arithmetic
import bombs
import declarations  # noqa: F401: they register their mutations
import edges  # noqa: F401
import external  # noqa: F401
import extremes
import kinds
import mutations
import nodes  # noqa: F401
import onnx
import products
import seeds
import structures  # noqa: F401
import tensors  # noqa: F401
import wire


def prepare_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/folder")
    data = seeds.external_bytes()
    for name, content in ((seeds.EXTERNAL_FILE, data), ("folder/data.bin", data), ("short.bin", data[:20]), ("empty.bin", b"")):
        with open(f"{folder}/{name}", "wb") as out:
            out.write(content)
    os.mkfifo(f"{folder}/pipe")
    for name, target in (("out", "/etc/passwd"), ("out_folder", "/etc"), ("loop", "loop"), ("inside", "folder/data.bin")):
        os.symlink(target, f"{folder}/{name}")


class Maker:
    def __init__(self, folder, seed, models):
        self.folder, self.rng, self.index = folder, random.Random(seed), []
        self.models = models
        self.bytes = {name: model.SerializeToString(deterministic=True) for name, model in models.items()}

    def write(self, what, data, codes):
        name = f"{len(self.index):05}.onnx"
        with open(f"{self.folder}/{name}", "wb") as out:
            out.write(data)
        self.index.append(f"{name}\t{','.join(sorted(codes))}\t{what}\n")

    def seed(self):
        """The classifier is large: seldom."""
        names = [name for name in self.models if name != "text_direction"]
        return "text_direction" if "text_direction" in self.models and self.rng.random() < 0.04 else self.rng.choice(names)

    def message(self, mutation):
        """Tries until a seed has something to damage that way."""
        for _ in range(200):
            seed = self.seed()
            model = onnx.ModelProto()
            model.CopyFrom(self.models[seed])
            codes = mutation(self.rng, model)
            if codes is not None:
                self.write(f"{mutation.__name__} of {seed}", model.SerializeToString(deterministic=True), codes)
                return
        raise SystemExit(f"no seed has anything for {mutation.__name__}")

    def wire(self, mutation):
        seed = self.seed()
        data = mutation(self.rng, self.bytes[seed])
        self.write(f"{mutation.__name__} of {seed}", data, wire.judge(mutation, data))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text-direction")
    arguments = parser.parse_args()
    prepare_folder(arguments.folder)
    maker = Maker(arguments.folder, arguments.seed, seeds.all_seeds(arguments.text_direction))
    for name, data in maker.bytes.items():
        maker.write(f"nothing of {name}", data, mutations.OK)
    for whole in (bombs.bombs(), extremes.extremes(), arithmetic.arithmetic(), products.products(), kinds.kinds()):
        for bomb in whole:
            maker.write(*bomb)
    while len(maker.index) < arguments.count:
        for mutation in mutations.MUTATIONS:
            maker.message(mutation)
        for mutation in wire.MUTATIONS * 2:
            maker.wire(mutation)
    with open(f"{arguments.folder}/index.tsv", "w") as out:
        out.writelines(maker.index)
    print(f"{len(maker.index)} models in {arguments.folder}")


if __name__ == "__main__":
    main()
