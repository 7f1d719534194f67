// The backend "primitives" for tests: few operators, so that functions of ONNX come as their bodies.
#include <algorithm>

#include "tenon/backend_api/sdk/sdk.h"

namespace primitives {

namespace sdk = tenon::sdk;

float Add(float a, float b) { return a + b; }
float Mul(float a, float b) { return a * b; }
float Max(float a, float b) { return std::max(a, b); }
float Min(float a, float b) { return std::min(a, b); }

// Of equal shapes, or with one element on a side.
template <auto F>
void Binary(const sdk::Run& run) {
  const auto a = run.Input<float>(0), b = run.Input<float>(1);
  const auto y = run.Output<float>(0);
  for (int64_t i = 0; i < y.Count(); ++i)
    y[i] = F(a[a.Count() == 1 ? 0 : i], b[b.Count() == 1 ? 0 : i]);
}

template <auto F>
constexpr sdk::Row RowOf(const char* op, int revision) {
  return {.op = op,
          .revisions = {static_cast<uint32_t>(revision)},
          .types = sdk::Same<float>,
          .kernel = sdk::Function<Binary<F>>};
}

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  static constexpr auto kKernels = sdk::Rows(RowOf<Add>("Add", 7), RowOf<Mul>("Mul", 7),
                                             RowOf<Max>("Max", 8), RowOf<Min>("Min", 8));
};

}  // namespace primitives

TENON_SDK_BACKEND(primitives::Backend, "primitives", "1.0", "Tests");
