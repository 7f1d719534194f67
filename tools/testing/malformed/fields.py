"""Damage to the fields of a ModelProto. A mutation is a function (rng, model) that changes the model and says which codes are
right for it, or None where the model has nothing to damage that way. What is right comes from ONNX's rules and from the
contract of import: INVALID for what breaks a rule, UNSUPPORTED for what may be sound but is not known. Sets where neither
decides."""
from onnx import AttributeProto, TensorProto, TypeProto

OK, INVALID, UNSUPPORTED, LOSS = {"OK"}, {"INVALID_ARGUMENT"}, {"UNSUPPORTED"}, {"DATA_LOSS"}
# Nobody says what it means, but it ends, and it is not called a fault of Tenon's.
CONTROLLED = OK | INVALID | UNSUPPORTED | LOSS | {"BUDGET_EXCEEDED", "OUT_OF_MEMORY", "DEADLINE_EXCEEDED", "NOT_FOUND"}
TOO_MUCH = INVALID | UNSUPPORTED | {"BUDGET_EXCEEDED", "OUT_OF_MEMORY"}
MUTATIONS = []

INTEGERS = (-(1 << 63), -(1 << 31), -1000, -2, -1, 0, 1, 2, 7, 33, 255, 65536, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 63) - 1)


def mutation(function):
    MUTATIONS.append(function)
    return function


def value_consumed(graph, name, around=()):
    """By a node of the graph or within its subgraphs, or an output."""
    return name in {o.name for o in graph.output} or any(name in reads(node) for node in graph.node if node not in around)


def reads(node):
    names = set(node.input)
    for attribute in node.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for graph in graphs:
            for inner in graph.node:
                names |= reads(inner)
            names |= {o.name for o in graph.output}
    return names


def constants(graph):
    return {t.name for t in graph.initializer}


def read_initializers(graph, kind=lambda t: True):
    return [t for t in graph.initializer if value_consumed(graph, t.name) and kind(t)]


def is_raw(tensor):
    return tensor.HasField("raw_data") and len(tensor.raw_data) > 0


def pick(rng, items):
    items = list(items)
    return rng.choice(items) if items else None


def repeat(rng, messages):
    one = rng.choice(messages)
    messages.add().CopyFrom(one)


def pick_node(rng, model, kind=lambda node: True):
    return pick(rng, [node for node in model.graph.node if kind(node)])


def reads_something(node):
    return any(node.input)


# --- edges

@mutation
def cycle(rng, model):
    producers = {output: node for node in model.graph.node for output in node.output}
    links = [(i, node) for node in model.graph.node for i, name in enumerate(node.input) if name in producers]
    if not links:
        return None
    index, last = rng.choice(links)
    first = producers[last.input[index]]
    while rng.random() < 0.7 and (before := [producers[n] for n in first.input if n in producers]):
        first = rng.choice(before)
    if not reads_something(first) or not last.output[0]:
        return None
    first.input[rng.randrange(len(first.input))] = last.output[0]
    return INVALID


@mutation
def reads_itself(rng, model):
    node = pick_node(rng, model, lambda n: reads_something(n) and n.output[0])
    if node is None:
        return None
    node.input[rng.randrange(len(node.input))] = node.output[0]
    return INVALID


@mutation
def input_that_nobody_makes(rng, model):
    node = pick_node(rng, model, reads_something)
    if node is None:
        return None
    node.input[rng.randrange(len(node.input))] = "nobody makes this"
    return INVALID


@mutation
def value_made_twice(rng, model):
    made = [n for n in model.graph.node if n.output and n.output[0]]
    if len(made) < 2:
        return None
    first, second = rng.sample(made, 2)
    second.output[0] = first.output[0]
    return INVALID


@mutation
def node_copied(rng, model):
    node = pick_node(rng, model, lambda n: any(n.output))
    if node is None:
        return None
    model.graph.node.add().CopyFrom(node)
    return INVALID


@mutation
def node_makes_an_input(rng, model):
    if not model.graph.input:
        return None
    node = pick_node(rng, model, lambda n: len(n.output))
    node.output[rng.randrange(len(node.output))] = rng.choice(model.graph.input).name
    return INVALID


@mutation
def node_dropped(rng, model):
    graph = model.graph
    wanted = [i for i, n in enumerate(graph.node) if any(value_consumed(graph, o, [n]) for o in n.output if o)]
    if not wanted:
        return None
    del graph.node[rng.choice(wanted)]
    return INVALID


@mutation
def initializer_dropped(rng, model):
    graph = model.graph
    inputs = {i.name for i in graph.input}
    tensor = pick(rng, read_initializers(graph, lambda t: t.name not in inputs))
    if tensor is None:
        return None
    graph.initializer.remove(tensor)
    return INVALID


@mutation
def initializer_twice(rng, model):
    tensor = pick(rng, model.graph.initializer)
    if tensor is None:
        return None
    model.graph.initializer.add().CopyFrom(tensor)
    return INVALID


@mutation
def initializer_without_name(rng, model):
    tensor = pick(rng, read_initializers(model.graph))
    if tensor is None:
        return None
    tensor.name = ""
    return INVALID


@mutation
def input_dropped(rng, model):
    graph = model.graph
    value = pick(rng, [i for i in graph.input if value_consumed(graph, i.name) and i.name not in constants(graph)])
    if value is None:
        return None
    graph.input.remove(value)
    return INVALID


@mutation
def input_twice(rng, model):
    graph = model.graph
    value = pick(rng, [i for i in graph.input if i.name not in constants(graph)])
    if value is None:
        return None
    graph.input.add().CopyFrom(value)
    return INVALID


@mutation
def input_without_type(rng, model):
    graph = model.graph
    value = pick(rng, [i for i in graph.input if i.name not in constants(graph)])
    if value is None:
        return None
    value.ClearField("type")
    return INVALID


@mutation
def output_that_nobody_makes(rng, model):
    rng.choice(model.graph.output).name = rng.choice(["", "nobody makes this", "\0", "x" * 5000])
    return INVALID


@mutation
def no_outputs(rng, model):
    del model.graph.output[:]
    return INVALID


@mutation
def output_twice(rng, model):
    repeat(rng, model.graph.output)
    return INVALID


@mutation
def nodes_in_another_order(rng, model):
    nodes = list(model.graph.node)
    rng.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return OK | INVALID  # ONNX wants them sorted; who sorts them gets the same model


# --- header

@mutation
def opset_of_the_future(rng, model):
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = rng.choice([29, 100, 1000, 1 << 31, 1 << 40, (1 << 63) - 1])
    return UNSUPPORTED


@mutation
def opset_that_never_was(rng, model):
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = rng.choice([0, -1, -(1 << 31), -(1 << 63)])
    return UNSUPPORTED | INVALID


@mutation
def no_opsets(rng, model):
    del model.opset_import[:]
    # A function brings its own opsets: a graph of calls alone does not need any, though ONNX wants them.
    return INVALID | (OK if all(n.domain == "f" for n in model.graph.node) else set())


@mutation
def another_opset(rng, model):
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = rng.randint(1, 28)
    return CONTROLLED


@mutation
def ir_of_the_future(rng, model):
    model.ir_version = rng.choice([99, 1 << 31, (1 << 63) - 1])
    return UNSUPPORTED


@mutation
def ir_that_never_was(rng, model):
    model.ir_version = rng.choice([0, -1, -(1 << 63)])
    return UNSUPPORTED | INVALID


@mutation
def no_graph(rng, model):
    model.ClearField("graph")
    return LOSS | INVALID


@mutation
def harmless(rng, model):
    """Nothing of this may change what a model means."""
    choice = rng.randrange(6)
    if choice == 0:
        model.metadata_props.add(key="k" * 1000, value="v" * 100_000)
    elif choice == 1:
        model.doc_string = model.graph.doc_string = "\0\xff" * 1000
    elif choice == 2:
        for node in model.graph.node:
            node.name = "same"
    elif choice == 3:
        model.graph.initializer.append(TensorProto(name="unused", data_type=TensorProto.FLOAT, dims=[0, 1 << 40]))
    elif choice == 4:
        for node in model.graph.node:
            node.doc_string = "doc"
        model.producer_name = ""
    else:
        model.opset_import.add(domain="nobody.uses.this", version=-3)
    return OK


# --- tensors

@mutation
def tensor_dimension(rng, model):
    tensor = pick(rng, read_initializers(model.graph, lambda t: is_raw(t) and len(t.dims)))
    if tensor is None:
        return None
    axis = rng.randrange(len(tensor.dims))
    tensor.dims[axis] = rng.choice([n for n in INTEGERS if n != tensor.dims[axis]])
    return INVALID


@mutation
def tensor_with_one_more_dimension(rng, model):
    tensor = pick(rng, read_initializers(model.graph, is_raw))
    if tensor is None:
        return None
    tensor.dims.append(rng.choice([0, 2, 3, -1, 1 << 62]))
    return INVALID


@mutation
def tensor_of_high_rank(rng, model):
    tensor = pick(rng, read_initializers(model.graph, is_raw))
    if tensor is None:
        return None
    tensor.dims.extend([1] * rng.choice([9, 64, 1000]))
    return UNSUPPORTED


@mutation
def tensor_of_overflowing_size(rng, model):
    tensor = pick(rng, read_initializers(model.graph))
    if tensor is None:
        return None
    del tensor.dims[:]
    tensor.dims.extend(rng.choice([[1 << 32, 1 << 32], [1 << 62, 4], [(1 << 63) - 1, 2], [3, 1 << 62], [1 << 21] * 3 + [2]]))
    return INVALID


@mutation
def tensor_of_unknown_type(rng, model):
    tensor = pick(rng, read_initializers(model.graph))
    if tensor is None:
        return None
    tensor.data_type = rng.choice([27, 77, 255, 256, 1 << 20, -1, -(1 << 31)])
    return UNSUPPORTED


@mutation
def tensor_of_another_width(rng, model):
    tensor = pick(rng, read_initializers(model.graph, lambda t: is_raw(t) and t.data_type == TensorProto.FLOAT))
    if tensor is None:
        return None
    tensor.data_type = rng.choice([TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.COMPLEX128, TensorProto.INT64])
    return INVALID


@mutation
def tensor_of_another_type(rng, model):
    tensor = pick(rng, read_initializers(model.graph))
    if tensor is None:
        return None
    tensor.data_type = rng.choice(range(27))
    return CONTROLLED


@mutation
def raw_data_of_another_length(rng, model):
    tensor = pick(rng, read_initializers(model.graph, is_raw))
    if tensor is None:
        return None
    size = len(tensor.raw_data)
    wanted = rng.choice([n for n in (0, 1, 8, size - 1, size + 1, size * 2, size // 2) if n != size])
    tensor.raw_data = (tensor.raw_data * 2 + b"x")[:wanted]
    return INVALID


@mutation
def typed_data_of_another_length(rng, model):
    tensor = pick(rng, read_initializers(model.graph, lambda t: len(t.float_data) or len(t.int64_data)))
    if tensor is None:
        return None
    data = tensor.float_data if len(tensor.float_data) else tensor.int64_data
    if rng.random() < 0.5:
        del data[rng.randrange(len(data)):]
    else:
        data.extend([1] * rng.randint(1, 9))
    return INVALID


@mutation
def tensor_in_segments(rng, model):
    tensor = pick(rng, read_initializers(model.graph))
    if tensor is None:
        return None
    tensor.segment.begin, tensor.segment.end = rng.choice(INTEGERS), rng.choice(INTEGERS)
    return UNSUPPORTED | INVALID


# --- nodes

@mutation
def unknown_operator(rng, model):
    node = pick_node(rng, model, lambda n: n.domain in ("", "ai.onnx"))
    if node is None:
        return None
    node.op_type = rng.choice(["Reelu", "relu", "\0", "x" * 10_000, "Conv ", "%s%n"])
    return UNSUPPORTED


@mutation
def no_operator(rng, model):
    pick_node(rng, model).op_type = ""
    return UNSUPPORTED | INVALID


@mutation
def another_operator(rng, model):
    nodes = list(model.graph.node)
    rng.choice(nodes).op_type = rng.choice([n.op_type for n in nodes] + ["Loop", "If", "Conv", "Gather", "Resize", "LSTM", "TopK", "Range", "SequenceAt"])
    return CONTROLLED


@mutation
def domain_that_is_not_imported(rng, model):
    pick_node(rng, model).domain = "acme.com"
    return INVALID


@mutation
def domain_that_nobody_knows(rng, model):
    pick_node(rng, model).domain = "acme.com"
    model.opset_import.add(domain="acme.com", version=1)
    return UNSUPPORTED


@mutation
def too_many_inputs(rng, model):
    node = pick_node(rng, model, lambda n: n.op_type in ("Relu", "Conv", "Softmax", "Transpose", "Add", "MatMul", "Flatten", "Cast", "Gather", "Neg"))
    if node is None:
        return None
    node.input.extend([node.input[0]] * rng.choice([3, 30, 3000]))
    return INVALID


@mutation
def no_inputs(rng, model):
    node = pick_node(rng, model, lambda n: reads_something(n) and n.domain in ("", "ai.onnx") and n.op_type not in ("Loop",))
    if node is None:
        return None
    del node.input[:]
    return INVALID


@mutation
def input_left_out(rng, model):
    node = pick_node(rng, model, lambda n: reads_something(n) and n.domain in ("", "ai.onnx") and n.op_type not in ("Loop",))
    if node is None:
        return None
    node.input[0] = ""
    return INVALID


@mutation
def too_many_outputs(rng, model):
    node = pick_node(rng, model, lambda n: n.op_type in ("Relu", "Conv", "Softmax", "Transpose", "Add", "MatMul", "Flatten", "Cast", "Gather", "Neg"))
    if node is None:
        return None
    node.output.extend(f"more{i}" for i in range(rng.choice([3, 300])))
    return INVALID


@mutation
def no_outputs_of_a_node(rng, model):
    graph = model.graph
    node = pick_node(rng, model, lambda n: any(value_consumed(graph, o, [n]) for o in n.output if o))
    if node is None:
        return None
    del node.output[:]
    return INVALID


@mutation
def inputs_swapped(rng, model):
    node = pick_node(rng, model, lambda n: len(n.input) > 1)
    if node is None:
        return None
    names = list(node.input)
    rng.shuffle(names)
    node.input[:] = names
    return CONTROLLED


@mutation
def inputs_exchanged_between_nodes(rng, model):
    nodes = [n for n in model.graph.node if reads_something(n)]
    if len(nodes) < 2:
        return None
    a, b = rng.sample(nodes, 2)
    i, j = rng.randrange(len(a.input)), rng.randrange(len(b.input))
    a.input[i], b.input[j] = b.input[j], a.input[i]
    return CONTROLLED


# --- attributes

def attributes(model, kind=lambda node, attribute: True):
    return [(n, a) for n in model.graph.node for a in n.attribute if n.domain in ("", "ai.onnx") and kind(n, a)]


@mutation
def unknown_attribute(rng, model):
    node = pick_node(rng, model, lambda n: n.domain in ("", "ai.onnx"))
    if node is None:
        return None
    node.attribute.add(name="frobnicate", type=AttributeProto.INT, i=1)
    return INVALID


@mutation
def attribute_twice(rng, model):
    found = pick(rng, attributes(model))
    if found is None:
        return None
    found[0].attribute.add().CopyFrom(found[1])
    return INVALID


@mutation
def attribute_of_another_type(rng, model):
    found = pick(rng, attributes(model))
    if found is None:
        return None
    attribute = found[1]
    other = AttributeProto.STRINGS if attribute.type != AttributeProto.STRINGS else AttributeProto.FLOATS
    attribute.CopyFrom(AttributeProto(name=attribute.name, type=other))
    return INVALID


@mutation
def attribute_that_refers_to_no_function(rng, model):
    found = pick(rng, attributes(model))
    if found is None:
        return None
    found[1].CopyFrom(AttributeProto(name=found[1].name, type=found[1].type, ref_attr_name="alpha"))
    return INVALID


@mutation
def integer_attribute(rng, model):
    found = pick(rng, attributes(model, lambda n, a: a.type in (AttributeProto.INT, AttributeProto.INTS)))
    if found is None:
        return None
    attribute = found[1]
    if attribute.type == AttributeProto.INT:
        attribute.i = rng.choice(INTEGERS)
    else:
        how = rng.randrange(4)
        if how == 0 or not attribute.ints:
            attribute.ints.append(rng.choice(INTEGERS))
        elif how == 1:
            del attribute.ints[rng.randrange(len(attribute.ints)):]
        else:
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(INTEGERS)
    return CONTROLLED


BAD_ATTRIBUTES = {  # (operator, attribute): values that ONNX does not allow
    ("Conv", "strides"): ([0, 1], [-1, 1], [1], [1, 1, 1]), ("Conv", "pads"): ([1, 1, 1], [1] * 5), ("Conv", "group"): (0, -1, 3, 1 << 40),
    ("Conv", "kernel_shape"): ([5, 5], [0, 0], [3], [1 << 40, 1 << 40]), ("Conv", "dilations"): ([0, 0], [-1, -1], [1]),
    ("MaxPool", "kernel_shape"): ([0, 1], [-2, 2], [2]), ("MaxPool", "strides"): ([0, 0], [1]), ("Softmax", "axis"): (9, -9, 1 << 40),
    ("Transpose", "perm"): ([0, 0], [0], [0, 2], [-1, 0], [0, 1, 2]), ("Concat", "axis"): (7, -7, 1 << 40), ("Flatten", "axis"): (99, -99),
    ("Cast", "to"): (0, -1), ("Scan", "num_scan_inputs"): (0, -1, 100)}


@mutation
def attribute_against_the_rules(rng, model):
    rows = [(n, name) for n in model.graph.node for op, name in BAD_ATTRIBUTES if n.op_type == op]
    if not rows:
        return None
    node, name = rng.choice(rows)
    value = rng.choice(BAD_ATTRIBUTES[(node.op_type, name)])
    for old in [a for a in node.attribute if a.name == name]:
        node.attribute.remove(old)
    if isinstance(value, list):
        node.attribute.add(name=name, type=AttributeProto.INTS, ints=value)
    else:
        node.attribute.add(name=name, type=AttributeProto.INT, i=value)
    return INVALID | (UNSUPPORTED if name == "to" else set())


# --- types and shapes that are declared

@mutation
def input_of_unknown_type(rng, model):
    graph = model.graph
    value = pick(rng, [i for i in graph.input if value_consumed(graph, i.name) and i.name not in constants(graph)])
    if value is None or not value.type.HasField("tensor_type"):
        return None
    value.type.tensor_type.elem_type = rng.choice([0, 27, 77, 255, -1, 1 << 30])
    return INVALID | UNSUPPORTED


@mutation
def input_of_another_kind(rng, model):
    graph = model.graph
    value = pick(rng, [i for i in graph.input if value_consumed(graph, i.name) and i.name not in constants(graph)])
    if value is None:
        return None
    value.type.CopyFrom(TypeProto())
    if rng.random() < 0.5:
        value.type.map_type.key_type = TensorProto.INT64
        value.type.map_type.value_type.tensor_type.elem_type = TensorProto.FLOAT
        return UNSUPPORTED
    value.type.sequence_type.elem_type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    return UNSUPPORTED | INVALID


@mutation
def input_of_another_shape(rng, model):
    value = pick(rng, [i for i in model.graph.input if i.type.HasField("tensor_type")])
    if value is None:
        return None
    dims = value.type.tensor_type.shape.dim
    how = rng.randrange(4)
    if how == 0 or not dims:
        dims.add().dim_value = rng.choice([1, 2, 1 << 40])
    elif how == 1:
        del dims[rng.randrange(len(dims))]
    elif how == 2:
        dims[rng.randrange(len(dims))].dim_value = rng.choice(INTEGERS)
    else:
        value.type.tensor_type.elem_type = rng.choice(range(1, 27))
    return CONTROLLED


@mutation
def input_of_high_rank(rng, model):
    value = pick(rng, [i for i in model.graph.input if i.type.HasField("tensor_type") and i.name not in constants(model.graph)])
    if value is None:
        return None
    for _ in range(rng.choice([9, 100, 10_000])):
        value.type.tensor_type.shape.dim.add().dim_value = 1
    return UNSUPPORTED


@mutation
def declarations_that_lie(rng, model):
    """What is declared of values in between is a hint."""
    names = [o for n in model.graph.node for o in n.output if o and o not in {v.name for v in model.graph.output}]
    if not names:
        return None
    for name in rng.sample(names, min(5, len(names))):
        info = model.graph.value_info.add(name=name)
        info.type.tensor_type.elem_type = rng.choice([0, 1, 7, 77])
        for _ in range(rng.randrange(12)):
            info.type.tensor_type.shape.dim.add().dim_value = rng.choice(INTEGERS)
    # What nobody can infer is believed, until it turns out wrong.
    unknown = ("Sequence", "If", "Loop", "Scan", "NonZero", "Reshape")
    return OK | INVALID if any(word in n.op_type for n in model.graph.node for word in unknown) else OK


@mutation
def declared_output_that_lies(rng, model):
    output = rng.choice(model.graph.output)
    output.type.tensor_type.elem_type = rng.choice(range(27))
    output.type.tensor_type.shape.dim.add().dim_value = rng.choice(INTEGERS)
    return CONTROLLED


# --- any field

@mutation
def any_field(rng, model):
    """Some field of some message is set to something, dropped, or copied."""
    message = model
    for _ in range(rng.randint(1, 6)):
        fields = [(f, v) for f, v in message.ListFields() if f.type == f.TYPE_MESSAGE and (not f.is_repeated or len(v))]
        if not fields:
            break
        field, value = rng.choice(fields)
        message = rng.choice(value) if field.is_repeated else value
    fields = [(f, v) for f, v in message.ListFields()]
    if not fields:
        return None
    field, value = rng.choice(fields)
    how = rng.randrange(3)
    if how == 0:
        message.ClearField(field.name)
    elif field.is_repeated:
        if field.type == field.TYPE_MESSAGE:
            repeat(rng, value) if how == 1 else value.remove(rng.choice(value))
        else:
            value.append(rng.choice(value)) if how == 1 else value.pop()
    elif field.type in (field.TYPE_INT64, field.TYPE_INT32):
        bound = 63 if field.type == field.TYPE_INT64 else 31
        setattr(message, field.name, rng.choice([i for i in INTEGERS if -(1 << bound) <= i < 1 << bound]))
    elif field.type == field.TYPE_STRING:
        setattr(message, field.name, rng.choice(["", "x", "y" * 3000, "\0"]))
    return CONTROLLED
