"""Damage to the bytes of a model: lengths that lie, cut files, wrong wire types. Whether what is left is a protobuf message at
all is judged by Python's protobuf, which shares no code with Tenon's."""
import onnx
from google.protobuf.message import DecodeError

from mutations import CONTROLLED, LOSS

MUTATIONS = []


def mutation(function):
    MUTATIONS.append(function)
    return function


def judge(mutation, data):
    try:
        onnx.ModelProto.FromString(bytes(data))
    except DecodeError:
        # Versions of protobuf differ in what they make of a varint of more than 64 bits.
        return CONTROLLED if mutation is length_of_too_many_bytes else LOSS
    return CONTROLLED


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def encode(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


# Fields that hold messages: of ModelProto the graph and so on, by message.
MESSAGES = {"model": {7: "graph", 8: "opset", 25: "function"}, "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"},
            "node": {5: "attribute"}, "attribute": {5: "tensor", 6: "graph"}, "function": {7: "node"}, "value": {2: "type"}, "type": {1: "tensor_type"},
            "tensor_type": {2: "shape"}, "shape": {1: "dim"}, "opset": {}, "tensor": {}, "dim": {}}


def fields(data, message="model", begin=0, end=None):
    """Yields (where the tag begins, where its length or value begins, where the content begins, where it ends, wire type)."""
    at, end = begin, len(data) if end is None else end
    while at < end:
        tag, value = varint(data, at)
        if tag & 7 == 2:
            length, content = varint(data, value)
            stop = content + length
            yield at, value, content, stop, 2
            inner = MESSAGES[message].get(tag >> 3)
            if inner:
                yield from fields(data, inner, content, stop)
        else:
            content = value
            stop = varint(data, value)[1] if tag & 7 == 0 else value + (8 if tag & 7 == 1 else 4)
            yield at, value, content, stop, tag & 7
        at = stop


def choose(rng, data, wire_type=None):
    found = [f for f in fields(data) if wire_type is None or f[4] == wire_type]
    return rng.choice(found)


@mutation
def cut(rng, data):
    return data[:rng.randrange(len(data))]


@mutation
def cut_within_a_field(rng, data):
    begin, _, _, stop, _ = choose(rng, data)
    return data[:rng.randrange(begin, stop) + 1]


@mutation
def length_that_lies(rng, data):
    _, value, content, stop, _ = choose(rng, data, 2)
    length = stop - content
    wrong = rng.choice([0, 1, length - 1, length + 1, length + 1000, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1])
    return data[:value] + encode(max(0, wrong)) + data[content:]


@mutation
def length_of_too_many_bytes(rng, data):
    _, value, content, _, _ = choose(rng, data, 2)
    return data[:value] + rng.choice([b"\xff" * 10 + b"\x01", b"\x80" * 11, b"\x80" * 9 + b"\x02", b"\xff" * 9 + b"\x01"]) + data[content:]


@mutation
def wire_type(rng, data):
    begin, *_ = choose(rng, data)
    return data[:begin] + bytes([data[begin] & ~7 & 255 | rng.randrange(8)]) + data[begin + 1:]


@mutation
def field_number(rng, data):
    begin, value, *_ = choose(rng, data)
    tag, _ = varint(data, begin)
    return data[:begin] + encode(rng.choice([0, 1, 9, 13, 1000, (1 << 29) - 1, 1 << 29, 1 << 60]) << 3 | tag & 7) + data[value:]


@mutation
def field_dropped(rng, data):
    begin, _, _, stop, _ = choose(rng, data)
    return data[:begin] + data[stop:]


@mutation
def field_repeated(rng, data):
    begin, _, _, stop, _ = choose(rng, data)
    return data[:stop] + data[begin:stop] * rng.choice([1, 2, 50]) + data[stop:]


@mutation
def fields_exchanged(rng, data):
    a, b = sorted([choose(rng, data), choose(rng, data)])
    if a[3] > b[0]:
        return field_dropped(rng, data)
    return data[:a[0]] + data[b[0]:b[3]] + data[a[3]:b[0]] + data[a[0]:a[3]] + data[b[3]:]


@mutation
def bits(rng, data):
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 50])):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


@mutation
def bytes_put_in(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 20)) + data[at:]


@mutation
def bytes_taken_out(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 20):]


@mutation
def groups(rng, data):
    """An unknown group, which protobuf skips, as deep as it says."""
    depth = rng.choice([1, 50, 99, 1000, 100_000])
    return data + b"\xa3\x06" * depth + b"\xa4\x06" * rng.choice([depth, depth - 1, 0])


@mutation
def noise(rng, data):
    return rng.randbytes(rng.choice([0, 1, 2, 16, 1000, 100_000]))


@mutation
def text_instead(rng, data):
    return rng.choice([b"PK\x03\x04" + data, b"\x89PNG\r\n\x1a\n", b"version https://git-lfs.github.com/spec/v1\n", b"<html></html>", b"\0" * 4096])
