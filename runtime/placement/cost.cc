#include "cost.h"

#include <algorithm>

namespace tenon::placement {
namespace {

// What is assumed of devices that don't say, and of kernels that don't.
constexpr double kHostGflops = 50, kHostGbytes = 10, kAcceleratorGflops = 5000,
                 kAcceleratorGbytes = 300;
constexpr double kHostLaunchUs = 0.3, kAcceleratorLaunchUs = 4;
constexpr double kAssumedEfficiency = 0.3;

Shape Assumed(Shape shape) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0) shape[axis] = kAssumedDim;
  }
  return shape;
}

operators::Cost WorkOf(const graph::Graph& graph, const graph::Node& node) {
  std::vector<operators::InferInput> inputs(node.inputs.size());
  std::vector<operators::InferOutput> outputs(node.outputs.size());
  std::vector<TensorView> contents(node.inputs.size());
  operators::Cost work;
  bool known = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == graph::kNone) continue;
    const graph::Value& value = graph.values[node.inputs[i]];
    inputs[i] = {true, value.type, Assumed(value.shape), nullptr};
    known &= value.shape.has_rank();
    if (value.constant && value.constant->blob) {
      contents[i] = {value.type, value.constant->shape,
                     const_cast<std::byte*>(value.constant->blob->data)};
      inputs[i].value = &contents[i];
    }
    work.bytes += AssumedBytes(value);
  }
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (node.outputs[o] == graph::kNone) continue;
    const graph::Value& value = graph.values[node.outputs[o]];
    outputs[o] = {value.type, Assumed(value.shape)};
    known &= value.shape.has_rank();
    work.bytes += AssumedBytes(value);
    work.flops += AssumedBytes(value) / std::max(1u, BitWidth(value.type) / 8);
  }
  if (node.definition == nullptr || node.definition->cost == nullptr || !known) return work;
  const graph::NodeViewHolder holder(node);
  return node.definition->cost(holder.view(), inputs, outputs);
}

}  // namespace

double AssumedBytes(const graph::Value& value) {
  double bytes = BitWidth(value.type) / 8.0;
  const Shape shape = Assumed(value.constant ? value.constant->shape : value.shape);
  for (int64_t dim : shape.dims()) bytes *= static_cast<double>(dim);
  return bytes;
}

namespace {

double LaunchCost(const backend::Device& device) {
  return device.info().kind == TENON_DEVICE_HOST ? kHostLaunchUs : kAcceleratorLaunchUs;
}

double RunCost(const backend::Device& device, double efficiency, const graph::Graph& graph,
               const graph::Node& node) {
  const tenon_device_info& info = device.info();
  const bool host = info.kind == TENON_DEVICE_HOST;
  const double gflops = info.gflops > 0 ? info.gflops : host ? kHostGflops : kAcceleratorGflops;
  const double gbytes = info.gbytes > 0 ? info.gbytes : host ? kHostGbytes : kAcceleratorGbytes;
  const operators::Cost work = WorkOf(graph, node);
  const double roof = std::max(work.flops / (gflops * 1e3), work.bytes / (gbytes * 1e3));
  return roof / efficiency;
}

constexpr tenon_kernel_descriptor MakeAssumed(uint32_t flags) {
  tenon_kernel_descriptor kernel{};
  kernel.struct_size = sizeof kernel;
  kernel.name = "assumed";
  kernel.domain = kernel.op = "";
  kernel.flags = flags;
  return kernel;
}

}  // namespace

double KernelCost(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                  const graph::Graph& graph, const graph::Node& node) {
  const double efficiency =
      kernel.efficiency != 0 ? kernel.efficiency / 1000.0 : kAssumedEfficiency;
  return RunCost(device, efficiency, graph, node) + LaunchCost(device);
}

double CompiledCost(const backend::Device& device, const graph::Graph& graph,
                    const graph::Node& node) {
  return RunCost(device, kAssumedEfficiency, graph, node);
}

const tenon_kernel_descriptor& AssumedKernel(const graph::Node& node) {
  static constexpr tenon_kernel_descriptor kPlain = MakeAssumed(0),
                                           kAllocating = MakeAssumed(TENON_KERNEL_ALLOCATES_OUTPUT);
  const bool sized_by_data =
      node.definition == nullptr || (node.definition->flags & operators::kDataDependent) != 0;
  return sized_by_data ? kAllocating : kPlain;
}

namespace {

// The places where a value is so far, and what bringing it there cost.
class Spread {
 public:
  Spread(const std::vector<backend::Device*>& devices, double bytes, const Location& made)
      : devices_(devices), bytes_(bytes), places_{made} {}
  double cost() const { return cost_; }

  void Bring(const Location& to) {
    if (Has(to)) return;
    BringDense(to);
    if (to.layout != TENON_LAYOUT_ROW_MAJOR) Reorder(to, to.owner);
  }

 private:
  bool Has(const Location& place) const {
    return std::ranges::find(places_, place) != places_.end();
  }
  void Reorder(const Location& to, uint32_t device) {
    cost_ += ReorderCost(*devices_[device], bytes_);
    places_.push_back(to);
  }
  void Copy(const Location& to, uint32_t device) {
    cost_ += CopyCost(*devices_[device], bytes_);
    places_.push_back(to);
  }
  void BringDense(Location to) {
    to.layout = TENON_LAYOUT_ROW_MAJOR;
    to.owner = kNone;
    if (Has(to)) return;
    const std::vector<Location> places = places_;
    for (const Location& from : places) {
      if (from.SameMemory(to)) return Reorder(to, from.owner);
    }
    for (const Location& from : places) {
      if (from.device == kNone || (to.device != kNone && from.device != to.device)) continue;
      BringDense(from);
      return Copy(to, from.device);
    }
    if (to.device == kNone) return;
    BringDense({});
    Copy(to, to.device);
  }

  const std::vector<backend::Device*>& devices_;
  double bytes_, cost_ = 0;
  std::vector<Location> places_;
};

}  // namespace

double SpreadCost(const std::vector<backend::Device*>& devices, double bytes, const Location& made,
                  std::vector<Location> wanted) {
  Spread spread(devices, bytes, made);
  for (const Location& place : wanted) spread.Bring(place);
  return spread.cost();
}

}  // namespace tenon::placement
