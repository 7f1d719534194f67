// The backend: what it offers, as tables.
#pragma once

#include <vector>

#include "device.h"
#include "elementwise.h"
#include "matmul.h"

namespace plugin {

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  using Device = plugin::Device;

  static std::vector<sdk::DeviceRow> Devices();

  // The best kernel first. Revisions are the ONNX versions that changed what the operator means: of
  // Relu and MatMul 1 alone, of Add 1 and 7, which differ in how they broadcast. So these kernels are
  // right for every opset up to 28.
  static constexpr auto kKernels = sdk::Rows(sdk::Row{.op = "Relu",
                                                      .revisions = {1, 28},
                                                      .types = sdk::Same<float>,
                                                      .kernel = sdk::Function<Relu>},
                                             sdk::Row{.op = "Add",
                                                      .revisions = {1, 28},
                                                      .types = sdk::Same<float>,
                                                      .accepts = AcceptsAdd,
                                                      .kernel = sdk::Function<Add>},
                                             sdk::Row{.op = "MatMul",
                                                      .revisions = {1, 28},
                                                      .types = sdk::Same<float>,
                                                      .kernel = sdk::Class<MatMul>,
                                                      .error_bound = 1e-5});
};

}  // namespace plugin
