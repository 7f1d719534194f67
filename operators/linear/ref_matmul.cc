// MatMul in float32 by tiles; in other number types by plain loops.
#include "linear/ref_matmul.h"

#include <type_traits>

#include "support/gemm.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

template <typename T>
class MatMulPlan final : public KernelPlan {
 public:
  MatMulPlan(const NodeView&, Specs inputs, Specs outputs)
      : sizes_(inputs[0].shape, inputs[1].shape, outputs[0].shape) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* a = static_cast<const T*>(arguments.inputs[0]);
    const auto* b = static_cast<const T*>(arguments.inputs[1]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    arguments.parallel(sizes_.batches * sizes_.rows, 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto offset = sizes_.OffsetsOf(i / sizes_.rows);
        const T* row = a + offset[0] + i % sizes_.rows * sizes_.depth;
        T* out = y + i * sizes_.columns;
        std::fill_n(out, sizes_.columns, T(0));
        for (int64_t k = 0; k < sizes_.depth; ++k) {
          const T* right = b + offset[1] + k * sizes_.columns;
          for (int64_t j = 0; j < sizes_.columns; ++j) {
            const Wrapping product =
                static_cast<Wrapping>(row[k]) * static_cast<Wrapping>(right[j]);
            out[j] = static_cast<T>(static_cast<Wrapping>(out[j]) + product);
          }
        }
      }
    });
    return {};
  }

 private:
  // Integers wrap.
  using Wrapping = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                               std::type_identity<T>>::type;
  MatMulSizes sizes_;
};

class MatMulFloatPlan final : public KernelPlan {
 public:
  MatMulFloatPlan(Specs inputs, Specs outputs)
      : sizes_(inputs[0].shape, inputs[1].shape, outputs[0].shape) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* a = static_cast<const float*>(arguments.inputs[0]);
    const auto* b = static_cast<const float*>(arguments.inputs[1]);
    auto* y = static_cast<float*>(arguments.outputs[0]);
    const GemmShape shape = {sizes_.rows, sizes_.columns, sizes_.depth, nullptr, sizes_.depth, 1};
    arguments.parallel(sizes_.batches * shape.tiles(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t batch = i / shape.tiles();
        const auto offset = sizes_.OffsetsOf(batch);
        GemmShape part = shape;
        part.a = a + offset[0];
        float* to = y + batch * sizes_.rows * sizes_.columns;
        GemmTile(
            vectors_, part, i % shape.tiles(),
            [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* panel) {
              PackMatrix(b + offset[1], sizes_.columns, 1, k, k_end, column, count, panel);
            },
            [&](int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums) {
              for (int64_t r = 0; r < rows; ++r) {
                std::copy_n(sums + r * kGemmColumns, columns,
                            to + (row + r) * sizes_.columns + column);
              }
            });
      }
    });
    return {};
  }

 private:
  MatMulSizes sizes_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

using OtherTypes = TypeList<double, int32_t, int64_t, uint32_t, uint64_t>;
PlanResult PlanMatMul(const NodeView& node, Specs inputs, Specs outputs) {
  if (inputs[0].type == DataType::kFloat32)
    return Plan(std::make_unique<MatMulFloatPlan>(inputs, outputs));
  return PlanByType<MatMulPlan, OtherTypes>(node, inputs, outputs);
}

constexpr Kernel kRows[] = {
    {"", "MatMul", 1, 1, OtherTypes::kMask | Bit(DataType::kFloat32), PlanMatMul, 1e-5}};

}  // namespace

KernelRows ref_matmul_rows() { return kRows; }

}  // namespace tenon::operators
