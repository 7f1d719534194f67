// Slice and Pad: positions come with the run; the planned output's shape must be theirs.
#include <cstring>

#include "structure/pad.h"
#include "structure/slice.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

// An int32 or int64 vector of the run.
struct IntVector {
  DataType type = DataType::kInt64;
  int count = 0;
  bool present = false;
  explicit IntVector(Specs inputs, size_t index) {
    if (!Has(inputs, index)) return;
    present = true;
    type = inputs[index].type;
    count = static_cast<int>(inputs[index].shape.ElementCount());
  }
  int64_t At(void* const data, int index) const { return IntAt({type, Shape(), data}, index); }
};

struct Axes {
  // The axis of entry `i`, or -1 where it is out of range.
  static int Resolve(const IntVector& axes, void* data, int i, int rank) {
    const int64_t axis = axes.present ? axes.At(data, i) : i;
    const int64_t positive = axis < 0 ? axis + rank : axis;
    return positive >= 0 && positive < rank ? static_cast<int>(positive) : -1;
  }
};

class SlicePlan final : public KernelPlan {
 public:
  SlicePlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        size_(ElementSize(inputs[0].type)),
        starts_(inputs, 1),
        ends_(inputs, 2),
        axes_(inputs, 3),
        steps_(inputs, 4) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto input = [&](size_t i) {
      return i < arguments.inputs.size() ? arguments.inputs[i] : nullptr;
    };
    for (const IntVector* other : {&ends_, &axes_, &steps_}) {
      if (other->present && other->count != starts_.count)
        return Invalid(node_, "starts, ends, axes and steps have different numbers of elements");
    }
    std::array<SliceAxis, kMaxRank> parts;
    for (int i = 0; i < x_.rank(); ++i) parts[static_cast<size_t>(i)].count = x_[i];
    for (int i = 0; i < starts_.count; ++i) {
      const int axis = Axes::Resolve(axes_, input(3), i, x_.rank());
      const int64_t step = steps_.present ? steps_.At(input(4), i) : 1;
      if (axis < 0 || step == 0)
        return Invalid(node_, "axes or steps of this run are out of range");
      parts[static_cast<size_t>(axis)] =
          ResolveSlice(x_[axis], starts_.At(input(1), i), ends_.At(input(2), i), step);
    }
    StridedCopy copy(size_);
    int64_t stride = 1, offset = 0;
    for (int i = x_.rank() - 1; i >= 0; --i) {
      const SliceAxis& part = parts[static_cast<size_t>(i)];
      if (part.count != y_[i])
        return Invalid(node_, "was planned for the output ", y_, ", axis ", i, " has ", part.count);
      if (part.count == 0) return {};
      offset += part.start * stride;
      if (part.count > 1) copy.AddOuter(part.count, part.step * stride);  // else step may be huge
      stride *= x_[i];
    }
    copy.Run(arguments.parallel,
             static_cast<const std::byte*>(arguments.inputs[0]) + offset * size_,
             arguments.outputs[0]);
    return {};
  }

 private:
  NodeView node_;
  Shape x_, y_;
  int64_t size_;
  IntVector starts_, ends_, axes_, steps_;
};

enum class PadMode { kConstant, kReflect, kEdge, kWrap };

// The input position that output position `i` shows; -1 for the constant.
int64_t Source(PadMode mode, int64_t i, int64_t begin, int64_t size) {
  const int64_t at = i - begin;
  if (at >= 0 && at < size) return at;
  const auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  switch (mode) {
    case PadMode::kConstant:
      return -1;
    case PadMode::kEdge:
      return std::clamp<int64_t>(at, 0, size - 1);
    case PadMode::kWrap:
      return modulo(at, size);
    case PadMode::kReflect:
      break;
  }
  if (size == 1) return 0;
  const int64_t folded = modulo(at, 2 * (size - 1));
  return folded < size ? folded : 2 * (size - 1) - folded;
}

class PadPlan final : public KernelPlan {
 public:
  PadPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        size_(ElementSize(inputs[0].type)),
        pads_(inputs, 1),
        axes_(inputs, 3) {
    const std::string_view mode = node.String("mode", "constant");
    mode_ = mode == "reflect" ? PadMode::kReflect
            : mode == "edge"  ? PadMode::kEdge
            : mode == "wrap"  ? PadMode::kWrap
                              : PadMode::kConstant;
    for (int i = 0; i + 1 < y_.rank(); ++i) rows_ *= y_[i];
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto input = [&](size_t i) {
      return i < arguments.inputs.size() ? arguments.inputs[i] : nullptr;
    };
    if (x_.rank() == 0)
      return CopyBytes(arguments.parallel, input(0), arguments.outputs[0], size_), Status();
    std::array<int64_t, kMaxRank> begins{}, ends{};
    const int count = pads_.count / 2;
    for (int i = 0; i < count; ++i) {
      const int axis = Axes::Resolve(axes_, input(3), i, x_.rank());
      if (axis < 0) return Invalid(node_, "axes of this run are out of range");
      begins[static_cast<size_t>(axis)] = pads_.At(input(1), i);
      ends[static_cast<size_t>(axis)] = pads_.At(input(1), i + count);
    }
    for (int i = 0; i < x_.rank(); ++i) {
      const auto axis = static_cast<size_t>(i);
      int64_t size = 0;
      if (!PaddedSize(x_[i], begins[axis], ends[axis], mode_ != PadMode::kConstant, size) ||
          size != y_[i])
        return Invalid(node_, "was planned for other pads, axis ", i);
    }
    std::array<std::byte, 16> zero{};
    const std::byte* fill =
        input(2) == nullptr ? zero.data() : static_cast<const std::byte*>(input(2));
    if (y_.ElementCount() == 0) return {};
    ForElements(
        arguments.parallel, rows_,
        [&](int64_t from, int64_t to) {
          for (int64_t row = from; row < to; ++row) {
            Row(row, begins, static_cast<const std::byte*>(input(0)), fill,
                static_cast<std::byte*>(arguments.outputs[0]) + row * y_[y_.rank() - 1] * size_);
          }
        },
        std::max<int64_t>(1, kElementChunk / y_[y_.rank() - 1]));
    return {};
  }

 private:
  void Row(int64_t row, const std::array<int64_t, kMaxRank>& begins, const std::byte* x,
           const std::byte* fill, std::byte* y) const {
    const int last = x_.rank() - 1;
    int64_t stride = x_[last], offset = 0;
    bool outside = false;
    for (int i = last - 1; i >= 0; --i) {
      const int64_t at = Source(mode_, row % y_[i], begins[static_cast<size_t>(i)], x_[i]);
      outside = outside || at < 0;
      offset += at * stride;
      stride *= x_[i];
      row /= y_[i];
    }
    for (int64_t i = 0; i < y_[last]; ++i, y += size_) {
      const int64_t at =
          outside ? -1 : Source(mode_, i, begins[static_cast<size_t>(last)], x_[last]);
      std::memcpy(y, at < 0 ? fill : x + (offset + at) * size_, static_cast<size_t>(size_));
    }
  }

  NodeView node_;
  Shape x_, y_;
  int64_t size_, rows_ = 1;
  IntVector pads_, axes_;
  PadMode mode_;
};

PlanResult PlanSlice(const NodeView& node, Specs inputs, Specs outputs) {
  return Plan(std::make_unique<SlicePlan>(node, inputs, outputs));
}
PlanResult PlanPad(const NodeView& node, Specs inputs, Specs outputs) {
  const auto count = [&](size_t i) { return inputs[i].shape.ElementCount(); };
  if (Has(inputs, 2) && count(2) != 1)
    return Invalid(node, "constant_value has shape ", inputs[2].shape, " (expected one value)");
  const int64_t axes = Has(inputs, 3) ? count(3) : inputs[0].shape.rank();
  if (count(1) != 2 * axes)
    return Invalid(node, "pads has ", count(1), " elements for ", axes, " axes");
  return Plan(std::make_unique<PadPlan>(node, inputs, outputs));
}
constexpr Kernel kRows[] = {
    {"", "Pad", 19, 19, kCopyable, PlanPad, 0},
    {"", "Slice", 10, 10, kCopyable, PlanSlice, 0},
};

}  // namespace

KernelRows ref_slice_rows() { return kRows; }

}  // namespace tenon::operators
