// Operators that copy elements by strides that are known when planned: Transpose, Expand, Tile,
// Concat, Split, DepthToSpace, SpaceToDepth.
#include <algorithm>
#include <vector>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class RearrangePlan final : public KernelPlan {
 public:
  explicit RearrangePlan(const StridedCopy& copy) : copy_(copy) {}
  Status Run(const KernelArguments& arguments) const override {
    copy_.Run(arguments.parallel, arguments.inputs[0], arguments.outputs[0]);
    return {};
  }

 private:
  StridedCopy copy_;
};

// Row-major strides, in elements.
std::array<int64_t, kMaxRank> Strides(const Shape& shape) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = step;
    step *= shape[i];
  }
  return strides;
}

PlanResult PlanTranspose(const NodeView& node, Specs inputs, Specs) {
  const Shape& x = inputs[0].shape;
  const auto strides = Strides(x);
  const auto perm = node.Ints("perm");
  StridedCopy copy(ElementSize(inputs[0].type));
  for (int i = x.rank() - 1; i >= 0; --i) {
    const int from =
        perm.empty() ? x.rank() - 1 - i : static_cast<int>(perm[static_cast<size_t>(i)]);
    copy.AddOuter(x[from], strides[static_cast<size_t>(from)]);
  }
  return Plan(std::make_unique<RearrangePlan>(copy));
}

PlanResult PlanExpand(const NodeView&, Specs inputs, Specs outputs) {
  const Shape& x = inputs[0].shape;
  const Shape& y = outputs[0].shape;
  const auto strides = Strides(x);
  StridedCopy copy(ElementSize(inputs[0].type));
  for (int i = y.rank() - 1; i >= 0; --i) {
    const int from = i - y.rank() + x.rank();
    copy.AddOuter(y[i], from < 0 || x[from] == 1 ? 0 : strides[static_cast<size_t>(from)]);
  }
  return Plan(std::make_unique<RearrangePlan>(copy));
}

PlanResult PlanTile(const NodeView&, Specs inputs, Specs outputs) {
  const Shape& x = inputs[0].shape;
  const auto strides = Strides(x);
  StridedCopy copy(ElementSize(inputs[0].type));
  for (int i = x.rank() - 1; i >= 0; --i) {
    copy.AddOuter(x[i], strides[static_cast<size_t>(i)]);
    copy.AddOuter(x[i] == 0 ? 0 : outputs[0].shape[i] / x[i], 0);
  }
  return Plan(std::make_unique<RearrangePlan>(copy));
}

// Blocks: depth is [b, b, C] in mode DCR, [C, b, b] in CRD.
PlanResult PlanBlocks(const NodeView& node, Specs inputs, Specs outputs) {
  const bool to_space = node.op == "DepthToSpace";
  const int64_t block = node.Int("blocksize", 1);
  const bool crd = node.String("mode", "DCR") == "CRD";
  const Shape& deep = to_space ? inputs[0].shape : outputs[0].shape;
  const Shape& wide = to_space ? outputs[0].shape : inputs[0].shape;
  const int64_t channels = wide[1], height = deep[2], width = deep[3], plane = height * width;
  StridedCopy copy(ElementSize(inputs[0].type));
  if (to_space) {
    const int64_t x_step = crd ? plane : channels * plane, y_step = x_step * block;
    copy.AddOuter(block, x_step);
    copy.AddOuter(width, 1);
    copy.AddOuter(block, y_step);
    copy.AddOuter(height, width);
    copy.AddOuter(channels, crd ? block * block * plane : plane);
  } else {
    const int64_t row = width * block;
    copy.AddOuter(width, block);
    copy.AddOuter(height, row * block);
    if (!crd) copy.AddOuter(channels, plane * block * block);
    copy.AddOuter(block, 1);
    copy.AddOuter(block, row);
    if (crd) copy.AddOuter(channels, plane * block * block);
  }
  copy.AddOuter(deep[0], deep[1] * plane);
  return Plan(std::make_unique<RearrangePlan>(copy));
}

// Concat and Split: rows of one tensor are rows of the parts, one after the other.
class PartsPlan final : public KernelPlan {
 public:
  PartsPlan(const Shape& whole, Specs parts, int axis, bool gathers) : gathers_(gathers) {
    const int64_t width = ElementSize(parts[0].type);
    for (int i = 0; i < axis; ++i) rows_ *= whole[i];
    for (const TensorSpec& part : parts) {
      int64_t bytes = width;
      for (int i = axis; i < part.shape.rank(); ++i) bytes *= part.shape[i];
      row_bytes_.push_back(bytes);
      total_ += bytes;
    }
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto& whole = gathers_ ? arguments.outputs : arguments.inputs;
    const auto& parts = gathers_ ? arguments.inputs : arguments.outputs;
    auto* base = static_cast<std::byte*>(whole[0]);
    if (base == nullptr || rows_ == 0) return {};  // no elements, perhaps no memory
    for (size_t p = 0; p < row_bytes_.size(); base += row_bytes_[p++]) {
      auto* part = static_cast<std::byte*>(parts[p]);
      const int64_t bytes = row_bytes_[p];
      if (part == nullptr || bytes == 0) continue;
      if (rows_ == 1) {
        CopyBytes(arguments.parallel, gathers_ ? part : base, gathers_ ? base : part, bytes);
        continue;
      }
      ForElements(
          arguments.parallel, rows_,
          [=, this](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
              std::byte* in_whole = base + i * total_;
              std::byte* in_part = part + i * bytes;
              std::copy_n(gathers_ ? in_part : in_whole, bytes, gathers_ ? in_whole : in_part);
            }
          },
          std::max<int64_t>(1, (int64_t{1} << 18) / bytes));
    }
    return {};
  }

 private:
  bool gathers_;
  int64_t rows_ = 1, total_ = 0;
  std::vector<int64_t> row_bytes_;
};

PlanResult PlanParts(const NodeView& node, Specs inputs, Specs outputs) {
  const bool gathers = node.op == "Concat";
  if (!std::ranges::all_of(gathers ? inputs : outputs, &TensorSpec::present))
    return Unsupported(node, "lacks a part, whose size nothing says");
  const Shape& whole = gathers ? outputs[0].shape : inputs[0].shape;
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", gathers ? 1 : 0), whole.rank(), axis));
  return Plan(std::make_unique<PartsPlan>(whole, gathers ? inputs : outputs, axis, gathers));
}

constexpr Kernel Row(std::string_view name, int revision, PlanFunction plan) {
  return {"", name, revision, revision, kCopyable, plan, 0};
}
constexpr Kernel kRows[] = {
    Row("Concat", 1, PlanParts),        Row("DepthToSpace", 11, PlanBlocks),
    Row("Expand", 8, PlanExpand),       Row("SpaceToDepth", 28, PlanBlocks),
    Row("Split", 18, PlanParts),        Row("Tile", 1, PlanTile),
    Row("Transpose", 1, PlanTranspose),
};

}  // namespace

KernelRows ref_rearrange_rows() { return kRows; }

}  // namespace tenon::operators
