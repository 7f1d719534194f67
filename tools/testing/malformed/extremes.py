"""Models whose numbers lie at the ends of their types, or that have huge dimensions beside a 0. extremes() is a list of
(name, bytes, codes)."""
import onnx.parser

from mutations import INVALID, OK, TOO_MUCH, UNSUPPORTED

LEAST, MOST = -(1 << 63), (1 << 63) - 1
TYPES = OK | INVALID | UNSUPPORTED  # the revision takes floats only, as ONNX has it


def shape_from(k):
    """The shape of y comes out of a tensor of 2 k elements, for an x of two."""
    return (f"g (float[N] x) => (float[] y) <int64[1] k = {{{k}}}, int64[1] z = {{0}}> {{ s = Shape (x) t = Mul (s, k) "
            "c = ConstantOfShape <value = int64[1] {3}> (t) g = Gather (c, z) y = Reshape (x, g) }")


def byte_bools(op):
    return ("g (uint8[3] x) => (bool[] y) <uint8[3] c = {0, 2, 255}> "
            f"{{ a = Add (x, c) b = BitCast <to = 9> (a) y = {op} (b) }}", OK, 26)


def range_of(type, start, limit, delta):
    return f"g () => ({type}[] y) <{type} a = {{{start}}}, {type} b = {{{limit}}}, {type} c = {{{delta}}}> {{ y = Range (a, b, c) }}"


def slice_by(start, end, step):
    return (f"g (float[4, 8] x) => (float[] y) <int64[1] s = {{{start}}}, int64[1] e = {{{end}}}, int64[1] a = {{0}}, int64[1] t = {{{step}}}> "
            "{ y = Slice (x, s, e, a, t) }")


def attribute(type, call, inputs="x", result=None):
    """An operator of opset 6 whose attributes became inputs."""
    return f"g ({type} x, {type.split('[')[0]}[3] b) => ({result or type.split('[')[0]}[] y) {{ y = {call} ({inputs}) }}"


CASES = {  # name: (text, codes, opset if not 21)
    "range64c": (range_of("int64", 0, LEAST, -1), TOO_MUCH),
    "range32": (range_of("int32", -(1 << 31), (1 << 31) - 1, 1 << 30), OK),
    "range_empty": ("g () => (float[] y) <float[0] a = {}, float b = {5}, float c = {1}> { y = Range (a, b, c) }", INVALID),
    "host_range": (f"g (float[N] x) => (float[] y) <int64 k = {{{1 << 58}}}, int64 o = {{0}}, int64 i = {{1}}, int64[1] z = {{0}}> "
                   "{ s = Size (x) t = Mul (s, k) c = Range (o, t, i) g = Gather (c, z) y = Reshape (x, g) }", TOO_MUCH),
    "host_range_min": (f"g (float[N] x) => (int64[] y) <int64 o = {{0}}, int64 m = {{{LEAST}}}, int64 k = {{-1}}> "
                       "{ s = Size (x) t = Mul (s, o) c = Range (t, m, k) y = Neg (c) }", TOO_MUCH),
    "host_bomb": (shape_from(1 << 58), TOO_MUCH),
    "host_bomb2": (shape_from(1 << 33), TOO_MUCH),
    "host_bomb3": (shape_from(1 << 24), TOO_MUCH),
    "pad_c_fields": ("g (float[3] x) => (float[] y) <int64[2] p = {1, 1}, float[0] c = {}> { y = Pad (x, p, c) }", INVALID),
    "pad_c_fold": ("g () => (float[] y) <int64[2] p = {1, 1}, float[0] c = {}, float[3] x = {1, 2, 3}> { y = Pad (x, p, c) }", INVALID),
    "pad_min": (f"g (float[3] x) => (float[] y) <int64[2] p = {{{LEAST}, {MOST}}}> {{ y = Pad (x, p) }}", INVALID),
    "pad2_int": (attribute("int32[3]", "Pad <pads = [1, 1], value = 1e30>"), TYPES, 6),
    "pad2_int8": (attribute("int8[3]", "Pad <pads = [1, 1], value = 1e5>"), TYPES, 6),
    "pad2_nan": (attribute("int64[3]", "Pad <pads = [1, 1], value = nan>"), TYPES, 6),
    "clip6_int": (attribute("int32[3]", "Clip <max = 1e30>"), TYPES, 6),
    "clip_u8": (attribute("uint8[3]", "Clip <min = -5.0>"), TYPES, 6),
    "add6_axis": (attribute("float[3, 3]", f"Add <broadcast = 1, axis = {MOST}>", "x, b"), INVALID, 6),
    "equal6": (attribute("int32[3, 3]", f"Equal <broadcast = 1, axis = {MOST}>", "x, b", "bool"), INVALID, 6),
    "slice_step": (slice_by(0, 4, MOST), OK),
    "slice_step_neg": (slice_by(3, LEAST, LEAST), OK),
    "reduce_huge": (f"g () => (float[] y) <float[0, {1 << 40}, {1 << 40}] x = {{}}> {{ y = ReduceSum (x) }}", INVALID),
    "slice_init": (f"g () => (float[] y) <float[0, {1 << 40}, {1 << 40}] x = {{}}, int64[3] s = {{0, 0, 0}}, int64[3] e = {{1, 1, 1}}> {{ y = Slice (x, s, e) }}", INVALID),
    "gathernd_init": (f"g () => (float[] y) <float[{1 << 40}, {1 << 40}, 0] x = {{}}, int64[1, 2] i = {{{1 << 39}, {1 << 39}}}> {{ y = GatherND (x, i) }}", INVALID),
    "scatternd_init": (f"g () => (float[] y) <float[0] x = {{}}, int64[{1 << 40}, {1 << 40}, 0] i = {{}}, float[{1 << 40}, {1 << 40}, 0] u = {{}}> {{ y = ScatterND (x, i, u) }}", INVALID),
    "nms_init": (f"g () => (int64[] y) <float[{1 << 40}, 0, 4] b = {{}}, float[{1 << 40}, {1 << 40}, 0] s = {{}}> {{ y = NonMaxSuppression (b, s) }}", INVALID),
    "s2d": (f"g () => (float[] y) <float[1, 0, 0, {1 << 58}] x = {{}}> {{ y = SpaceToDepth <blocksize = {1 << 30}> (x) }}", OK),
    "gather_dos": (f"g () => (float[] y) <float[{1 << 57}, 0] x = {{}}, int64[1] k = {{0}}> {{ y, i = TopK <axis = 1> (x, k) }}", OK | INVALID),
    "bitcast_bool": byte_bools("Not"),
    "bitcast_unique": byte_bools("Unique"),
    "widen_huge": (f"g () => (float16[] y) <int64[1] s = {{{1 << 58}}}> {{ x = ConstantOfShape <value = float16[1] {{0}}> (s) y = Relu (x) }}", TOO_MUCH),
    "unique_huge": (f"g () => (float[] y) <int64[1] s = {{{1 << 58}}}> {{ x = ConstantOfShape (s) y = Unique (x) }}", TOO_MUCH),
    "unique57": (f"g () => (float[] y) <int64[2] s = {{{1 << 58}, 0}}> {{ x = ConstantOfShape (s) y = Unique <axis = 0> (x) }}", OK | TOO_MUCH),
    "layer_of_much": ("g (float[2147483647] x) => (float[] y) <float s = {2}> { y = LayerNormalization (x, s, s) }", OK | TOO_MUCH),
    "rms_of_much": ("g (float[2147483647] x) => (float[] y) <float s = {2}> { y = RMSNormalization (x, s) }", OK | TOO_MUCH, 23),
    "mean_of_nothing": ("g (float[0] x) => (float[0] y, float[1] m) { y, m = LayerNormalization (x, x, x) }", OK),
    "many_products": ("g (float[2147483647, 1, 1] x, float[2147483647, 1, 1] w) => (float[] y) { y = MatMul (x, w) }", OK | TOO_MUCH),
    "long_kernel": ("g (float[1, 1, 1] x, float[1, 1, 2147483647] w) => (float[] y) { y = ConvTranspose (x, w) }", OK | TOO_MUCH | UNSUPPORTED),
    "concat_empty": ("g (float[N, 3] x) => (float[] y) <int64[0] q = {}> { s = Shape (x) t = Concat <axis = 0> (s, q) y = Reshape (x, t) }", OK),
    "noop": ("g (float[2, 3] x) => (float[] y) { y = ReduceSum <noop_with_empty_axes = 1> (x) }", OK),
}


def extremes():
    made = []
    for name, (text, codes, *opset) in CASES.items():
        model = onnx.parser.parse_model(f'<ir_version: 13, opset_import: ["" : {(opset or [21])[0]}]>\n{text}')
        made.append((name, model.SerializeToString(), codes))
        empty = [t for t in model.graph.initializer if 0 in t.dims]
        for tensor in empty:
            tensor.raw_data = b""
        if empty:
            made.append((f"{name}, empty raw_data", model.SerializeToString(), codes))
    return made
