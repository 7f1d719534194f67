#include "layers/testing/misdeed.h"

#include <fnmatch.h>

namespace tenon::backend::testing {

static bool Begins(const std::string& text, const std::string& pattern) {
  return fnmatch((pattern + "*").c_str(), text.c_str(), 0) == 0;
}

void MisdeedTest::Check() {
  const Misdeed& misdeed = GetParam();
  Patched patched(misdeed.patch);
  if (misdeed.act) {
    ASSERT_TRUE(patched.made()) << patched.refusal().ToString();
    EXPECT_TRUE(patched.IsSilent()) << "before the misdeed";
    misdeed.act(patched);
  }
  patched.Close();
  std::vector<std::string> patterns = {misdeed.complaint};
  if (!misdeed.also.empty()) patterns.push_back(misdeed.also);
  std::vector<bool> came(patterns.size());
  for (const std::string& complaint : patched.Complaints()) {
    bool expected = false;
    for (size_t i = 0; i < patterns.size(); ++i) {
      if (!Begins(complaint, patterns[i])) continue;
      expected = true;
      came[i] = true;
    }
    EXPECT_TRUE(expected) << "it also complains: " << complaint;
  }
  for (size_t i = 0; i < patterns.size(); ++i)
    EXPECT_TRUE(came[i]) << "it does not complain: " << patterns[i];
}

std::string NameOf(const ::testing::TestParamInfo<Misdeed>& info) { return info.param.name; }

namespace {

// The device's facts, which tests change.
struct Facts {
  std::vector<tenon_memory_kind> kinds;
  std::vector<const tenon_memory_kind*> kind_list;
  std::vector<tenon_device_info> infos;
  std::vector<const tenon_device_info*> list;
};
Facts facts;

void Enumerate(tenon_device_interface& table, uint32_t devices,
               const std::function<void(tenon_memory_kind&)>& change) {
  const tenon_device_info* const* list = nullptr;
  uint32_t count = 0;
  EXPECT_EQ(complete_device_interface.enumerate(nullptr, &list, &count).code, TENON_OK);
  facts = {};
  for (uint32_t i = 0; i < list[0]->memory_kind_count; ++i) {
    facts.kinds.push_back(*list[0]->memory_kinds[i]);
    change(facts.kinds.back());
  }
  for (const tenon_memory_kind& kind : facts.kinds) facts.kind_list.push_back(&kind);
  for (uint32_t i = 0; i < devices; ++i) {
    facts.infos.push_back(*list[0]);
    facts.infos.back().id = i;
    facts.infos.back().memory_kinds = facts.kind_list.data();
  }
  for (const tenon_device_info& info : facts.infos) facts.list.push_back(&info);
  table.enumerate = [](tenon_backend*, const tenon_device_info* const** out_devices,
                       uint32_t* out_count) {
    *out_devices = facts.list.data();
    *out_count = static_cast<uint32_t>(facts.list.size());
    return tenon_status{};
  };
}

}  // namespace

void TwoDevices(tenon_device_interface& table) {
  Enumerate(table, 2, [](tenon_memory_kind&) {});
  table.open = [](tenon_backend* backend, uint32_t, tenon_device** out_device) {
    return complete_device_interface.open(backend, 0, out_device);
  };
}

std::function<void(tenon_device_interface&)> Kinds(
    const std::function<void(tenon_memory_kind&)>& change) {
  return [change](tenon_device_interface& table) { Enumerate(table, 1, change); };
}

void Keep(const void* object) {
  static const void* kept[4096];  // stays when the process ends
  static size_t count;
  ASSERT_LT(count, std::size(kept));
  kept[count++] = object;
}

tenon_status Fails(tenon_code code) { return {code, 0, nullptr}; }

tenon_location At(tenon_buffer* buffer, uint64_t offset) { return {buffer, nullptr, offset}; }

}  // namespace tenon::backend::testing
