// Plain C++ reference kernels, used by the reference and simulator plugins and by the host
// (constant folding, shape arithmetic). A kernel is planned once for concrete shapes; its plan is
// immutable and may run on many threads at once.
#pragma once

#include <memory>
#include <span>

#include "tenon/operators/tensor.h"

namespace tenon::operators {

struct TensorSpec {
  bool present = false;
  DataType type = DataType::kUndefined;
  Shape shape;
};

// Splits [0, total) into chunks of `chunk` (the last one shorter); chunks never depend on the
// number of threads, so results don't either. `Inline()` runs them one after the other on the
// calling thread.
struct ParallelFor {
  using Body = void (*)(void* context, int64_t begin, int64_t end);
  void* host = nullptr;
  void (*run)(void* host, int64_t total, int64_t chunk, Body body, void* context) = nullptr;
  static ParallelFor Inline();

  template <typename F>
  void operator()(int64_t total, int64_t chunk, const F& f) const {
    run(
        host, total, chunk,
        [](void* c, int64_t b, int64_t e) { (*static_cast<const F*>(c))(b, e); },
        const_cast<F*>(&f));
  }
};

// What kernels are given for a tensor without bytes. Nobody reads or writes there.
alignas(64) inline std::byte g_no_bytes[64];

struct KernelArguments {
  // Dense row-major; null where absent, and there alone: see g_no_bytes.
  std::span<void* const> inputs;
  std::span<void* const> outputs;  // null where the output is not wanted
  void* workspace = nullptr;       // workspace_bytes() of the plan, aligned to 64
  ParallelFor parallel;
};

// Gives an output memory once its shape is known: null where that has no bytes. Called at most once
// for each output, while a plan runs.
struct OutputAllocator {
  void* host = nullptr;
  Result<void*> (*run)(void* host, int output, const Shape& shape) = nullptr;
};

class KernelPlan {
 public:
  virtual ~KernelPlan() = default;
  virtual int64_t workspace_bytes() const { return 0; }
  // Computes all outputs. Bit-equal at any number of threads. Allocates nothing. Must not keep
  // arguments.
  virtual Status Run(const KernelArguments& arguments) const = 0;
  // The same where the planned shapes of outputs are not static (operators that are
  // `kDataDependent`): those outputs are null in `arguments`, their memory comes from `allocate`.
  virtual Status RunAllocating(const KernelArguments& arguments, OutputAllocator allocate) const {
    (void)allocate;
    return Run(arguments);
  }
};

// Plans `node` for the given types and static shapes; outputs of operators that are `kDataDependent`
// may have unknown dimensions. `node` and what it points to must outlive the plan.
using PlanFunction = Result<std::unique_ptr<KernelPlan>> (*)(const NodeView& node,
                                                             std::span<const TensorSpec> inputs,
                                                             std::span<const TensorSpec> outputs);

struct Kernel {
  std::string_view domain;
  std::string_view name;
  int revision_min, revision_max;
  uint64_t types;  // bit DataType: element types of input 0 that the kernel computes
  PlanFunction plan_function;
  double error_bound;  // largest error relative to the largest magnitude of the output, float32

  // A plan by `plan_function`, or one that does nothing where no output has an element: dimensions
  // beside a 0 may be so large that no kernel can count to them.
  Result<std::unique_ptr<KernelPlan>> Plan(const NodeView& node, std::span<const TensorSpec> inputs,
                                           std::span<const TensorSpec> outputs) const;
};

std::span<const Kernel* const> AllKernels();
const Kernel* FindKernel(std::string_view domain, std::string_view name, int revision,
                         DataType type);

inline constexpr uint64_t Bit(DataType type) { return uint64_t{1} << static_cast<unsigned>(type); }

}  // namespace tenon::operators
