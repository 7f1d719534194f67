"""The values of a random model: what is known of each, and how one is made, picked and fitted. For random_graphs.py."""
import dataclasses

import numpy as np
from onnx import helper, numpy_helper

FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
NUMBERS = FLOATS + INTEGERS
COMMON = ("float32", "int32", "int64")
TYPES = NUMBERS + ("float16", "bool", "uint8")
MOST = 60  # magnitude of a product


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


class Values:
    """Of a model under construction, which random_graphs.RandomGraph sets up."""

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
