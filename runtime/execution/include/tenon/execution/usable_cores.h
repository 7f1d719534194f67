// How many threads of this process can compute at once.
#pragma once

#include <cstdint>
#include <string>

namespace tenon::execution {

// Cores that the process may use: those of its affinity, or fewer where control groups (version 2) grant less time. At least 1.
uint32_t UsableCores();

// The time that the group of `membership` (/proc/self/cgroup's text) and those around it grant, in whole cores, rounded up;
// UINT32_MAX where none is limited. `mount` is where the groups are: /sys/fs/cgroup.
uint32_t GrantedCores(const std::string& membership, const std::string& mount);

}  // namespace tenon::execution
