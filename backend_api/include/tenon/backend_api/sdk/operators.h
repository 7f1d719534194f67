// The interface "operators": operators of a backend's own, one row each.
//
//   static constexpr sdk::OperatorRow kOperators[] = {
//       {.domain = "com.example", .name = "ScaledAdd", .inputs = {2, 2}, .attributes = {"scale"},
//        .infer = [](const sdk::Node&, sdk::Inference& shapes) { shapes.SameAsInput(0, 0); }}};
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/node.h"
#include "tenon/backend_api/sdk/status.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {

// Types and shapes of the outputs while they are inferred. Dimensions: >= 0 a size, -1 unknown, -2
// and below a symbol, which may be passed on but not computed with.
class Inference {
 public:
  Inference(const Node& node, tenon_shape* outputs) : node_(node), outputs_(outputs) {}
  // Output `i` is like input `input`.
  void SameAsInput(uint32_t i, uint32_t input) {
    const Value value = node_.Input(input);
    if (value.rank() < 0) return SetUnknownRank(i, value.dtype());
    Set(i, value.dtype(), value.dims());
  }
  void Set(uint32_t i, tenon_dtype dtype, std::span<const int64_t> dims) {
    if (i >= node_.output_count()) return;
    if (dims.size() > TENON_MAX_RANK)
      throw Failure(TENON_INVALID_ARGUMENT, "an output has more than 8 dimensions");
    outputs_[i].dtype = dtype;
    outputs_[i].rank = static_cast<int32_t>(dims.size());
    for (size_t axis = 0; axis < dims.size(); ++axis) outputs_[i].dims[axis] = dims[axis];
  }
  void SetUnknownRank(uint32_t i, tenon_dtype dtype) {
    if (i >= node_.output_count()) return;
    outputs_[i].dtype = dtype;
    outputs_[i].rank = -1;
  }

 private:
  const Node& node_;
  tenon_shape* outputs_;
};

struct ArgumentCount {
  uint32_t min = 1;
  uint32_t max = 1;  // UINT32_MAX: variadic
};

// See tenon_operator. Throw a Failure in `infer` where the node is wrong; say what was expected.
struct OperatorRow {
  const char* domain;
  const char* name;
  uint32_t revision = 1;
  ArgumentCount inputs = {};
  ArgumentCount outputs = {};
  List<const char*, 32> attributes = {};
  const char* description = "";
  void (*infer)(const Node& node, Inference& shapes);
};

class OperatorTable {
 public:
  OperatorTable(std::span<const OperatorRow> rows, Host host) : host_(host) {
    entries_.reserve(rows.size());
    for (const OperatorRow& row : rows) {
      Entry entry{{}, host, row.infer};
      static_cast<tenon_operator&>(entry) = {TENON_SIZE_TO(tenon_operator, infer),
                                             row.revision,
                                             row.domain,
                                             row.name,
                                             row.inputs.min,
                                             row.inputs.max,
                                             row.outputs.min,
                                             row.outputs.max,
                                             row.attributes.data(),
                                             row.attributes.count,
                                             0,
                                             row.description,
                                             nullptr,
                                             &Infer};
      entries_.push_back(entry);
      pointers_.push_back(&entries_.back());
    }
  }
  std::span<const tenon_operator* const> operators() const { return pointers_; }

 private:
  struct Entry : tenon_operator {
    Host host;
    void (*function)(const Node&, Inference&);
  };
  static tenon_status TENON_CALL Infer(const tenon_operator* self, tenon_backend*,
                                       const tenon_node* node, tenon_shape* out_outputs) {
    const auto& entry = *static_cast<const Entry*>(self);
    return Guard(entry.host.table(), [&] {
      const Node view(entry.host, node);
      Inference inference(view, out_outputs);
      entry.function(view, inference);
    });
  }
  Host host_;
  std::vector<Entry> entries_;
  std::vector<const tenon_operator*> pointers_;
};

namespace detail {

template <typename B>
struct OperatorSlots {
  static tenon_status TENON_CALL Operators(tenon_backend* backend,
                                           const tenon_operator* const** out_operators,
                                           uint32_t* out_count) {
    const auto all = static_cast<B*>(backend)->operators();
    *out_operators = all.data();
    *out_count = static_cast<uint32_t>(all.size());
    return kOk;
  }
  static constexpr tenon_operators_interface kTable{
      TENON_SIZE_TO(tenon_operators_interface, operators), 0, &Operators};
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
