// Shape functions and reference kernels, called as the runtime calls them: any arguments that ONNX's schema lets through
// give shapes or a status, and a kernel that is planned stays within its arguments.
#include <onnx/defs/operator_sets.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tenon/operators/kernel.h"
#include "tenon/operators/operator.h"

namespace {

using namespace tenon;             // NOLINT
using namespace tenon::operators;  // NOLINT
namespace onnx = ::ONNX_NAMESPACE;

constexpr int64_t kMostBytes = 1 << 12;  // of all outputs, so that a call is short

// Choices from the fuzzer's bytes; 0 beyond their end.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint32_t Below(uint32_t end) {
    uint32_t value = Byte();
    if (end > 256) value = value << 8 | Byte();
    return value % end;
  }
  bool Chance(uint32_t of) { return Below(of) == 1; }
  uint8_t Byte() { return at_ < size_ ? data_[at_++] : 0; }
  int64_t Small() { return static_cast<int64_t>(Below(12)) - 3; }
  int64_t Integer() {
    static constexpr int64_t kValues[] = {INT64_MIN, INT64_MIN + 1, -(1LL << 40), INT32_MIN,
                                          -100,      100,           INT32_MAX,    1LL << 32,
                                          1LL << 40, INT64_MAX};
    return Chance(12) ? kValues[Below(std::size(kValues))] : Small();
  }
  float Number() {
    static constexpr float kValues[] = {0,      -0.0f,    0.5f,      -2.5f, 1e30f,
                                        1e-40f, INFINITY, -INFINITY, NAN,   3e9f};
    return Chance(4) ? kValues[Below(std::size(kValues))] : static_cast<float>(Small());
  }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

// Exactly as many bytes as the tensor has; an address where it has none, too.
struct Memory {
  std::unique_ptr<std::byte[]> bytes;
  int64_t size = 0;
  void* data() const { return bytes.get(); }
  static Memory Of(int64_t size) {
    Memory memory;
    memory.size = size;
    if (size >= 0) memory.bytes = std::make_unique<std::byte[]>(static_cast<size_t>(size));
    return memory;
  }
};

int64_t BytesOf(DataType type, const Shape& shape) {
  if (!shape.IsStatic()) return -1;
  const auto count = CheckedElementCount(shape.dims());
  if (!count.ok()) return -1;
  const auto bytes = CheckedByteSize(type, *count);
  return bytes.ok() ? *bytes : -1;
}

class Call {
 public:
  Call(const uint8_t* data, size_t size) : choices_(data, size) {}

  void Run() {
    const auto all = AllOperators();
    op_ = all[choices_.Below(static_cast<uint32_t>(all.size()))];
    if ((op_->flags & kOnHost) != 0) return;
    node_.domain = op_->domain;
    node_.op = op_->name;
    node_.name = "node";
    const auto& revisions = op_->revisions;
    node_.revision = choices_.Chance(4)
                         ? revisions[choices_.Below(static_cast<uint32_t>(revisions.size()))].number
                         : revisions.back().number;
    MakeAttributes();
    MakeInputs();
    const int most = op_->arity.max_outputs == kVariadic ? 4 : op_->arity.max_outputs;
    outputs_.resize(std::max<size_t>(op_->arity.min_outputs,
                                     1 + choices_.Below(static_cast<uint32_t>(std::max(1, most)))));
    if (!op_->infer(node_, inputs_, outputs_).ok()) return;
    if (op_->cost != nullptr && AllStatic()) static_cast<void>(op_->cost(node_, inputs_, outputs_));
    RunKernel();
  }

 private:
  DataType Type() {
    static constexpr DataType kTypes[] = {
        DataType::kFloat32,   DataType::kFloat32,  DataType::kFloat32, DataType::kInt64,
        DataType::kInt64,     DataType::kInt32,    DataType::kBool,    DataType::kUint8,
        DataType::kInt8,      DataType::kFloat16,  DataType::kFloat64, DataType::kInt16,
        DataType::kUint64,    DataType::kBfloat16, DataType::kInt4,    DataType::kFloat8E4M3FN,
        DataType::kComplex64, DataType::kUint2};
    return kTypes[choices_.Below(std::size(kTypes))];
  }

  Shape AnyShape() {
    Shape shape;
    const uint32_t rank = choices_.Chance(10) ? choices_.Below(kMaxRank + 1) : choices_.Below(5);
    for (uint32_t i = 0; i < rank; ++i) shape.Append(Dim());
    return Bounded(shape);
  }
  // Larger shapes don't get past import, nor past other shape functions.
  static Shape Bounded(Shape shape) {
    int64_t bytes = 16;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      int64_t more = 0;
      if (shape[axis] <= 1) continue;
      if (__builtin_mul_overflow(bytes, shape[axis], &more))
        shape[axis] = 1;
      else
        bytes = more;
    }
    return shape;
  }
  int64_t Dim() {
    if (choices_.Chance(40)) return int64_t{1} << choices_.Below(62);
    if (choices_.Chance(20)) return kUnknownDim;
    if (choices_.Chance(20)) return SymbolDim(choices_.Below(2));
    return choices_.Below(6);
  }

  void MakeInputs() {
    const Arity& arity = op_->arity;
    const uint32_t most =
        arity.max_inputs == kVariadic ? std::max<uint32_t>(3, arity.min_inputs) : arity.max_inputs;
    const uint32_t count = arity.min_inputs + choices_.Below(most - arity.min_inputs + 1);
    const DataType type = Type();
    const Shape base = AnyShape();
    inputs_.resize(count);
    memory_.resize(count);
    values_.resize(count);
    for (uint32_t i = 0; i < count; ++i) {
      InferInput& input = inputs_[i];
      input.present = i < arity.min_inputs || !choices_.Chance(4);
      if (!input.present) continue;
      const bool sizes = (op_->shape_inputs >> i & 1) != 0;
      input.type = sizes || choices_.Chance(5) ? DataType::kInt64
                   : choices_.Chance(8)        ? Type()
                                               : type;
      input.shape = base;
      if (sizes && !choices_.Chance(8)) {
        input.shape = Shape();
        if (!choices_.Chance(4)) input.shape.Append(choices_.Below(5));
      } else if (choices_.Chance(3)) {
        input.shape = AnyShape();
      } else if (choices_.Chance(3) && base.rank() > 0) {
        input.shape[static_cast<int>(choices_.Below(static_cast<uint32_t>(base.rank())))] = Dim();
      }
      input.shape = Bounded(input.shape);
      if (choices_.Chance(60)) input.shape = Shape::UnknownRank();
      Fill(i, sizes ? !choices_.Chance(8) : choices_.Chance(4));
    }
  }

  // Contents, which shape functions may see where they are `known`.
  void Fill(uint32_t i, bool known) {
    InferInput& input = inputs_[i];
    const int64_t bytes = BytesOf(input.type, input.shape);
    if (bytes < 0 || bytes > kMostBytes) return;
    memory_[i] = Memory::Of(bytes);
    auto* data = static_cast<std::byte*>(memory_[i].data());
    const auto put = [&](auto next) {
      for (int64_t at = 0; at < bytes; at += sizeof next()) {
        const auto value = next();
        std::memcpy(data + at, &value, sizeof value);
      }
    };
    switch (input.type) {
      case DataType::kFloat32:
        put([&] { return choices_.Number(); });
        break;
      case DataType::kFloat64:
        put([&] { return static_cast<double>(choices_.Number()); });
        break;
      case DataType::kInt64:
        put([&] { return choices_.Integer(); });
        break;
      case DataType::kInt32:
        put([&] { return static_cast<int32_t>(choices_.Integer()); });
        break;
      case DataType::kBool:
        put([&] { return static_cast<uint8_t>(choices_.Below(2)); });
        break;
      default:
        put([&] { return choices_.Byte(); });
    }
    if (!known) return;
    values_[i] = {input.type, input.shape, data};
    input.value = &values_[i];
  }

  void MakeAttributes() {
    const auto version = std::max(node_.revision, 6);
    const onnx::OpSchema* schema =
        onnx::OpSchemaRegistry::Schema(std::string(node_.op), version, std::string(node_.domain));
    if (schema == nullptr) return;
    attributes_.reserve(schema->attributes().size());
    for (const auto& [name, attribute] : schema->attributes()) {
      if (!attribute.required && choices_.Chance(2)) continue;
      AddAttribute(name, attribute);
    }
    node_.attributes = attributes_;
  }
  void AddAttribute(const std::string& name, const onnx::OpSchema::Attribute& attribute) {
    static constexpr const char* kWords[] = {
        "",      "NOTSET",    "SAME_UPPER", "VALID",   "constant",      "reflect",   "linear",
        "cubic", "nearest",   "forward",    "reverse", "bidirectional", "ij,jk->ik", "bij,bjk",
        "i,i->", "...i->...", "add",        "mul",     "wrap",          "edge"};
    AttributeView view;
    view.name = name;
    const uint32_t count = choices_.Below(6);
    switch (attribute.type) {
      case onnx::AttributeProto::INT:
        view.kind = AttributeView::Kind::kInt;
        view.i = choices_.Integer();
        break;
      case onnx::AttributeProto::FLOAT:
        view.kind = AttributeView::Kind::kFloat;
        view.f = choices_.Number();
        break;
      case onnx::AttributeProto::STRING:
        view.kind = AttributeView::Kind::kString;
        view.s = kWords[choices_.Below(std::size(kWords))];
        break;
      case onnx::AttributeProto::INTS: {
        auto& ints = lists_.emplace_back(std::make_unique<std::vector<int64_t>>());
        for (uint32_t i = 0; i < count; ++i) ints->push_back(choices_.Integer());
        view.kind = AttributeView::Kind::kInts;
        view.ints = *ints;
        break;
      }
      case onnx::AttributeProto::FLOATS: {
        auto& floats = float_lists_.emplace_back(std::make_unique<std::vector<float>>());
        for (uint32_t i = 0; i < count; ++i) floats->push_back(choices_.Number());
        view.kind = AttributeView::Kind::kFloats;
        view.floats = *floats;
        break;
      }
      case onnx::AttributeProto::STRINGS: {
        auto& words = word_lists_.emplace_back(std::make_unique<std::vector<std::string>>());
        for (uint32_t i = 0; i < count; ++i)
          words->emplace_back(kWords[choices_.Below(std::size(kWords))]);
        view.kind = AttributeView::Kind::kStrings;
        view.strings = *words;
        break;
      }
      default:
        return;
    }
    attributes_.push_back(view);
  }

  bool AllStatic() const {
    return std::ranges::all_of(
               inputs_, [](const InferInput& i) { return !i.present || i.shape.IsStatic(); }) &&
           std::ranges::all_of(outputs_, [](const InferOutput& o) { return o.shape.IsStatic(); });
  }

  void RunKernel() {
    std::vector<TensorSpec> in, out;
    std::vector<void*> in_data, out_data;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const InferInput& input = inputs_[i];
      const int64_t bytes = input.present ? BytesOf(input.type, input.shape) : 0;
      if (bytes < 0 || bytes != memory_[i].size) return;
      in.push_back({input.present, input.type, input.shape});
      in_data.push_back(memory_[i].data());
    }
    std::vector<Memory> results;
    int64_t total = 0;
    for (const InferOutput& output : outputs_) {
      const int64_t bytes = BytesOf(output.type, output.shape);
      if (bytes < 0 && (op_->flags & kDataDependent) == 0) return;
      if (bytes > kMostBytes || (total += std::max<int64_t>(0, bytes)) > kMostBytes) return;
      out.push_back({true, output.type, output.shape});
      results.push_back(Memory::Of(bytes));
      out_data.push_back(results.back().data());
    }
    const Kernel* kernel = FindKernel(node_.domain, node_.op, node_.revision,
                                      in.empty() || !in[0].present ? out[0].type : in[0].type);
    if (kernel == nullptr) return;
    auto plan = kernel->Plan(node_, in, out);
    if (!plan.ok() || (*plan)->workspace_bytes() > (1 << 24)) return;
    const auto wanted = static_cast<size_t>((*plan)->workspace_bytes());
    std::unique_ptr<std::byte, void (*)(void*)> workspace(
        static_cast<std::byte*>(std::aligned_alloc(64, (wanted + 63) / 64 * 64 + 64)), std::free);
    std::vector<Memory> allocated;
    OutputAllocator allocate = {&allocated,
                                [](void* host, int, const Shape& shape) -> Result<void*> {
                                  const int64_t bytes = BytesOf(DataType::kFloat64, shape);
                                  if (bytes < 0 || bytes > kMostBytes)
                                    return Status(Code::kOutOfMemory, "too large");
                                  auto& list = *static_cast<std::vector<Memory>*>(host);
                                  list.push_back(Memory::Of(bytes));
                                  return list.back().data();
                                }};
    KernelArguments arguments{in_data, out_data, workspace.get(), ParallelFor::Inline()};
    if ((op_->flags & kDataDependent) != 0)
      static_cast<void>((*plan)->RunAllocating(arguments, allocate));
    else
      static_cast<void>((*plan)->Run(arguments));
  }

  Choices choices_;
  const Operator* op_ = nullptr;
  NodeView node_;
  std::vector<AttributeView> attributes_;
  std::vector<std::unique_ptr<std::vector<int64_t>>> lists_;
  std::vector<std::unique_ptr<std::vector<float>>> float_lists_;
  std::vector<std::unique_ptr<std::vector<std::string>>> word_lists_;
  std::vector<InferInput> inputs_;
  std::vector<TensorView> values_;
  std::vector<Memory> memory_;
  std::vector<InferOutput> outputs_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  onnx::RegisterOnnxOperatorSetSchema();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Call(data, size).Run();
  return 0;
}
