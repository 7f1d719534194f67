// From any bytes to a session: import, passes, placement, kernels.
#include "session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(tenon::fuzz::Open(data, size));
  return 0;
}
