"""Models whose sizes and numbers break the arithmetic of a shape function or of a kernel: products of dimensions beside a 0, an
empty scalar, a missing part of a list, numbers beyond an integer. arithmetic() is a list of (name, bytes, codes)."""
from bombs import text
from mutations import INVALID, OK, TOO_MUCH

HUGE = 1 << 40
TRAINING = "ai.onnx.preview.training"
EITHER = OK | TOO_MUCH  # an empty result that is well defined, and no machine could count to its dimensions


def one(node, inputs="", outputs="float[] y", constants="", opset=21):
    """A model of one node, or of a few."""
    return text(f"g ({inputs}) => ({outputs}) <{constants}> {{ {node} }}", opset)


def training(node, inputs, outputs, constants=""):
    model = one(node, inputs, outputs, constants)
    model.opset_import.add(domain=TRAINING, version=1)
    return model


def signals():
    # 1568 times this wraps around 2^64 to less than 32 KiB.
    wraps = pow(49, -1, 1 << 59)
    wraps = next(k for k in (c * wraps % (1 << 59) for c in range(1, 200)) if k < 1 << 58)
    half = "y = DFT <onesided = 1, inverse = 1> (x)"
    return [
        ("STFT with a window of another type", one("y = STFT (x, s, w)", "double[1, 64, 1] x, float[64] w", "double[] y", "int64 s = {4}"), INVALID),
        ("STFT of no signals of 2^57", one("y = STFT <onesided = 0> (x, s)", "", "float[] y", f"float[0, {1 << 57}, 1] x = {{}}, int64 s = {{4}}"), EITHER),
        ("DFT whose workspace wraps", one("y = DFT <onesided = 0> (x, n)", "float[0, 1, 2] x", "float[] y", f"int64 n = {{{wraps}}}", 20), EITHER),
        ("DFT back from nothing", one(half, "float[1, 0, 2] x", opset=20), INVALID),
        ("DFT back from 2^63 - 1", one(half, constants=f"float[0, {(1 << 63) - 1}, 2] x = {{}}", opset=20), INVALID),
        ("LSTM whose workspace wraps", one(", y = LSTM (x, w, r)", "double[1, 4, 0] w, double[1, 4, 1] r", "double[] y", f"double[{(1 << 59) - 1}, 1, 0] x = {{}}"), TOO_MUCH),
    ]


def optimizers():
    step = f"a, h = {TRAINING}.Adagrad (r, t, x, g, h0)"
    tensors, results = "float[2] x, float[2] g, float[2] h0", "float[] a, float[] h"
    missing = f"a, b, h, i = {TRAINING}.Adagrad (r, t, x, x, g, , h0, h0)"
    return [
        ("Adagrad without a rate", training(step, f"int64 t, {tensors}", results, "float[0] r = {}"), INVALID),
        ("Adagrad without a step", training(step, f"float r, int64[0] t, {tensors}", results), INVALID),
        ("Adagrad with a hole", training(missing, "float r, int64 t, float x, float g, float h0", "float[] a, float[] b, float[] h, float[] i"), INVALID),
    ]


def samplers():
    region = "y = RoiAlign (x, r, b)"
    unpool = "y = MaxUnpool <kernel_shape = [{}], strides = [{}]> (x, i, o)"
    last = (1 << 31) - 1
    return [
        ("RoiAlign of 1e30 rows and no columns", one(region, "float[1, 1, 2, 2] x", "float[] y", "float[1, 4] r = {0, 0, -1, 1e30}, int64[1] b = {0}"), OK | INVALID),
        ("RoiAlign of 2^80 elements of no channel", one(region, "float[1, 4] r", "float[] y", f"float[1, 0, {HUGE}, {HUGE}] x = {{}}, int64[1] b = {{0}}"), INVALID),
        ("GridSample of 2^80 elements of no image", one("y = GridSample (x, g)", "float[0, 1, 1, 2] g", "float[] y", f"float[0, 1, {HUGE}, {HUGE}] x = {{}}"), INVALID),
        ("GridSample beyond uint8", one('y = GridSample <mode = "cubic"> (x, g)', "", "uint8[] y", "uint8[1, 1, 1, 4] x = {0, 255, 255, 0}, float[1, 1, 2, 2] g = {0, 0, -1, 0}"), OK),
        ("GridSample of the last int32", one('y = GridSample <mode = "nearest", padding_mode = "border"> (x, g)', "float[1, 1, 1, 2] g", "int32[] y", f"int32[1, 1, 1, 1] x = {{{last}}}"), OK),
        ("AffineGrid of -5 images", one("x = Relu (v)  y = AffineGrid (x, s)", "float[] v", "float[] y", "int64[4] s = {-5, 1, 2, 2}"), INVALID),
        ("MaxUnpool into nothing", one(unpool.format(f"1, {1 << 30}, 1", "1, 1, 1"), "float[1, 1, 1, 1, 1] x", "float[] y", f"int64[1, 1, 1, 1, 1] i = {{{(1 << 30) - 1}}}, int64[5] o = {{1, 1, 0, 1, {HUGE}}}"), OK | INVALID),
        ("MaxUnpool of 2^50 with strides", one(unpool.format(1, last), "", "float[] y", f"float[0, 1, {1 << 50}] x = {{}}, int64[0, 1, {1 << 50}] i = {{}}, int64[3] o = {{0, 1, 1}}"), EITHER),
        ("DeformConv whose workspace wraps", deform(), INVALID),
    ]


def deform():
    out = (1 << 20) - (1 << 10) + 2
    constants = f"float[0, {1 << 20}, 1, 1] x = {{}}, float[0, {1 << 20}, 1024, 1024] w = {{}}, float[0, {1 << 21}, {out}, {out}] o = {{}}"
    return one(f"y = DeformConv <pads = [{', '.join([str(1 << 19)] * 4)}]> (x, w, o)", constants=constants)


def texts():
    node = f"y = TfIdfVectorizer <max_gram_length = 1, min_gram_length = 1, max_skip_count = {(1 << 63) - 1}, mode = \"TF\", ngram_counts = [0], ngram_indexes = [0], pool_int64s = [1]> (x)"
    return [("TfIdfVectorizer of 2^63 - 1 skips", one(node, "int64[3] x"), OK), ("TfIdfVectorizer of a constant", one(node, constants="int64[3] x = {1, 2, 3}"), OK)]


def arithmetic():
    return [(what, model.SerializeToString(), codes) for what, model, codes in signals() + optimizers() + samplers() + texts()]
