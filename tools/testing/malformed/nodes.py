"""Damage to nodes and their attributes."""
from onnx import AttributeProto

from mutations import CONTROLLED, INTEGERS, INVALID, UNSUPPORTED, mutation, pick, pick_node, reads_something, value_consumed


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
