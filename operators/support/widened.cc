#include "support/widened.h"

#include <vector>

#include "support/half.h"

namespace tenon::operators {
namespace {

constexpr size_t kMostArguments = 16;

template <typename Wide>
void Widen(const ParallelFor& parallel, DataType type, const void* from, int64_t count, void* to) {
  ForElements(parallel, count, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float value = 0;
      if (type == DataType::kFloat16) {
        value = FloatFromHalf(static_cast<const uint16_t*>(from)[i]);
      } else if (type == DataType::kBfloat16) {
        value = FloatFromBfloat16(static_cast<const uint16_t*>(from)[i]);
      } else {
        value = static_cast<const float*>(from)[i];
      }
      static_cast<Wide*>(to)[i] = static_cast<Wide>(value);
    }
  });
}
template <typename Wide>
void Narrow(const ParallelFor& parallel, DataType type, const void* from, int64_t count, void* to) {
  ForElements(parallel, count, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto value = static_cast<float>(static_cast<const Wide*>(from)[i]);
      if (type == DataType::kFloat16) {
        static_cast<uint16_t*>(to)[i] = HalfFromFloat(value);
      } else if (type == DataType::kBfloat16) {
        static_cast<uint16_t*>(to)[i] = Bfloat16FromFloat(value);
      } else {
        static_cast<float*>(to)[i] = value;
      }
    }
  });
}

bool IsNarrow(DataType type, DataType wide) {
  return (kHalves & Bit(type)) != 0 || (wide == DataType::kFloat64 && type == DataType::kFloat32);
}

// An argument that is converted, and where its wide copy lies in the workspace.
struct Copy {
  size_t index;
  DataType type;
  int64_t count, offset;
};

class WidenedPlan final : public KernelPlan {
 public:
  WidenedPlan(Plan plan, DataType wide, std::vector<Copy> in, std::vector<Copy> out, int64_t bytes)
      : plan_(std::move(plan)),
        wide_(wide),
        in_(std::move(in)),
        out_(std::move(out)),
        bytes_(bytes) {}

  int64_t workspace_bytes() const override { return bytes_ + plan_->workspace_bytes(); }

  Status Run(const KernelArguments& arguments) const override {
    std::array<void*, kMostArguments> inputs{}, outputs{};
    std::ranges::copy(arguments.inputs, inputs.begin());
    std::ranges::copy(arguments.outputs, outputs.begin());
    auto* const base = static_cast<std::byte*>(arguments.workspace);
    const bool doubles = wide_ == DataType::kFloat64;
    for (const Copy& copy : in_) {
      if (arguments.inputs[copy.index] == nullptr) continue;
      inputs[copy.index] = base + copy.offset;
      (doubles ? Widen<double> : Widen<float>)(arguments.parallel, copy.type,
                                               arguments.inputs[copy.index], copy.count,
                                               inputs[copy.index]);
    }
    for (const Copy& copy : out_) {
      if (arguments.outputs[copy.index] != nullptr) outputs[copy.index] = base + copy.offset;
    }
    TENON_RETURN_IF_ERROR(plan_->Run({.inputs = {inputs.data(), arguments.inputs.size()},
                                      .outputs = {outputs.data(), arguments.outputs.size()},
                                      .workspace = base + bytes_,
                                      .parallel = arguments.parallel}));
    for (const Copy& copy : out_) {
      if (arguments.outputs[copy.index] == nullptr) continue;
      (doubles ? Narrow<double> : Narrow<float>)(arguments.parallel, copy.type, outputs[copy.index],
                                                 copy.count, arguments.outputs[copy.index]);
    }
    return {};
  }

 private:
  Plan plan_;
  DataType wide_;
  std::vector<Copy> in_, out_;
  int64_t bytes_;
};

}  // namespace

PlanResult PlanWidened(const NodeView& node, Specs inputs, Specs outputs, PlanFunction plan,
                       DataType wide) {
  int64_t bytes = 0;
  const auto convert = [&](Specs from, std::vector<TensorSpec>& to,
                           std::vector<Copy>& copies) -> Status {
    to.assign(from.begin(), from.end());
    for (size_t i = 0; i < to.size(); ++i) {
      if (!to[i].present || !IsNarrow(to[i].type, wide)) continue;
      const int64_t count = to[i].shape.ElementCount();
      TENON_RETURN_IF_ERROR(CheckWorkspace(node, {count, BitWidth(wide) / 8}));
      copies.push_back({i, to[i].type, count, bytes});
      bytes += (count * BitWidth(wide) / 8 + 63) / 64 * 64;
      to[i].type = wide;
    }
    return {};
  };
  std::vector<TensorSpec> wide_inputs, wide_outputs;
  std::vector<Copy> in, out;
  TENON_RETURN_IF_ERROR(convert(inputs, wide_inputs, in));
  TENON_RETURN_IF_ERROR(convert(outputs, wide_outputs, out));
  if (in.empty() && out.empty()) return plan(node, inputs, outputs);
  if (inputs.size() > kMostArguments || outputs.size() > kMostArguments)
    return Unsupported(node, "has more arguments than a kernel for 16-bit floats takes");
  TENON_ASSIGN(Plan inner, plan(node, wide_inputs, wide_outputs));
  return Plan(
      std::make_unique<WidenedPlan>(std::move(inner), wide, std::move(in), std::move(out), bytes));
}

}  // namespace tenon::operators
