#include "bench/core_wait.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace tenon::tools {

CoreWait::CoreWait() : file_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}

CoreWait::~CoreWait() {
  if (file_ >= 0) close(file_);
}

double CoreWait::Milliseconds() const {
  char text[96];
  const ssize_t read = file_ < 0 ? -1 : pread(file_, text, sizeof text - 1, 0);
  if (read <= 0) return 0;
  text[read] = '\0';
  char* at = text;
  (void)std::strtoull(at, &at, 10);  // time on a core; then what it waited for one, in nanoseconds
  return static_cast<double>(std::strtoull(at, &at, 10)) * 1e-6;
}

}  // namespace tenon::tools
