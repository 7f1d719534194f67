// What kernels share: making plans, looping over elements in parallel chunks.
#pragma once

#include "support/infer.h"
#include "support/rows.h"
#include "support/types.h"
#include "tenon/operators/kernel.h"

namespace tenon::operators {

using Plan = std::unique_ptr<KernelPlan>;
using PlanResult = Result<Plan>;
using Specs = std::span<const TensorSpec>;

inline bool Has(Specs specs, size_t index) { return index < specs.size() && specs[index].present; }

// Refuses a workspace of more bytes, the product of `factors`, than any machine has. The sum of a
// few that pass fits 63 bits. Zero counts as one, so that no part of the product overflows either.
inline Status CheckWorkspace(const NodeView& node, std::initializer_list<int64_t> factors) {
  constexpr int64_t kMost = int64_t{1} << 48;
  int64_t bytes = 1;
  for (const int64_t factor : factors) {
    if (factor > 1 && (__builtin_mul_overflow(bytes, factor, &bytes) || bytes > kMost))
      return Unsupported(node, "needs a workspace that is larger than any memory");
  }
  return {};
}

// Elements that one chunk of an elementwise loop takes. Fixed, so that results don't depend on
// threads.
inline constexpr int64_t kElementChunk = 16384;

// Runs f(begin, end) over [0, count): at once where it is small, else in parallel chunks.
template <typename F>
inline void ForElements(const ParallelFor& parallel, int64_t count, const F& f,
                        int64_t chunk = kElementChunk) {
  if (count <= chunk) {
    if (count > 0) f(int64_t{0}, count);
  } else {
    parallel(count, chunk, f);
  }
}

// The plan that make.operator()<T>() gives for the T of `list` that is `type`; a refusal where
// there is none.
template <typename List, typename F>
PlanResult PlanForType(const NodeView& node, List list, DataType type, const F& make) {
  return Dispatch(
      list, type, [&]<typename T>() -> PlanResult { return Plan(make.template operator()<T>()); },
      [&]() -> PlanResult { return Unsupported(node, "has no reference kernel for ", type); });
}

// The plan P<T>(node, inputs, outputs) for the T of List that input 0 has.
template <template <typename> class P, typename List>
PlanResult PlanByType(const NodeView& node, Specs inputs, Specs outputs) {
  return PlanForType(node, List{}, inputs[0].type,
                     [&]<typename T>() { return std::make_unique<P<T>>(node, inputs, outputs); });
}

}  // namespace tenon::operators
