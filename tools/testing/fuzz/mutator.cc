// A custom mutator for libFuzzer that knows ONNX: it edits fields of the ModelProto, so that what it makes gets further than
// protobuf's parser. What is no ModelProto, and a fifth of the rest, is left to libFuzzer's own mutations of bytes.
#include <onnx/onnx-ml.pb.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

namespace onnx = ::ONNX_NAMESPACE;
using Random = std::minstd_rand;

uint32_t Below(Random& random, size_t end) { return static_cast<uint32_t>(random() % end); }

int64_t Integer(Random& random) {
  static constexpr int64_t kValues[] = {
      INT64_MIN, -2147483648LL, -1000, -3,         -2,           -1,        0,        1, 2, 3, 4, 7,
      16,        255,           65536, 2147483647, 2147483648LL, 1LL << 40, INT64_MAX};
  return kValues[Below(random, std::size(kValues))];
}

float Number(Random& random) {
  static constexpr float kValues[] = {0, -0.0f, 1, -1, 0.5f, 1e-40f, 3e38f, -3e38f, 1e10f};
  return kValues[Below(random, std::size(kValues))];
}

class Mutator {
 public:
  Mutator(onnx::ModelProto& model, Random& random) : model_(model), random_(random) {
    Collect(*model.mutable_graph());
    for (auto& function : *model.mutable_functions()) {
      for (auto& node : *function.mutable_node()) Collect(node);
    }
  }

  void Run() {
    for (uint32_t i = 0, turns = 1 + Below(random_, 3); i < turns; ++i) Edit();
  }

 private:
  void Collect(onnx::GraphProto& graph) {
    graphs_.push_back(&graph);
    for (auto& node : *graph.mutable_node()) Collect(node);
    for (auto& tensor : *graph.mutable_initializer()) tensors_.push_back(&tensor);
    for (const auto& input : graph.input()) names_.push_back(input.name());
    for (const auto& tensor : graph.initializer()) names_.push_back(tensor.name());
  }
  void Collect(onnx::NodeProto& node) {
    nodes_.push_back(&node);
    for (const auto& output : node.output()) names_.push_back(output);
    for (auto& attribute : *node.mutable_attribute()) {
      attributes_.push_back(&attribute);
      if (attribute.has_g()) Collect(*attribute.mutable_g());
      if (attribute.has_t()) tensors_.push_back(attribute.mutable_t());
    }
  }
  template <typename T>
  T* Pick(const std::vector<T*>& list) {
    return list.empty() ? nullptr : list[Below(random_, list.size())];
  }
  std::string Name() {
    return names_.empty() || Below(random_, 8) == 0 ? "" : names_[Below(random_, names_.size())];
  }
  // Another of the same kind takes its place, it goes, or it comes twice.
  template <typename Field>
  void Rearrange(Field* field) {
    if (field->empty()) return;
    const int a = static_cast<int>(Below(random_, static_cast<size_t>(field->size())));
    const int b = static_cast<int>(Below(random_, static_cast<size_t>(field->size())));
    switch (Below(random_, 3)) {
      case 0:
        field->SwapElements(a, b);
        break;
      case 1:
        field->DeleteSubrange(a, 1);
        break;
      default:
        auto copy = (*field)[a];
        *field->Add() = std::move(copy);
    }
  }

  // Lists of this object are stale after messages were removed: at most one such edit, the last.
  void Edit() {
    if (stale_) return;
    switch (Below(random_, 12)) {
      case 0:
        return Wire();
      case 1:
        return Wire();
      case 2:
        return Operator();
      case 3:
      case 4:
        return Attribute();
      case 5:
      case 6:
        return Tensor();
      case 7:
        return Declare();
      case 8:
        if (auto* graph = Pick(graphs_)) Rearrange(graph->mutable_node());
        break;
      case 9:
        if (auto* graph = Pick(graphs_)) {
          const uint32_t which = Below(random_, 3);
          if (which == 0) Rearrange(graph->mutable_initializer());
          if (which == 1) Rearrange(graph->mutable_input());
          if (which == 2) Rearrange(graph->mutable_output());
        }
        break;
      case 10:
        if (auto* node = Pick(nodes_)) Rearrange(node->mutable_attribute());
        break;
      default:
        return Header();
    }
    stale_ = true;
  }

  // Edges.
  void Wire() {
    auto* node = Pick(nodes_);
    if (node == nullptr) return;
    const bool input = Below(random_, 4) != 0;
    auto* names = input ? node->mutable_input() : node->mutable_output();
    const uint32_t how = Below(random_, 4);
    if (how == 0 || names->empty())
      *names->Add() = input ? Name() : "made" + std::to_string(Below(random_, 1000));
    else if (how == 1)
      names->RemoveLast();
    else if (input)
      (*names)[static_cast<int>(Below(random_, static_cast<size_t>(names->size())))] = Name();
  }

  void Operator() {
    static constexpr const char* kOperators[] = {"Add",
                                                 "ArgMax",
                                                 "AveragePool",
                                                 "BatchNormalization",
                                                 "Cast",
                                                 "Clip",
                                                 "Concat",
                                                 "Constant",
                                                 "ConstantOfShape",
                                                 "Conv",
                                                 "ConvTranspose",
                                                 "CumSum",
                                                 "DepthToSpace",
                                                 "Div",
                                                 "Einsum",
                                                 "Expand",
                                                 "Flatten",
                                                 "GRU",
                                                 "Gather",
                                                 "GatherElements",
                                                 "GatherND",
                                                 "Gemm",
                                                 "GlobalAveragePool",
                                                 "GroupNormalization",
                                                 "Identity",
                                                 "If",
                                                 "InstanceNormalization",
                                                 "LSTM",
                                                 "LayerNormalization",
                                                 "Loop",
                                                 "MatMul",
                                                 "MaxPool",
                                                 "Mod",
                                                 "NonMaxSuppression",
                                                 "NonZero",
                                                 "OneHot",
                                                 "Pad",
                                                 "Pow",
                                                 "QuantizeLinear",
                                                 "RNN",
                                                 "Range",
                                                 "ReduceMax",
                                                 "ReduceSum",
                                                 "Reshape",
                                                 "Resize",
                                                 "Scan",
                                                 "ScatterElements",
                                                 "ScatterND",
                                                 "SequenceAt",
                                                 "SequenceInsert",
                                                 "Shape",
                                                 "Slice",
                                                 "Softmax",
                                                 "SpaceToDepth",
                                                 "Split",
                                                 "SplitToSequence",
                                                 "Squeeze",
                                                 "StringConcat",
                                                 "Tile",
                                                 "TopK",
                                                 "Transpose",
                                                 "Trilu",
                                                 "Unique",
                                                 "Unsqueeze",
                                                 "Where",
                                                 "Xor"};
    if (auto* node = Pick(nodes_))
      node->set_op_type(kOperators[Below(random_, std::size(kOperators))]);
  }

  void Attribute() {
    static constexpr const char* kNames[] = {
        "axis",         "axes",      "perm",       "pads",      "strides",     "dilations",
        "kernel_shape", "group",     "to",         "mode",      "shape",       "keepdims",
        "ceil_mode",    "auto_pad",  "value_ints", "value_int", "equation",    "hidden_size",
        "direction",    "blocksize", "largest",    "sorted",    "num_outputs", "split"};
    auto* attribute = Pick(attributes_);
    if (attribute == nullptr || Below(random_, 6) == 0) {
      auto* node = Pick(nodes_);
      if (node == nullptr) return;
      attribute = node->add_attribute();
      attribute->set_name(kNames[Below(random_, std::size(kNames))]);
      attribute->set_type(Below(random_, 2) ? onnx::AttributeProto::INT
                                            : onnx::AttributeProto::INTS);
      stale_ = true;  // others may have moved
    }
    auto* ints = attribute->mutable_ints();
    switch (Below(random_, 5)) {
      case 0:
        attribute->set_i(Integer(random_));
        break;
      case 1:
        attribute->set_f(Number(random_));
        break;
      case 2:
        ints->Add(Integer(random_));
        break;
      case 3:
        if (!ints->empty())
          ints->Set(static_cast<int>(Below(random_, static_cast<size_t>(ints->size()))),
                    Integer(random_));
        break;
      default:
        if (!ints->empty()) ints->RemoveLast();
    }
  }

  void Tensor() {
    auto* tensor = Pick(tensors_);
    if (tensor == nullptr) return;
    switch (Below(random_, 6)) {
      case 0:
        tensor->set_data_type(static_cast<int>(Below(random_, 28)));
        break;
      case 1:
        if (tensor->dims_size() > 0)
          tensor->set_dims(
              static_cast<int>(Below(random_, static_cast<size_t>(tensor->dims_size()))),
              Integer(random_));
        break;
      case 2:
        tensor->add_dims(Integer(random_));
        break;
      case 3:  // values, with the size that they should have
        if (tensor->has_raw_data()) {
          std::string& raw = *tensor->mutable_raw_data();
          for (size_t i = Below(random_, 8); i + 8 <= raw.size();
               i += 8 * (1 + Below(random_, 4))) {
            const int64_t value = Integer(random_);
            raw.replace(i, 8, reinterpret_cast<const char*>(&value), 8);
          }
        }
        for (auto& value : *tensor->mutable_int64_data()) value = Integer(random_);
        for (auto& value : *tensor->mutable_float_data()) value = Number(random_);
        break;
      case 4:
        if (tensor->has_raw_data()) tensor->mutable_raw_data()->resize(Below(random_, 64));
        break;
      default:
        External(tensor);
    }
  }

  void External(onnx::TensorProto* tensor) {
    static constexpr const char* kKeys[] = {"location", "offset", "length", "checksum"};
    static constexpr const char* kLocations[] = {"data.bin",    "short.bin", "out",
                                                 "../data.bin", "folder",    ""};
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = tensor->add_external_data();
    entry->set_key(kKeys[Below(random_, std::size(kKeys))]);
    entry->set_value(entry->key() == "location" ? kLocations[Below(random_, std::size(kLocations))]
                                                : std::to_string(Integer(random_)));
  }

  // Types and shapes of inputs, outputs and values.
  void Declare() {
    auto* graph = Pick(graphs_);
    if (graph == nullptr) return;
    auto* list = Below(random_, 2) ? graph->mutable_input() : graph->mutable_output();
    if (list->empty()) return;
    auto& info = (*list)[static_cast<int>(Below(random_, static_cast<size_t>(list->size())))];
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    if (Below(random_, 3) == 0) tensor->set_elem_type(static_cast<int>(Below(random_, 28)));
    auto* shape = tensor->mutable_shape();
    if (Below(random_, 3) == 0 || shape->dim_size() == 0) {
      shape->add_dim();
    } else if (Below(random_, 3) == 0) {
      shape->mutable_dim()->RemoveLast();
      return;
    }
    auto* dim = shape->mutable_dim(
        static_cast<int>(Below(random_, static_cast<size_t>(shape->dim_size()))));
    if (Below(random_, 3) == 0)
      dim->set_dim_param("N");
    else
      dim->set_dim_value(Below(random_, 2) ? Below(random_, 9) : Integer(random_));
  }

  void Header() {
    for (auto& opset : *model_.mutable_opset_import())
      opset.set_version(Below(random_, 4) ? 6 + Below(random_, 23) : Integer(random_));
    if (Below(random_, 4) == 0) Rearrange(model_.mutable_functions());
    stale_ = true;
  }

  onnx::ModelProto& model_;
  Random& random_;
  bool stale_ = false;
  std::vector<onnx::GraphProto*> graphs_;
  std::vector<onnx::NodeProto*> nodes_;
  std::vector<onnx::AttributeProto*> attributes_;
  std::vector<onnx::TensorProto*> tensors_;
  std::vector<std::string> names_;
};

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  Random random(seed + 1);
  onnx::ModelProto model;
  if (Below(random, 5) == 0 || !model.ParseFromArray(data, static_cast<int>(size)))
    return LLVMFuzzerMutate(data, size, max_size);
  Mutator(model, random).Run();
  if (model.ByteSizeLong() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  const size_t made = model.ByteSizeLong();
  model.SerializeToArray(data, static_cast<int>(made));
  return made;
}
