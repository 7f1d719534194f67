"""Models that are bad as a whole: sizes, depths and numbers without measure. bombs() is a list of (name, bytes, codes)."""
import onnx
import onnx.parser
from onnx import AttributeProto, FunctionProto, helper

from mutations import INVALID, LOSS, OK, TOO_MUCH
from wire import encode


def text(source, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : {opset}, "f" : 1]>\n' + source)


def growing(op, size=1 << 50):
    """One node whose constant sizes ask for petabytes."""
    c = lambda name, *values: f"{name} = Constant <value = int64[{len(values)}] {{{', '.join(map(str, values))}}}> ()"
    one = "v = Constant <value = float {1.0}> ()"
    bodies = {
        "ConstantOfShape": f"{c('s', size)} y = ConstantOfShape (s)",
        "Expand": f"{one} {c('s', size)} y = Expand (v, s)",
        "Tile": f"w = Constant <value = float[1] {{1.0}}> () {c('s', size)} y = Tile (w, s)",
        "Range": f"a = Constant <value = int64 {{0}}> () b = Constant <value = int64 {{{size}}}> () d = Constant <value = int64 {{1}}> () r = Range (a, b, d) y = Cast <to = 1> (r)",
        "Pad": f"w = Constant <value = float[1] {{1.0}}> () {c('s', 0, size)} y = Pad (w, s)",
        "Resize": f"w = Constant <value = float[1] {{1.0}}> () {c('s', size)} y = Resize <mode = \"nearest\"> (w, , , s)",
        "OneHot": f"i = Constant <value = int64[1] {{0}}> () d = Constant <value = int64 {{{size}}}> () w = Constant <value = float[2] {{0.0, 1.0}}> () y = OneHot (i, d, w)",
        "EyeLike": f"{c('s', 1 << 25, 1 << 25)} e = ConstantOfShape (s) y = EyeLike (e)",
        "Upsample chain": f"w = Constant <value = float[1] {{1.0}}> () {c('s', 1 << 25)} a = Tile (w, s) b = Tile (a, s) z = ReduceSum (b) y = Add (z, z)",
    }
    return text(f"g (float[N] x) => (float[A] y) {{ {bodies[op]} }}")


def nested(depth):
    """By hand: Python's protobuf takes 33 levels at most."""
    field = lambda number, data: encode(number << 3 | 2) + encode(len(data)) + data
    model = text("g (float[N] x, bool c) => (float[N] y) { y = Identity (x) }")
    graph = lambda node, output: field(1, node.SerializeToString() if isinstance(node, onnx.NodeProto) else node) + field(12, field(1, output))
    inner, name = graph(helper.make_node("Identity", ["x"], ["leaf"]), b"leaf"), b"leaf"
    for level in range(depth):
        name, other = f"y{level}".encode(), f"e{level}".encode()
        attribute = lambda which, body: field(5, field(1, which) + field(6, body) + encode(20 << 3) + encode(AttributeProto.GRAPH))
        node = field(1, b"c") + field(2, name) + field(4, b"If") + attribute(b"then_branch", inner)
        node += attribute(b"else_branch", graph(helper.make_node("Neg", ["x"], [other.decode()]), other))
        inner = graph(node, name)
    model.graph.node[0].input[0] = name.decode()
    # The graph once more, with the one node alone: parts of a message are merged.
    return model.SerializeToString() + field(7, field(1, node))


def function_tree(levels, width):
    """f0 calls f1 `width` times, and so on: width ** levels nodes."""
    model = text("g (float[N] x) => (float[N] y) { y = f.f0 (x) }")
    for level in range(levels):
        function = FunctionProto(domain="f", name=f"f{level}", input=["x"], output=["y"])
        function.opset_import.add(domain="", version=17)
        function.opset_import.add(domain="f", version=1)
        last = "x"
        for i in range(width):
            out = "y" if i == width - 1 else f"v{i}"
            function.node.append(helper.make_node("Neg", [last], [out]) if level == levels - 1 else helper.make_node(f"f{level + 1}", [last], [out], domain="f"))
            last = out
        model.functions.append(function)
    return model


def doubling(steps, op):
    """Each value is twice as large as the one before it; the sizes are known."""
    lines = "".join(f"v{i + 1} = {op} (v{i}, v{i})\n" for i in range(steps))
    return text(f"g (float[2] x) => (float[A] y) {{ v0 = Identity (x)\n{lines} y = ReduceSum <keepdims = 1> (v{steps}) }}".replace("Concat", "Concat <axis = 0>"))


def chain(length):
    model = text("g (float[N] x) => (float[N] y) { y = Identity (x) }")
    del model.graph.node[:]
    names = ["x", *(f"v{i}" for i in range(length)), "y"]
    model.graph.node.extend(onnx.NodeProto(op_type="Neg", input=[a], output=[b]) for a, b in zip(names, names[1:]))
    return model


def bombs():
    made = [(f"{op} of 2^50", growing(op), TOO_MUCH) for op in ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "OneHot", "EyeLike", "Upsample chain")]
    made += [(f"{op} of 2^62", growing(op, 1 << 62), TOO_MUCH) for op in ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "OneHot")]
    made += [(f"{op} of 2^33", growing(op, 1 << 33), TOO_MUCH) for op in ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "OneHot")]
    made += [(f"{op} of -5", growing(op, -5), INVALID | ({"OK"} if op == "Range" else set())) for op in ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "OneHot")]
    made += [("subgraphs 20 deep", nested(20), OK), ("subgraphs 33 deep", nested(33), LOSS | INVALID), ("subgraphs 45 deep", nested(45), LOSS | INVALID)]
    made += [("functions 2^10", function_tree(10, 2), OK), ("functions 2^30", function_tree(30, 2), INVALID), ("functions 1000^3", function_tree(3, 1000), INVALID),
             ("functions 100 deep", function_tree(100, 1), INVALID)]
    made += [("Concat 2^62", doubling(62, "Concat"), TOO_MUCH), ("Concat 2^35", doubling(35, "Concat"), TOO_MUCH), ("a long chain", chain(3000), OK)]
    return [(what, model if isinstance(model, bytes) else model.SerializeToString(), codes) for what, model, codes in made]
