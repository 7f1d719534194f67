// The backend "example_cpp": a device with memory of its own, three kernels, and an operator of its
// own.
#include "device.h"
#include "kernels.h"
#include "tenon/backend_api/sdk/sdk.h"

namespace example {

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  using Device = example::Device<Backend>;

  static std::vector<sdk::DeviceRow> Devices() {
    return {{.name = "example",
             .memory = {{.id = kPool,
                         .name = "pool",
                         .flags = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE |
                                  TENON_MEMORY_COHERENT | TENON_MEMORY_ADDRESSABLE |
                                  TENON_MEMORY_HOST_ADDRESS,
                         .alignment = Device::kAlignment}}}};
  }

  // The best kernel first.
  static constexpr auto kKernels =
      sdk::Rows(sdk::ForTypes<float, double, int8_t, int32_t>([]<typename T>() {
                  return sdk::Row{.op = "Relu",
                                  .revisions = {1},
                                  .types = sdk::Same<T>,
                                  .kernel = sdk::Function<Relu<T>>,
                                  .in_place = {{0, 0}}};
                }),
                sdk::Row{.op = "Gemm",
                         .revisions = {7, 11},
                         .types = sdk::Same<float>,
                         .kernel = sdk::Class<Gemm>,
                         .rank_min = 2,
                         .rank_max = 2,
                         .error_bound = 1e-5},
                sdk::Row{.op = "ScaledAdd",
                         .revisions = {1},
                         .types = sdk::Same<float>,
                         .kernel = sdk::Class<ScaledAdd>,
                         .domain = "com.example",
                         .in_place = {{0, 0}, {1, 0}}});

  static constexpr sdk::OperatorRow kOperators[] = {
      {.domain = "com.example",
       .name = "ScaledAdd",
       .inputs = {2, 2},
       .attributes = {"scale"},
       .description = "a + scale * b; a and b have the same shape",
       .infer = [](const sdk::Node& node, sdk::Inference& shapes) {
         const sdk::Value a = node.Input(0), b = node.Input(1);
         if (a.rank() >= 0 && b.rank() >= 0 && a.rank() != b.rank()) {
           throw sdk::Failure(TENON_INVALID_ARGUMENT,
                              "a has the shape " + sdk::DimsToString(a.dims()) + ", b has " +
                                  sdk::DimsToString(b.dims()) + " (expected equal shapes)");
         }
         shapes.SameAsInput(0, 0);
       }}};
};

}  // namespace example

TENON_SDK_BACKEND(example::Backend, "example_cpp", "1.0", "Example Company");
