// Gemm in float32 by tiles; in other number types by three plain loops.
#include "support/gemm.h"
#include "support/half_types.h"
#include "support/math.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// Strides of C as it is broadcast to [M, N].
struct Bias {
  int64_t row_stride = 0, column_stride = 0;
  Bias(Specs inputs) {  // NOLINT
    if (!Has(inputs, 2)) return;
    const Shape& c = inputs[2].shape;
    const int64_t columns = c.rank() > 0 ? c[c.rank() - 1] : 1;
    column_stride = columns != 1;
    if (c.rank() > 1 && c[0] != 1) row_stride = columns;
  }
};

template <typename T>
class GemmPlan : public KernelPlan {
  using Sum = Arithmetic<T>;  // integers wrap

 public:
  GemmPlan(const NodeView& node, Specs inputs, Specs outputs)
      : rows_(outputs[0].shape[0]),
        columns_(outputs[0].shape[1]),
        depth_(inputs[0].shape[node.Int("transA", 0) != 0 ? 0 : 1]),
        bias_(inputs),
        alpha_(SaturateCast<T>(node.Float("alpha", 1))),
        beta_(SaturateCast<T>(node.Float("beta", 1))) {
    const bool trans_a = node.Int("transA", 0) != 0, trans_b = node.Int("transB", 0) != 0;
    a_row_ = trans_a ? 1 : depth_;
    a_depth_ = trans_a ? rows_ : 1;
    b_depth_ = trans_b ? 1 : columns_;
    b_column_ = trans_b ? depth_ : 1;
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* a = static_cast<const T*>(arguments.inputs[0]);
    const auto* b = static_cast<const T*>(arguments.inputs[1]);
    const T* c = arguments.inputs.size() > 2 ? static_cast<const T*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<T*>(arguments.outputs[0]);
    Compute(arguments.parallel, a, b, c, y);
    return {};
  }

 protected:
  virtual void Compute(const ParallelFor& parallel, const T* a, const T* b, const T* c,
                       T* y) const {
    ForElements(
        parallel, rows_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            for (int64_t j = 0; j < columns_; ++j) {
              Sum sum = 0;
              for (int64_t k = 0; k < depth_; ++k)
                sum += static_cast<Sum>(a[i * a_row_ + k * a_depth_]) *
                       static_cast<Sum>(b[k * b_depth_ + j * b_column_]);
              y[i * columns_ + j] = Finish(sum, c, i, j);
            }
          }
        },
        1);
  }
  T Finish(Sum sum, const T* c, int64_t row, int64_t column) const {
    const Sum product = static_cast<Sum>(alpha_) * sum;
    if (c == nullptr) return static_cast<T>(product);
    const T bias = c[row * bias_.row_stride + column * bias_.column_stride];
    return static_cast<T>(product + static_cast<Sum>(beta_) * static_cast<Sum>(bias));
  }

  int64_t rows_, columns_, depth_;
  Bias bias_;
  T alpha_, beta_;
  int64_t a_row_, a_depth_, b_depth_, b_column_;
};

class GemmFloatPlan final : public GemmPlan<float> {
 public:
  using GemmPlan::GemmPlan;

 private:
  static constexpr int64_t kFewRows = 4;    // below this, packing b costs more than it gives
  static constexpr int64_t kDotChunk = 16;  // columns a chunk of dot products

  void Compute(const ParallelFor& parallel, const float* a, const float* b, const float* c,
               float* y) const override {
    if (rows_ < kFewRows && a_depth_ == 1 && b_depth_ == 1) {
      ComputeDots(parallel, a, b, c, y);
      return;
    }
    const GemmShape shape = {rows_, columns_, depth_, a, a_row_, a_depth_};
    parallel(shape.tiles(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; ++tile) {
        GemmTile(
            vectors_, shape, tile,
            [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
              PackMatrix(b, b_depth_, b_column_, k, k_end, column, count, to);
            },
            [&](int64_t row, int64_t row_count, int64_t column, int64_t column_count,
                const float* sums) {
              for (int64_t i = 0; i < row_count; ++i) {
                for (int64_t j = 0; j < column_count; ++j) {
                  y[(row + i) * columns_ + column + j] =
                      Finish(sums[i * kGemmColumns + j], c, row + i, column + j);
                }
              }
            });
      }
    });
  }

  // Rows of A times rows of B transposed.
  void ComputeDots(const ParallelFor& parallel, const float* a, const float* b, const float* c,
                   float* y) const {
    parallel(columns_, kDotChunk, [=, this](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        for (int64_t i = 0; i < rows_; ++i) {
          y[i * columns_ + j] = Finish(Dot(a + i * a_row_, b + j * b_column_, depth_), c, i, j);
        }
      }
    });
  }

  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

PlanResult PlanGemm(const NodeView& node, Specs inputs, Specs outputs) {
  if (inputs[0].type == DataType::kFloat32)
    return Plan(std::make_unique<GemmFloatPlan>(node, inputs, outputs));
  return PlanByType<GemmPlan, TypeList<double, int32_t, int64_t, uint32_t, uint64_t>>(node, inputs,
                                                                                      outputs);
}

constexpr Kernel kRows[] = {{"", "Gemm", 11, 11,
                             TypeList<float, double, int32_t, int64_t, uint32_t, uint64_t>::kMask,
                             PlanGemm, 1e-5}};

}  // namespace

KernelRows ref_gemm_rows() { return kRows; }

}  // namespace tenon::operators
