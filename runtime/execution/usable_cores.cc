#include "tenon/execution/usable_cores.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#endif

namespace tenon::execution {

uint32_t GrantedCores(const std::string& membership, const std::string& mount) {
  uint32_t granted = UINT32_MAX;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string path = line.substr(3);; path.erase(path.find_last_of('/'))) {
      std::ifstream limits(mount + path + "/cpu.max");
      double quota = 0, period = 0;  // "max 100000": no number, no limit
      if (limits >> quota >> period && quota > 0 && period > 0)
        granted = std::min(
            granted, static_cast<uint32_t>(std::clamp(std::ceil(quota / period), 1.0, 65536.0)));
      if (path.empty()) break;
    }
  }
  return granted;
}

uint32_t UsableCores() {
#if defined(__linux__)
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream membership;
  membership << file.rdbuf();
  const uint32_t granted = GrantedCores(membership.str(), "/sys/fs/cgroup");
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return std::clamp<uint32_t>(static_cast<uint32_t>(CPU_COUNT(&set)), 1, granted);
  return std::clamp<uint32_t>(std::thread::hardware_concurrency(), 1, granted);
#else
  return std::max(1U, std::thread::hardware_concurrency());
#endif
}

}  // namespace tenon::execution
