// ScatterElements and ScatterND. Indices are checked before anything is written, updates of one
// element come in their order.
#include <cstring>

#include "support/half_types.h"
#include "support/order.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

// The index in [0, size), or -1.
int64_t Normalize(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}
Status OutOfRange(const NodeView& node) {
  return Invalid(node, "indices has a value out of range");
}

// How `count` updates join what stands in y.
using JoinFunction = void (*)(void* y, const void* updates, int64_t count, int64_t element_size);

void Replace(void* y, const void* updates, int64_t count, int64_t element_size) {
  std::memcpy(y, updates, static_cast<size_t>(count * element_size));
}
template <typename T, typename Op>
void JoinWith(void* y, const void* updates, int64_t count, int64_t) {
  auto* to = static_cast<T*>(y);
  const auto* from = static_cast<const T*>(updates);
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<T>(
        Op::Apply(static_cast<Arithmetic<T>>(to[i]), static_cast<Arithmetic<T>>(from[i]), T{}));
  }
}
struct Add {
  template <typename A, typename T>
  static A Apply(A a, A b, T) {
    return static_cast<A>(a + b);
  }
};
struct Multiply {
  template <typename A, typename T>
  static A Apply(A a, A b, T) {
    return static_cast<A>(a * b);
  }
};
// Compared as they are, not as unsigned integers; NaN wins.
template <bool kLargest>
struct Extreme {
  template <typename A, typename T>
  static A Apply(A a, A b, T) {
    const auto x = static_cast<Comparable<T>>(a), y = static_cast<Comparable<T>>(b);
    return b != b || (kLargest ? y > x : y < x) ? b : a;
  }
};

Result<JoinFunction> FindJoin(const NodeView& node, DataType type) {
  const std::string_view reduction = node.String("reduction", "none");
  if (reduction == "none") return JoinFunction{Replace};
  return Dispatch(
      AllNumbersAndBool{}, type,
      [&]<typename T>() -> Result<JoinFunction> {
        if (reduction == "add") return JoinFunction{JoinWith<T, Add>};
        if (reduction == "mul") return JoinFunction{JoinWith<T, Multiply>};
        if (reduction == "max") return JoinFunction{JoinWith<T, Extreme<true>>};
        return JoinFunction{JoinWith<T, Extreme<false>>};
      },
      [&]() -> Result<JoinFunction> {
        return Unsupported(node, "has no reference kernel to reduce ", type);
      });
}

// What both have: the copy of data, and what happens to it.
class ScatterPlan : public KernelPlan {
 public:
  ScatterPlan(const NodeView& node, Specs inputs, JoinFunction join)
      : node_(node),
        x_(inputs[0].shape),
        indices_(inputs[1].shape),
        type_(inputs[1].type),
        size_(ElementSize(inputs[0].type)),
        join_(join) {}
  Status Run(const KernelArguments& arguments) const override {
    const TensorView indices = {type_, Shape(), arguments.inputs[1]};
    if (!InRange(indices)) return OutOfRange(node_);
    CopyBytes(arguments.parallel, arguments.inputs[0], arguments.outputs[0],
              x_.ElementCount() * size_);
    Scatter(arguments.parallel, indices, static_cast<const std::byte*>(arguments.inputs[2]),
            static_cast<std::byte*>(arguments.outputs[0]));
    return {};
  }

 protected:
  virtual bool InRange(const TensorView& indices) const = 0;
  virtual void Scatter(const ParallelFor& parallel, const TensorView& indices,
                       const std::byte* updates, std::byte* y) const = 0;

  NodeView node_;
  Shape x_, indices_;
  DataType type_;
  int64_t size_;
  JoinFunction join_;
};

// Lines of indices along `axis` touch different elements.
class ScatterElementsPlan final : public ScatterPlan {
 public:
  ScatterElementsPlan(const NodeView& node, int axis, Specs inputs, JoinFunction join)
      : ScatterPlan(node, inputs, join), axis_(axis) {
    for (int i = axis + 1; i < x_.rank(); ++i) {
      index_stride_ *= indices_[i];
      stride_ *= x_[i];
    }
  }

 private:
  bool InRange(const TensorView& indices) const override {
    const int64_t count = indices_.ElementCount();
    for (int64_t i = 0; i < count; ++i) {
      if (Normalize(IntAt(indices, i), x_[axis_]) < 0) return false;
    }
    return true;
  }
  void Scatter(const ParallelFor& parallel, const TensorView& indices, const std::byte* updates,
               std::byte* y) const override {
    const int64_t count = indices_[axis_];
    if (count == 0) return;
    ForElements(
        parallel, indices_.ElementCount() / count,
        [&](int64_t begin, int64_t end) {
          for (int64_t line = begin; line < end; ++line) {
            const int64_t first =
                line / index_stride_ * count * index_stride_ + line % index_stride_;
            const int64_t base = Base(line);
            for (int64_t i = 0; i < count; ++i) {
              const int64_t from = first + i * index_stride_;
              const int64_t at = Normalize(IntAt(indices, from), x_[axis_]);
              join_(y + (base + at * stride_) * size_, updates + from * size_, 1, size_);
            }
          }
        },
        std::max<int64_t>(1, kElementChunk / count));
  }
  // Where line `line` of indices begins in data.
  int64_t Base(int64_t line) const {
    int64_t offset = 0, stride = 1;
    for (int d = x_.rank() - 1; d >= 0; stride *= x_[d], --d) {
      if (d == axis_) continue;
      offset += line % indices_[d] * stride;
      line /= indices_[d];
    }
    return offset;
  }

  int axis_;
  int64_t index_stride_ = 1, stride_ = 1;
};

class ScatterNDPlan final : public ScatterPlan {
 public:
  ScatterNDPlan(const NodeView& node, Specs inputs, JoinFunction join)
      : ScatterPlan(node, inputs, join), width_(indices_[indices_.rank() - 1]) {
    for (int i = 0; i < indices_.rank() - 1; ++i) tuples_ *= indices_[i];
    for (int i = static_cast<int>(width_); i < x_.rank(); ++i) slice_ *= x_[i];
  }

 private:
  bool InRange(const TensorView& indices) const override {
    for (int64_t i = 0; i < tuples_ * width_; ++i) {
      if (Normalize(IntAt(indices, i), x_[static_cast<int>(i % width_)]) < 0) return false;
    }
    return true;
  }
  // Tuples in their order; each chunk takes its part of the slices.
  void Scatter(const ParallelFor& parallel, const TensorView& indices, const std::byte* updates,
               std::byte* y) const override {
    ForElements(parallel, slice_, [&](int64_t begin, int64_t end) {
      for (int64_t i = 0; i < tuples_; ++i) {
        int64_t offset = 0;
        for (int64_t d = 0; d < width_; ++d) {
          const int64_t size = x_[static_cast<int>(d)];
          offset = offset * size + Normalize(IntAt(indices, i * width_ + d), size);
        }
        join_(y + (offset * slice_ + begin) * size_, updates + (i * slice_ + begin) * size_,
              end - begin, size_);
      }
    });
  }

  int64_t width_, tuples_ = 1, slice_ = 1;
};

PlanResult PlanScatterElements(const NodeView& node, Specs inputs, Specs) {
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), inputs[0].shape.rank(), axis));
  TENON_ASSIGN(const JoinFunction join, FindJoin(node, inputs[0].type));
  return Plan(std::make_unique<ScatterElementsPlan>(node, axis, inputs, join));
}
PlanResult PlanScatterND(const NodeView& node, Specs inputs, Specs) {
  TENON_ASSIGN(const JoinFunction join, FindJoin(node, inputs[0].type));
  return Plan(std::make_unique<ScatterNDPlan>(node, inputs, join));
}

constexpr Kernel kRows[] = {
    {"", "ScatterElements", 18, 18, kCopyable, PlanScatterElements, 1e-5},
    {"", "ScatterND", 18, 18, kCopyable, PlanScatterND, 1e-5},
};

}  // namespace

KernelRows ref_scatter_rows() { return kRows; }

}  // namespace tenon::operators
