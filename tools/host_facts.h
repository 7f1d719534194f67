// What a result says about the machine that it was measured on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::tools {

struct HostFacts {
  std::string processor;  // "Intel(R) Xeon(R) Processor"; "" where unknown
  std::vector<std::string> instruction_sets;
  uint32_t cores = 0;  // that the process may use
  uint64_t memory_bytes = 0;
};

const HostFacts& ReadHostFacts();
// From the text of /proc/cpuinfo: the first processor's name, and of its flags those that kernels care for.
HostFacts ParseCpuInfo(std::string_view text);

}  // namespace tenon::tools
