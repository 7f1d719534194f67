"""Models that put a value of one kind, type or rank where another one is expected: sequences, optionals, what loops make.
kinds() is a list of (name, bytes, codes)."""
from bombs import text
from mutations import INVALID, OK, UNSUPPORTED

LOOP = """l = Loop (n, , o) <body = b (int64 i, bool c, optional(float[2]) s) => (bool d, float[2] e) {{
    d = Identity (c) {} }}>"""


def sequences():
    mixed = "a = SequenceEmpty <dtype = {}> () b = SequenceInsert (a, x) d = SequenceInsert (b, v) {}"
    at = "k = Constant <value = int64 {1}> () y = SequenceAt (d, k)"
    joined = "y = ConcatFromSequence <axis = 0> (d)"
    return [
        ("sequence with a hole", text("g (float[2] x) => (int64 y) { s = SequenceConstruct (x, , x) y = SequenceLength (s) }"), INVALID),
        *((f"sequence of type {dtype} of two types, {what}", text(f"g (float[2] x, double[64] v) => (float[] y) {{ {mixed.format(dtype, last)} }}"), INVALID)
          for dtype in (0, 256, 1 << 62, 1000) for what, last in (("one read", at), ("joined", joined))),
        ("sequence of texts and numbers", text(f"g (string[2] x, float[64] v) => (string[] y) {{ {mixed.format(0, joined)} }}"), INVALID),
        ("40 tensors of 2^58 rows joined", text(f"g () => (float[] y) <float[{1 << 58}, 0] x = {{}}> {{ s = SequenceConstruct ({', '.join(['x'] * 40)}) y = ConcatFromSequence <axis = 0> (s) }}"), INVALID),
        ("pieces of 2^62 of 2^58", text(f"g () => (int64 y) <float[{1 << 58}, 0] x = {{}}, int64 n = {{{1 << 62}}}> {{ s = SplitToSequence (x, n) y = SequenceLength (s) }}"), OK),
        ("split of a text of rank 8", text("g (string[1, 1, 1, 1, 1, 1, 1, 1] x) => (string[] y, int64[] z) { k = Constant <value = int64 {0}> () a = SequenceEmpty <dtype = 8> () b = SequenceInsert (a, x) s = SequenceAt (b, k) y, z = StringSplit (s) }", 20), UNSUPPORTED),
    ]


def optionals():
    twice = "o = Optional (x) p = Optional (o) e = OptionalGetElement (p) "
    uses = ("y = Unique (e)", "y = Equal (e, e)", "y = Transpose (e)", "y = Flatten (e)", "y = StringConcat (e, e)", "y, z = StringSplit (e)")
    optional = "g (float[2] x) => (float[] y) <int64 n = {{{}}}> {{ o = Optional (x) {} y = Concat <axis = 0> (l, l) }}"
    return [
        *((f"optional of an optional, {use.split()[use.split().index('=') + 1]} of it", text(f"g (string[2] x) => (string[] y) {{ {twice}{use} }}", 20), INVALID) for use in uses),
        *((f"{n} turns that make an element of an optional", text(optional.format(n, LOOP.format("e = OptionalGetElement (s)"))), INVALID) for n in (0, 1, 2)),
    ]


def loops():
    body = "<body = b (int64 i, bool c) => (bool d, seq(float[2]) s) { d = Identity (c) s = SequenceConstruct (x) }>"
    scan = "<num_scan_inputs = 1, body = b (float a) => (seq(float) s) { s = SequenceConstruct (a) }>"
    each = "<body = b (float[2] a) => (seq(float[2]) s) { s = SequenceConstruct (a) }>"
    return [
        *((f"{n} turns that each make a sequence", text(f"g (float[2] x) => (int64 y) <int64 n = {{{n}}}> {{ s = Loop (n, ) {body} y = SequenceLength (s) }}"), INVALID) for n in (0, 2)),
        ("scan that makes sequences", text(f"g (float[0] x) => (int64 y) {{ s = Scan (x) {scan} y = SequenceLength (s) }}"), INVALID),
        ("map that makes sequences", text(f"g (float[2] x) => (int64 y) {{ q = SequenceConstruct (x, x) s = SequenceMap (q) {each} y = SequenceLength (s) }}"), INVALID),
    ]


def numbers():
    """Element types that ONNX does not have."""
    models = []
    for number in (63, 64, 65, 255):
        model = text("g (float[2] x) => (float[2] y) { y = Neg (x) }")
        for value in (model.graph.input[0], model.graph.output[0]):
            value.type.tensor_type.elem_type = number
        models.append((f"element type {number}", model, INVALID | UNSUPPORTED))
    return models


def kinds():
    return [(name, model.SerializeToString(), codes) for name, model, codes in sequences() + optionals() + loops() + numbers()]
