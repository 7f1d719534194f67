// A kernel is a function and one row. The row says what it computes, on which types; the function
// computes.
//
//   template <typename T> void Neg(const sdk::Run& run);          // stateless
//   class Gemm { ... };                                           // with a state for each node
//   constexpr auto kKernels = sdk::Rows(
//       sdk::ForTypes<float, int32_t>([]<typename T>() {
//         return sdk::Row{.op = "Neg", .revisions = {1}, .types = sdk::Same<T>,
//                         .kernel = sdk::Function<Neg<T>>};
//       }),
//       sdk::Row{.op = "Gemm", .revisions = {7, 11}, .types = sdk::Same<float>,
//                .kernel = sdk::Class<Gemm>});
//
// Rows are constants. A backend object makes its descriptors from them once (backend.h does it), so
// that a stateless kernel reaches the host that runs it, too.
#pragma once

#include <array>
#include <bit>
#include <string>
#include <tuple>
#include <type_traits>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/kernel_slots.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {

// Semantic revisions that a kernel computes, inclusive: {1} or {1, 3}.
struct Revisions {
  constexpr Revisions(uint32_t only) : min(only), max(only) {}  // NOLINT
  constexpr Revisions(uint32_t first, uint32_t last) : min(first), max(last) {}
  uint32_t min, max;
};

// One kernel. op, revisions, types and kernel are needed; the others have defaults that fit a plain
// kernel on host memory. The meaning of each stands at tenon_kernel_descriptor.
struct Row {
  const char* op;
  Revisions revisions;
  Signature types = {};  // AnyType where it takes any
  // Whether it takes a node, beyond what the other fields say: sdk::kOk, or one of Node's refusals.
  // nullptr: it does, or what the class says.
  tenon_status (*accepts)(const Node& node) = nullptr;
  KernelSlots kernel;
  const char* name = nullptr;  // default: operator and first type of output 0, "neg_float32";
                               // unique in the backend
  const char* domain = "";
  tenon_kernel_flags flags = 0;
  int32_t rank_min = 0;
  int32_t rank_max = 0;
  List<tenon_in_place, 4> in_place = {};
  List<uint32_t, 8> input_memory = {};
  List<uint32_t, 8> output_memory = {};
  List<tenon_layout, 8> input_layouts = {};
  List<tenon_layout, 8> output_layouts = {};
  tenon_dtype accumulation = 0;
  tenon_numerics numerics = TENON_NUMERICS_STRICT;
  tenon_determinism determinism = TENON_DETERMINISM_BITWISE;
  uint32_t efficiency = 0;
  double error_bound = 0;
};

// A row for each type: f.operator()<T>() gives the row of T.
template <typename... Ts, typename F>
constexpr std::array<Row, sizeof...(Ts)> ForTypes(F f) {
  return {f.template operator()<Ts>()...};
}

// A table of rows and of what ForTypes gives, the best kernel first.
template <typename... Parts>
constexpr auto Rows(const Parts&... parts) {
  const auto list = [](const auto& part) {
    if constexpr (std::is_same_v<std::decay_t<decltype(part)>, Row>) {
      return std::array<Row, 1>{part};
    } else {
      return part;
    }
  };
  const auto all =
      std::apply([](const auto&... row) { return std::array<Row, sizeof...(row)>{row...}; },
                 std::tuple_cat(list(parts)...));
  for (const Row& row : all) {
    // In a constant this does not compile.
    if (!row.op || !row.kernel.made) throw "a row needs .op and .kernel";
    if (row.types.inputs.count + row.types.outputs.count == 0)
      throw "a row needs .types: sdk::Same<float>, or sdk::AnyType";
  }
  return all;
}

// "neg_float32": the operator in lower case and the least type of output 0.
inline std::string DefaultKernelName(const Row& row) {
  std::string name = row.op;
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const tenon_dtypes types = row.types.outputs.count ? row.types.outputs.values[0] : kAnyType;
  return types == kAnyType
             ? name
             : name + "_" + DtypeName(static_cast<tenon_dtype>(std::countr_zero(types)));
}

// The descriptor of a row in one backend object. Keeps pointers into the row, which is a constant.
class RowDescriptor : public HostedDescriptor {
 public:
  RowDescriptor(const Row& row, Host its_host)
      : HostedDescriptor(its_host), row_(row), name_(row.name ? row.name : DefaultKernelName(row)) {
    struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy);
    name = name_.c_str();
    SetFacts();
    if (row.accepts || row.kernel.accepts) supports = &Supports;
    create = row.kernel.create;
    prepack = row.kernel.prepack;
    prepare = row.kernel.prepare;
    run = row.kernel.run;
    plan_release = row.kernel.plan_release;
    destroy = row.kernel.destroy;
  }
  RowDescriptor(const RowDescriptor&) = delete;
  RowDescriptor& operator=(const RowDescriptor&) = delete;

 private:
  void SetFacts() {
    flags = row_.flags;
    domain = row_.domain;
    op = row_.op;
    revision_min = row_.revisions.min;
    revision_max = row_.revisions.max;
    SetList(row_.types.inputs, input_dtypes, input_dtype_count);
    SetList(row_.types.outputs, output_dtypes, output_dtype_count);
    rank_min = row_.rank_min;
    rank_max = row_.rank_max;
    SetList(row_.in_place, in_place, in_place_count);
    SetList(row_.input_memory, input_memory, input_memory_count);
    SetList(row_.output_memory, output_memory, output_memory_count);
    SetList(row_.input_layouts, input_layouts, input_layout_count);
    SetList(row_.output_layouts, output_layouts, output_layout_count);
    accumulation = row_.accumulation;
    numerics = row_.numerics;
    determinism = row_.determinism;
    efficiency = row_.efficiency;
    error_bound = row_.error_bound;
  }
  template <typename T, size_t N>
  static void SetList(const List<T, N>& list, const T*& out_data, uint32_t& out_count) {
    out_data = list.data();
    out_count = list.count;
  }

  static tenon_status TENON_CALL Supports(const tenon_kernel_descriptor* d, tenon_backend*,
                                          tenon_device*, const tenon_node* node) {
    const auto* self = static_cast<const RowDescriptor*>(d);
    return Guard(self->host.table(), [&] {
      const Node view(self->host, node);
      if (self->row_.kernel.accepts) TENON_SDK_TRY(self->row_.kernel.accepts(view));
      return self->row_.accepts ? self->row_.accepts(view) : kOk;
    });
  }

  const Row& row_;
  std::string name_;
};

}  // namespace v0_1
}  // namespace tenon::sdk
