#include "tenon/placement/kernel_facts.h"

#include <algorithm>
#include <cstring>

#include "tenon/placement/abi_views.h"

namespace tenon::placement {
namespace {

// The element of a list of which the last repeats.
template <typename T>
T At(const T* list, uint32_t count, size_t index, T otherwise) {
  return count == 0 ? otherwise : list[std::min<size_t>(index, count - 1)];
}

uint32_t ChooseMemory(const backend::Device& device, const uint32_t* list, uint32_t count,
                      size_t argument) {
  const uint32_t standard = DefaultMemory(device);
  const uint32_t kinds = At(list, count, argument, 1u << standard);
  if (kinds >> standard & 1) return standard;
  for (uint32_t k = 0; k < device.info().memory_kind_count; ++k) {
    if (kinds >> device.info().memory_kinds[k]->id & 1) return device.info().memory_kinds[k]->id;
  }
  return TENON_MEMORY_HOST;
}

constexpr double kCopyGbytes = 10;  // between host and device, where nobody says better: PCIe 3 x16
constexpr double kCopyLatencyUs = 10;
constexpr double kAssumedGbytes = 10;

}  // namespace

tenon_layout InputLayout(const tenon_kernel_descriptor& kernel, size_t input) {
  return At<tenon_layout>(kernel.input_layouts, kernel.input_layout_count, input,
                          TENON_LAYOUT_ROW_MAJOR);
}

tenon_layout OutputLayout(const tenon_kernel_descriptor& kernel, size_t output) {
  return At<tenon_layout>(kernel.output_layouts, kernel.output_layout_count, output,
                          TENON_LAYOUT_ROW_MAJOR);
}

uint32_t DefaultMemory(const backend::Device& device) {
  return device.default_memory() != nullptr ? device.default_memory()->id : TENON_MEMORY_HOST;
}

uint32_t InputMemory(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                     size_t input) {
  return ChooseMemory(device, kernel.input_memory, kernel.input_memory_count, input);
}

uint32_t OutputMemory(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                      size_t output) {
  return ChooseMemory(device, kernel.output_memory, kernel.output_memory_count, output);
}

bool SameArguments(const backend::Device& device, const tenon_kernel_descriptor& a,
                   const tenon_kernel_descriptor& b, size_t inputs, size_t outputs) {
  if ((a.flags ^ b.flags) & TENON_KERNEL_ALLOCATES_OUTPUT) return false;
  for (size_t i = 0; i < inputs; ++i) {
    if (InputLayout(a, i) != InputLayout(b, i) ||
        InputMemory(device, a, i) != InputMemory(device, b, i))
      return false;
  }
  for (size_t o = 0; o < outputs; ++o) {
    if (OutputLayout(a, o) != OutputLayout(b, o) ||
        OutputMemory(device, a, o) != OutputMemory(device, b, o))
      return false;
  }
  return true;
}

std::vector<operators::InPlace> InPlacePairs(
    std::span<const tenon_kernel_descriptor* const> kernels) {
  std::vector<operators::InPlace> pairs;
  auto allows = [](const tenon_kernel_descriptor* kernel, const tenon_in_place& pair) {
    return std::any_of(kernel->in_place, kernel->in_place + kernel->in_place_count,
                       [&](const tenon_in_place& other) {
                         return other.input == pair.input && other.output == pair.output;
                       });
  };
  for (uint32_t k = 0; k < kernels[0]->in_place_count; ++k) {
    const tenon_in_place& pair = kernels[0]->in_place[k];
    const bool all =
        std::ranges::all_of(kernels, [&](const auto* kernel) { return allows(kernel, pair); });
    if (!all || pair.input > 254 || pair.output > 254) continue;
    pairs.push_back({static_cast<uint8_t>(pair.input), static_cast<uint8_t>(pair.output)});
  }
  return pairs;
}

double CopyCost(const backend::Device& device, double bytes) {
  const double gbytes =
      device.info().gbytes > 0 ? std::min(device.info().gbytes, kCopyGbytes) : kCopyGbytes;
  return kCopyLatencyUs + bytes / (gbytes * 1e3);
}

double ReorderCost(const backend::Device& device, double bytes) {
  const double gbytes = device.info().gbytes > 0 ? device.info().gbytes : kAssumedGbytes;
  return 1 + 2 * bytes / (gbytes * 1e3);
}

const tenon_kernel_descriptor* FindReorder(const backend::Device& device, tenon_layout from,
                                           tenon_layout to, uint32_t memory_kind, DataType type,
                                           const Shape& shape) {
  const tenon_dtypes bit = TENON_DTYPE_BIT(static_cast<unsigned>(type));
  for (const tenon_kernel_descriptor* kernel : device.backend().descriptors()) {
    if (std::strcmp(kernel->op, "Reorder") != 0 || std::strcmp(kernel->domain, "ai.tenon") != 0)
      continue;
    if (InputLayout(*kernel, 0) != from || OutputLayout(*kernel, 0) != to) continue;
    if (InputMemory(device, *kernel, 0) != memory_kind ||
        OutputMemory(device, *kernel, 0) != memory_kind)
      continue;
    if (!(At(kernel->input_dtypes, kernel->input_dtype_count, 0, ~tenon_dtypes{0}) & bit)) continue;
    if (!(At(kernel->output_dtypes, kernel->output_dtype_count, 0, ~tenon_dtypes{0}) & bit))
      continue;
    const bool any_rank = kernel->rank_min == 0 && kernel->rank_max == 0;
    if (!any_rank && (shape.rank() < kernel->rank_min || shape.rank() > kernel->rank_max)) continue;
    if (kernel->supports != nullptr) {
      const AbiReorder node(type, shape, from, to);
      const Status status = device.backend().Call("kernel.supports", [&] {
        return kernel->supports(kernel, device.backend().handle(), device.handle(), node.node());
      });
      if (!status.ok()) continue;
    }
    return kernel;
  }
  return nullptr;
}

}  // namespace tenon::placement
