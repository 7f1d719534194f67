"""Damage to what a model declares of its values, and to any field of any message."""
from onnx import TensorProto, TypeProto

from mutations import CONTROLLED, INTEGERS, INVALID, OK, UNSUPPORTED, constants, mutation, pick, repeat, value_consumed


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
