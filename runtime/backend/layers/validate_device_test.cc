// What the layer finds wrong with devices and options.
#include <cmath>

#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

constexpr tenon_code kRefused = TENON_INVALID_ARGUMENT;

template <typename T>
const T& Table(const Patched& p, const char* name) {
  return *static_cast<const T*>(p->handle()->interface(p->handle(), name, 1));
}
/* --------------------------------------------------------------------------------------- Devices */
// The facts that enumerate and options give, changed. What is not usable the runtime refuses.
struct Facts {
  tenon_memory_kind kinds[2];
  const tenon_memory_kind* kind_list[2];
  tenon_device_info infos[2];
  const tenon_device_info* list[2];
  uint32_t count;
};
Facts facts;
Misdeed Enumerates(const char* name, const char* complaint,
                   const std::function<void(Facts&)>& change) {
  const auto patch = [change](tenon_device_interface& table) {
    const tenon_device_info* const* list = nullptr;
    uint32_t count = 0;
    EXPECT_EQ(complete_device_interface.enumerate(nullptr, &list, &count).code, TENON_OK);
    facts = {{*list[0]->memory_kinds[0], *list[0]->memory_kinds[1]},
             {&facts.kinds[0], &facts.kinds[1]},
             {*list[0], *list[0]},
             {&facts.infos[0], &facts.infos[1]},
             1};
    for (tenon_device_info& info : facts.infos) info.memory_kinds = facts.kind_list;
    change(facts);
    table.enumerate = [](tenon_backend*, const tenon_device_info* const** out_devices,
                         uint32_t* out_count) {
      *out_devices = facts.count > 2 ? nullptr : facts.list;
      *out_count = facts.count;
      return tenon_status{};
    };
  };
  return {.name = name, .complaint = std::string(complaint), .patch = {.device = patch}};
}
Misdeed Opens(const char* name, const char* complaint,
              decltype(tenon_device_interface::open) open) {
  return {.name = name, .complaint = complaint, .patch = {.device = [open](auto& table) {
                                                  table.open = open;
                                                }}};
}
std::vector<Misdeed> Devices() {
  const auto with_kind = [](const char* name, const char* complaint,
                            const std::function<void(tenon_memory_kind&)>& change) {
    return Enumerates(name, complaint, [change](Facts& f) { change(f.kinds[0]); });
  };
  const auto with_info = [](const char* name, const char* complaint,
                            const std::function<void(tenon_device_info&)>& change) {
    return Enumerates(name, complaint, [change](Facts& f) { change(f.infos[0]); });
  };
  return {
      {.name = "EnumerateWithoutOut",
       .complaint = "R3: device.enumerate: out_devices is NULL",
       .act =
           [](const Patched& p) {
             uint32_t count = 0;
             EXPECT_EQ(p.Code(Table<tenon_device_interface>(p, "device")
                                  .enumerate(p->handle(), nullptr, &count)),
                       kRefused);
           }},
      {.name = "OpenWithoutOut",
       .complaint = "R3: device.open: out_device is NULL",
       .act =
           [](const Patched& p) {
             EXPECT_EQ(
                 p.Code(Table<tenon_device_interface>(p, "device").open(p->handle(), 0, nullptr)),
                 kRefused);
           }},
      {.name = "ClosedTwice",
       .complaint = "R4: device.close: device * is used after its end",
       .act =
           [](const Patched& p) {
             Table<tenon_device_interface>(p, "device").close(p.device().handle());
           }},
      Opens("OpenGivesNothing", "R3: device.open: gives no device",
            [](tenon_backend*, uint32_t, tenon_device**) { return tenon_status{}; }),
      Opens("OpenFailsAndGives", "R2: device.open: failed, but out_device is set",
            [](tenon_backend*, uint32_t, tenon_device** out_device) {
              *out_device = reinterpret_cast<tenon_device*>(out_device);
              return Fails(TENON_UNAVAILABLE);
            }),
      Enumerates("NoList", "R7: device.enumerate: the list of devices is NULL but has a count of 3",
                 [](Facts& f) { f.count = 3; }),
      Enumerates("NoInfo", "R7: device.enumerate: a device's info is NULL",
                 [](Facts& f) { f.list[0] = nullptr; }),
      Enumerates("TwoOfAnId", "R13: device.enumerate: two devices have the id 0",
                 [](Facts& f) { f.count = 2; }),
      with_info("TooSmall", "R1: device.enumerate: tenon_device_info: struct_size is 8",
                [](tenon_device_info& info) { info.struct_size = 8; }),
      with_info("NoName", "R7: device.enumerate: a device's name is NULL",
                [](tenon_device_info& info) { info.name = nullptr; }),
      with_info("NoFingerprint", "R7: device.enumerate: a device's fingerprint is NULL",
                [](tenon_device_info& info) { info.fingerprint = nullptr; }),
      with_info("NoKinds", "R7: device.enumerate: the list of memory kinds is NULL",
                [](tenon_device_info& info) { info.memory_kinds = nullptr; }),
      with_info("NegativePeak", "R13: device.enumerate: a device's gflops or gbytes is negative",
                [](tenon_device_info& info) { info.gbytes = -1; }),
      with_info("PeakIsNotANumber", "R13: device.enumerate: a device's gflops or gbytes is",
                [](tenon_device_info& info) { info.gflops = std::nan(""); }),
      Enumerates("NoKind", "R7: device.enumerate: a memory kind is NULL",
                 [](Facts& f) { f.kind_list[1] = nullptr; }),
      Enumerates("TwoKindsOfAnId", "R13: device.enumerate: two memory kinds have the id 1",
                 [](Facts& f) { f.kinds[1].id = 1; }),
      with_kind("KindTooSmall", "R1: device.enumerate: tenon_memory_kind: struct_size is 8",
                [](tenon_memory_kind& kind) { kind.struct_size = 8; }),
      with_kind("KindWithReserved", "R1: device.enumerate: tenon_memory_kind: a reserved field",
                [](tenon_memory_kind& kind) { kind.reserved = 1; }),
      with_kind("KindWithoutName",
                "R7: device.enumerate: device complete, memory kind 1: name is NULL",
                [](tenon_memory_kind& kind) { kind.name = nullptr; }),
      with_kind("KindOfTheHosts",
                "R13: device.enumerate: device complete, memory kind 0: the id is outside 1 to 31",
                [](tenon_memory_kind& kind) { kind.id = 0; }),
      with_kind("KindOfAWildId",
                "R13: device.enumerate: device complete, memory kind 32: the id is outside",
                [](tenon_memory_kind& kind) { kind.id = 32; }),
      with_kind("KindOddlyAligned",
                "R13: device.enumerate: device complete, memory kind 1: alignment 0 is no power",
                [](tenon_memory_kind& kind) { kind.alignment = 0; }),
      with_kind("KindWithoutGranule",
                "R13: device.enumerate: device complete, memory kind 1: ownership_granule or",
                [](tenon_memory_kind& kind) { kind.ownership_granule = 0; }),
      with_kind("KindWithoutAllocations",
                "R13: device.enumerate: device complete, memory kind 1: ownership_granule or",
                [](tenon_memory_kind& kind) { kind.largest_allocation = 0; }),
      with_kind("KindWithAnAddressThatIsNone",
                "R13: device.enumerate: device complete, memory kind 1: HOST_ADDRESS without",
                [](tenon_memory_kind& kind) {
                  kind.flags = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_ADDRESS;
                }),
      {.name = "KindThatCannotBeMapped",
       .complaint = "R9: device.enumerate: * has HOST_READ or HOST_WRITE, but memory.map or unmap",
       .patch = {.memory = [](tenon_memory_interface& table) { table.map = nullptr; }}},
  };
}

Misdeed Offers(const char* name, const char* complaint,
               const std::function<void(tenon_option&)>& change, uint32_t count = 1) {
  const auto patch = [change, count](tenon_device_interface& table) {
    static tenon_option option;
    static const char* choices[1];
    static const tenon_option* list[2];
    static uint32_t given;
    choices[0] = "slow";
    option = {sizeof option, TENON_OPTION_CHOICE, "speed", "slow", "How it goes", choices, 1, 0};
    list[0] = list[1] = &option;
    given = count;
    change(option);
    if (option.reserved == 77) choices[0] = nullptr, option.reserved = 0;
    if (option.reserved == 78) list[0] = nullptr;
    table.options = [](tenon_backend*, const tenon_option* const** out_options,
                       uint32_t* out_count) {
      *out_options = given > 2 ? nullptr : list;
      *out_count = given;
    };
  };
  return {.name = name, .complaint = complaint, .patch = {.device = patch}};
}
std::vector<Misdeed> Options() {
  return {
      {.name = "OptionsWithoutOut",
       .complaint = "R3: device.options: out_options is NULL",
       .act =
           [](const Patched& p) {
             uint32_t count = 0;
             Table<tenon_device_interface>(p, "device").options(p->handle(), nullptr, &count);
           }},
      Offers(
          "NoList", "R7: device.options: the list of options is NULL but has a count of 3",
          [](tenon_option&) {}, 3),
      Offers("NoOption", "R7: device.options: an option is NULL",
             [](tenon_option& option) { option.reserved = 78; }),
      Offers(
          "TwoOfAName", "R13: device.options: two options are called speed", [](tenon_option&) {},
          2),
      Offers("TooSmall", "R1: device.options: tenon_option: struct_size is 8",
             [](tenon_option& option) { option.struct_size = 8; }),
      Offers("Reserved", "R1: device.options: tenon_option: a reserved field is not 0",
             [](tenon_option& option) { option.reserved = 1; }),
      Offers("NoName", "R7: device.options: an option's name is NULL",
             [](tenon_option& option) { option.name = nullptr; }),
      Offers("NoDefault", "R7: device.options: an option's default_value is NULL",
             [](tenon_option& option) { option.default_value = nullptr; }),
      Offers("NoDescription", "R7: device.options: an option's description is NULL",
             [](tenon_option& option) { option.description = nullptr; }),
      Offers("NoChoices", "R7: device.options: the list of choices is NULL",
             [](tenon_option& option) { option.choices = nullptr; }),
      Offers("NoChoice", "R7: device.options: an option's choice is NULL",
             [](tenon_option& option) { option.reserved = 77; }),
  };
}
class ValidateDevice : public MisdeedTest {};
TEST_P(ValidateDevice, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Info, ValidateDevice, ::testing::ValuesIn(Devices()), NameOf);
INSTANTIATE_TEST_SUITE_P(Option, ValidateDevice, ::testing::ValuesIn(Options()), NameOf);

}  // namespace
}  // namespace tenon::backend::testing
