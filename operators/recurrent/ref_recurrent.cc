// LSTM, GRU and RNN. One matrix product projects all steps of X; then every block of sequences of a direction runs through
// its steps, with R laid out for that once a run.
#include <cstring>

#include "recurrent/recurrent.h"
#include "recurrent/ref_activation.h"
#include "recurrent/ref_products.h"

namespace tenon::operators {
namespace {

using Kind = Activation::Kind;
enum class Cell : uint8_t { kLstm, kGru, kRnn };

constexpr int64_t kBlock = 24;  // sequences of a chunk

// The arguments of a run, by name; null where absent.
template <typename T>
struct Arguments {
  const T *x, *w, *r, *b;
  const int32_t* lengths;
  const T *initial_h, *initial_c, *p;
  T *y, *y_h, *y_c;

  explicit Arguments(const KernelArguments& arguments) {
    const auto in = [&](size_t i) -> void* {
      return i < arguments.inputs.size() ? arguments.inputs[i] : nullptr;
    };
    const auto out = [&](size_t i) {
      return static_cast<T*>(i < arguments.outputs.size() ? arguments.outputs[i] : nullptr);
    };
    x = static_cast<const T*>(in(0));
    w = static_cast<const T*>(in(1));
    r = static_cast<const T*>(in(2));
    b = static_cast<const T*>(in(3));
    lengths = static_cast<const int32_t*>(in(4));
    initial_h = static_cast<const T*>(in(5));
    initial_c = static_cast<const T*>(in(6));
    p = static_cast<const T*>(in(7));
    y = out(0);
    y_h = out(1);
    y_c = out(2);
  }
};

template <typename T>
class RecurrentPlan final : public KernelPlan {
 public:
  RecurrentPlan(const NodeView& node, Cell cell, const RecurrentSizes& sizes,
                std::vector<Activation> activations)
      : node_(node),
        cell_(cell),
        s_(sizes),
        activations_(std::move(activations)),
        gates_(GatesOf(node.op) * sizes.hidden),
        clip_(static_cast<T>(node.Float("clip", 0))),
        couples_(cell == Cell::kLstm && node.Int("input_forget", 0) != 0),
        resets_late_(cell == Cell::kGru && node.Int("linear_before_reset", 0) != 0),
        first_(cell == Cell::kGru && !resets_late_ ? 2 * s_.hidden : gates_),
        blocks_((s_.batch + kBlock - 1) / kBlock),
        packs_(RecurrentProduct<T>::Packs(std::min(s_.batch, kBlock))) {}

  int64_t workspace_bytes() const override {
    return (ProjectionSize() + PackedSize() + s_.directions * blocks_ * ScratchSize()) *
           int64_t{sizeof(T)};
  }

  Status Run(const KernelArguments& arguments) const override {
    const Arguments<T> a(arguments);
    for (int64_t i = 0; a.lengths != nullptr && i < s_.batch; ++i) {
      if (a.lengths[i] < 0 || a.lengths[i] > s_.steps) {
        return Invalid(node_, "sequence_lens has ", std::to_string(a.lengths[i]),
                       " (expected 0 to X's ", s_.steps, " steps)");
      }
    }
    auto* projection = static_cast<T*>(arguments.workspace);
    T* const packed = projection + ProjectionSize();
    T* const scratch = packed + PackedSize();
    for (int64_t d = 0; d < s_.directions; ++d) {
      Project(arguments.parallel, a, d, projection + d * s_.steps * s_.batch * gates_);
    }
    if (packs_) {
      arguments.parallel(s_.directions, 1, [&](int64_t begin, int64_t end) {
        for (int64_t d = begin; d < end; ++d) {
          const T* r = a.r + d * gates_ * s_.hidden;
          T* to = packed + d * PackedSize() / s_.directions;
          First(r, to).Pack(to);
          T* const rest = to + RecurrentProduct<T>::PackedSize(first_, s_.hidden);
          Rest(r, rest).Pack(rest);
        }
      });
    }
    arguments.parallel(s_.directions * blocks_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t d = i / blocks_, item = i % blocks_ * kBlock;
        const T* r = a.r + d * gates_ * s_.hidden;
        T* const to = packed + d * PackedSize() / s_.directions;
        T* const rest = to + RecurrentProduct<T>::PackedSize(first_, s_.hidden);
        Block block = {a,
                       d,
                       item,
                       std::min(kBlock, s_.batch - item),
                       projection + d * s_.steps * s_.batch * gates_,
                       First(r, to),
                       Rest(r, rest),
                       scratch + i * ScratchSize()};
        RunBlock(block);
      }
    });
    return {};
  }

 private:
  // What one chunk works on: `count` sequences from `item` on, in direction d.
  struct Block {
    const Arguments<T>& a;
    int64_t d, item, count;
    const T* projection;
    RecurrentProduct<T> first, rest;
    T* scratch;
  };

  int64_t ProjectionSize() const { return RoundUp(s_.directions * s_.steps * s_.batch * gates_); }
  int64_t PackedSize() const {
    return packs_ ? s_.directions * (RecurrentProduct<T>::PackedSize(first_, s_.hidden) +
                                     RecurrentProduct<T>::PackedSize(gates_ - first_, s_.hidden))
                  : 0;
  }
  // Of a block: gates, hidden values, cells, and the hidden values after the reset.
  int64_t ScratchSize() const {
    return RoundUp(std::min(s_.batch, kBlock) * (gates_ + 3 * s_.hidden));
  }
  static int64_t RoundUp(int64_t count) { return (count + 15) / 16 * 16; }

  RecurrentProduct<T> First(const T* r, const T* packed) const {
    return {r, packs_ ? packed : nullptr, first_, s_.hidden};
  }
  RecurrentProduct<T> Rest(const T* r, const T* packed) const {
    return {r + first_ * s_.hidden, packs_ ? packed : nullptr, gates_ - first_, s_.hidden};
  }

  // X times W transposed, plus both biases (where R's is not scaled by the reset gate).
  void Project(const ParallelFor& parallel, const Arguments<T>& a, int64_t d, T* to) const {
    const T* bias = a.b == nullptr ? nullptr : a.b + d * 2 * gates_;
    const int64_t both = resets_late_ ? 2 * s_.hidden : gates_;
    MultiplyTransposed(parallel, s_.steps * s_.batch, gates_, s_.input, a.x,
                       a.w + d * gates_ * s_.input,
                       [=, this](int64_t row, int64_t column, int64_t count, const T* sums) {
                         T* out = to + row * gates_ + column;
                         for (int64_t j = 0; j < count; ++j) {
                           T value = sums[j];
                           if (bias != nullptr) {
                             value += bias[column + j];
                             if (column + j < both) value += bias[gates_ + column + j];
                           }
                           out[j] = value;
                         }
                       });
  }

  int64_t StateOffset(int64_t d, int64_t n) const {
    return (s_.batch_first ? n * s_.directions + d : d * s_.batch + n) * s_.hidden;
  }
  T* YAt(const Block& k, int64_t time, int64_t n) const {
    const int64_t row = s_.batch_first ? (n * s_.steps + time) * s_.directions + k.d
                                       : (time * s_.directions + k.d) * s_.batch + n;
    return k.a.y + row * s_.hidden;
  }

  void RunBlock(const Block& k) const {
    const int64_t size = s_.hidden, bytes = size * int64_t{sizeof(T)};
    T* const gates = k.scratch;
    T* const h = gates + k.count * gates_;
    T* const c = h + k.count * size;
    int64_t longest = 0;
    std::array<int64_t, kBlock> lengths{};
    for (int64_t i = 0; i < k.count; ++i) {
      const int64_t n = k.item + i;
      const int64_t length = k.a.lengths == nullptr ? s_.steps : k.a.lengths[n];
      lengths[static_cast<size_t>(i)] = length;
      longest = std::max(longest, length);
      Start(k.a.initial_h, StateOffset(k.d, n), length, h + i * size);
      Start(k.a.initial_c, StateOffset(k.d, n), length, c + i * size);
    }
    const bool backward = k.d == 1 || s_.reverse;
    for (int64_t step = 0; step < longest; ++step) {
      k.first.Run(h, k.count, gates, gates_);
      std::array<const T*, kBlock> rows{};  // of the projection; null where a sequence has ended
      for (int64_t i = 0; i < k.count; ++i) {
        const int64_t length = lengths[static_cast<size_t>(i)], n = k.item + i;
        if (step >= length) continue;
        const int64_t time = backward ? length - 1 - step : step;
        const int64_t row = s_.batch_first ? n * s_.steps + time : time * s_.batch + n;
        rows[static_cast<size_t>(i)] = k.projection + row * gates_;
      }
      Step(k, rows, gates, h, c);
      for (int64_t i = 0; k.a.y != nullptr && i < k.count; ++i) {
        if (rows[static_cast<size_t>(i)] == nullptr) continue;
        const int64_t time = backward ? lengths[static_cast<size_t>(i)] - 1 - step : step;
        std::memcpy(YAt(k, time, k.item + i), h + i * size, static_cast<size_t>(bytes));
      }
    }
    for (int64_t i = 0; i < k.count; ++i) {
      const int64_t n = k.item + i, at = StateOffset(k.d, n);
      for (int64_t t = lengths[static_cast<size_t>(i)]; k.a.y != nullptr && t < s_.steps; ++t)
        std::memset(YAt(k, t, n), 0, static_cast<size_t>(bytes));
      if (k.a.y_h != nullptr) std::memcpy(k.a.y_h + at, h + i * size, static_cast<size_t>(bytes));
      if (k.a.y_c != nullptr) std::memcpy(k.a.y_c + at, c + i * size, static_cast<size_t>(bytes));
    }
  }
  // A sequence without steps ends in zeros, as in ONNX Runtime.
  void Start(const T* initial, int64_t at, int64_t length, T* to) const {
    if (initial == nullptr || length == 0) {
      std::fill_n(to, s_.hidden, T(0));
    } else {
      std::copy_n(initial + at, s_.hidden, to);
    }
  }

  using Rows = std::array<const T*, kBlock>;
  void Step(const Block& k, const Rows& rows, T* gates, T* h, T* c) const {
    T* const reset = c + k.count * s_.hidden;
    if (cell_ == Cell::kGru && !resets_late_) {
      for (int64_t i = 0; i < k.count; ++i) {
        T* const to = reset + i * s_.hidden;
        if (const T* x = rows[static_cast<size_t>(i)]; x != nullptr) {
          T* const g = gates + i * gates_;
          UpdateAndReset(k.d, x, g);
          for (int64_t j = 0; j < s_.hidden; ++j) to[j] = g[s_.hidden + j] * h[i * s_.hidden + j];
        } else {
          std::fill_n(to, s_.hidden, T(0));
        }
      }
      k.rest.Run(reset, k.count, gates + 2 * s_.hidden, gates_);
    }
    for (int64_t i = 0; i < k.count; ++i) {
      const T* x = rows[static_cast<size_t>(i)];
      if (x == nullptr) continue;
      T* const g = gates + i * gates_;
      T* const state = h + i * s_.hidden;
      if (cell_ == Cell::kLstm) {
        Lstm(k, x, g, state, c + i * s_.hidden);
      } else if (cell_ == Cell::kGru) {
        Gru(k, x, g, state);
      } else {
        Add(x, g, gates_);
        Activate(k.d, 0, g, gates_);
        std::copy_n(g, s_.hidden, state);
      }
    }
  }

  // gates += x.
  static void Add(const T* x, T* gates, int64_t count) {
#pragma GCC ivdep
    for (int64_t j = 0; j < count; ++j) gates[j] += x[j];
  }
  // Clips and applies activation `index` of direction d in place.
  void Activate(int64_t d, int64_t index, T* gates, int64_t count) const {
    if (clip_ > 0) {
      for (int64_t j = 0; j < count; ++j) gates[j] = std::max(-clip_, std::min(clip_, gates[j]));
    }
    Function(d, index).Apply(gates, count, gates);
  }
  const Activation& Function(int64_t d, int64_t index) const {
    const auto each = static_cast<int64_t>(activations_.size()) / s_.directions;
    return activations_[static_cast<size_t>(d * each + index)];
  }
  static void AddProduct(const T* a, const T* b, T* to, int64_t count) {
#pragma GCC ivdep
    for (int64_t j = 0; j < count; ++j) to[j] += a[j] * b[j];
  }

  // Gates input, output, forget, cell; peepholes input, output, forget.
  void Lstm(const Block& k, const T* x, T* g, T* h, T* c) const {
    const int64_t size = s_.hidden;
    T *const in = g, *const out = g + size, *const forget = g + 2 * size,
             *const cell = g + 3 * size;
    const T* p = k.a.p == nullptr ? nullptr : k.a.p + k.d * 3 * size;
    Add(x, g, gates_);
    if (p != nullptr) AddProduct(p, c, in, size);
    Activate(k.d, 0, in, size);
    if (couples_) {
      for (int64_t j = 0; j < size; ++j) forget[j] = 1 - in[j];
    } else {
      if (p != nullptr) AddProduct(p + 2 * size, c, forget, size);
      Activate(k.d, 0, forget, size);
    }
    Activate(k.d, 1, cell, size);
#pragma GCC ivdep
    for (int64_t j = 0; j < size; ++j) c[j] = forget[j] * c[j] + in[j] * cell[j];
    if (p != nullptr) AddProduct(p + size, c, out, size);
    Activate(k.d, 0, out, size);
    Function(k.d, 2).Apply(c, size, h);  // not clipped, as in ONNX Runtime
#pragma GCC ivdep
    for (int64_t j = 0; j < size; ++j) h[j] *= out[j];
  }

  // Gates update, reset, hidden.
  void UpdateAndReset(int64_t d, const T* x, T* g) const {
    Add(x, g, 2 * s_.hidden);
    Activate(d, 0, g, 2 * s_.hidden);
  }
  void Gru(const Block& k, const T* x, T* g, T* h) const {
    const int64_t size = s_.hidden;
    T *const update = g, *const reset = g + size, *const hidden = g + 2 * size;
    if (resets_late_) {
      UpdateAndReset(k.d, x, g);
      const T* bias = k.a.b == nullptr ? nullptr : k.a.b + k.d * 2 * gates_ + gates_ + 2 * size;
      for (int64_t j = 0; j < size; ++j)
        hidden[j] = reset[j] * (hidden[j] + (bias == nullptr ? T(0) : bias[j]));
    }
    Add(x + 2 * size, hidden, size);
    Activate(k.d, 1, hidden, size);
#pragma GCC ivdep
    for (int64_t j = 0; j < size; ++j) h[j] = (1 - update[j]) * hidden[j] + update[j] * h[j];
  }

  NodeView node_;
  Cell cell_;
  RecurrentSizes s_;
  std::vector<Activation> activations_;
  int64_t gates_;  // values of all gates
  T clip_;
  bool couples_, resets_late_;
  int64_t first_;  // gates that a step computes from the hidden values as they are
  int64_t blocks_;
  bool packs_;
};

// The projection, both packed parts of R, and the blocks' scratch, each rounded up.
Status CheckAllWorkspace(const NodeView& node, const RecurrentSizes& s) {
  const int64_t gates = GatesOf(node.op) * s.hidden, element = sizeof(double);
  TENON_RETURN_IF_ERROR(CheckWorkspace(node, {s.directions, s.steps, s.batch, gates, element}));
  TENON_RETURN_IF_ERROR(
      CheckWorkspace(node, {s.directions, gates + 2 * kGemmPanel, s.hidden, element}));
  return CheckWorkspace(node, {s.directions, s.batch, kBlock, gates + 3 * s.hidden + 16, element});
}

PlanResult PlanRecurrent(const NodeView& node, Specs inputs, Specs) {
  constexpr Kind kLstm[] = {Kind::kSigmoid, Kind::kTanh, Kind::kTanh};
  constexpr Kind kGru[] = {Kind::kSigmoid, Kind::kTanh};
  constexpr Kind kRnn[] = {Kind::kTanh};
  std::array<InferInput, 8> views;
  for (size_t i = 0; i < inputs.size() && i < views.size(); ++i)
    views[i] = {inputs[i].present, inputs[i].type, inputs[i].shape, nullptr};
  RecurrentSizes sizes;
  TENON_RETURN_IF_ERROR(ReadRecurrentSizes(node, views, sizes));
  TENON_RETURN_IF_ERROR(CheckAllWorkspace(node, sizes));
  const Cell cell = node.op == "LSTM" ? Cell::kLstm : node.op == "GRU" ? Cell::kGru : Cell::kRnn;
  std::vector<Activation> activations;
  TENON_RETURN_IF_ERROR(ReadActivations(node, sizes.directions,
                                        cell == Cell::kLstm  ? std::span<const Kind>(kLstm)
                                        : cell == Cell::kGru ? std::span<const Kind>(kGru)
                                                             : std::span<const Kind>(kRnn),
                                        activations));
  return PlanForType(node, Floats{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<RecurrentPlan<T>>(node, cell, sizes, activations);
  });
}

constexpr Kernel kRows[] = {
    {"", "GRU", 14, 14, Floats::kMask, PlanRecurrent, 1e-5},
    {"", "LSTM", 14, 14, Floats::kMask, PlanRecurrent, 1e-5},
    {"", "RNN", 14, 14, Floats::kMask, PlanRecurrent, 1e-5},
};

}  // namespace

KernelRows ref_recurrent_rows() { return kRows; }

}  // namespace tenon::operators
