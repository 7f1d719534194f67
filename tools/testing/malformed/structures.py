"""Damage to subgraphs, functions and external data, and models that are bad as a whole: bombs. Like fields.py; what bombs
makes is a list of (name, model, codes)."""
import onnx
import onnx.parser
from onnx import AttributeProto, FunctionProto, GraphProto, TensorProto, helper

from wire import encode
from fields import CONTROLLED, INVALID, LOSS, OK, TOO_MUCH, UNSUPPORTED, pick, pick_node, repeat

MUTATIONS = []
FOLDER = {"data.bin", "short.bin", "empty.bin", "folder", "pipe", "out", "out_folder", "loop", "inside"}  # see make_malformed.py


def mutation(function):
    MUTATIONS.append(function)
    return function


def subgraphs(model):
    return [(node, a) for node in model.graph.node for a in node.attribute if a.HasField("g")]


# --- subgraphs

@mutation
def subgraph_dropped(rng, model):
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    found[0].attribute.remove(found[1])
    return INVALID


@mutation
def subgraph_of_another_attribute(rng, model):
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    found[1].name = rng.choice(["body", "then_branch", "else_branch", "branch", ""])
    return INVALID | OK


@mutation
def subgraph_without_outputs(rng, model):
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    del found[1].g.output[:]
    return INVALID


@mutation
def subgraph_with_one_more_output(rng, model):
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    repeat(rng, found[1].g.output)
    return INVALID | (set() if found[0].op_type == "If" else OK)  # a result that the node does not ask for


@mutation
def subgraph_with_one_more_input(rng, model):
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    found[1].g.input.add().CopyFrom(helper.make_tensor_value_info("one_more", TensorProto.FLOAT, [1]))
    return INVALID


@mutation
def subgraph_with_one_input_less(rng, model):
    found = pick(rng, [(n, a) for n, a in subgraphs(model) if a.g.input])
    if found is None:
        return None
    del found[1].g.input[rng.randrange(len(found[1].g.input))]
    return INVALID


@mutation
def subgraph_reads_what_nobody_makes(rng, model):
    found = pick(rng, [(n, a) for n, a in subgraphs(model) if any(x.input for x in a.g.node)])
    if found is None:
        return None
    node = rng.choice([x for x in found[1].g.node if x.input])
    node.input[rng.randrange(len(node.input))] = "nobody makes this"
    return INVALID


@mutation
def subgraph_reads_its_own_result(rng, model):
    found = pick(rng, [(n, a) for n, a in subgraphs(model) if any(x.input for x in a.g.node)])
    if found is None:
        return None
    node = rng.choice([x for x in found[1].g.node if x.input])
    node.input[rng.randrange(len(node.input))] = found[0].output[0]
    return INVALID


@mutation
def value_of_a_subgraph_made_twice(rng, model):
    found = pick(rng, [(n, a) for n, a in subgraphs(model) if a.g.node])
    if found is None:
        return None
    repeat(rng, found[1].g.node)
    return INVALID


@mutation
def subgraph_in_itself(rng, model):
    """Copies of the node in its own subgraph, as deep as it says."""
    found = pick(rng, subgraphs(model))
    if found is None:
        return None
    for _ in range(rng.randint(1, 3)):
        inner = onnx.NodeProto()
        inner.CopyFrom(found[0])
        for i, output in enumerate(inner.output):
            inner.output[i] = f"inner{found[1].ByteSize()}_{i}"
        found[1].g.node.append(inner)
    return CONTROLLED


@mutation
def unknown_operator_in_a_subgraph(rng, model):
    found = pick(rng, [(n, a) for n, a in subgraphs(model) if a.g.node])
    if found is None:
        return None
    rng.choice(found[1].g.node).op_type = "Reelu"
    return UNSUPPORTED


@mutation
def graph_where_none_belongs(rng, model):
    node = pick_node(rng, model, lambda n: n.op_type not in ("If", "Loop", "Scan") and n.domain == "")
    if node is None:
        return None
    graph = GraphProto(name="surprise")
    graph.node.extend(model.graph.node[:3])
    attribute = AttributeProto(name=rng.choice(["body", "axis", "value"]), type=AttributeProto.GRAPH, g=graph)
    for old in [a for a in node.attribute if a.name == attribute.name]:
        node.attribute.remove(old)
    node.attribute.append(attribute)
    return INVALID | UNSUPPORTED


# --- functions

def called(model):
    names = {n.op_type for n in model.graph.node if n.domain == "f"}
    return [f for f in model.functions if f.name in names]


@mutation
def function_that_calls_itself(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    node = helper.make_node(function.name, [function.input[0]], ["again"], domain="f")
    if rng.random() < 0.5:  # within a branch
        branch = GraphProto(name="b", node=[node], output=[onnx.ValueInfoProto(name="again")])
        yes = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("c", TensorProto.BOOL, [], [True]))
        function.node.append(yes)
        node = helper.make_node("If", ["yes"], ["outer"], then_branch=branch, else_branch=branch)
    function.node.append(node)
    if not any(o.domain == "f" for o in function.opset_import):
        function.opset_import.add(domain="f", version=1)
    return INVALID


@mutation
def functions_that_call_each_other(rng, model):
    functions = called(model)
    if len(functions) < 2:
        return None
    for function, other in zip(functions, functions[1:] + functions[:1]):
        function.node.append(helper.make_node(other.name, [function.input[0]], ["called_" + other.name], domain="f"))
        if not any(o.domain == "f" for o in function.opset_import):
            function.opset_import.add(domain="f", version=1)
    return INVALID


@mutation
def function_dropped(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    model.functions.remove(function)
    return UNSUPPORTED


@mutation
def function_without_opsets(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    del function.opset_import[:]
    return INVALID | OK  # ONNX wants them; who takes the model's gets the same


@mutation
def call_with_more_arguments(rng, model):
    node = pick_node(rng, model, lambda n: n.domain == "f")
    if node is None:
        return None
    if rng.random() < 0.5:
        node.input.extend([node.input[0]] * 5)
    else:
        node.output.extend(["more1", "more2", "more3"])
    return INVALID


@mutation
def function_reads_what_nobody_makes(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    node = rng.choice([n for n in function.node if n.input])
    node.input[0] = rng.choice(["nobody makes this", "x_of_the_model"])
    return INVALID


@mutation
def function_makes_a_value_twice(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    repeat(rng, function.node)
    return INVALID


@mutation
def function_without_its_output(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    function.output[0] = "nobody makes this"
    return INVALID


@mutation
def function_of_an_unknown_operator(rng, model):
    function = pick(rng, called(model))
    if function is None:
        return None
    rng.choice([n for n in function.node if n.domain == ""] or list(function.node)).op_type = "Reelu"
    return UNSUPPORTED


# --- external data

def external_tensor(rng, model):
    return pick(rng, [t for t in model.graph.initializer if t.data_location == TensorProto.EXTERNAL])


def set_key(tensor, key, value):
    for entry in tensor.external_data:
        if entry.key == key:
            entry.value = value
            return
    tensor.external_data.add(key=key, value=value)


@mutation
def location_outside(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "location", rng.choice(["/etc/passwd", "../data.bin", "folder/../../data.bin", "folder/..", "..", "", "/", "data.bin\0",
                                            "out", "out_folder/passwd", "loop", "/proc/self/mem", "folder", ".", "pipe"]))
    return INVALID


@mutation
def location_missing(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "location", rng.choice(["none.bin", "folder/none.bin", "data.bin/x", "data.bin ", "*/_ORT_MEM_ADDR_/*", "file://data.bin", "%s"]))
    return {"NOT_FOUND"}


@mutation
def location_of_any_length(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "location", rng.choice(["x", "x/", "./", "data.bin/"]) * rng.choice([100, 1000, 100_000]))
    return {"NOT_FOUND", "IO", "INVALID_ARGUMENT"}


@mutation
def file_too_short(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "location", rng.choice(["short.bin", "empty.bin"]))
    return LOSS


@mutation
def offset_beyond_the_file(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "offset", rng.choice(["75", "1000000", "4294967296", "9223372036854775807", "9223372036854775800"]))
    return LOSS


@mutation
def number_that_is_none(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, rng.choice(["offset", "length"]),
            rng.choice(["-1", "", " 10", "10 ", "1e1", "0x10", "+10", "ten", "18446744073709551616", "9223372036854775808", "-9223372036854775808", "1.5", "\0", "9" * 5000]))
    return INVALID


@mutation
def length_that_lies(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "length", rng.choice(["0", "1", "47", "49", "15", "17", "1125899906842624", "9223372036854775807"]))
    return INVALID


@mutation
def hostile_key(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    key = rng.choice(["__class__", "Location", "offset ", "", "prepacked", "\0", "k" * 100_000])
    tensor.external_data.add(key=key, value="1")
    return INVALID


@mutation
def key_twice(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    repeat(rng, tensor.external_data)
    return INVALID


@mutation
def no_location(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    for entry in [e for e in tensor.external_data if e.key == "location"]:
        tensor.external_data.remove(entry)
    return INVALID


@mutation
def data_here_and_there(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    tensor.raw_data = b"\0" * 48
    return INVALID


@mutation
def external_strings(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    tensor.data_type = TensorProto.STRING
    return INVALID


@mutation
def sound_external_data(rng, model):
    tensor = external_tensor(rng, model)
    if tensor is None:
        return None
    set_key(tensor, "location", rng.choice(["./data.bin", ".//data.bin", "folder/data.bin", "inside"]))
    set_key(tensor, rng.choice(["checksum", "basepath"]), "whatever")
    return OK


# --- bombs

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
