"""Sound models that make_malformed.py damages: by name a ModelProto, each small enough to be run a thousand times."""
import os
import sys

import numpy as np
import onnx
import onnx.checker
import onnx.parser
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "graphs"))
from inflate_models import inflate  # noqa: E402

HEADER = '<ir_version: 9, opset_import: ["" : 17, "f" : 1]>\n'
GRAPHS = ("zoo/graph_attention_torchscript", "zoo/cells_torchscript", "zoo/early_exit_torchscript")
TEXTS = {
    "plain": """g (float[N, 6] x, int64[2] size) => (float[A, B] y, float[N, 4] p, bool[C] q) {
        y = Reshape (x, size)
        from = Constant <value = int64[1] {0}> ()
        to = Constant <value = int64[1] {4}> ()
        axes = Constant <value = int64[1] {1}> ()
        part = Slice (x, from, to, axes)
        t = Transpose <perm = [1, 0]> (part)
        u = Transpose <perm = [1, 0]> (t)
        s = Softmax <axis = 1> (u)
        c = Concat <axis = 1> (s, part)
        low, high = Split <axis = 1> (c)
        p = Add (low, high)
        some = ReduceSum <keepdims = 0> (p, axes)
        zero = Constant <value = float {0.0}> ()
        q = Greater (some, zero)
    }""",
    "branches": """g (float[N] x, float limit) => (float[M] y) {
        shifted = Add (x, x)
        sum = ReduceSum <keepdims = 0> (x)
        is_more = Greater (sum, limit)
        y = If (is_more) <
            then_branch = t () => (float[K] a) { twice = Add (shifted, x)  a = Concat <axis = 0> (twice, x) },
            else_branch = e () => (float[K] b) { b = Neg (x) }>
    }""",
    "loop": """g (float[N] x) => (float[M] y, float[T, S] turns) {
        most = Constant <value = int64 {3}> ()
        go = Constant <value = bool {1}> ()
        y, turns = Loop (most, go, x) <body = b (int64 i, bool c, float[A] v) => (bool d, float[B] w, float[N] t) {
            d = Identity (c)
            w = Concat <axis = 0> (v, x)
            f = Cast <to = 1> (i)
            t = Mul (x, f)
        }>
    }""",
    "scan": """g (float[N, 3] x, float[3] start) => (float[3] last, float[N, 3] sums) {
        last, sums = Scan <num_scan_inputs = 1, body = b (float[3] s, float[3] v) => (float[3] t, float[3] u) {
            t = Add (s, v)
            u = Identity (t)
        }> (start, x)
    }""",
    "functions": """g (float[N] x) => (float[N] y, float[N] z) {
        y = f.scaled <factor = 3.0> (x)
        z = f.twice (y)
    }
    <domain: "f", opset_import: ["" : 17, "f" : 1]>
    twice (x) => (y) { a = f.scaled (x)  y = f.scaled <factor = 0.5> (a) }
    <domain: "f", opset_import: ["" : 17]>
    scaled <factor: float = 2.0> (x) => (y) {
        f = Constant <value_float: float = @factor> ()
        like = CastLike (f, x)
        y = Mul (x, like)
    }""",
    "sequences": """g (float[N] x, string[2] words) => (float[M] y, int64 count, string[2] same) {
        empty = SequenceEmpty ()
        one = SequenceInsert (empty, x)
        two = SequenceInsert (one, x)
        y = ConcatFromSequence <axis = 0> (two)
        count = SequenceLength (two)
        same = Identity (words)
    }""",
}


def convolutions():
    rng = np.random.default_rng(3)

    def weight(name, *shape):
        return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)

    node = helper.make_node
    nodes = [node("Conv", ["x", "w1", "b1"], ["c1"], name="conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
             node("BatchNormalization", ["c1", "scale", "shift", "mean", "var"], ["n1"], name="bn1"),
             node("Relu", ["n1"], ["r1"], name="relu1"),
             node("MaxPool", ["r1"], ["p1"], name="pool1", kernel_shape=[2, 2], strides=[2, 2]),
             node("Conv", ["p1", "w2"], ["c2"], name="conv2", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=4),
             node("Add", ["c2", "p1"], ["s1"], name="add1"),
             node("GlobalAveragePool", ["s1"], ["g1"], name="gap"),
             node("Flatten", ["g1"], ["f1"], name="flatten", axis=1),
             node("Gemm", ["f1", "w3", "b3"], ["l1"], name="gemm", transB=1),
             node("Softmax", ["l1"], ["y"], name="softmax", axis=1)]
    typed = helper.make_tensor("b3", TensorProto.FLOAT, [5], rng.standard_normal(5))
    graph = helper.make_graph(nodes, "convolutions", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])],
                              [weight("w1", 4, 3, 3, 3), weight("b1", 4), weight("scale", 4), weight("shift", 4), weight("mean", 4),
                               numpy_helper.from_array(np.ones(4, np.float32), "var"), weight("w2", 4, 1, 3, 3), weight("w3", 5, 4), typed])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


# Of the seed "external", beside the model: the bytes of `w` from byte 10 on, of `v` behind it.
EXTERNAL_FILE = "data.bin"


def external_bytes():
    return b"x" * 10 + np.arange(12, dtype=np.float32).tobytes() + np.arange(4, dtype=np.float32).tobytes()


def external():
    def tensor(name, dims, offset, length):
        made = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", EXTERNAL_FILE), ("offset", offset), ("length", length)):
            made.external_data.add(key=key, value=str(value))
        return made

    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], name="mul"), helper.make_node("Add", ["h", "v"], ["y"], name="add")]
    graph = helper.make_graph(nodes, "external", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])],
                              [tensor("w", [3, 4], 10, 48), tensor("v", [4], 58, 16)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def all_seeds(text_direction):
    seeds = {"convolutions": convolutions(), "external": external()}
    for name, text in TEXTS.items():
        seeds[name] = onnx.parser.parse_model(HEADER + text)
        onnx.checker.check_model(seeds[name])
    for name in GRAPHS:
        seeds[os.path.basename(name)] = inflate(onnx.load(os.path.join(HERE, "..", "graphs", name + ".onnx")))
    if text_direction:
        seeds["text_direction"] = onnx.load(text_direction)
    return seeds
