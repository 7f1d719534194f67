// What a kernel descriptor says about its arguments, with the defaults filled in. Lent data; any thread.
#pragma once

#include <span>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/graph/graph.h"
#include "tenon/operators/operator.h"

namespace tenon::placement {

tenon_layout InputLayout(const tenon_kernel_descriptor& kernel, size_t input);
tenon_layout OutputLayout(const tenon_kernel_descriptor& kernel, size_t output);
// The kind of memory in which the host gives the argument: the device's default where the kernel takes that, else the
// first of its own kinds that the kernel takes, else plain host memory.
uint32_t InputMemory(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                     size_t input);
uint32_t OutputMemory(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                      size_t output);
uint32_t DefaultMemory(const backend::Device& device);
// Same layouts and memory kinds for all of `inputs` and `outputs` arguments; outputs allocated by the same side.
bool SameArguments(const backend::Device& device, const tenon_kernel_descriptor& a,
                   const tenon_kernel_descriptor& b, size_t inputs, size_t outputs);

// What all of the kernels allow.
std::vector<operators::InPlace> InPlacePairs(
    std::span<const tenon_kernel_descriptor* const> kernels);

// Bytes of a value; symbols and unknown dimensions count as kAssumedDim.
inline constexpr int64_t kAssumedDim = 16;
double AssumedBytes(const graph::Value& value);
// Modelled microseconds of a copy between the device's memory and the host's, and of a change of layout.
double CopyCost(const backend::Device& device, double bytes);
double ReorderCost(const backend::Device& device, double bytes);

// The best kernel of `ai.tenon` Reorder from one layout to another in the device's memory kind, null where there is none.
const tenon_kernel_descriptor* FindReorder(const backend::Device& device, tenon_layout from,
                                           tenon_layout to, uint32_t memory_kind, DataType type,
                                           const Shape& shape);

}  // namespace tenon::placement
