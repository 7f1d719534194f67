// Rows of the layer's tests: one thing that a backend or a host does wrong, and the only complaint
// that comes of it.
#pragma once

#include <string>
#include <vector>

#include "layers/testing/patched_backend.h"

namespace tenon::backend::testing {

struct Misdeed {
  std::string name;       // letters and digits
  std::string complaint;  // how it begins, * for any text: "R4: memory.free: buffer * is freed"
  std::function<void(const Patched&)> act = {};
  Patch patch = {};
  std::string also = {};  // another that has to come
};

// A suite: class X : public MisdeedTest {}; TEST_P(X, IsFound) { Check(); }
class MisdeedTest : public ::testing::TestWithParam<Misdeed> {
 protected:
  // Loads the backend, does it, ends the backend. Only the complaint may come.
  static void Check();
};
std::string NameOf(const ::testing::TestParamInfo<Misdeed>& info);
// So that a failure is printed with its name.
inline void PrintTo(const Misdeed& misdeed, std::ostream* out) { *out << misdeed.complaint; }

// Patch::device that makes it two devices of the same kinds.
void TwoDevices(tenon_device_interface& table);
// Patch::device after which the device's kinds are changed by `change`.
std::function<void(tenon_device_interface&)> Kinds(
    const std::function<void(tenon_memory_kind&)>& change);
// Keeps what a row never ends, so that it is no leak in the eyes of a sanitizer.
void Keep(const void* object);
// Statuses of a backend.
tenon_status Fails(tenon_code code = TENON_INTERNAL);
// A location in a buffer.
tenon_location At(tenon_buffer* buffer, uint64_t offset = 0);

}  // namespace tenon::backend::testing
