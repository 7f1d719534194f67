"""Random valid models of branches, loops, sequences and computed sizes, for random_models.py.

A RandomGraph is made node by node: an operation picks values that are visible where it stands, and makes its operands fit. What is
known of a value is what keeps the model valid: its type, its rank, which other values have its shape in every run (Size), and
whether its elements are exact, so that two runtimes agree on comparisons, orders and roundings of them. Every method op_* is an
operation (random_operations.py). Elements and sizes stay small.
"""
import dataclasses
import random

import numpy as np
from onnx import helper

from random_operations import Operations
from random_values import COMMON, NUMBERS, TYPES, Size, Value, element_type

WEIGHTS = {"binary": 4, "unary": 3, "view": 3, "compare": 2, "where": 2, "cast": 2, "concat": 2, "slice": 2, "gather": 2, "reduce": 2,
           "sequence_insert": 2, "broadcast": 2}  # of operations; 1 for the others


class RandomGraph(Operations):
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.opset = self.random.choice([16, 17, 17, 18, 21])
        self.scalar = Size()
        self.names = self.loop_count = 0
        self.mapping = False  # in the body of a SequenceMap
        self.sizes, self.scopes, self.nodes, self.loops, self.initializers = {}, [], [], [], []
        self.budget = self.random.randint(6, 90)  # of operations
        self.deepest = self.random.randint(0, 3)
        self.constant_conditions = self.random.choice([0.1, 0.7])
        self.initializer_share = self.random.choice([0, 0.5])
        self.same_outputs = self.random.random() < 0.25  # a body may return its input, or one value twice
        self.known_sizes = self.random.random() < 0.3
        self.operations = [name for name in dir(self) if name.startswith("op_")]
        self.weights = [WEIGHTS.get(name.removeprefix("op_"), 1) for name in self.operations]

    # Subgraphs

    def info(self, value, rank_known=True):
        known = rank_known or value.rank == 0 or value.kind != "tensor" or self.chance(0.7)
        tensor = helper.make_tensor_type_proto(element_type(value.dtype), [None] * value.rank if known else None)
        return helper.make_value_info(value.name, helper.make_sequence_type_proto(tensor) if value.kind == "sequence" else tensor)

    def open_body(self, loop=False):
        if loop:
            self.loop_count += 1
            self.loops.append(self.loop_count)
        self.scopes.append([])
        self.nodes.append([])

    def close_body(self, inputs, outputs, loop=False, rank_known=False):
        """(the body, its outputs); what it does not compute itself passes through an Identity."""
        made = {name for node in self.nodes[-1] for name in node.output} | {value.name for value in inputs if loop}
        unique, seen = [], set()
        for value in outputs:
            if value.name not in made or value.name in seen and not self.same_outputs:
                value = dataclasses.replace(value, name=self.node("Identity", [value]))
            seen.add(value.name)
            unique.append(value)
        body = helper.make_graph(self.nodes.pop(), self.new_name(), [self.info(v, rank_known) for v in inputs],
                                 [self.info(v, rank_known) for v in unique])
        self.scopes.pop()
        if loop:
            self.loops.pop()
        return body, unique

    def fill(self, count):
        for _ in range(count):
            if self.budget <= 0:
                return
            self.budget -= 1
            if len(self.nodes) <= self.deepest and self.chance(0.25):
                self.random.choice([self.branches, self.loop, self.loop, self.scan, self.sequence_map])()
                continue
            for _ in range(30):
                try:
                    getattr(self, self.random.choices(self.operations, self.weights)[0])()
                    break
                except LookupError:  # it finds no operands
                    pass

    def result(self, like, size=None):
        """A value for a body to return: of the type, the rank and, where given, the size of `like`."""
        def fits(v):
            return v.dtype == like.dtype and v.rank == like.rank and size in (None, v.size) and v.exact >= like.exact
        found = self.pick_or_none(fits, like.kind)
        if found or like.kind == "tensor":
            return found or self.convert(self.pick(lambda v: v.exact), like.dtype, like.rank)
        return Value(self.node("SequenceEmpty", [], dtype=element_type(like.dtype)), like.dtype, 1, self.scalar, kind="sequence")

    def condition(self):
        found = self.pick_or_none(lambda v: v.dtype == "bool" and v.rank == 0)
        if found and self.chance(0.4):
            return found
        if self.chance(self.constant_conditions):
            return self.constant(self.random.random() < 0.5, "bool")
        name = self.node(self.random.choice(["Less", "Greater", "Equal"]), [self.small(4), self.constant(self.random.randint(0, 3))])
        return Value(name, "bool", 0, self.scalar)

    def carried(self):
        return self.chance(0.25) and self.pick_or_none(kind="sequence") or self.pick()

    def branches(self):
        condition = self.condition()
        wanted = [self.carried() for _ in range(self.random.randint(1, 3))]
        bodies, results = [], []
        for _ in range(2):
            self.open_body()
            self.fill(self.random.randint(0, 4))
            body, outputs = self.close_body([], [self.result(like) for like in wanted])
            bodies.append(body)
            results.append(outputs)
        names = self.node_of_many("If", [condition], len(wanted), then_branch=bodies[0], else_branch=bodies[1])
        for name, a, b in zip(names, *results):
            self.define(name, a, True, size=a.size if a.size is b.size else self.computed(a.size, b.size), exact=a.exact and b.exact)

    def next_state(self, state, stays):
        """For the next turn; `stays`: of the size of `state`."""
        if state.kind == "sequence":
            return self.result(state)
        if not stays:
            return self.limit(self.result(state))
        result = self.result(state, state.size)
        return result if result.size is state.size else state

    def loop(self):
        # ONNX Runtime takes 0 for each symbol of what no turn collects (docs/decisions.md): without turns only scalars are collected.
        has_turns = self.chance(0.7)
        most = self.small(3, 1) if has_turns else self.small(4)
        go = self.random.choice(["", self.constant(True, "bool")]) if has_turns else self.condition()
        states = [(self.carried(), self.chance(0.5)) for _ in range(self.random.randint(0, 4))]  # and whether its size stays
        turn, goes = Value(self.new_name(), "int64", 0, self.scalar), Value(self.new_name(), "bool", 0, self.scalar)
        self.open_body(loop=True)
        inside = [dataclasses.replace(v, name=self.new_name(), size=v.size if stays or v.rank == 0 else self.computed())
                  for v, stays in states]
        inputs = [turn, goes, *inside]
        self.scopes[-1] += inputs
        self.fill(self.random.randint(0, 6))
        if self.chance(0.3):  # they change places
            outputs = [self.random.choice([v for v in inside if (v.kind, v.dtype, v.rank) == (state.kind, state.dtype, state.rank)
                                           and (v.size is state.size or not stays) and v.exact >= state.exact])
                       for state, (_, stays) in zip(inside, states)]
        else:
            outputs = [self.next_state(state, stays) for state, (_, stays) in zip(inside, states)]
        early = Value(self.node("Less", [turn, self.constant(self.random.randint(0, 4))]), "bool", 0, self.scalar)
        again = self.random.choice([self.condition(), goes, early])
        this = self.loops[-1]
        collected = [self.pick(lambda v: this not in v.size.loops and v.rank < (4 if has_turns else 1))
                     for _ in range(self.random.randint(0, 2))]
        if not states and not collected:
            collected = [turn]
        body, results = self.close_body(inputs, [again, *outputs, *collected], loop=True)
        names = self.node_of_many("Loop", [most, go, *(v for v, _ in states)], len(results) - 1, body=body)
        for name, (v, stays), result in zip(names, states, results[1:]):
            self.define(name, v, size=v.size if stays else self.computed(v.size), exact=v.exact and result.exact)
        for name, v in zip(names[len(states):], collected):
            self.define(name, v, True, rank=v.rank + 1, size=Size((v.size.loops - {this}).union(self.loops)))

    def scan(self):
        scanned = self.pick_or_none(lambda v: 1 <= v.rank <= 3 and v.dtype in NUMBERS)
        if not scanned:
            return
        scanned = self.not_empty(scanned)
        axis, given = self.axis(scanned)
        states = [self.pick() for _ in range(self.random.randint(0, 3))]
        self.open_body(loop=True)
        inside = [dataclasses.replace(v, name=self.new_name()) for v in states]
        part = dataclasses.replace(scanned, name=self.new_name(), rank=scanned.rank - 1,
                                   size=self.scalar if scanned.rank == 1 else self.derived(("part", axis), scanned.size))
        inputs = [*inside, part]
        self.scopes[-1] += inputs
        self.fill(self.random.randint(0, 5))
        outputs = [self.next_state(state, True) for state in inside]
        collected = [self.pick(lambda v: self.loops[-1] not in v.size.loops and v.rank < 4 and (v.rank == 0 or v.dtype in NUMBERS))
                     for _ in range(self.random.randint(0 if states else 1, 2))]
        # ONNX Runtime divides by the size of what a Scan collects.
        collected = [v if v.size is part.size else self.not_empty(v) for v in collected]
        body, results = self.close_body(inputs, [*outputs, *collected], loop=True, rank_known=True)
        attributes = {"scan_input_axes": [given], "scan_input_directions": [self.random.randint(0, 1)]}
        if collected and self.chance(0.5):
            attributes["scan_output_directions"] = [self.random.randint(0, 1) for _ in collected]
        if collected and self.chance(0.5):
            attributes["scan_output_axes"] = [self.random.randint(0, v.rank) for v in collected]
        names = self.node_of_many("Scan", [*states, scanned], len(results), num_scan_inputs=1, body=body, **attributes)
        for name, v, result in zip(names, states, results):
            self.define(name, v, exact=v.exact and result.exact)
        for name, v in zip(names[len(states):], collected):
            self.define(name, v, True, rank=v.rank + 1, size=self.computed(v.size))

    def sequence_map(self):
        if self.opset < 17 or self.mapping:  # ONNX Runtime does not load one inside another
            return
        self.mapping = True
        sequence = self.sequence()
        self.open_body(loop=True)
        item = self.show(Value(self.new_name(), sequence.dtype, 1, self.computed()))
        self.fill(self.random.randint(0, 3))
        result = self.limit(self.result(dataclasses.replace(item, dtype=self.random.choice(COMMON))))
        body, _ = self.close_body([item], [result], loop=True)
        self.mapping = False
        self.define_sequence(self.node("SequenceMap", [sequence], body=body), result.dtype)

    # The model

    def model(self):
        self.open_body()
        symbols = [self.random.choice([0, 1, 2, 3, 5]), self.random.choice([1, 2, 3, 4])] if self.known_sizes else ["N", "M"]
        inputs = []
        for index in range(self.random.randint(2, 4)):
            dtype = self.random.choice(("float32",) * 4 + ("int64",) + TYPES)
            shape = [self.random.choice([*symbols, 2]) for _ in range(self.random.choice([0, 1, 1, 2, 2, 3]))]
            self.show(Value(f"x{index}", dtype, len(shape), self.derived(("input", *shape)) if shape else self.scalar))
            inputs.append(helper.make_tensor_value_info(f"x{index}", element_type(dtype), shape))
        for name, dtype in (("k", "int64"), ("flag", "bool")):
            self.show(Value(name, dtype, 0, self.scalar))
            inputs.append(helper.make_tensor_value_info(name, element_type(dtype), []))
        for _ in range(self.random.randint(0, 8)):
            dtype, rank = self.random.choice(COMMON), self.random.randint(0, 2)
            self.show(self.constant(np.reshape(self.random.choices(range(-3, 4), k=2**rank), [2] * rank), dtype))
        given = len(self.scopes[-1])
        while self.budget:
            self.fill(1)
        for sequence in [v for v in self.scopes[-1] if v.kind == "sequence"][-2:]:  # the inputs and outputs are tensors
            self.op_sequence_length()
            self.define(self.node("SequenceAt", [self.filled(sequence), self.constant(0)]), sequence, kind="tensor", size=self.computed())
        made = [v for v in self.scopes[-1][given:] if v.kind == "tensor"]
        outputs = self.random.sample(made, min(len(made), self.random.randint(2, 8)))
        graph = helper.make_graph(self.nodes.pop(), "g", inputs, [self.info(v) for v in outputs], self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
