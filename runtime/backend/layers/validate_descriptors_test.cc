// What the layer finds wrong with descriptors and layouts.
#include <cmath>

#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

/* -------------------------------------------------------------------------------- Static lists */
constexpr char kNotUtf8[] = "caf\xE9";

Misdeed Described(const char* name, const char* complaint,
                  const std::function<void(tenon_kernel_descriptor&)>& change) {
  return {.name = name,
          .complaint = std::string("R") + complaint,
          .patch = {.kernel = OneKernel(change)}};
}
// A descriptor with one attribute rule.
Misdeed Ruled(const char* name, const char* complaint,
              const std::function<void(tenon_attribute_rule&)>& change, bool absent = false) {
  return Described(name, complaint, [change, absent](tenon_kernel_descriptor& d) {
    static tenon_attribute_rule rule;
    static const tenon_attribute_rule* list[] = {&rule};
    static const int64_t ones[] = {1};
    rule = {};
    rule.struct_size = sizeof rule;
    rule.kind = TENON_RULE_INT_IN;
    rule.name = "group";
    rule.ints = ones;
    rule.int_count = 1;
    change(rule);
    list[0] = absent ? nullptr : &rule;
    d.attribute_rules = list;
    d.attribute_rule_count = 1;
  });
}

std::vector<Misdeed> Descriptors() {
  using D = tenon_kernel_descriptor;
  std::vector<Misdeed> rows = {
      Described("TooSmall",
                "1: kernel.descriptors: tenon_kernel_descriptor: struct_size is 16, expected",
                [](D& d) { d.struct_size = 16; }),
      Described("NoName", "7: kernel.descriptors: kernel without a name: name is NULL",
                [](D& d) { d.name = nullptr; }),
      Described("NoDomain", "7: kernel.descriptors: kernel broken: domain is NULL",
                [](D& d) { d.domain = nullptr; }),
      Described("NoOperator", "7: kernel.descriptors: kernel broken: op is NULL",
                [](D& d) { d.op = nullptr; }),
      Described("OperatorIsNotUtf8", "7: kernel.descriptors: kernel broken: op is not UTF-8",
                [](D& d) { d.op = kNotUtf8; }),
      Described("RevisionsUpsideDown",
                "13: kernel.descriptors: kernel broken: a range is upside down",
                [](D& d) { d.revision_min = 2; }),
      Described("RanksUpsideDown", "13: kernel.descriptors: kernel broken: a range is upside down",
                [](D& d) { d.rank_min = 2, d.rank_max = 1; }),
      Described("NegativeBound", "13: kernel.descriptors: kernel broken: error_bound is negative",
                [](D& d) { d.error_bound = -1; }),
      Described("BoundIsNotANumber",
                "13: kernel.descriptors: kernel broken: error_bound is negative or not finite",
                [](D& d) { d.error_bound = std::nan(""); }),
      Described("TooEfficient", "13: kernel.descriptors: kernel broken: efficiency is 1001",
                [](D& d) { d.efficiency = 1001; }),
      Described("NoRun", "9: kernel.descriptors: kernel broken: the required slot run is NULL",
                [](D& d) { d.run = nullptr; }),
      Described("CreateWithoutDestroy",
                "9: kernel.descriptors: kernel broken: has create, but destroy is NULL",
                [](D& d) {
                  d.create = [](const D*, tenon_backend*, tenon_device*, const tenon_node*,
                                tenon_kernel**) { return tenon_status{}; };
                }),
      Ruled(
          "NoRule", "7: kernel.descriptors: an attribute rule is NULL",
          [](tenon_attribute_rule&) {}, true),
      Ruled("RuleTooSmall", "1: kernel.descriptors: tenon_attribute_rule: struct_size is 4",
            [](tenon_attribute_rule& rule) { rule.struct_size = 4; }),
      Ruled("RuleWithoutName",
            "7: kernel.descriptors: kernel broken: an attribute rule's name is NULL",
            [](tenon_attribute_rule& rule) { rule.name = nullptr; }),
      Ruled("RuleWithoutValues", "7: kernel.descriptors: the list of allowed values is NULL",
            [](tenon_attribute_rule& rule) { rule.ints = nullptr; }),
      Ruled("RuleWithoutText",
            "7: kernel.descriptors: kernel broken: an attribute rule's text is NULL",
            [](tenon_attribute_rule& rule) { rule.kind = TENON_RULE_TEXT_EQUALS; }),
      Ruled("RuleWithReserved",
            "1: kernel.descriptors: tenon_attribute_rule: a reserved field is not 0",
            [](tenon_attribute_rule& rule) { rule.reserved = 1; }),
  };
  const std::pair<const char*, uint32_t D::*> lists[] = {
      {"input_dtypes", &D::input_dtype_count},       {"output_dtypes", &D::output_dtype_count},
      {"attribute_rules", &D::attribute_rule_count}, {"in_place", &D::in_place_count},
      {"input_memory", &D::input_memory_count},      {"output_memory", &D::output_memory_count},
      {"input_layouts", &D::input_layout_count},     {"output_layouts", &D::output_layout_count}};
  for (const auto& [list, count] : lists) {
    rows.push_back(Described(list,
                             ("7: kernel.descriptors: the list of kernel broken: " +
                              std::string(list) + " is NULL but has a count of 3")
                                 .c_str(),
                             [count = count](D& d) { d.*count = 3; }));
  }
  return rows;
}

// What the slot descriptors, or layouts, gives as a whole.
std::function<void(tenon_kernel_interface&)> Lists(
    decltype(tenon_kernel_interface::descriptors) slot) {
  return [slot](tenon_kernel_interface& table) {
    OneKernel([](tenon_kernel_descriptor&) {})(table);
    table.descriptors = slot;
  };
}
Misdeed LaidOut(const char* name, const char* complaint,
                const std::function<void(tenon_layout_info&)>& change, uint32_t count = 1) {
  const auto patch = [change, count](tenon_kernel_interface& table) {
    static tenon_layout_info info;
    static uint32_t given;
    info = {sizeof info, TENON_LAYOUT_OWN, "own",
            [](tenon_dtype, int32_t, const int64_t*) { return uint64_t{0}; }};
    given = count;
    change(info);
    table.layouts = [](tenon_backend*, const tenon_layout_info* const** out_layouts,
                       uint32_t* out_count) {
      static const tenon_layout_info same = {
          sizeof same, TENON_LAYOUT_OWN, "same",
          [](tenon_dtype, int32_t, const int64_t*) { return uint64_t{0}; }};
      static const tenon_layout_info* const list[] = {&info, &same, nullptr};
      *out_layouts = list;
      *out_count = given;
      return tenon_status{};
    };
  };
  return {.name = name, .complaint = std::string("R") + complaint, .patch = {.kernel = patch}};
}

std::vector<Misdeed> Lists() {
  return {
      {.name = "DescriptorsWithoutOut",
       .complaint = "R3: kernel.descriptors: out_descriptors is NULL",
       .act =
           [](const Patched& p) {
             const auto* table = static_cast<const tenon_kernel_interface*>(
                 p->handle()->interface(p->handle(), "kernel", 1));
             uint32_t count = 0;
             EXPECT_EQ(p.Code(table->descriptors(p->handle(), nullptr, &count)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "LayoutsWithoutOut",
       .complaint = "R3: kernel.layouts: out_count is NULL",
       .act =
           [](const Patched& p) {
             const auto* table = static_cast<const tenon_kernel_interface*>(
                 p->handle()->interface(p->handle(), "kernel", 1));
             const tenon_layout_info* const* list = nullptr;
             EXPECT_EQ(p.Code(table->layouts(p->handle(), &list, nullptr)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "NoListOfDescriptors",
       .complaint = "R7: kernel.descriptors: the list of descriptors is NULL but has a count of 2",
       .patch = {.kernel = Lists([](tenon_backend*, const tenon_kernel_descriptor* const**,
                                    uint32_t* out_count) {
                   *out_count = 2;
                   return tenon_status{};
                 })}},
      {.name = "NoDescriptor",
       .complaint = "R7: kernel.descriptors: a descriptor is NULL",
       .patch = {.kernel = Lists([](tenon_backend*, const tenon_kernel_descriptor* const** out_list,
                                    uint32_t* out_count) {
                   static const tenon_kernel_descriptor* const list[] = {&OneDescriptor(), nullptr};
                   *out_list = list;
                   *out_count = 2;
                   return tenon_status{};
                 })}},
      {.name = "TwoOfAName",
       .complaint = "R13: kernel.descriptors: two kernels are called broken",
       .patch = {.kernel = Lists([](tenon_backend*, const tenon_kernel_descriptor* const** out_list,
                                    uint32_t* out_count) {
                   static const tenon_kernel_descriptor* const list[] = {&OneDescriptor(),
                                                                         &OneDescriptor()};
                   *out_list = list;
                   *out_count = 2;
                   return tenon_status{};
                 })}},
      {.name = "NoListOfLayouts",
       .complaint = "R7: kernel.layouts: the list of layouts is NULL but has a count of 2",
       .patch = {.kernel =
                     [](tenon_kernel_interface& table) {
                       table.layouts = [](tenon_backend*, const tenon_layout_info* const**,
                                          uint32_t* out_count) {
                         *out_count = 2;
                         return tenon_status{};
                       };
                     }}},
      LaidOut("LayoutTooSmall", "1: kernel.layouts: tenon_layout_info: struct_size is 12",
              [](tenon_layout_info& info) { info.struct_size = 12; }),
      LaidOut("LayoutWithoutName", "7: kernel.layouts: a layout's name is NULL",
              [](tenon_layout_info& info) { info.name = nullptr; }),
      LaidOut("LayoutWithoutBytes",
              "9: kernel.layouts: layout 4096: the required slot bytes is NULL",
              [](tenon_layout_info& info) { info.bytes = nullptr; }),
      LaidOut("LayoutOfTheHosts", "13: kernel.layouts: a layout of the backend's own has the id 1",
              [](tenon_layout_info& info) { info.id = TENON_LAYOUT_CHANNELS_LAST; }),
      LaidOut(
          "TwoLayoutsOfAnId", "13: kernel.layouts: two layouts have the id 4096",
          [](tenon_layout_info&) {}, 2),
      LaidOut(
          "NoLayout", "7: kernel.layouts: a layout is NULL",
          [](tenon_layout_info& info) { info.id = 5000; }, 3),
  };
}
class ValidateDescriptors : public MisdeedTest {};
TEST_P(ValidateDescriptors, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Row, ValidateDescriptors, ::testing::ValuesIn(Descriptors()), NameOf);
INSTANTIATE_TEST_SUITE_P(List, ValidateDescriptors, ::testing::ValuesIn(Lists()), NameOf);

// A descriptor that is longer than the host knows is cut; the same pointer gives the same wrapper.
TEST(ValidateDescriptorsSilent, ALongerDescriptor) {
  struct Longer {
    tenon_kernel_descriptor d;
    void (*appended)();
  };
  static Longer longer;
  Patched p({.kernel = [](tenon_kernel_interface& table) {
    OneKernel([](tenon_kernel_descriptor&) {})(table);
    longer = {OneDescriptor(), [] {}};
    longer.d.struct_size = sizeof longer;
    table.descriptors = [](tenon_backend*, const tenon_kernel_descriptor* const** out_list,
                           uint32_t* out_count) {
      static const tenon_kernel_descriptor* const list[] = {&longer.d};
      *out_list = list;
      *out_count = 1;
      return tenon_status{};
    };
  }});
  ASSERT_TRUE(p.made());
  ASSERT_NE(p.Kernel("broken"), nullptr);
  EXPECT_EQ(p.Kernel("broken")->struct_size, sizeof(tenon_kernel_descriptor));
  const auto* table =
      static_cast<const tenon_kernel_interface*>(p->handle()->interface(p->handle(), "kernel", 1));
  const tenon_kernel_descriptor* const* list = nullptr;
  uint32_t count = 0;
  EXPECT_EQ(p.Code(table->descriptors(p->handle(), &list, &count)), TENON_OK);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(list[0], p.Kernel("broken"));
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

}  // namespace
}  // namespace tenon::backend::testing
