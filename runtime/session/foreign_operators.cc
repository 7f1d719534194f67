#include "foreign_operators.h"

#include <array>
#include <deque>

#include "tenon/execution/abi_attributes.h"

namespace tenon::session {
namespace {

// A node and its inputs' shapes in the ABI's form.
struct View {
  View(const graph::Node& node, std::span<const operators::InferInput> inputs, size_t output_count)
      : attributes(node.attributes), outputs(output_count, nullptr) {
    for (const operators::InferInput& input : inputs)
      pointers.push_back(input.present ? Add(input) : nullptr);
    abi.struct_size = sizeof abi;
    abi.revision = static_cast<uint32_t>(node.revision);
    abi.domain = node.domain.c_str();
    abi.op = node.op.c_str();
    abi.name = node.name.c_str();
    abi.inputs = pointers.data();
    abi.outputs = outputs.data();
    abi.attributes = attributes.list().data();
    abi.input_count = static_cast<uint32_t>(pointers.size());
    abi.output_count = static_cast<uint32_t>(outputs.size());
    abi.attribute_count = static_cast<uint32_t>(attributes.list().size());
  }
  const tenon_value* Add(const operators::InferInput& input) {
    tenon_value& value = values.emplace_back();
    auto& shape = dims.emplace_back();
    std::copy(input.shape.dims().begin(), input.shape.dims().end(), shape.begin());
    value.struct_size = sizeof value;
    value.dtype = static_cast<tenon_dtype>(input.type);
    value.name = "";
    value.rank = input.shape.rank();
    value.dims = shape.data();
    if (input.value != nullptr && input.shape.IsStatic()) {
      value.data = input.value->data;
      value.data_bytes =
          static_cast<uint64_t>(input.shape.ElementCount()) * BitWidth(input.type) / 8;
    }
    return &value;
  }

  execution::AbiAttributes attributes;
  std::deque<tenon_value> values;
  std::deque<std::array<int64_t, kMaxRank>> dims;
  std::vector<const tenon_value*> pointers, outputs;
  tenon_node abi{};
};

}  // namespace

Status ForeignOperators::Infer(const graph::Node& node,
                               std::span<const operators::InferInput> inputs,
                               std::span<operators::InferOutput> outputs) const {
  for (const auto& backend : backends_) {
    for (const tenon_operator* op : backend->operators()) {
      if (node.domain != op->domain || node.op != op->name) continue;
      if (op->infer == nullptr) continue;
      const View view(node, inputs, outputs.size());
      std::vector<tenon_shape> shapes(outputs.size(), tenon_shape{0, -1, {}});
      TENON_RETURN_IF_ERROR(
          backend
              ->Call("operator.infer",
                     [&] { return op->infer(op, backend->handle(), &view.abi, shapes.data()); })
              .WithContext("shapes of node \"" + node.name + "\" (" + node.op + ")"));
      for (size_t o = 0; o < outputs.size(); ++o) {
        outputs[o].type = DataTypeOf(shapes[o].dtype);
        outputs[o].shape =
            shapes[o].rank < 0 || shapes[o].rank > kMaxRank
                ? Shape::UnknownRank()
                : Shape(std::span(shapes[o].dims, static_cast<size_t>(shapes[o].rank)));
      }
      return Status();
    }
  }
  return Status(Code::kUnsupported, "node \"" + node.name +
                                        "\": no backend of the session knows the operator " +
                                        node.domain + "." + node.op);
}

}  // namespace tenon::session
