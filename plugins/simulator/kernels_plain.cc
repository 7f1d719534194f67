// Kernels on plain layouts: one for each reference kernel, by its row. A new one there appears here
// by itself.
#include <algorithm>
#include <cctype>
#include <map>

#include "backend.h"
#include "tenon/operators/operator.h"

namespace tenon::simulator {
namespace {

bool IsStatic(std::span<const operators::TensorSpec> specs) {
  return std::ranges::all_of(
      specs, [](const auto& spec) { return !spec.present || spec.shape.IsStatic(); });
}

class PlainDescriptor : public KernelDescriptor {
 public:
  PlainDescriptor(Backend& backend, std::string its_name, const operators::Kernel& row)
      : KernelDescriptor(backend, std::move(its_name), row.domain, row.name), row_(row) {
    SetRevisions(row.revision_min, row.revision_max);
    SetTypes(row.types);
    error_bound = row.error_bound;
    if (const operators::Operator* meaning = operators::FindOperator(row.domain, row.name)) {
      for (const operators::InPlace alias : meaning->in_place)
        AddInPlace(alias.input, alias.output);
      // The queue has to come to the kernel before the sizes are known, so its run waits.
      if (meaning->flags & operators::kDataDependent)
        flags = TENON_KERNEL_ALLOCATES_OUTPUT | TENON_KERNEL_HOST_SYNC;
    }
  }

  // Where all shapes are known, what the reference kernel says itself.
  tenon_status Accepts(const tenon_node& node) const override {
    auto copy = std::make_shared<const Node>(node);
    const auto inputs = SpecsOf(node.inputs, node.input_count);
    const auto outputs = SpecsOf(node.outputs, node.output_count);
    if (!IsStatic(inputs) || !IsStatic(outputs)) return sdk::kOk;
    const auto plan = PlanReference(std::move(copy), row_, inputs, outputs);
    return plan.ok() ? sdk::kOk
                     : host.Error(TENON_UNSUPPORTED, std::string(plan.status().message()));
  }
  Result<std::shared_ptr<const Computation>> MakePlan(std::shared_ptr<const Node> node,
                                                      Specs inputs, Specs outputs) const override {
    return PlanReference(std::move(node), row_, inputs, outputs);
  }

 private:
  const operators::Kernel& row_;
};

}  // namespace

void AddPlainKernels(Backend& backend, Descriptors& descriptors) {
  std::map<std::string_view, int> rows_of;
  for (const operators::Kernel* row : operators::AllKernels()) {
    std::string name = "sim_" + std::string(row->name);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (const int ordinal = ++rows_of[row->name]; ordinal > 1)
      name += "_" + std::to_string(ordinal);
    descriptors.push_back(std::make_unique<PlainDescriptor>(backend, std::move(name), *row));
  }
}

}  // namespace tenon::simulator
