// Einsum as a list of two kinds of steps, inputs joined from the left: Rearrange (diagonals, sums
// and permutations of one operand) and Multiply (a batch of matrix products of two operands).
// Dimensions of size 1 take no part: they change neither the layout nor the sums.
#include <vector>

#include "linear/einsum.h"
#include "support/gemm.h"
#include "support/half_types.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

using Labels = std::vector<uint8_t>;
using Dims = std::array<int64_t, kEinsumLabels>;

constexpr int64_t kAlignment = 16;  // of an operand in the workspace, in elements

bool Holds(std::span<const uint8_t> labels, uint8_t label) {
  return std::ranges::find(labels, label) != labels.end();
}
int64_t Count(std::span<const uint8_t> labels, const Dims& dims) {
  int64_t count = 1;
  for (const uint8_t label : labels) count *= dims[label];
  return count;
}
Labels Concat(const Labels& a, const Labels& b, const Labels& c = {}) {
  Labels all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

// Adds the elements of a dense operand in memory, rounded up; false where 64 bits can't count them.
// Zero counts as one: the steps over an empty operand must not overflow either.
bool AddSize(const Labels& labels, const Dims& dims, int64_t& elements) {
  int64_t size = 1;
  for (const uint8_t label : labels) {
    if (dims[label] > 1 && __builtin_mul_overflow(size, dims[label], &size)) return false;
  }
  return !__builtin_add_overflow(size, kAlignment, &size) &&
         !__builtin_add_overflow(elements, size, &elements);
}

// The labels of two operands by what they are in their product, each once.
struct Roles {
  Labels batch, rows, columns, depth;
  Labels result() const { return Concat(batch, rows, columns); }
};
// By label, the last input that has it; the number of inputs for the output's.
using LastUses = std::array<size_t, kEinsumLabels>;

LastUses FindLastUses(const std::vector<Labels>& inputs, const Labels& output) {
  LastUses last{};
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (const uint8_t label : inputs[i]) last[label] = i;
  }
  for (const uint8_t label : output) last[label] = inputs.size();
  return last;
}

// Of what was joined so far and input `index`: kept is what the output or a later input has.
Roles RolesOf(const Labels& a, const Labels& b, const LastUses& last, size_t index) {
  Roles roles;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint8_t label = a[i];
    if (Holds(std::span(a).first(i), label)) continue;
    const bool kept = last[label] > index, shared = Holds(b, label);
    if (!kept && !shared) continue;  // summed up before
    (kept ? shared ? roles.batch : roles.rows : roles.depth).push_back(label);
  }
  for (size_t i = 0; i < b.size(); ++i) {
    const uint8_t label = b[i];
    const bool met = Holds(std::span(b).first(i), label);
    if (!met && last[label] > index && !Holds(a, label)) roles.columns.push_back(label);
  }
  return roles;
}

// Refuses products whose intermediates can't be counted or copied.
Status CheckJoins(const NodeView& node, const std::vector<Labels>& inputs, const Labels& output,
                  const Dims& dims) {
  const LastUses last = FindLastUses(inputs, output);
  Labels joined = inputs[0];
  int64_t elements = 0;
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Labels result = RolesOf(joined, inputs[i], last, i).result();
    if (result.size() > StridedCopy::kMost) {
      return Unsupported(node, "has an intermediate of ", static_cast<int>(result.size()),
                         " dimensions (the reference kernel takes ",
                         static_cast<int>(StridedCopy::kMost), ")");
    }
    // Both operands may be copied.
    int64_t bytes = 0;  // of the widest elements
    if (!AddSize(joined, dims, elements) || !AddSize(inputs[i], dims, elements) ||
        !AddSize(result, dims, elements) || __builtin_mul_overflow(elements, 8, &bytes)) {
      return Unsupported(node, "has intermediates that are larger than any memory");
    }
    joined = result;
  }
  return {};
}

// Where an operand lies: an input, the output (-1), or the workspace (-2).
struct Place {
  int argument = 0;
  int64_t offset = 0;  // in the workspace, in elements

  template <typename T>
  T* Of(const KernelArguments& arguments) const {
    if (argument == -1) return static_cast<T*>(arguments.outputs[0]);
    if (argument == -2) return static_cast<T*>(arguments.workspace) + offset;
    return static_cast<T*>(arguments.inputs[static_cast<size_t>(argument)]);
  }
};
struct Operand {
  Place place;
  Labels labels;  // dense, row-major; only in an input may one stand twice
};

struct Loop {
  std::vector<int64_t> dims, strides;  // the innermost last
  int64_t count = 1;
  void Add(int64_t dim, int64_t stride) {
    dims.push_back(dim);
    strides.push_back(stride);
    count *= dim;
  }
  int64_t Offset(int64_t index) const {
    int64_t offset = 0;
    for (size_t i = dims.size(); i-- > 0;) {
      offset += index % dims[i] * strides[i];
      index /= dims[i];
    }
    return offset;
  }
};

template <typename T>
class Rearrange {
 public:
  Rearrange(const Operand& from, const Operand& to, const Dims& dims)
      : from_(from.place), to_(to.place) {
    for (const uint8_t label : to.labels) kept_.Add(dims[label], Stride(from, label, dims));
    for (size_t i = 0; i < from.labels.size(); ++i) {
      const uint8_t label = from.labels[i];
      const bool met = Holds(std::span(from.labels).first(i), label);
      if (!met && !Holds(to.labels, label)) summed_.Add(dims[label], Stride(from, label, dims));
    }
  }
  void Run(const KernelArguments& arguments) const {
    const auto* x = from_.Of<const T>(arguments);
    auto* y = to_.Of<T>(arguments);
    if (summed_.dims.empty()) {
      StridedCopy copy(sizeof(T));
      for (size_t i = kept_.dims.size(); i-- > 0;) copy.AddOuter(kept_.dims[i], kept_.strides[i]);
      copy.Run(arguments.parallel, x, y);
      return;
    }
    ForElements(
        arguments.parallel, kept_.count,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) y[i] = SumOf(x + kept_.Offset(i));
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, summed_.count)));
  }

 private:
  // Wide enough to sum up in.
  using Sum = std::conditional_t<std::is_same_v<T, float>, double, Arithmetic<T>>;

  // A label that stands twice walks along both axes: the diagonal.
  static int64_t Stride(const Operand& operand, uint8_t label, const Dims& dims) {
    int64_t stride = 1, sum = 0;
    for (size_t i = operand.labels.size(); i-- > 0; stride *= dims[operand.labels[i]]) {
      if (operand.labels[i] == label) sum += stride;
    }
    return sum;
  }
  T SumOf(const T* x) const {
    if (summed_.count == 0) return T(0);
    const int64_t row = summed_.dims.back(), stride = summed_.strides.back();
    Sum sum = 0;
    for (int64_t r = 0; r < summed_.count; r += row) {
      const T* from = x + summed_.Offset(r);
      for (int64_t i = 0; i < row; ++i) sum += static_cast<Sum>(from[i * stride]);
    }
    return static_cast<T>(sum);
  }

  Place from_, to_;
  Loop kept_, summed_;
};

// c [batch, rows, columns] of a [batch, rows, depth] and b [batch, depth, columns], where the last
// two dimensions of a and b may stand the other way round.
struct Product {
  Place a, b, c;
  int64_t batches = 1, rows = 1, columns = 1, depth = 1;
  bool a_transposed = false, b_transposed = false;

  int64_t a_row() const { return a_transposed ? 1 : depth; }
  int64_t a_depth() const { return a_transposed ? rows : 1; }
  int64_t b_depth() const { return b_transposed ? 1 : columns; }
  int64_t b_column() const { return b_transposed ? depth : 1; }
};

template <typename T>
void Multiply(const Product& p, const KernelArguments& arguments) {
  using A = Arithmetic<T>;
  const T* a = p.a.Of<const T>(arguments);
  const T* b = p.b.Of<const T>(arguments);
  T* c = p.c.Of<T>(arguments);
  ForElements(
      arguments.parallel, p.batches * p.rows,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T* left = a + i / p.rows * p.rows * p.depth + i % p.rows * p.a_row();
          const T* right = b + i / p.rows * p.depth * p.columns;
          for (int64_t j = 0; j < p.columns; ++j) {
            A sum = 0;
            for (int64_t k = 0; k < p.depth; ++k) {
              sum += static_cast<A>(left[k * p.a_depth()]) *
                     static_cast<A>(right[k * p.b_depth() + j * p.b_column()]);
            }
            c[i * p.columns + j] = static_cast<T>(sum);
          }
        }
      },
      std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, p.columns * p.depth)));
}

template <>
void Multiply<float>(const Product& p, const KernelArguments& arguments) {
  const auto* a = p.a.Of<const float>(arguments);
  const auto* b = p.b.Of<const float>(arguments);
  auto* c = p.c.Of<float>(arguments);
  const VectorFunctions& vectors = ChooseVectorFunctions();
  const GemmShape shape = {p.rows, p.columns, p.depth, nullptr, p.a_row(), p.a_depth()};
  ForElements(
      arguments.parallel, p.batches * shape.tiles(),
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t batch = i / shape.tiles();
          const float* right = b + batch * p.depth * p.columns;
          float* to = c + batch * p.rows * p.columns;
          GemmShape part = shape;
          part.a = a + batch * p.rows * p.depth;
          GemmTile(
              vectors, part, i % shape.tiles(),
              [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* panel) {
                PackMatrix(right, p.b_depth(), p.b_column(), k, k_end, column, count, panel);
              },
              [&](int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums) {
                for (int64_t r = 0; r < rows; ++r) {
                  std::copy_n(sums + r * kGemmColumns, columns,
                              to + (row + r) * p.columns + column);
                }
              });
        }
      },
      1);
}

template <typename T>
class EinsumPlan final : public KernelPlan {
 public:
  // `inputs`: their labels, which CheckJoins has accepted; `dims` of all labels.
  EinsumPlan(const std::vector<Labels>& inputs, const Labels& output, const Dims& dims)
      : dims_(dims) {
    const LastUses last = FindLastUses(inputs, output);
    Operand joined = {{0, 0}, inputs[0]};
    for (size_t i = 1; i < inputs.size(); ++i) {
      const Roles roles = RolesOf(joined.labels, inputs[i], last, i);
      const bool is_last = i + 1 == inputs.size();
      joined = Contract(joined, {{static_cast<int>(i), 0}, inputs[i]}, roles,
                        is_last ? &output : nullptr);
    }
    if (joined.place.argument != -1)
      steps_.push_back({false, products_.size(), moves_.size()}),
          moves_.emplace_back(joined, Operand{{-1, 0}, output}, dims_);
  }
  int64_t workspace_bytes() const override { return elements_ * int64_t{sizeof(T)}; }

  Status Run(const KernelArguments& arguments) const override {
    for (const Step& step : steps_) {
      if (step.multiplies) {
        Multiply<T>(products_[step.product], arguments);
      } else {
        moves_[step.move].Run(arguments);
      }
    }
    return {};
  }

 private:
  struct Step {
    bool multiplies;
    size_t product, move;
  };

  Place Room(const Labels& labels) {
    const Place place = {-2, elements_};
    elements_ += (Count(labels, dims_) + kAlignment - 1) / kAlignment * kAlignment;
    return place;
  }
  // The operand with its labels as wanted: where it lies, or copied.
  Operand Arrange(const Operand& operand, const Labels& wanted) {
    if (operand.labels == wanted) return operand;
    const Operand copy = {Room(wanted), wanted};
    steps_.push_back({false, products_.size(), moves_.size()});
    moves_.emplace_back(operand, copy, dims_);
    return copy;
  }

  // Writes to the output where the product comes out in its order.
  Operand Contract(const Operand& a, const Operand& b, const Roles& roles, const Labels* output) {
    const auto& [batch, rows, columns, depth] = roles;
    Product p;
    p.a_transposed = a.labels == Concat(batch, depth, rows);
    p.b_transposed = b.labels == Concat(batch, columns, depth);
    p.a = Arrange(a, p.a_transposed ? a.labels : Concat(batch, rows, depth)).place;
    p.b = Arrange(b, p.b_transposed ? b.labels : Concat(batch, depth, columns)).place;
    p.batches = Count(batch, dims_);
    p.rows = Count(rows, dims_);
    p.columns = Count(columns, dims_);
    p.depth = Count(depth, dims_);
    const Labels result = roles.result();
    p.c = output != nullptr && *output == result ? Place{-1, 0} : Room(result);
    steps_.push_back({true, products_.size(), moves_.size()});
    products_.push_back(p);
    return {p.c, result};
  }

  Dims dims_;
  int64_t elements_ = 0;
  std::vector<Step> steps_;
  std::vector<Product> products_;
  std::vector<Rearrange<T>> moves_;
};

// The labels of dimensions that have not size 1.
Labels Wide(const EinsumTerm& term, const Shape& shape) {
  Labels labels;
  for (int i = 0; i < term.rank; ++i) {
    if (shape[i] != 1) labels.push_back(term.labels[static_cast<size_t>(i)]);
  }
  return labels;
}

using Types = Join<AllFloats, TypeList<int32_t, int64_t, uint32_t, uint64_t>>::Type;

PlanResult PlanEinsum(const NodeView& node, Specs inputs, Specs outputs) {
  EinsumReader reader(node);
  EinsumTerm term;
  std::vector<Labels> labels;
  for (const TensorSpec& input : inputs) {
    TENON_RETURN_IF_ERROR(reader.AddInput(input.shape, term));
    labels.push_back(Wide(term, input.shape));
  }
  TENON_RETURN_IF_ERROR(reader.ReadOutput(term));
  const Labels output = Wide(term, outputs[0].shape);
  Dims dims;
  for (uint8_t i = 0; i < kEinsumLabels; ++i) dims[i] = reader.dim(i);
  TENON_RETURN_IF_ERROR(CheckJoins(node, labels, output, dims));
  return PlanForType(node, Types{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<EinsumPlan<T>>(labels, output, dims);
  });
}

constexpr Kernel kRows[] = {{"", "Einsum", 12, 12, Types::kMask, PlanEinsum, 1e-5}};

}  // namespace

KernelRows ref_einsum_rows() { return kRows; }

}  // namespace tenon::operators
