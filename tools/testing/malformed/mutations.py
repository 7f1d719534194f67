"""What the mutations share. A mutation is a function (rng, model) that damages a ModelProto in one place and says which codes
are right for it, or None where the model has nothing to damage that way. What is right comes from ONNX's rules and from the
contract of import: INVALID for what breaks a rule, UNSUPPORTED for what may be sound but is not known. Sets where neither
decides."""
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
