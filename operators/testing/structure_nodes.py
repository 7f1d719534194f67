"""Nodes beyond ONNX's own cases, of selection, scattering and contraction; see older_nodes in make_cases.py."""
import numpy as np


def nodes():
    r = np.random.default_rng(2)
    x = r.standard_normal((2, 3, 4, 5), dtype=np.float32)
    i64 = lambda *v: np.array(v, np.int64)
    f32 = lambda *v: np.array(v, np.float32)

    # Revision 1 of TopK; ties, and types.
    yield "top_k_9", 9, "TopK", [x], dict(k=2, axis=2), 2
    ties = r.integers(0, 4, (5, 40))
    for kind in (np.float32, np.float64, np.int32, np.int64):
        for largest in (0, 1):
            yield f"top_k_11_{np.dtype(kind).name}_{largest}", 11, "TopK", [ties.astype(kind), i64(17)], dict(
                largest=largest, axis=1), 2
    yield "top_k_11_none", 11, "TopK", [x, i64(0)], {}, 2
    yield "top_k_11_all", 11, "TopK", [x, i64(3)], dict(axis=1), 2
    yield "top_k_10", 10, "TopK", [x, i64(2)], dict(axis=0), 2

    boxes = r.uniform(0, 1, (2, 60, 4)).astype(np.float32)
    scores = r.uniform(0, 1, (2, 3, 60)).astype(np.float32)
    scores[:, :, 30:] = np.round(scores[:, :, 30:], 1)  # some are equal
    yield "nms", 11, "NonMaxSuppression", [boxes, scores, np.int64(7), np.float32(0.3), np.float32(0.4)], {}, 1
    yield "nms_10_center", 10, "NonMaxSuppression", [boxes, scores, i64(60), f32(0.2), f32(0.1)], dict(
        center_point_box=1), 1
    yield "nms_no_score", 11, "NonMaxSuppression", [boxes, scores, i64(10), f32(0.5)], {}, 1
    yield "nms_none", 11, "NonMaxSuppression", [boxes, scores], {}, 1

    small = r.integers(0, 3, (4, 3, 2))
    for kind in (np.float32, np.float64, np.int8, np.int64):
        for order in (0, 1):
            name = f"{np.dtype(kind).name}_{order}"
            yield f"unique_{name}", 11, "Unique", [small.astype(kind)], dict(sorted=order), 4
            for axis in (0, 1, -1):
                yield f"unique_{name}_{axis}", 11, "Unique", [small.astype(kind)], dict(sorted=order, axis=axis), 4
    yield "unique_empty", 11, "Unique", [np.zeros((0,), np.float32)], {}, 4

    # Longer and shorter conditions than the axis.
    for axis in (0, 1, 3):
        yield f"compress_9_{axis}", 9, "Compress", [x, np.array([0, 1, 1], bool)[:x.shape[axis]]], dict(axis=axis), 1
    yield "compress_11_flat", 11, "Compress", [x, np.array([1, 0, 1, 1, 0, 1], bool)], {}, 1
    yield "compress_11_long", 11, "Compress", [x, np.array([1, 0, 1, 1, 1], bool)], dict(axis=-3), 1
    yield "compress_11_none", 11, "Compress", [x, np.array([0, 0], bool)], dict(axis=-1), 1

    for axis in (0, -2, 3):
        for exclusive, reverse in ((0, 0), (0, 1), (1, 0), (1, 1)):
            yield f"cum_sum_11_{axis}_{exclusive}_{reverse}", 11, "CumSum", [x, np.array(axis, np.int32)], dict(
                exclusive=exclusive, reverse=reverse), 1
    yield "cum_sum_14_int32", 14, "CumSum", [r.integers(-9, 9, (3, 4)).astype(np.int32), np.int64(1)], {}, 1

    indices = r.integers(-5, 5, (2, 3))
    for axis in (0, 1, -1):
        yield f"one_hot_9_{axis}", 9, "OneHot", [indices, np.int64(5), f32(-1, 2)], dict(axis=axis), 1
        yield f"one_hot_11_{axis}", 11, "OneHot", [indices.astype(np.float32), np.float32(4), i64(3, 7)], dict(
            axis=axis), 1, "onnx"

    where = np.stack([r.permutation(4)[:3] for _ in range(30)]).reshape(2, 3, 5, 3).transpose(0, 1, 3, 2).copy()
    updates = r.standard_normal(where.shape, dtype=np.float32)
    yield "scatter_9", 9, "Scatter", [x, where, updates], dict(axis=2), 1
    yield "scatter_elements_11", 11, "ScatterElements", [x, where - 4, updates], dict(axis=2), 1
    twice = r.integers(-3, 3, (2, 6, 4, 5))
    updates = r.standard_normal(twice.shape, dtype=np.float32)
    for reduction in ("add", "mul"):
        yield f"scatter_elements_16_{reduction}", 16, "ScatterElements", [x, twice, updates], dict(
            axis=1, reduction=reduction), 1
    for reduction in ("add", "mul", "max", "min"):
        for kind in (np.float32, np.int32, np.int64):
            data, new = ((5 * v).astype(kind) for v in (x[0, 0], updates[0, 0]))
            name = f"{reduction}_{np.dtype(kind).name}"
            yield f"scatter_elements_18_{name}", 18, "ScatterElements", [data, twice[0, 0], new], dict(
                axis=0, reduction=reduction), 1
            tuples = r.integers(-2, 2, (6, 2))
            yield f"scatter_nd_18_{name}", 18, "ScatterND", [(5 * x).astype(kind), tuples, (
                5 * r.standard_normal((6, 4, 5))).astype(kind)], dict(reduction=reduction), 1
    yield "gather_nd_12_empty_slices", 12, "GatherND", [x[:, :0], i64([1], [0], [-1])], {}, 1
    yield "scatter_nd_13_empty_slices", 13, "ScatterND", [x[:, :0], i64([1], [0]), x[:, :0]], {}, 1
    yield "scatter_nd_11", 11, "ScatterND", [x, i64([0, 1, 2], [1, -1, -4]), x[0, 0, :2]], {}, 1
    yield "scatter_nd_16_add", 16, "ScatterND", [x[0, 0], i64([[0, 1], [2, 2]], [[0, 1], [3, 4]]), f32(
        [1, 2], [3, 4])], dict(reduction="add"), 1

    for kind in (np.float32, np.int64, np.bool_):
        for k in (-100, -1, 2, 100):
            for upper in (0, 1):
                yield f"trilu_{np.dtype(kind).name}_{k}_{upper}", 14, "Trilu", [(x > 0).astype(kind), np.int64(k)], dict(
                    upper=upper), 1
    for k in (-2, 0, 3, 9, -9):
        yield f"eye_like_{k}", 9, "EyeLike", [x[0, 0]], dict(k=k, dtype=7), 1
    yield "reverse_sequence", 10, "ReverseSequence", [x, i64(2, 0, 1)], {}, 1
    yield "reverse_sequence_batch", 10, "ReverseSequence", [x, i64(3, 1)], dict(batch_axis=0, time_axis=1), 1

    def shaped(*dims):
        return r.standard_normal(dims, dtype=np.float32)

    for equation, shapes in {
            "ij,jk->ik": [(3, 4), (4, 5)], "ij,kj->ik": [(3, 4), (5, 4)], "ji,jk->ki": [(4, 3), (4, 5)],
            "ij,jk": [(3, 4), (4, 5)], "ba": [(3, 4)], "ii": [(4, 4)], "ii->i": [(4, 4)], "ijij->ji": [(3, 4, 3, 4)],
            "...ij,...jk->...ik": [(2, 1, 3, 4), (5, 4, 2)], "...ij,...jk->...": [(2, 3, 4), (4, 2)],
            "b...,bk->k...": [(3, 2, 4), (3, 5)], "...->...": [(2, 3)], "...": [(2, 3)], "i...->...": [(3, 2, 4)],
            "bhqd,bhkd->bhqk": [(2, 3, 4, 5), (2, 3, 6, 5)], "bhqk,bhkd->bqhd": [(2, 3, 4, 6), (2, 3, 6, 5)],
            "bqhd,bkhd->bhqk": [(2, 4, 3, 5), (2, 6, 3, 5)], "i,j->ij": [(3,), (4,)], "i,i->": [(5,), (5,)], "i,i": [(5,), (5,)],
            "ij,jk,kl->il": [(2, 3), (3, 4), (4, 5)], "ij,ik,il->jkl": [(2, 3), (2, 4), (2, 5)], "a,b,c": [(2,), (3,), (4,)],
            " i j , j k -> i k ": [(3, 4), (4, 5)], "ij,kl->": [(2, 3), (4, 5)], "ij,ij->ij": [(3, 4), (3, 4)],
            "iij,jk->ik": [(3, 3, 4), (4, 2)], "bij,bjk->bik": [(3, 2, 4), (3, 4, 5)], "bij,bkj->bki": [(3, 2, 4), (3, 5, 4)],
            "BnHd,Bdn->BHn": [(2, 3, 4, 5), (2, 5, 3)], "ij,j->": [(3, 4), (4,)], "i,->i": [(3,), ()], "ij,jk->ki": [(3, 0), (0, 5)],
            "abcd,dc->ab": [(2, 3, 4, 5), (5, 4)], "ij,ji->": [(3, 4), (4, 3)], "abc,cd->abd": [(2, 70, 90), (90, 80)],
    }.items():
        values = [shaped(*s) for s in shapes]
        if sum(v.size for v in values) > 5000:  # no larger than a case may be
            values = [np.round(v[..., :30]) if i == 0 else np.round(v[:30, :9]) for i, v in enumerate(values)]
        yield f"einsum_{equation}", 12, "Einsum", values, dict(equation=equation), 1
    yield "einsum_double", 12, "Einsum", [shaped(3, 4).astype(np.float64), shaped(4, 5).astype(np.float64)], dict(
        equation="ij,jk->ki"), 1
    yield "einsum_int64", 12, "Einsum", [r.integers(-9, 9, (3, 4)), r.integers(-9, 9, (4, 5))], dict(equation="ij,jk->i"), 1
    yield "det_double", 11, "Det", [shaped(3, 2, 5, 5).astype(np.float32)], {}, 1
    yield "det_singular", 11, "Det", [np.ones((3, 3), np.float32)], {}, 1

    for reduction in ("none", "sum", "mean"):
        for extra in ({}, dict(ignore_index=1), dict(ignore_index=-1)):
            labels = r.integers(0, 4, (3, 5)).astype(np.int32)
            if extra.get("ignore_index") == -1:
                labels[1, 2:] = -1
            scores = shaped(3, 4, 5)
            for weights in ([], [np.abs(shaped(4))]):
                name = f"{reduction}_{extra.get('ignore_index')}_{len(weights)}"
                yield f"nll_{name}", 12, "NegativeLogLikelihoodLoss", [scores, labels, *weights], dict(
                    reduction=reduction, **extra), 1
                yield f"sce_{name}", 13, "SoftmaxCrossEntropyLoss", [scores, labels, *weights], dict(
                    reduction=reduction, **extra), 2
    yield "sce_matrix", 12, "SoftmaxCrossEntropyLoss", [50 * shaped(6, 7), r.integers(0, 7, 6)], {}, 1
    for sizes in (i64(5, 2), i64(2, 5), i64(4, 3), i64(0, 9)):
        name = "_".join(map(str, sizes))
        yield f"center_crop_pad_{name}", 18, "CenterCropPad", [shaped(3, 4), sizes], {}, 1, "onnx"
        yield f"center_crop_pad_axes_{name}", 18, "CenterCropPad", [x, sizes.astype(np.int32)], dict(
            axes=[-1, 1]), 1, "onnx"
    grams = dict(pool_int64s=[1, 2, 3, 1, 2, 2, 3, 3, 1, 2, 3, 4], ngram_counts=[0, 3, 9], ngram_indexes=[3, 0, 5, 1, 2, 4, 0])
    rows = r.integers(1, 5, (4, 12))
    for mode in ("TF", "IDF", "TFIDF"):
        for least, most, skips in ((1, 3, 0), (1, 3, 5), (2, 3, 1), (2, 2, 0)):
            for weighted in (0, 1):
                weights = dict(weights=[0.5, 2.0, 3.0, 1.5, 4.0, 0.25, 9.0]) if weighted else {}
                yield f"tf_idf_{mode}_{least}_{most}_{skips}_{weighted}", 9, "TfIdfVectorizer", [
                    rows.astype(np.int32)], dict(mode=mode, min_gram_length=least, max_gram_length=most,
                                                 max_skip_count=skips, **grams, **weights), 1
    yield "tf_idf_row", 9, "TfIdfVectorizer", [rows[0]], dict(
        mode="TF", min_gram_length=1, max_gram_length=2, max_skip_count=20, **grams), 1
