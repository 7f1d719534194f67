// The reference kernels of all source files, sorted by operator for look-up. Built on first use,
// then constant.
#include <algorithm>
#include <vector>

#include "support/rows.h"

namespace tenon::operators {
namespace {

struct KernelRegistry {
  std::vector<const Kernel*> all;
  std::vector<const Kernel*> by_name;

  KernelRegistry() {
    for (const KernelRowsFunction source : KernelRowSources()) {
      for (const Kernel& row : source()) {
        if (row.types != 0) all.push_back(&row);  // a part without types
      }
    }
    by_name = all;
    std::ranges::stable_sort(by_name, {}, &Kernel::name);
  }
  static const KernelRegistry& Get() {
    static const KernelRegistry registry;
    return registry;
  }
};

class NothingPlan final : public KernelPlan {
 public:
  Status Run(const KernelArguments&) const override { return {}; }
};

void RunInline(void*, int64_t total, int64_t chunk, ParallelFor::Body body, void* context) {
  for (int64_t begin = 0; begin < total; begin += chunk)
    body(context, begin, std::min(begin + chunk, total));
}

}  // namespace

ParallelFor ParallelFor::Inline() { return {.host = nullptr, .run = RunInline}; }

Result<std::unique_ptr<KernelPlan>> Kernel::Plan(const NodeView& node,
                                                 std::span<const TensorSpec> inputs,
                                                 std::span<const TensorSpec> outputs) const {
  const auto empty = [](const TensorSpec& output) {
    return !output.present || (output.shape.IsStatic() && output.shape.ElementCount() == 0);
  };
  if (std::ranges::all_of(outputs, empty))
    return std::unique_ptr<KernelPlan>(std::make_unique<NothingPlan>());
  return plan_function(node, inputs, outputs);
}

std::span<const Kernel* const> AllKernels() { return KernelRegistry::Get().all; }

const Kernel* FindKernel(std::string_view domain, std::string_view name, int revision,
                         DataType type) {
  const auto& rows = KernelRegistry::Get().by_name;
  for (auto row = std::ranges::lower_bound(rows, name, {}, &Kernel::name);
       row != rows.end() && (*row)->name == name; ++row) {
    const Kernel* kernel = *row;
    if (kernel->domain == domain && kernel->revision_min <= revision &&
        revision <= kernel->revision_max && (kernel->types & Bit(type)) != 0) {
      return kernel;
    }
  }
  return nullptr;
}

}  // namespace tenon::operators
