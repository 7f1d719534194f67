// The C++ SDK of Tenon's backend ABI: include this one header. Header-only C++20 over ../backend.h,
// which is the specification; where this is silent, read there.
//
// A backend is one shared object built with hidden visibility and, by GCC, -fno-gnu-unique.
// Everything here is in an inline namespace of its version, so that backends of different SDKs live
// in one process. A complete backend:
//
//   #include <tenon/backend_api/sdk/sdk.h>
//   namespace sdk = tenon::sdk;
//
//   template <typename T>
//   void Neg(const sdk::Run& run) {                     // a kernel without state is a function
//     const auto x = run.Input<T>(0).elements();
//     const auto y = run.Output<T>(0).elements();
//     run.ParallelFor(run.Input<T>(0).Count(), 65536, [&](int64_t begin, int64_t end) {
//       for (int64_t i = begin; i < end; ++i) y[i] = -x[i];
//     });
//   }
//
//   class MatMul {          // one with a state is a class: [m, k] x constant [k, n]
//    public:
//     static tenon_status Accepts(const sdk::Node& node) {
//       if (node.Input(0).rank() != 2) return node.RefuseRank(0, "2");
//       if (node.Input(1).rank() != 2) return node.RefuseRank(1, "2");
//       return node.Input(1).IsConstant() ? sdk::kOk : node.RefuseNotConstant(1);
//     }
//     explicit MatMul(const sdk::Node& node)
//         : k_(node.Input(1).dims()[0]), n_(node.Input(1).dims()[1]) {}
//
//     sdk::Packing Packs(uint32_t input, sdk::Tensor<const void> weight) const {
//       if (input != 1) return {};                        // stays as it is
//       return {.bytes = weight.bytes(), .format = "transposed"};
//     }
//     void Pack(uint32_t, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const {
//       const auto* from = static_cast<const float*>(weight.data());
//       auto* to = static_cast<float*>(blob.data());
//       for (int64_t i = 0; i < k_ * n_; ++i) to[i % n_ * k_ + i / n_] = from[i];
//     }
//     void Prepare(sdk::Shapes& shapes) const {           // scratch memory for these shapes
//       shapes.SetWorkspace(static_cast<uint64_t>(shapes.Input(0).dim(0) * k_) * sizeof(double));
//     }
//     void Run(const sdk::Run& run) const {
//       const float* w = run.Input<float>(1).data();      // the blob
//       const sdk::Tensor<const float> x = run.Input<float>(0);
//       double* wide = run.Workspace<double>();
//       for (int64_t i = 0; i < x.Count(); ++i) wide[i] = x[i];
//       run.ParallelFor(x.dim(0), 16, [&, y = run.Output<float>(0)](int64_t begin, int64_t end) {
//         for (int64_t i = begin * n_; i < end * n_; ++i) {
//           double sum = 0;
//           for (int64_t c = 0; c < k_; ++c) sum += wide[i / n_ * k_ + c] * w[i % n_ * k_ + c];
//           y[i] = static_cast<float>(sum);
//         }
//       });
//     }
//
//    private:
//     int64_t k_, n_;
//   };
//
//   class Example : public sdk::Backend<Example> {
//    public:
//     using Backend::Backend;
//     static constexpr auto kKernels = sdk::Rows(         // and a row each
//         sdk::ForTypes<float, double, int32_t>([]<typename T>() {
//           return sdk::Row{.op = "Neg", .revisions = {1}, .types = sdk::Same<T>,
//                           .kernel = sdk::Function<Neg<T>>, .in_place = {{0, 0}}};
//         }),
//         sdk::Row{.op = "MatMul", .revisions = {1}, .types = sdk::Same<float>,
//                  .kernel = sdk::Class<MatMul>, .error_bound = 1e-6});
//   };
//   TENON_SDK_BACKEND(Example, "example", "1.0", "Example Company");
//
// Where to read on: backend.h (what else a backend may offer, and how), kernel.h (rows),
// kernel_slots.h (what a kernel's class may have), node.h (attributes, constants, refusals),
// argument.h (tensors, runs), host.h (services), testing/ (a host, nodes and arguments for unit
// tests of kernels on host memory without Tenon).
#pragma once

#if __cplusplus < 202002L
#error "Tenon's C++ SDK needs C++20: -std=c++20, or tenon_add_backend() of Tenon's CMake package"
#endif

#include "tenon/backend_api/sdk/argument.h"
#include "tenon/backend_api/sdk/backend.h"
#include "tenon/backend_api/sdk/compile.h"
#include "tenon/backend_api/sdk/device.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/kernel.h"
#include "tenon/backend_api/sdk/kernel_slots.h"
#include "tenon/backend_api/sdk/memory.h"
#include "tenon/backend_api/sdk/negotiate.h"
#include "tenon/backend_api/sdk/node.h"
#include "tenon/backend_api/sdk/operators.h"
#include "tenon/backend_api/sdk/profile.h"
#include "tenon/backend_api/sdk/queue.h"
#include "tenon/backend_api/sdk/status.h"
#include "tenon/backend_api/sdk/types.h"
