"""Damage to initializers."""
from onnx import TensorProto

from mutations import CONTROLLED, INTEGERS, INVALID, UNSUPPORTED, is_raw, mutation, pick, read_initializers


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
