"""What make_zoo.py must know of one architecture: how to build it, its inputs, the sizes to try, the opsets."""

from dataclasses import dataclass, field
from typing import Callable

import torch


@dataclass
class Architecture:
    name: str
    build: Callable[[], torch.nn.Module]
    inputs: dict  # name: shape, a list of numbers and symbols
    sizes: list  # of {symbol: size}; the exporters trace the first, in which no size is 1
    outputs: list
    torchscript: int | None = 17  # opset; None: this exporter cannot
    dynamo: int | None = 20
    values: dict = field(default_factory=dict)  # name: [type, low, high]; what is not named is float32, standard normal
    script: Callable[[], torch.nn.Module] | None = None  # for the TorchScript exporter, where it needs another source
    inline: bool = True  # False: dynamo's functions are kept
    functions: tuple = ()  # modules that the TorchScript exporter writes as functions of the model
    fixed: dict = field(default_factory=dict)  # exporter: symbols that it cannot keep

    def shapes(self, exporter):
        """The inputs' shapes with numbers for symbols that the exporter cannot keep."""
        fixed = {s: self.sizes[0][s] for s in self.fixed.get(exporter, ())}
        return {name: [fixed.get(d, d) for d in shape] for name, shape in self.inputs.items()}

    def entry(self, exporter):
        """What zoo.json says of the inputs."""
        shapes = self.shapes(exporter)
        symbols = {d for shape in shapes.values() for d in shape if isinstance(d, str)}
        inputs = {name: [" ".join(map(str, shape)), *self.values.get(name, ())] for name, shape in shapes.items()}
        sizes = [{k: v for k, v in row.items() if k in symbols} for row in self.sizes]
        return {"inputs": inputs, "sizes": [row for i, row in enumerate(sizes) if row not in sizes[:i]]}
