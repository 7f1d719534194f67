"""Damage to subgraphs and functions."""
import onnx
from onnx import AttributeProto, GraphProto, TensorProto, helper

from mutations import CONTROLLED, INVALID, OK, UNSUPPORTED, mutation, pick, pick_node, repeat


def subgraphs(model):
    return [(node, a) for node in model.graph.node for a in node.attribute if a.HasField("g")]


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
