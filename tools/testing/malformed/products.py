"""Models of one operator whose sizes or numbers multiply to what nobody can count, or to nothing. products() is a list of (name,
bytes, codes)."""
import onnx.parser

from mutations import INVALID, OK, TOO_MUCH, UNSUPPORTED

MAX, MIN = (1 << 63) - 1, -(1 << 63)
SIDE = (1 << 31) - 1  # of a window, the largest that an attribute may say
HUGE, LARGE = 1 << 40, 1 << 25
SAME = 'auto_pad = "SAME_UPPER"'


def text(source, opset=24):
    return onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}]>\ng {source}').SerializeToString()


def one(inputs, node, constants="", y="float", more="", opset=24):
    """One node with the output y; `more`: its other outputs' types and names."""
    return text(f"({inputs}) => ({y}[] y{more and ', ' + more}) <{constants}> {{ {node} }}", opset)


def einsums():
    eight = ",".join("2" * 8)
    wide = f"float[{eight}] a, float[{eight}] b, float[2] c, float[{eight}] d, float[{eight}] e, float[2] f"
    return [
        ("Einsum without an input", one("float[3] x", 'y = Einsum <equation = "i,,i->i"> (x, , x)'), INVALID),
        ("Einsum of 2^80 in between", one(f"float[{HUGE},0] a, float[0,{HUGE}] b", 'y = Einsum <equation = "ij,jk,kl,li->"> (a, b, a, b)'), UNSUPPORTED),
        ("Einsum of 17 dimensions in between", one(wide,
             'y = Einsum <equation = "abcdefgh,ijklmnop,q,bdfhjlnp,acegikmo,q->"> (a, b, c, d, e, f)'), UNSUPPORTED),
    ]


def gemms():
    """A = X + C is known when run."""
    gemm = lambda attributes, value, kind="int32": one(f"{kind}[2,2] x", f"a = Add (x, c) y = Gemm <{attributes}> (a, c, c)",
                                                       f"{kind}[2,2] c = {{{', '.join([str(value)] * 4)}}}", kind)
    return [
        ("Gemm of the largest int32", gemm("alpha = 1.0", (1 << 31) - 1), OK),
        ("Gemm with beta times the largest int64", gemm("beta = 4.0", MAX, "int64"), OK),
        ("Gemm with alpha of 2e9", gemm("alpha = 2e9", 1), OK),
        ("Gemm of integers with alpha of 1e30", gemm("alpha = 1e30", 1), OK),
        ("Gemm of integers with beta of NaN", gemm("beta = nan", 1), OK),
        ("Gemm of uint32 with a negative alpha", gemm("alpha = -1000.0", 1, "uint32"), OK),
        ("MatMul of 2^25 empty matrices", one(f"float[{LARGE},0,5] a, float[{LARGE},5,0] b", "y = MatMul (a, b)"), OK),
    ]


def windows():
    big = f"kernel_shape = [{SIDE}, {SIDE}, {SIDE}], {SAME}"
    deep = f"dilations = [{SIDE}, 1], strides = [1, 16000], {SAME}"
    empty = "float[1,1,4,0] x", f"y = Conv <{SAME}> (x, w)"
    pooled = "y, i = MaxPool <kernel_shape = [3], pads = [2, 2], storage_order = 1> (x)"
    return [
        ("MaxPool of nothing but pads, column major", one("float[1,1,0] x", pooled, more="int64[] i"), OK),
        ("MaxPool of constant nothing but pads", one("", pooled, "float[1,1,0] x = {}", more="int64[] i"), OK),
        ("AveragePool of 2^93 pads", one("float[1,1,1,1,1] x", f"y = AveragePool <{big}> (x)"), OK),
        ("AveragePool that counts 2^93 pads", one("float[1,1,1,1,1] x", f"y = AveragePool <{big}, count_include_pad = 1> (x)"), OK),
        ("MaxPool with kernel_shape []", one("float[1,1,4] x", f"y = MaxPool <kernel_shape : ints = [], {SAME}> (x)"), INVALID),
        ("MaxPool of a constant [1, 1, 2^40, 2^40, 0]", one("", "y = MaxPool <kernel_shape = [1, 1, 3], pads = [0, 0, 2, 0, 0, 2], strides = "
             f"[{SIDE}, {SIDE}, 1]> (x)", f"float[1,1,{HUGE},{HUGE},0] x = {{}}"), TOO_MUCH),
        ("depthwise Conv whose kernel spans 2^50 rows", one("float[1,1,1,1] x, float[1,1,524288,1] w", f"y = Conv <{deep}> (x, w)"), OK),
        ("depthwise Conv of empty rows", one(*empty, "float[1,1,1,1] w = {1}"), OK),
        ("depthwise Conv of constant empty rows", one("", empty[1], "float[1,1,4,0] x = {}, float[1,1,1,1] w = {1}"), OK),
        ("Conv with no outputs of 2^62 taps", one("float[1,4,2,2] x", f"y = Conv <{SAME}> (x, w)", f"float[0,4,{SIDE},{SIDE}] w = {{}}"), TOO_MUCH),
        ("ConvTranspose with output_shape -2^63", one("float[1,1,3] x", f"y = ConvTranspose <output_shape = [{MIN}]> (x, w)", "float[1,1,1] w = {1}"), INVALID),
        ("ConvTranspose of 2^63 taps", one("float[1,0,1,1,1] x",
             "y = ConvTranspose <output_shape = [1, 1, 1]> (x, w)", "float[0,1,2097152,2097152,2097152] w = {}"), TOO_MUCH),
        ("ConvTranspose of 2^25 taps, no channels", one("float[1,0,1] x", "y = ConvTranspose <output_shape = [1]> (x, w)", f"float[0,1,{LARGE}] w = {{}}"), OK),
        ("ConvTranspose of 4096 phases of 2^16 taps", one("float[1,1,1,1,1] x, float[1,1,1,1,65536] w",
             "y = ConvTranspose <output_shape = [64, 64, 1], strides = [64, 64, 1]> (x, w)"), OK | {"DEADLINE_EXCEEDED"}),
        ("ConvTranspose of 2^20 taps", one("float[1,1,1] x, float[1,1,1048576] w",
             "y = ConvTranspose <output_shape = [1]> (x, w)"), UNSUPPORTED),
    ]


def resizes():
    resize = lambda x, attributes, sizes: one(f"float{x} x", f"y = Resize <{attributes}> (x, , , s)", f"int64[2] s = {{{sizes}}}")
    anti = 'antialias = 1, mode = "linear"'
    return [
        ("Resize that keeps its ratio at 2^72", resize("[1,1024]", 'keep_aspect_ratio_policy = "not_smaller"', f"{1 << 62}, 1"), INVALID),
        ("Resize of a crop of 1e30, antialiased", one("float[4] x", f'y = Resize <{anti}, coordinate_transformation_mode = "tf_crop_and_resize"> (x, r, c)',
             "float[2] r = {0, 1e30}, float[1] c = {1.001e-30}"), UNSUPPORTED),
        ("Resize to nothing, antialiased", resize("[4,4]", anti, "0, 4"), OK),
        ("Resize to nothing that keeps its ratio", resize("[4,2]", f'{anti}, keep_aspect_ratio_policy = "not_larger"', "0, 0"), OK),
        ("Resize by 1e-38", one("float[2,2] x",
             'y = Resize <mode = "cubic", antialias = 1, coordinate_transformation_mode = "half_pixel_symmetric"> (x, , c)', "float[2] c = {1e-38, 2}"), OK),
        ("Resize of int8 to 2^58", one("int8[2] x", 'y = Resize <mode = "cubic"> (x, , , s)', f"int64[1] s = {{{1 << 58}}}", "int8"), TOO_MUCH),
    ]


def normalizations():
    node = "y = GroupNormalization <num_groups = %d> (x, s, s)"
    group = lambda x, scale, groups, constants, kind="float": one(f"{kind}[{x}] x", node % groups, f"{scale} s = {{{constants}}}", kind, opset=18)
    pair = 0x21  # two of int4
    return [
        ("GroupNormalization of int4", group("1,4,2", "int4[2]", 2, pair, "int4"), INVALID | UNSUPPORTED),
        ("GroupNormalization with a scale of int4", group("1,4,2", "int4[2]", 2, pair), INVALID | UNSUPPORTED),
        ("GroupNormalization of 2^26 empty channels", group(f"1,{1 << 26},0", "float[1]", 1, "1"), OK),
        ("GroupNormalization of 2^40 empty groups", one("float[1,0,3] x, float[0] s", node % HUGE), OK),
        ("LayerNormalization of 0 rows of 2^26", one(f"float[0,{1 << 26}] x, float[1] s", "y = LayerNormalization (x, s)"), OK),
        ("LpNormalization of 2^58 halves", one(f"float16[{1 << 58}] x", "y = LpNormalization (x)", y="float16"), TOO_MUCH),
    ]


def attentions():
    inputs = "float[2,3,0] q, float[2,3,0] k, float[2,3,%d] v"
    rule = 'kv_num_heads = 1, update_rule = "linear"'
    linear = lambda value, heads: one(inputs % value, f"y, s = LinearAttention <q_num_heads = {heads}, {rule}> (q, k, v)", more="float[] s", opset=27)
    heads = lambda value, kv: one(inputs % value, f"y = Attention <q_num_heads = {MAX}, kv_num_heads = {kv}> (q, k, v)")
    half = f"float16[1,1,1,{1 << 57}]"
    return [
        ("Attention of 2^63 - 1 empty query heads", heads(5, 1), INVALID),
        ("Attention of 2^63 - 1 empty heads", heads(0, MAX), INVALID),
        ("Attention in double of 2^57 halves", one(f"{half} q, {half} k, {half} v", "y = Attention <softmax_precision = 11> (q, k, v)", y="float16"), TOO_MUCH),
        ("LinearAttention of 2^63 - 1 empty query heads", linear(5, MAX), INVALID),
        ("LinearAttention of 2^63 - 2 empty heads", linear(0, MAX - 1), INVALID),
    ]


def losses():
    loss, labels = "y = SoftmaxCrossEntropyLoss <ignore_index = 0> (x, l)", "int64[2] l = {0, 0}"
    nll = f"float[0,2,{HUGE},{HUGE}] x = {{}}, int64[0,{HUGE},{HUGE}] l = {{}}"
    return [
        ("SoftmaxCrossEntropyLoss of no classes", one("float[2,0] x", loss, labels), OK),
        ("SoftmaxCrossEntropyLoss of no classes, constant", one("", loss, f"float[2,0] x = {{}}, {labels}"), OK),
        ("NegativeLogLikelihoodLoss of constants of 2^81", one("", "y = NegativeLogLikelihoodLoss (x, l)", nll), TOO_MUCH),
    ]


def products():
    return einsums() + gemms() + windows() + resizes() + normalizations() + attentions() + losses()
