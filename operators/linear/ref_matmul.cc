// MatMul in float32 by tiles; in other number types by plain loops.
#include <vector>

#include "support/gemm.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// One matrix product for every batch; where each batch's operands begin.
struct MatMulSizes {
  int64_t rows = 1, columns = 1, depth = 1, batches = 1;
  std::vector<std::array<int64_t, 2>> offsets;

  MatMulSizes(const Shape& a, const Shape& b, const Shape& y) {
    rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
    depth = a[a.rank() - 1];
    columns = b.rank() > 1 ? b[b.rank() - 1] : 1;
    const int y_batch = std::max(0, y.rank() - (a.rank() > 1) - (b.rank() > 1));
    for (int i = 0; i < y_batch; ++i) batches *= y[i];
    // One matrix B for all of A's: one product with more rows.
    if (b.rank() <= 2 && batches > 0) {
      rows *= batches;
      batches = 1;
    }
    for (int64_t i = 0; i < batches; ++i) {
      offsets.push_back(
          {Offset(a, y, y_batch, i) * rows * depth, Offset(b, y, y_batch, i) * depth * columns});
    }
  }

 private:
  // Which matrix of `x` batch `index` of y uses.
  static int64_t Offset(const Shape& x, const Shape& y, int y_batch, int64_t index) {
    const int batch = std::max(0, x.rank() - 2);
    int64_t offset = 0, stride = 1;
    for (int i = 1; i <= y_batch; ++i) {
      const int64_t size = y[y_batch - i], at = index % size;
      index /= size;
      if (i > batch) break;
      const int64_t dim = x[batch - i];
      if (dim != 1) offset += at * stride;
      stride *= dim;
    }
    return offset;
  }
};

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
        const auto& offset = sizes_.offsets[static_cast<size_t>(i / sizes_.rows)];
        const T* row = a + offset[0] + i % sizes_.rows * sizes_.depth;
        T* out = y + i * sizes_.columns;
        std::fill_n(out, sizes_.columns, T(0));
        for (int64_t k = 0; k < sizes_.depth; ++k) {
          const T* right = b + offset[1] + k * sizes_.columns;
          for (int64_t j = 0; j < sizes_.columns; ++j) out[j] += row[k] * right[j];
        }
      }
    });
    return {};
  }

 private:
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
        const auto& offset = sizes_.offsets[static_cast<size_t>(batch)];
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
