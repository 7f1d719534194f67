// MatMulInteger and QLinearMatMul by exact tiles: A is widened into the workspace, B on the way into its panels.
#include "linear/ref_matmul.h"
#include "quantization/number_format.h"
#include "support/integer_gemm.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// Where the arguments stand; -1 where the operator has none.
struct Places {
  int b, a_zero, b_zero, a_scale, b_scale, y_scale, y_zero;
};
constexpr Places kInteger = {1, 2, 3, -1, -1, -1, -1};
constexpr Places kQLinear = {3, 2, 5, 1, 4, 6, 7};

// One value, or one for each line (row of A, column of B) of some or all matrices.
struct PerLine {
  DataType type = DataType::kUndefined;
  int64_t count = 0;
  const void* data = nullptr;

  PerLine(Specs inputs, int place) {
    if (place < 0 || !Has(inputs, static_cast<size_t>(place))) return;
    type = inputs[static_cast<size_t>(place)].type;
    count = inputs[static_cast<size_t>(place)].shape.ElementCount();
  }
  PerLine At(const KernelArguments& arguments, int place) const {
    PerLine found = *this;
    if (count > 0) found.data = arguments.inputs[static_cast<size_t>(place)];
    return found;
  }
  // Of line `index`, counted over the matrices.
  float Value(int64_t index, float otherwise) const {
    if (data == nullptr) return otherwise;
    float value = 0;
    DecodeNumbers(type, data, index % count, 1, &value);
    return value;
  }
};

class IntegerMatMulPlan final : public KernelPlan {
 public:
  IntegerMatMulPlan(const Places& places, Specs inputs, Specs outputs)
      : places_(places),
        sizes_(inputs[0].shape, inputs[static_cast<size_t>(places.b)].shape, outputs[0].shape),
        a_type_(inputs[0].type),
        b_type_(inputs[static_cast<size_t>(places.b)].type),
        y_type_(outputs[0].type),
        a_count_(inputs[0].shape.ElementCount()),
        a_zero_(inputs, places.a_zero),
        b_zero_(inputs, places.b_zero),
        a_scale_(inputs, places.a_scale),
        b_scale_(inputs, places.b_scale),
        y_scale_(inputs, places.y_scale),
        y_zero_(inputs, places.y_zero) {}

  int64_t workspace_bytes() const override { return a_count_ * int64_t{sizeof(float)}; }

  Status Run(const KernelArguments& arguments) const override {
    auto* a = static_cast<float*>(arguments.workspace);
    const PerLine zero = a_zero_.At(arguments, places_.a_zero);
    const int64_t depth = sizes_.depth;
    if (depth > 0) {
      ForElements(
          arguments.parallel, a_count_ / depth,
          [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
              DecodeNumbers(a_type_, arguments.inputs[0], row * depth, depth, a + row * depth);
              const float shift = zero.Value(row, 0);
              for (int64_t k = 0; k < depth; ++k) a[row * depth + k] -= shift;
            }
          },
          std::max<int64_t>(1, kElementChunk / depth));
    }
    if (b_type_ == DataType::kInt8) {
      Compute<int8_t>(arguments, a);
    } else {
      Compute<uint8_t>(arguments, a);
    }
    return {};
  }

 private:
  template <typename B>
  void Compute(const KernelArguments& arguments, const float* a) const {
    const auto* b = static_cast<const B*>(arguments.inputs[static_cast<size_t>(places_.b)]);
    const PerLine zero = b_zero_.At(arguments, places_.b_zero);
    const int64_t columns = sizes_.columns;
    const IntegerGemmShape shape = {sizes_.rows, columns, sizes_.depth, nullptr};
    arguments.parallel(sizes_.batches * shape.tiles(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t batch = i / shape.tiles();
        const auto offset = sizes_.OffsetsOf(batch);
        IntegerGemmShape part = shape;
        part.a = a + offset[0];
        const int64_t b_line = sizes_.depth > 0 ? offset[1] / sizes_.depth : 0;
        const auto pack = [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
          float shift[kGemmPanel] = {};
          for (int64_t j = 0; j < count; ++j) shift[j] = zero.Value(b_line + column + j, 0);
          const B* from = b + offset[1] + k * columns + column;
          for (; k < k_end; ++k, from += columns, to += kGemmPanel) {
            for (int64_t j = 0; j < count; ++j) to[j] = static_cast<float>(from[j]) - shift[j];
            for (int64_t j = count; j < kGemmPanel; ++j) to[j] = 0;
          }
        };
        const auto store = [&](int64_t row, int64_t row_count, int64_t column, int64_t count,
                               const int32_t* sums) {
          const int64_t a_line = sizes_.depth > 0 ? offset[0] / sizes_.depth : 0;
          for (int64_t r = 0; r < row_count; ++r) {
            const int64_t to = (batch * sizes_.rows + row + r) * columns + column;
            Store(arguments, sums + r * kGemmColumns, count, a_line + row + r, b_line + column, to);
          }
        };
        IntegerGemmTile(vectors_, part, i % shape.tiles(), pack, store);
      }
    });
  }

  void Store(const KernelArguments& arguments, const int32_t* sums, int64_t count, int64_t a_line,
             int64_t b_line, int64_t to) const {
    if (y_type_ == DataType::kInt32) {
      std::copy_n(sums, count, static_cast<int32_t*>(arguments.outputs[0]) + to);
      return;
    }
    const float a_scale = a_scale_.At(arguments, places_.a_scale).Value(a_line, 1);
    const float y_scale = y_scale_.At(arguments, places_.y_scale).Value(0, 1);
    const PerLine b_scale = b_scale_.At(arguments, places_.b_scale);
    const auto zero = static_cast<int32_t>(y_zero_.At(arguments, places_.y_zero).Value(0, 0));
    for (int64_t j = 0; j < count; ++j) {
      const float factor = a_scale * b_scale.Value(b_line + j, 1) / y_scale;
      if (y_type_ == DataType::kInt8) {
        static_cast<int8_t*>(arguments.outputs[0])[to + j] =
            Requantize<int8_t>(sums[j], factor, zero);
      } else {
        static_cast<uint8_t*>(arguments.outputs[0])[to + j] =
            Requantize<uint8_t>(sums[j], factor, zero);
      }
    }
  }

  Places places_;
  MatMulSizes sizes_;
  DataType a_type_, b_type_, y_type_;
  int64_t a_count_;
  PerLine a_zero_, b_zero_, a_scale_, b_scale_, y_scale_, y_zero_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

constexpr uint64_t kBytes = Bit(DataType::kInt8) | Bit(DataType::kUint8);

template <const Places& places>
PlanResult PlanMatrices(const NodeView& node, Specs inputs, Specs outputs) {
  const DataType b = inputs[static_cast<size_t>(places.b)].type, y = outputs[0].type;
  if ((kBytes & Bit(b)) == 0) return Unsupported(node, "has no reference kernel for B of ", b);
  if (y != DataType::kInt32 && (kBytes & Bit(y)) == 0)
    return Unsupported(node, "has no reference kernel to ", y);
  return Plan(std::make_unique<IntegerMatMulPlan>(places, inputs, outputs));
}

constexpr Kernel kRows[] = {
    {"", "MatMulInteger", 10, 10, kBytes, PlanMatrices<kInteger>, 0},
    {"", "QLinearMatMul", 10, 10, kBytes, PlanMatrices<kQLinear>, 0},
};

}  // namespace

KernelRows ref_integer_matmul_rows() { return kRows; }

}  // namespace tenon::operators
