"""Damage to external data. The files that are named stand beside the models (make_malformed.py)."""
from onnx import TensorProto

from mutations import INVALID, LOSS, OK, mutation, pick, repeat


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
    return {"NOT_FOUND", "INVALID_ARGUMENT"}


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
