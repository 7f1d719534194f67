"""Random valid models of branches, loops, sequences and computed sizes, for random_models.py.

A RandomGraph is made node by node: an operation picks values that are visible where it stands, and makes its operands fit. What is
known of a value is what keeps the model valid: its type, its rank, which other values have its shape in every run (Size), and
whether its elements are exact, so that two runtimes agree on comparisons, orders and roundings of them. Every method op_* is an
operation. Elements and sizes stay small.
"""
import dataclasses
import random

import numpy as np
from onnx import helper, numpy_helper

FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
NUMBERS = FLOATS + INTEGERS
COMMON = ("float32", "int32", "int64")
TYPES = NUMBERS + ("float16", "bool", "uint8")
MOST = 60  # magnitude of a product
WEIGHTS = {"binary": 4, "unary": 3, "view": 3, "compare": 2, "where": 2, "cast": 2, "concat": 2, "slice": 2, "gather": 2, "reduce": 2,
           "sequence_insert": 2, "broadcast": 2}  # of operations; 1 for the others


class Size:
    """A shape that every value with this object has in every run. `loops` are those whose turns may change it."""

    def __init__(self, loops=frozenset()):
        self.loops = loops


@dataclasses.dataclass
class Value:
    name: str
    dtype: str
    rank: int
    size: Size
    exact: bool = True
    kind: str = "tensor"


def element_type(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


class RandomGraph:
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

    # Values

    def chance(self, share):
        return self.random.random() < share

    def derived(self, how, *sizes):
        """The size that `how` makes of these, the same each time."""
        return self.sizes.setdefault((how, *sizes), Size(frozenset().union(*(size.loops for size in sizes))))

    def computed(self, *sizes):
        """A size that nothing else has, computed here."""
        return Size(frozenset(self.loops).union(*(size.loops for size in sizes)))

    def new_name(self):
        self.names += 1
        return f"v{self.names}"

    def node(self, operator, inputs, **attributes):
        """The name of its output."""
        return self.node_of_many(operator, inputs, 1, **attributes)[0]

    def node_of_many(self, operator, inputs, count, **attributes):
        names = [self.new_name() for _ in range(count)]
        inputs = [value.name if isinstance(value, Value) else value for value in inputs]
        self.nodes[-1].append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def constant(self, value, dtype="int64"):
        array = np.array(value, dtype)
        name = self.new_name()
        if self.chance(self.initializer_share):
            self.initializers.append(numpy_helper.from_array(array, name))
        else:
            self.nodes[-1].append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)))
        return Value(name, dtype, array.ndim, self.derived(("const", array.shape)) if array.ndim else self.scalar)

    def define(self, name, like, limited=False, **changes):
        """Makes `name` visible here: a value that differs from `like` in `changes`. `limited`: no axis is long."""
        value = dataclasses.replace(like, name=name, **changes)
        if value.rank == 0:
            value.size = self.scalar
        if limited and (self.loops or self.chance(0.5)):
            value = self.limit(value)
        return self.show(value)

    def define_sequence(self, name, dtype):
        """A sequence of vectors."""
        return self.show(Value(name, dtype, 1, self.scalar, kind="sequence"))

    def show(self, value):
        self.scopes[-1].append(value)
        return value

    def limit(self, value):
        if value.rank == 0 or value.kind != "tensor":
            return value
        most = self.random.choice([5, 7])
        name = self.node("Slice", [value, self.constant([0] * value.rank), self.constant([most] * value.rank)])
        return dataclasses.replace(value, name=name, size=self.derived(("limit", most), value.size))

    def pick(self, accepts=lambda v: True, kind="tensor"):
        """A visible value, rather a late one; a LookupError where there is none."""
        visible = [[v for v in scope if v.kind == kind and accepts(v)] for scope in self.scopes]
        everywhere = sum(visible, [])
        chance = self.random.random()
        if everywhere and chance < 0.35:
            return everywhere[-1 - min(len(everywhere) - 1, int(self.random.expovariate(0.7)))]
        return self.random.choice(visible[-1] if visible[-1] and chance < 0.6 else everywhere)

    def pick_or_none(self, accepts=lambda v: True, kind="tensor"):
        try:
            return self.pick(accepts, kind)
        except LookupError:
            return None

    def pick_fitting(self, value, dtype=None, exact=False):
        """A value that an elementwise operator takes with `value`."""
        return self.pick(lambda v: v.dtype == (dtype or value.dtype) and (v.size is value.size or v.rank == 0) and v.exact >= exact)

    def small(self, count, low=0):
        """An int64 scalar, `low` <= it < `low` + `count`; half of the time computed."""
        source = self.pick_or_none(lambda v: v.dtype == "int64")
        if source is None or self.chance(0.2):
            return self.constant(self.random.randrange(low, low + count))
        name = source.name if source.rank == 0 else self.node("ReduceSum", [source], keepdims=0)
        name = self.node("Mod", [self.node("Abs", [name]), self.constant(count)])
        if low:
            name = self.node("Add", [name, self.constant(low)])
        return Value(name, "int64", 0, self.scalar)

    def small_list(self, *ranges):
        """An int64 vector of a small() for each (count, low)."""
        parts = [self.node("Unsqueeze", [self.small(*each), self.constant([0])]) if self.chance(0.5) else
                 self.node("Reshape", [self.small(*each), self.constant([-1])]) for each in ranges]
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, axis=0)

    def axis(self, value):
        """(from the front, as an attribute)"""
        axis = self.random.randrange(value.rank)
        return axis, axis - self.random.choice([0, value.rank])

    def dimension(self, value, axis, as_list=False):
        return self.node("Gather", [self.node("Shape", [value]), self.constant([axis] if as_list else axis)], axis=0)

    def not_empty(self, value):
        """Padded by one at the end of each axis."""
        if value.rank == 0:
            return value
        name = self.node("Pad", [value, self.constant([0] * value.rank + [1] * value.rank)])
        return dataclasses.replace(value, name=name, size=self.derived("one more", value.size))

    def bounded(self, name, dtype):
        return self.node("Clip", [name, self.constant(-MOST, dtype), self.constant(MOST, dtype)])

    def convert(self, value, dtype, rank):
        """A new value of that type and rank."""
        name, size = value.name, value.size
        if value.rank > rank and value.dtype in ("bool", "uint8", "float16"):
            name = self.node("Cast", [name], to=element_type("int32"))
            value = dataclasses.replace(value, dtype="int32")
        if value.rank > rank == 0:
            name, size = self.node("ReduceSum", [name], keepdims=0), self.scalar
        elif value.rank > rank:  # the first axes become one
            shape = self.node("Shape", [name])
            cut = self.constant([value.rank - rank + 1])
            front = self.node("ReduceProd", [self.node("Slice", [shape, self.constant([0]), cut])], keepdims=1)
            back = self.node("Slice", [shape, cut, self.constant([value.rank])])
            name = self.node("Reshape", [name, self.node("Concat", [front, back], axis=0)], allowzero=1)
            size = self.derived(("joined", rank), size)
        elif value.rank < rank:
            name, size = self.node("Unsqueeze", [name, self.constant(list(range(rank - value.rank)))]), self.derived(("ones", rank), size)
        if value.dtype != dtype:
            if value.dtype in INTEGERS and dtype in ("uint8", "float16"):
                name = self.node("Mod", [self.node("Abs", [name]), self.constant(50, value.dtype)])
            elif value.dtype.startswith("float") and dtype in INTEGERS + ("uint8",):
                least = 0 if dtype == "uint8" else -50
                name = self.node("Clip", [name, self.constant(least, value.dtype), self.constant(50, value.dtype)])
            name = self.node("Cast", [name], to=element_type(dtype))
        return Value(self.node("Identity", [name]) if name == value.name else name, dtype, rank, size, value.exact)

    # Elements

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
