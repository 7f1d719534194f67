"""Damage to a graph's edges and to a model's header."""
from onnx import TensorProto

from mutations import CONTROLLED, INVALID, LOSS, OK, UNSUPPORTED, constants, mutation, pick, pick_node, read_initializers, reads_something, repeat, value_consumed


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
