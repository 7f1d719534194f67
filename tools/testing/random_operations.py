"""The operations of a random model, without those that have subgraphs. For random_graphs.py."""
import dataclasses

import numpy as np
from onnx import numpy_helper

from random_values import COMMON, FLOATS, INTEGERS, NUMBERS, TYPES, Value, Values, element_type


class Operations(Values):
    """Every method op_* is one: it picks operands, makes them fit, and shows what it makes."""

    def op_unary(self):
        v = self.pick()
        names = {"bool": ["Not", "Identity"], "uint8": ["Identity"], "int32": ["Neg", "Abs"], "int64": ["Neg", "Abs", "Identity"]}
        exact = ["Neg", "Abs", "Identity", "Relu", "Neg", "Abs", "Dropout"] + ["Floor", "Ceil", "Round", "Sign"] * v.exact
        curves = ["Tanh", "Sigmoid"] + ["Erf", "LeakyRelu", "Elu", "HardSigmoid"] * (v.dtype == "float32")
        curves += ["Softmax"] * (v.dtype in FLOATS and v.rank > 0)
        operator = self.random.choice(names.get(v.dtype) or exact + curves)
        self.define(self.node(operator, [v]), v, exact=v.exact and operator not in curves)

    def op_binary(self):
        a = self.pick(lambda v: v.dtype in NUMBERS)
        b = self.constant(self.random.choice([-1, 1, 2, 3]), a.dtype) if self.chance(0.2) else self.pick_fitting(a)
        operator = self.random.choice(["Add", "Sub", "Mul", "Max", "Min"])
        name = self.node(operator, self.random.sample([a, b], 2))
        self.define(self.bounded(name, a.dtype) if operator == "Mul" else name, a, exact=a.exact and b.exact)

    def op_divide(self):
        v = self.pick(lambda v: v.dtype in INTEGERS)
        operator, attributes = self.random.choice([("Div", {}), ("Mod", {}), ("Mod", {"fmod": 1})])
        self.define(self.node(operator, [v, self.constant(self.random.choice([2, -3, 3, 5]), v.dtype)], **attributes), v)

    def op_broadcast(self):
        v = self.pick(lambda v: v.dtype in NUMBERS and v.rank == 1)
        w = self.pick(lambda w: w.dtype == v.dtype and w.rank == 1)
        a, b = self.node("Unsqueeze", [v, self.constant([1])]), self.node("Unsqueeze", [w, self.constant([0])])
        operator = self.random.choice(["Add", "Sub", "Max", "Less" if v.exact and w.exact else "Min"])
        self.define(self.node(operator, [a, b]), v, True, rank=2, size=self.derived("outer", v.size, w.size), exact=v.exact and w.exact,
                    dtype="bool" if operator == "Less" else v.dtype)

    def op_compare(self):
        a = self.pick(lambda v: v.dtype in NUMBERS and v.exact)
        b = self.pick_fitting(a, exact=True)
        self.define(self.node(self.random.choice(["Less", "Greater", "Equal"]), [a, b]), a, dtype="bool")

    def op_logic(self):
        a = self.pick(lambda v: v.dtype == "bool")
        self.define(self.node(self.random.choice(["And", "Or", "Xor"]), [a, self.pick_fitting(a)]), a)

    def op_where(self):
        a = self.pick(lambda v: v.dtype in COMMON + ("uint8",))
        b, chosen = self.pick_fitting(a), self.pick_fitting(a, "bool")
        self.define(self.node("Where", [chosen, a, b]), a, exact=a.exact and b.exact)

    def op_cast(self):
        v = self.pick(lambda v: v.exact)
        self.show(self.convert(v, self.random.choice(TYPES), v.rank))

    def op_running_sum(self):
        v = self.pick(lambda v: v.dtype in NUMBERS and v.rank)
        attributes = {"exclusive": self.random.randint(0, 1), "reverse": self.random.randint(0, 1)}
        self.define(self.node("CumSum", [v, self.constant(self.axis(v)[1])], **attributes), v)

    def op_reduce(self):
        v = self.pick(lambda v: v.dtype in NUMBERS and v.rank)
        axis, given = self.axis(v)
        kept = self.random.randint(0, 1)
        operator = self.random.choice(["ReduceSum", "ReduceSum", "ReduceMax", "ReduceMin"] + ["ArgMax", "ArgMin"] * v.exact)
        if operator == "ReduceSum":
            name = self.node(operator, [v, self.constant([given])], keepdims=kept)
        else:
            v = self.not_empty(v)
            if operator.startswith("Arg"):
                name = self.node(operator, [v], axis=given, keepdims=kept, select_last_index=self.random.randint(0, 1))
            elif self.opset >= 18:
                name = self.node(operator, [v, self.constant([given])], keepdims=kept)
            else:
                name = self.node(operator, [v], axes=[given], keepdims=kept)
        dtype = "int64" if operator.startswith("Arg") else v.dtype
        self.define(name, v, dtype=dtype, rank=v.rank - 1 + kept, size=self.derived(("reduced", axis, kept), v.size))

    def op_gram_matrix(self):
        v = self.pick(lambda v: v.rank == 2 and v.dtype in NUMBERS)
        name = self.node("MatMul", [v, self.node("Transpose", [v], perm=[1, 0])])
        self.define(self.bounded(name, v.dtype), v, size=self.derived("gram", v.size))

    # Shapes

    def op_transpose(self):
        v = self.pick(lambda v: v.rank >= 2)
        order = self.random.sample(range(v.rank), v.rank)
        self.define(self.node("Transpose", [v], perm=order), v, size=self.derived(("transposed", *order), v.size))

    def op_view(self):
        v = self.pick(lambda v: v.rank < 4)
        how = self.random.randrange(4)
        if how == 0:
            self.define(self.node("Reshape", [v, self.constant([-1])]), v, rank=1, size=self.derived("flat", v.size))
        elif how == 1:
            axis = self.random.randrange(v.rank + 1)
            given = self.constant([axis - self.random.choice([0, v.rank + 1])])
            w = self.define(self.node("Unsqueeze", [v, given]), v, rank=v.rank + 1, size=self.derived(("one", axis), v.size))
            self.define(self.node("Squeeze", [w, given]), v)
        elif how == 2:
            flat = self.node("Reshape", [v, self.constant([-1])])
            self.define(self.node("Reshape", [flat, self.node("Shape", [v])], allowzero=1), v)
        else:
            axis = self.random.randint(0, v.rank)
            self.define(self.node("Flatten", [v], axis=axis), v, rank=2, size=self.derived(("matrix", axis), v.size))

    def op_shape(self):
        v = self.pick()
        operator, rank = self.random.choice([("Shape", 1), ("Size", 0)])
        self.define(self.node(operator, [v]), v, dtype="int64", rank=rank, size=self.derived(("const", (v.rank,))), exact=True)

    def op_expand(self):
        v = self.pick(lambda v: v.rank <= 2)
        if v.rank == 0 and self.chance(0.5):
            w = self.pick(lambda w: w.rank)
            self.define(self.node("Expand", [v, self.node("Shape", [w])]), v, rank=w.rank, size=w.size)
        else:
            shape = self.node("Concat", [self.small_list((4, 0)), self.node("Shape", [v])], axis=0)
            self.define(self.node("Expand", [v, shape]), v, True, rank=v.rank + 1, size=self.computed(v.size))

    def op_filled(self):
        rank, dtype = self.random.randint(1, 2), self.random.choice(COMMON)
        value = numpy_helper.from_array(np.array([self.random.randint(-3, 3)], dtype))
        name = self.node("ConstantOfShape", [self.small_list(*[(4, 0)] * rank)], value=value)
        self.show(Value(name, dtype, rank, self.computed()))

    def op_range(self):
        name = self.node("Range", [self.small(5, -1), self.small(6, -1), self.constant(self.random.choice([1, 1, 2, -1]))])
        self.show(Value(name, "int64", 1, self.computed()))

    def op_concat(self):
        v = self.pick(lambda v: v.rank)
        w = self.pick(lambda w: w.dtype == v.dtype and (w.size is v.size or w.rank == v.rank == 1))
        axis, given = self.axis(v)
        size = self.derived(("concat", axis), v.size, w.size)
        self.define(self.node("Concat", [v, w], axis=given), v, True, size=size, exact=v.exact and w.exact)

    def op_slice(self):
        v = self.pick(lambda v: v.rank)
        step = self.random.choice([1, 1, 1, -1, 2, -2])
        start = self.small_list((5, -2)) if self.chance(0.5) else self.constant([self.random.choice([0, 1, -1, 99])])
        end = self.small_list((6, -2)) if self.chance(0.5) else self.constant([self.random.choice([1, 2, -1, 99, -99])])
        name = self.node("Slice", [v, start, end, self.constant([self.axis(v)[1]]), self.constant([step])])
        self.define(name, v, size=self.computed(v.size))

    def op_split(self):
        v = self.pick(lambda v: v.rank)
        axis, given = self.axis(v)
        length = self.dimension(v, axis, as_list=True)
        part = self.node("Min", [self.small_list((3, 0)), length])
        parts = self.random.sample([part, self.node("Sub", [length, part])], 2)
        for name in self.node_of_many("Split", [v, self.node("Concat", parts, axis=0)], 2, axis=given):
            self.define(name, v, size=self.computed(v.size))

    def op_tile(self):
        v = self.pick(lambda v: v.rank in (1, 2))
        self.define(self.node("Tile", [v, self.small_list(*[(3, 0)] * v.rank)]), v, True, size=self.computed(v.size))

    def op_pad(self):
        v = self.pick(lambda v: v.rank and v.dtype in NUMBERS)
        pads = self.small_list(*[(3, 0)] * (2 * v.rank))
        mode = self.random.choice(["constant", "constant", "edge", "reflect"])
        if mode != "constant":
            v = self.not_empty(self.not_empty(v))
            pads = self.constant(self.random.choices([0, 1], k=2 * v.rank))
        self.define(self.node("Pad", [v, pads], mode=mode), v, True, size=self.computed(v.size))

    def op_gather(self):
        v = self.pick(lambda v: v.rank)
        axis, given = self.axis(v)
        length = self.dimension(v, axis)
        backwards = [self.node("Sub", [length, self.constant(1)]), self.constant(-1), self.constant(-1)]
        forwards = [self.node("Neg", [length]), self.constant(0), self.constant(self.random.choice([1, 2]))]
        places = Value(self.node("Range", self.random.choice([backwards, forwards])), "int64", 1, self.computed(v.size))
        if self.chance(0.5) and v.dtype in NUMBERS:
            v = self.not_empty(v)
            places = self.pick(lambda p: p.dtype == "int64" and p.rank <= 1)
            places = dataclasses.replace(places, name=self.node("Mod", [places, self.dimension(v, axis)]))
        name = self.node("Gather", [v, places], axis=given)
        self.define(name, v, True, rank=v.rank - 1 + places.rank, size=self.computed(v.size, places.size))

    def op_gather_elements(self):
        v = self.pick(lambda v: v.rank)
        places = self.pick(lambda p: p.dtype == "int64" and p.size is v.size)
        axis, given = self.axis(v)
        length = self.node("Max", [self.dimension(v, axis), self.constant(1)])
        self.define(self.node("GatherElements", [v, self.node("Mod", [places, length])], axis=given), v)

    def op_scatter(self):
        v = self.pick(lambda v: v.rank == 1)
        updates = self.pick(lambda u: u.size is v.size and u.dtype == v.dtype)
        last = self.node("Sub", [self.dimension(v, 0), self.constant(1)])
        places = self.node("Range", [last, self.constant(-1), self.constant(-1)])
        if self.chance(0.5):
            name = self.node("ScatterElements", [v, places, updates], axis=0)
        else:
            name = self.node("ScatterND", [v, self.node("Unsqueeze", [places, self.constant([1])]), updates])
        self.define(name, v, exact=v.exact and updates.exact)

    def op_triangle(self):
        v = self.pick(lambda v: v.rank >= 2 and v.dtype in FLOATS + ("int64", "bool"))
        self.define(self.node("Trilu", [v, self.small(4, -2)], upper=self.random.randint(0, 1)), v)

    # Sizes that contents decide

    def op_nonzero(self):
        v = self.pick(lambda v: v.rank and v.exact and v.dtype in COMMON + ("bool",))
        self.define(self.node("NonZero", [v]), v, True, dtype="int64", rank=2, size=self.computed(v.size))

    def op_compress(self):
        v = self.pick(lambda v: v.rank)
        keep = self.pick(lambda k: k.dtype == "bool" and k.rank == 1)
        axis, given = self.axis(v)
        keep = self.node("Slice", [keep, self.constant([0]), self.dimension(v, axis, as_list=True)])
        self.define(self.node("Compress", [v, keep], axis=given), v, size=self.computed(v.size))

    def op_unique(self):
        v = self.pick(lambda v: v.dtype in ("float32", "float64", "int64") and v.exact and v.rank)
        names = self.node_of_many("Unique", [v], 4, sorted=self.random.randint(0, 1))
        size = self.computed(v.size)
        self.define(names[0], v, rank=1, size=size)
        self.define(names[2], v, rank=1, size=self.derived("flat", v.size), dtype="int64")
        self.define(names[3], v, rank=1, size=size, dtype="int64")

    def op_top(self):
        v = self.pick(lambda v: v.rank and v.dtype in NUMBERS and v.exact)
        axis, given = self.axis(v)
        count = self.node("Min", [self.dimension(v, axis, as_list=True), self.small_list((4, 0))])
        name = self.node_of_many("TopK", [v, count], 2, axis=given, largest=self.random.randint(0, 1))[0]
        self.define(name, v, size=self.computed(v.size))

    def op_one_hot(self):
        v = self.pick(lambda v: v.dtype == "int64" and 1 <= v.rank <= 2)
        name = self.node("OneHot", [v, self.small(4, 1), self.constant([0, 1], "float32")], axis=-1)
        self.define(name, v, dtype="float32", rank=v.rank + 1, size=self.computed(v.size))

    # Sequences and optionals

    def item(self, dtype):
        """A vector."""
        fits = self.pick_or_none(lambda v: v.dtype == dtype and v.rank == 1 and v.exact)
        return fits or self.convert(self.pick(lambda v: v.exact), dtype, 1)

    def sequence(self):
        return self.pick_or_none(kind="sequence") or self.op_sequence()

    def filled(self, sequence):
        return dataclasses.replace(sequence, name=self.node("SequenceInsert", [sequence, self.item(sequence.dtype)]))

    def place(self, sequence, more=0):
        """Of an item; `more`: one that may stand that far behind the last."""
        length = self.node("SequenceLength", [sequence])
        place = self.node("Mod", [self.small(7), self.node("Add", [length, self.constant(more)])])
        return self.node("Sub", [place, length]) if not more and self.chance(0.5) else place

    def op_sequence(self):
        dtype = self.random.choice(COMMON)
        how = self.random.randrange(3)
        if how == 0:
            name = self.node("SequenceEmpty", [], dtype=element_type(dtype))
        elif how == 1:
            name = self.node("SequenceConstruct", [self.item(dtype) for _ in range(self.random.randint(1, 3))])
        else:
            name = self.node("SplitToSequence", [self.item(dtype), self.constant(self.random.choice([1, 2]))], axis=0)
        return self.define_sequence(name, dtype)

    def op_sequence_insert(self):
        sequence = self.sequence()
        place = [self.place(sequence, 1)] if self.chance(0.5) else []
        self.define_sequence(self.node("SequenceInsert", [sequence, self.item(sequence.dtype), *place]), sequence.dtype)

    def op_sequence_erase(self):
        sequence = self.filled(self.sequence())
        self.define_sequence(self.node("SequenceErase", [sequence, self.place(sequence)]), sequence.dtype)

    def op_sequence_replace(self):
        sequence, place = self.filled(self.sequence()), self.constant(0)
        item = self.node("Neg", [self.node("SequenceAt", [sequence, place])])
        erased = self.node("SequenceErase", [sequence, place])
        self.define_sequence(self.node("SequenceInsert", [erased, item, place]), sequence.dtype)

    def op_sequence_read(self):
        sequence = self.filled(self.sequence())
        if self.chance(0.5):
            name = self.node("SequenceAt", [sequence, self.place(sequence)])
        else:
            name = self.node("ConcatFromSequence", [sequence], axis=0)
        self.define(name, sequence, True, kind="tensor", size=self.computed())

    def op_sequence_length(self):
        self.show(Value(self.node("SequenceLength", [self.sequence()]), "int64", 0, self.scalar))

    def op_optional(self):
        v = self.pick(lambda v: v.dtype in COMMON)
        optional = self.define(self.node("Optional", [v]), v, kind="optional")
        self.define(self.node("OptionalGetElement", [optional]), v)
