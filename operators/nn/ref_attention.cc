// Attention in one pass over the keys (Dao et al., FlashAttention, 2022, algorithm 1): a block of queries keeps the largest
// score, the sum of exponentials and the weighted values of the keys seen so far. The scores are never written out, unless
// they are asked for.
#include <cmath>
#include <cstring>
#include <limits>

#include "nn/attention.h"
#include "support/gemm.h"
#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

constexpr int64_t kQueries = 32;  // of a block
constexpr int64_t kKeys = 64;     // of a tile
constexpr int64_t kFewQueries = 4;

// Rows of one size, by batch, head and position.
template <typename T>
struct Heads {
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 0;  // strides
  T* At(int64_t b, int64_t h, int64_t i) const { return data + b * batch + h * head + i * row; }
  // [B, heads, rows, size], or flat: [B, rows, heads * size].
  static Heads Of(T* data, bool flat, int64_t heads, int64_t rows, int64_t size) {
    if (flat) return {data, rows * heads * size, size, heads * size};
    return {data, heads * rows * size, rows * size, size};
  }
};

// attn_mask as it is broadcast; what it does not reach is masked.
struct Mask {
  bool present = false, boolean = false;
  std::array<int64_t, 4> strides{};
  int64_t keys = std::numeric_limits<int64_t>::max();  // that it reaches

  Mask(Specs inputs, int64_t total) {
    if (!Has(inputs, 3)) return;
    present = true;
    boolean = inputs[3].type == DataType::kBool;
    const Shape& shape = inputs[3].shape;
    int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      if (shape[i] != 1) strides[static_cast<size_t>(4 - shape.rank() + i)] = stride;
      stride *= shape[i];
    }
    if (shape.rank() > 0 && shape[shape.rank() - 1] != 1)
      keys = std::min(total, shape[shape.rank() - 1]);
  }
};

template <typename T>
class AttentionPlan final : public KernelPlan {
 public:
  AttentionPlan(const NodeView& node, Specs inputs, Specs outputs, const AttentionSizes& sizes)
      : node_(node),
        s_(sizes),
        total_(sizes.total()),
        mask_(inputs, total_),
        has_past_(Has(inputs, 4)),
        copies_key_(has_past_ && !Has(outputs, 1)),
        copies_value_(has_past_ && !Has(outputs, 2)),
        causal_(node.Int("is_causal", 0) != 0),
        left_(node.Int("left_window_size", -1)),
        right_(node.Int("right_window_size", -1)),
        mode_(node.Int("qk_matmul_output_mode", 0)),
        cap_(static_cast<T>(node.Float("softcap", 0))) {
    const AttributeView* scale = node.Find("scale");
    scale_ = scale != nullptr ? static_cast<T>(scale->f)
                              : 1 / std::sqrt(static_cast<T>(sizes.head_size));
  }

  // The past and K, the past and V, where they are no outputs.
  int64_t workspace_bytes() const override {
    return (copies_key_ ? KeySize() : 0) * int64_t{sizeof(T)} +
           (copies_value_ ? ValueSize() : 0) * int64_t{sizeof(T)};
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto in = [&](size_t i) -> void* {
      return i < arguments.inputs.size() ? arguments.inputs[i] : nullptr;
    };
    const auto out = [&](size_t i) {
      return static_cast<T*>(i < arguments.outputs.size() ? arguments.outputs[i] : nullptr);
    };
    const auto* lengths = static_cast<const int64_t*>(in(6));
    for (int64_t b = 0; lengths != nullptr && b < s_.batch; ++b) {
      if (lengths[b] < 0 || lengths[b] > total_)
        return Invalid(node_, "nonpad_kv_seqlen has ", std::to_string(lengths[b]),
                       " (expected 0 to ", total_, ")");
    }
    auto* workspace = static_cast<T*>(arguments.workspace);
    T* const key_copy = copies_key_ ? workspace : out(1);
    T* const value_copy = copies_value_ ? workspace + (copies_key_ ? KeySize() : 0) : out(2);
    Arguments a;
    a.q = Heads<const T>::Of(static_cast<const T*>(in(0)), s_.flat, s_.heads, s_.queries,
                             s_.head_size);
    a.k = Present(arguments.parallel, static_cast<const T*>(in(1)), static_cast<const T*>(in(4)),
                  s_.head_size, key_copy);
    a.v = Present(arguments.parallel, static_cast<const T*>(in(2)), static_cast<const T*>(in(5)),
                  s_.value_size, value_copy);
    a.y = Heads<T>::Of(out(0), s_.flat, s_.heads, s_.queries, s_.value_size);
    a.mask = in(3);
    a.lengths = lengths;
    a.scores = out(3);
    const int64_t blocks = (s_.queries + kQueries - 1) / kQueries;
    arguments.parallel(s_.batch * s_.heads * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        RunBlock(a, i / (blocks * s_.heads), i / blocks % s_.heads, i % blocks * kQueries);
    });
    return {};
  }

 private:
  struct Arguments {
    Heads<const T> q, k, v;
    Heads<T> y;
    const void* mask;
    const int64_t* lengths;
    T* scores;
  };
  // One query: its keys, the largest score, the sum of exponentials.
  struct Query {
    int64_t first, last;
    T largest, sum;
  };

  int64_t KeySize() const { return (s_.batch * s_.groups * total_ * s_.head_size + 15) / 16 * 16; }
  int64_t ValueSize() const { return s_.batch * s_.groups * total_ * s_.value_size; }

  // All keys (or values): `from` itself, or past and `from` in `to` where that is given.
  Heads<const T> Present(const ParallelFor& parallel, const T* from, const T* past, int64_t size,
                         T* to) const {
    const auto current = Heads<const T>::Of(from, s_.flat, s_.groups, s_.keys, size);
    if (to == nullptr) return current;
    const auto bytes = static_cast<size_t>(size) * sizeof(T);
    parallel(s_.batch * s_.groups, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        T* row = to + i * total_ * size;
        if (past != nullptr && s_.past * size > 0)
          std::memcpy(row, past + i * s_.past * size, static_cast<size_t>(s_.past) * bytes);
        for (int64_t j = 0; bytes > 0 && j < s_.keys; ++j) {
          std::memcpy(row + (s_.past + j) * size, current.At(i / s_.groups, i % s_.groups, j),
                      bytes);
        }
      }
    });
    return Heads<const T>::Of(to, false, s_.groups, total_, size);
  }

  // The keys that query i may see, but for the mask's contents.
  Query Limits(const Arguments& a, int64_t b, int64_t i) const {
    const int64_t length = a.lengths == nullptr ? total_ : a.lengths[b];
    const int64_t before = a.lengths == nullptr ? s_.past : length - s_.queries;
    const int64_t position = before + i;
    int64_t first = 0, last = std::min(length, mask_.keys);
    if (causal_) last = std::min(last, position + 1);
    if (left_ >= 0) first = std::max(first, position - std::min(left_, total_ + s_.queries));
    if (right_ >= 0) last = std::min(last, position + std::min(right_, total_ + s_.queries) + 1);
    last = std::max<int64_t>(0, last);
    return {std::min(first, last), last, -std::numeric_limits<T>::infinity(), 0};
  }

  void RunBlock(const Arguments& a, int64_t b, int64_t h, int64_t begin) const {
    const int64_t count = std::min(kQueries, s_.queries - begin);
    const int64_t group = h / (s_.heads / s_.groups);
    std::array<Query, kQueries> queries;
    int64_t first = total_, last = 0;
    for (int64_t i = 0; i < count; ++i) {
      Query& query = queries[static_cast<size_t>(i)] = Limits(a, b, begin + i);
      if (query.first < query.last) {
        first = std::min(first, query.first);
        last = std::max(last, query.last);
      }
      std::fill_n(a.y.At(b, h, begin + i), s_.value_size, T(0));
    }
    alignas(64) T scores[kQueries * kKeys];
    for (int64_t j = first / kKeys * kKeys; j < last; j += kKeys) {
      const int64_t keys = std::min(kKeys, last - j);
      Products(a, b, h, group, begin, count, j, keys, scores);
      for (int64_t i = 0; i < count; ++i)
        Weigh(a, b, h, begin + i, j, keys, queries[static_cast<size_t>(i)], scores + i * kKeys);
      AddValues(a, b, h, group, begin, count, j, keys, scores);
    }
    for (int64_t i = 0; i < count; ++i) {
      const Query& query = queries[static_cast<size_t>(i)];
      T* const y = a.y.At(b, h, begin + i);
      const T inverse = query.sum == 0 ? T(0) : 1 / query.sum;  // nothing to see: zeros
      for (int64_t e = 0; e < s_.value_size; ++e) y[e] *= inverse;
      if (a.scores != nullptr) WriteScores(a, b, h, group, begin + i, query);
    }
  }

  // scores [count][kKeys] = Q K', not scaled.
  void Products(const Arguments& a, int64_t b, int64_t h, int64_t group, int64_t begin,
                int64_t count, int64_t key, int64_t keys, T* scores) const {
    const T* const k = a.k.At(b, group, key);
    const T* const q = a.q.At(b, h, begin);
    if constexpr (std::is_same_v<T, float>) {
      if (count >= kFewQueries) {
        alignas(64) float packed[kGemmDepth * kKeys];
        for (int64_t d = 0; d < s_.head_size; d += kGemmDepth) {
          const int64_t depth = std::min(kGemmDepth, s_.head_size - d);
          for (int64_t j = 0; j < keys; j += kGemmPanel)
            PackMatrix(k, 1, a.k.row, d, d + depth, j, std::min(kGemmPanel, keys - j),
                       packed + j * depth);
          vectors_.gemm_block({q + d, a.q.row, 1, count, keys, depth, packed, scores, d == 0});
        }
        if (s_.head_size == 0) std::fill_n(scores, count * kKeys, 0.0F);
        return;
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < keys; ++j)
        scores[i * kKeys + j] = Dot(q + i * a.q.row, k + j * a.k.row, s_.head_size);
    }
  }

  // Y += scores V.
  void AddValues(const Arguments& a, int64_t b, int64_t h, int64_t group, int64_t begin,
                 int64_t count, int64_t key, int64_t keys, const T* scores) const {
    const T* const v = a.v.At(b, group, key);
    T* const y = a.y.At(b, h, begin);
    if constexpr (std::is_same_v<T, float>) {
      if (count >= kFewQueries) {
        alignas(64) float packed[kKeys * kGemmColumns];
        alignas(64) float sums[kQueries * kGemmColumns];
        for (int64_t e = 0; e < s_.value_size; e += kGemmColumns) {
          const int64_t columns = std::min(kGemmColumns, s_.value_size - e);
          for (int64_t j = 0; j < columns; j += kGemmPanel)
            PackMatrix(v, a.v.row, 1, 0, keys, e + j, std::min(kGemmPanel, columns - j),
                       packed + j * keys);
          vectors_.gemm_block({scores, kKeys, 1, count, columns, keys, packed, sums, true});
          for (int64_t i = 0; i < count; ++i) {
            float* const to = y + i * a.y.row + e;
            for (int64_t j = 0; j < columns; ++j) to[j] += sums[i * kGemmColumns + j];
          }
        }
        return;
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      T* const to = y + i * a.y.row;
      for (int64_t j = 0; j < keys; ++j) {
        const T weight = scores[i * kKeys + j];
        const T* const from = v + j * a.v.row;
#pragma GCC ivdep
        for (int64_t e = 0; e < s_.value_size; ++e) to[e] += weight * from[e];
      }
    }
  }

  // Scores of keys [key, key + keys) -> their exponentials, relative to the largest score so far.
  void Weigh(const Arguments& a, int64_t b, int64_t h, int64_t i, int64_t key, int64_t keys,
             Query& query, T* scores) const {
    constexpr T kMasked = -std::numeric_limits<T>::infinity();
    for (int64_t j = 0; j < keys; ++j) scores[j] *= scale_;
    if (cap_ > 0) {
      for (int64_t j = 0; j < keys; ++j) scores[j] = cap_ * HyperbolicTangent(scores[j] / cap_);
    }
    AddMask(a, b, h, i, key, keys, scores);
    for (int64_t j = 0; j < std::min(keys, query.first - key); ++j) scores[j] = kMasked;
    for (int64_t j = std::max<int64_t>(0, query.last - key); j < keys; ++j) scores[j] = kMasked;
    T largest = query.largest;
    for (int64_t j = 0; j < keys; ++j) largest = std::max(largest, scores[j]);
    if (largest == kMasked) {
      bool masked = true;
      for (int64_t j = 0; j < keys; ++j) masked = masked && scores[j] == kMasked;
      if (masked) {
        std::fill_n(scores, keys, T(0));
        return;
      }
    }
    if (largest != query.largest) {
      const T factor = query.largest == kMasked ? T(0) : Exponential(query.largest - largest);
      query.sum *= factor;
      T* const y = a.y.At(b, h, i);
      for (int64_t e = 0; e < s_.value_size; ++e) y[e] *= factor;
      query.largest = largest;
    }
#pragma GCC ivdep
    for (int64_t j = 0; j < keys; ++j)
      scores[j] = scores[j] == kMasked ? T(0) : Exponential(scores[j] - largest);
    T sum = 0;
    for (int64_t j = 0; j < keys; ++j) sum += scores[j];
    query.sum += sum;
  }

  // A masked key's score does not matter, be it infinite.
  void AddMask(const Arguments& a, int64_t b, int64_t h, int64_t i, int64_t key, int64_t keys,
               T* scores) const {
    constexpr T kMasked = -std::numeric_limits<T>::infinity();
    if (!mask_.present) return;
    const auto& strides = mask_.strides;
    const int64_t at = b * strides[0] + h * strides[1] + i * strides[2] + key * strides[3];
    const int64_t reached = std::min(keys, mask_.keys - key);
    for (int64_t j = 0; j < reached; ++j) {
      const int64_t where = at + j * strides[3];
      if (mask_.boolean) {
        if (!static_cast<const bool*>(a.mask)[where]) scores[j] = kMasked;
      } else {
        const T bias = static_cast<const T*>(a.mask)[where];
        scores[j] = bias == kMasked ? kMasked : scores[j] + bias;
      }
    }
  }

  // qk_matmul_output of one query: the products, capped (1), masked (2), or after the softmax (3).
  void WriteScores(const Arguments& a, int64_t b, int64_t h, int64_t group, int64_t i,
                   const Query& query) const {
    constexpr T kMasked = -std::numeric_limits<T>::infinity();
    T* const to = a.scores + ((b * s_.heads + h) * s_.queries + i) * total_;
    for (int64_t j = 0; j < total_; ++j) {
      to[j] = scale_ * Dot(a.q.At(b, h, i), a.k.At(b, group, j), s_.head_size);
      if (mode_ > 0 && cap_ > 0) to[j] = cap_ * HyperbolicTangent(to[j] / cap_);
    }
    if (mode_ < 2) return;
    AddMask(a, b, h, i, 0, total_, to);
    std::fill(to, to + query.first, kMasked);
    std::fill(to + query.last, to + total_, kMasked);
    if (mode_ < 3) return;
    for (int64_t j = 0; j < total_; ++j)
      to[j] = to[j] == kMasked ? T(0) : Exponential(to[j] - query.largest) / query.sum;
  }

  NodeView node_;
  AttentionSizes s_;
  int64_t total_;
  Mask mask_;
  bool has_past_, copies_key_, copies_value_, causal_;
  int64_t left_, right_, mode_;
  T cap_, scale_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

PlanResult PlanSame(const NodeView& node, Specs inputs, Specs outputs) {
  std::array<InferInput, 7> views;
  for (size_t i = 0; i < inputs.size() && i < views.size(); ++i)
    views[i] = {inputs[i].present, inputs[i].type, inputs[i].shape, nullptr};
  AttentionSizes sizes;
  TENON_RETURN_IF_ERROR(ReadAttentionSizes(node, views, sizes));
  if (inputs[2].type != inputs[0].type)
    return Unsupported(node, "V is ", inputs[2].type, ", Q is ", inputs[0].type);
  const int64_t mode = node.Int("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return Invalid(node, "attribute qk_matmul_output_mode is ", std::to_string(mode),
                   " (expected 0 to 3)");
  return PlanForType(node, Floats{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<AttentionPlan<T>>(node, inputs, outputs, sizes);
  });
}

// Softmax runs in the widest of float32, the inputs' type and softmax_precision.
PlanResult PlanAttention(const NodeView& node, Specs inputs, Specs outputs) {
  const bool doubles = node.Int("softmax_precision", 0) == static_cast<int>(DataType::kFloat64);
  return PlanWidened(node, inputs, outputs, PlanSame,
                     doubles ? DataType::kFloat64 : DataType::kFloat32);
}

constexpr Kernel kRows[] = {
    {"", "Attention", 25, 25, Floats::kMask | kHalves, PlanAttention, 1e-5}};

}  // namespace

KernelRows ref_attention_rows() { return kRows; }

}  // namespace tenon::operators
